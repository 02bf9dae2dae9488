//! The token endpoints by provider name.

use std::collections::HashMap;
use std::sync::Arc;

use napi_derive::napi;

use super::options::InstanceOptions;
use crate::error::{Error, Result};
use crate::oauth::{
    ClientAuthentication, ClientCredentials, DeadGrant, HttpClient, HttpEndpoint, Member, Provider,
};
use crate::secret::ClientSecret;

/// A provider as described by the option `providers`. Missing values are those of the built-in provider of
/// this name.
#[napi(object)]
#[derive(Clone)]
pub struct ProviderOptions {
    pub name: String,
    pub token_url: Option<String>,
    pub revocation_url: Option<String>,
    pub client_id: String,
    pub client_secrets: Vec<String>,
    /// `client_secret_post`, `client_secret_basic` or `none`.
    pub client_authentication: Option<String>,
    pub rotates: Option<bool>,
    pub default_expires_in_s: Option<u32>,
    pub dead_grant: Option<DeadGrantOptions>,
}

/// How a provider reports a dead grant, in addition to the codes that count at every provider.
#[napi(object)]
#[derive(Clone)]
pub struct DeadGrantOptions {
    pub codes: Vec<String>,
    pub status_with_empty_body: Vec<u16>,
    pub members: Vec<DeadGrantMember>,
}

/// A member of a JSON body: a JSON pointer (RFC 6901), and its value as JSON text.
#[napi(object)]
#[derive(Clone)]
pub struct DeadGrantMember {
    pub path: String,
    pub value: String,
}

/// The built-in Google, and the providers of the options.
pub(super) struct Providers {
    google: Result<Arc<HttpEndpoint>>,
    others: HashMap<String, Result<Arc<HttpEndpoint>>>,
}

impl Providers {
    pub(super) fn open(options: &InstanceOptions, http: &Result<Arc<dyn HttpClient>>) -> Self {
        let given = options.providers.iter().flatten();
        let others = given.map(|given| {
            let insecure = options.allows_insecure();
            let made = http.clone().and_then(|http| endpoint(given, insecure, http));
            (given.name.clone(), made.map(Arc::new))
        });
        let google = http.clone().and_then(|http| options.google(http));
        Self { google: google.map(Arc::new), others: others.collect() }
    }

    pub(super) fn google(&self) -> Result<Arc<HttpEndpoint>> {
        self.google.clone()
    }

    /// All described providers, and google if its credentials are set.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a description is invalid, or there is no provider.
    pub(super) fn all(&self) -> Result<HashMap<String, Arc<HttpEndpoint>>> {
        let mut all = HashMap::new();
        if let Ok(google) = &self.google {
            all.insert("google".to_owned(), Arc::clone(google));
        }
        for (name, endpoint) in &self.others {
            all.insert(name.clone(), endpoint.clone()?);
        }
        match all.is_empty() {
            true => Err(Error::configuration(
                "providers",
                "is not set. Describe the providers to refresh at, or for google set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET",
            )),
            false => Ok(all),
        }
    }

    /// The endpoint of `provider`; an option takes precedence over the built-in one. The part from `#` on names
    /// an account there.
    pub(super) fn endpoint(&self, provider: &str) -> Result<Arc<HttpEndpoint>> {
        let name = provider.split('#').next().unwrap_or_default();
        match self.others.get(name) {
            Some(endpoint) => endpoint.clone(),
            None if name == "google" => self.google(),
            None => Err(Error::configuration(
                format!("providers.{name}"),
                "is not set. Describe the provider there, or pass a refreshFn",
            )),
        }
    }
}

fn endpoint(
    given: &ProviderOptions,
    allow_insecure: bool,
    http: Arc<dyn HttpClient>,
) -> Result<HttpEndpoint> {
    let refused = |field: &str, reason: &str| {
        Error::configuration(format!("providers.{}.{field}", given.name), reason.to_owned())
    };
    let credentials = ClientCredentials {
        id: given.client_id.clone(),
        secrets: given.client_secrets.iter().map(ClientSecret::new).collect(),
    };
    let built_in = Provider::built_in(&given.name);
    let usual = built_in.unwrap_or(Provider::OTHER);
    let authentication = match given.client_authentication.as_deref() {
        None => usual.authentication,
        Some("client_secret_post") => ClientAuthentication::Post,
        Some("client_secret_basic") => ClientAuthentication::Basic,
        Some("none") => ClientAuthentication::None,
        Some(_) => {
            let reason = "must be client_secret_post, client_secret_basic or none";
            return Err(refused("clientAuthentication", reason));
        }
    };
    if credentials.secrets.is_empty() && authentication != ClientAuthentication::None {
        let reason =
            "is not set. For a client without a secret, set clientAuthentication to 'none'";
        return Err(refused("clientSecret", reason));
    }
    let provider = Provider {
        // Another endpoint may rotate refresh tokens even if the provider itself does not.
        may_rotate: given.rotates.unwrap_or(usual.may_rotate || given.token_url.is_some()),
        default_expires_in_s: given
            .default_expires_in_s
            .map_or(usual.default_expires_in_s, u64::from),
        authentication,
        allow_insecure,
        // The provider must not be sent the tokens of another server.
        revocation_url: usual.revocation_url.filter(|_| given.token_url.is_none()),
        ..usual
    };
    let Some(token_url) = given.token_url.as_deref().or(built_in.map(|known| known.token_url))
    else {
        return Err(refused("tokenUrl", "is not set"));
    };
    let endpoint = HttpEndpoint::at(token_url, provider, credentials, http)
        .and_then(|endpoint| endpoint.with_revocation_url(given.revocation_url.clone()))
        .map_err(|error| match error {
            Error::Configuration { option, reason } if !option.starts_with("TOKENKEEP_") => {
                refused(&option, &reason)
            }
            other => other,
        })?;
    Ok(endpoint
        .with_dead_grant(given.dead_grant.as_ref().map_or_else(DeadGrant::default, dead_grant)))
}

fn dead_grant(given: &DeadGrantOptions) -> DeadGrant {
    let member = |DeadGrantMember { path, value }: &DeadGrantMember| Member {
        path: path.clone(),
        value: value.clone(),
    };
    DeadGrant {
        codes: given.codes.clone(),
        status_with_empty_body: given.status_with_empty_body.clone(),
        members: given.members.iter().map(member).collect(),
    }
}
