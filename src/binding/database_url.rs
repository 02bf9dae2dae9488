//! Warnings about a connection string.

use std::collections::HashMap;

use napi_derive::napi;
use zeroize::Zeroizing;

use crate::db::{DatabaseSettings, Login, unknown_parameters};

/// What to warn of; nothing for an invalid connection string.
#[napi(object, object_from_js = false)]
pub struct DatabaseUrlWarnings {
    /// The names of unknown parameters.
    pub unknown_parameters: Vec<String>,
    /// Whether the server's certificate is not checked.
    pub is_unchecked: bool,
}

/// Examines `database_url`, with libpq's variables for TLS.
#[napi(catch_unwind)]
pub fn database_url_warnings(
    database_url: String,
    tls_variables: HashMap<String, String>,
) -> DatabaseUrlWarnings {
    let url = Zeroizing::new(database_url);
    let none = Login::default();
    match DatabaseSettings::with_variables(&url, None, &none, &tls_variables) {
        Ok(settings) => DatabaseUrlWarnings {
            unknown_parameters: unknown_parameters(&url),
            is_unchecked: settings.transport.mode() == "no-verify",
        },
        Err(_) => DatabaseUrlWarnings { unknown_parameters: Vec::new(), is_unchecked: false },
    }
}
