//! Warnings about a connection string.

use std::collections::HashMap;

use napi_derive::napi;
use zeroize::Zeroizing;

use crate::db::{DatabaseSettings, Login, unknown_parameters};

/// What the JavaScript API warns about. Empty for a connection string that is refused.
#[napi(object, object_from_js = false)]
pub struct DatabaseRemarks {
    /// Names of unknown parameters.
    pub unknown_parameters: Vec<String>,
    /// Whether the server's certificate is not checked at all.
    pub is_unchecked: bool,
}

/// The warnings about `database_url`, with libpq's TLS variables.
#[napi(catch_unwind)]
pub fn database_remarks(
    database_url: String,
    tls_variables: HashMap<String, String>,
) -> DatabaseRemarks {
    let url = Zeroizing::new(database_url);
    let none = Login::default();
    match DatabaseSettings::with_variables(&url, None, &none, &tls_variables) {
        Ok(settings) => DatabaseRemarks {
            unknown_parameters: unknown_parameters(&url),
            is_unchecked: settings.transport.mode() == "no-verify",
        },
        Err(_) => DatabaseRemarks { unknown_parameters: Vec::new(), is_unchecked: false },
    }
}
