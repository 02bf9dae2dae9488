//! The token endpoints that are known by a provider's name.

use std::collections::HashMap;
use std::sync::Arc;

use napi_derive::napi;

use super::options::{KeepOptions, http_client};
use crate::error::{Error, Result};
use crate::oauth::{ClientCredentials, HttpEndpoint, Provider};
use crate::secret::ClientSecret;

/// A provider that is not built in, as options describe it.
#[napi(object)]
#[derive(Clone)]
pub struct ProviderOptions {
    pub name: String,
    pub token_url: String,
    pub client_id: String,
    pub client_secret: String,
    pub rotates: Option<bool>,
    pub default_expires_in_s: Option<u32>,
}

/// What is built in, and what the options add.
pub(super) struct Providers {
    google: Result<Arc<HttpEndpoint>>,
    others: HashMap<String, Result<Arc<HttpEndpoint>>>,
}

impl Providers {
    pub(super) fn open(options: &KeepOptions) -> Self {
        let given = options.providers.iter().flatten();
        Self {
            google: options.google().map(Arc::new),
            others: given
                .map(|given| (given.name.clone(), endpoint(given).map(Arc::new)))
                .collect(),
        }
    }

    pub(super) fn google(&self) -> Result<Arc<HttpEndpoint>> {
        self.google.clone()
    }

    /// The endpoint of `provider`; options win.
    pub(super) fn endpoint(&self, provider: &str) -> Result<Arc<HttpEndpoint>> {
        match self.others.get(provider) {
            Some(endpoint) => endpoint.clone(),
            None if provider == "google" => self.google(),
            None => Err(Error::configuration(
                "providers",
                "has no token endpoint of this provider. Name it there, or pass a refreshFn",
            )),
        }
    }
}

fn endpoint(given: &ProviderOptions) -> Result<HttpEndpoint> {
    let credentials = ClientCredentials {
        id: given.client_id.clone(),
        secret: ClientSecret::new(given.client_secret.clone()),
    };
    let usual = Provider::OTHER;
    let provider = Provider {
        may_rotate: given.rotates.unwrap_or(usual.may_rotate),
        default_expires_in_s: given
            .default_expires_in_s
            .map_or(usual.default_expires_in_s, u64::from),
        ..usual
    };
    HttpEndpoint::at(&given.token_url, provider, credentials, http_client()?)
}
