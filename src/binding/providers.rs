//! The token endpoints by provider name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use napi_derive::napi;

use super::options::InstanceOptions;
use crate::connect::Servers;
use crate::error::{Error, Result};
use crate::oauth::{
    AuthorizationServer, BUILT_IN_NAMES, ClientAuthentication, ClientCredentials,
    ConnectionVariables, Endpoint, HttpClient, HttpEndpoint, KeyOptions, Provider, SigningKey,
    did_you_mean,
};
use crate::secret::ClientSecret;
use crate::store::integration::provider_name;

/// A client at a provider.
#[napi(object)]
#[derive(Clone)]
pub struct ProviderOptions {
    pub name: String,
    /// What the application says of the provider, as JSON (`ts/settings/provider-description.ts`).
    pub description: String,
    /// Whether the client is in environment variables.
    pub is_of_variables: bool,
    /// What variables such as `TOKENKEEP_<NAME>_TOKEN_URL` replace.
    pub replaced: Vec<ReplacedField>,
    pub client_id: String,
    pub client_secrets: Vec<String>,
    /// PKCS#8 in PEM format, or a JWK.
    pub private_key: Option<String>,
    pub key_id: Option<String>,
    pub signing_algorithm: Option<String>,
    pub certificate_thumbprint: Option<String>,
}

/// A field of a description that a variable replaces.
#[napi(object)]
#[derive(Clone)]
pub struct ReplacedField {
    /// `tokenUrl`, `authorizationUrl`, `revocationUrl` or `issuer`.
    pub field: String,
    pub variable: String,
    pub value: String,
}

/// The variable in URLs that is the client's ID.
const CLIENT_ID: &str = "client_id";

/// The variables in the URLs of a built-in provider that are to be set; `null`: none of this name is built in.
#[napi(catch_unwind)]
pub fn built_in_variables(provider: String) -> Option<Vec<String>> {
    let variables = Provider::built_in(&provider)?.variables.into_keys();
    Some(variables.filter(|name| name != CLIENT_ID).collect())
}

/// The names of the built-in providers.
#[napi(catch_unwind)]
pub fn built_in_providers() -> Vec<String> {
    BUILT_IN_NAMES.iter().copied().map(str::to_owned).collect()
}

/// Where a described provider's tokens are refreshed (absent: each connection has its own endpoint), or the issuer through
/// which that is found, or what is wrong with the description.
#[napi(object, object_from_js = false)]
pub struct ProviderAddress {
    pub token_url: Option<String>,
    pub issuer: Option<String>,
    pub error: Option<String>,
}

/// For the doctor.
#[napi(catch_unwind)]
pub fn provider_address(options: ProviderOptions, allow_insecure: bool) -> ProviderAddress {
    let urls = client(&options, allow_insecure).and_then(|(provider, _)| {
        provider.check_discovery_issuer()?;
        match provider.discovery_issuer() {
            Some(issuer) => Ok((None, Some(issuer.to_owned()))),
            None => token_url_of(&provider).map(|url| (url, None)),
        }
    });
    match urls.map_err(|error| named_as_set(&options, error)) {
        Ok((token_url, issuer)) => ProviderAddress { token_url, issuer, error: None },
        Err(error) => {
            ProviderAddress { token_url: None, issuer: None, error: Some(error.to_string()) }
        }
    }
}

/// The token endpoint; `None`: each connection has its own, and there is no usual one.
fn token_url_of(provider: &Provider) -> Result<Option<String>> {
    match provider.url(Endpoint::Token, &ConnectionVariables::new()) {
        Err(_) if provider.varies() => Ok(None),
        url => url.map(Some),
    }
}

/// The built-in Google, and the providers of the options.
pub(super) struct Providers {
    google: Result<Arc<HttpEndpoint>>,
    others: HashMap<String, Result<Arc<HttpEndpoint>>>,
    /// Those whose client is in environment variables: what is wrong with one must not stop the others.
    of_variables: HashSet<String>,
    servers: Servers,
}

impl Providers {
    pub(super) fn open(options: &InstanceOptions, http: &Result<Arc<dyn HttpClient>>) -> Self {
        let given = options.providers.iter().flatten();
        let (mut others, mut servers) = (HashMap::new(), Servers::new());
        let mut of_variables = HashSet::new();
        for given in given {
            if given.is_of_variables {
                of_variables.insert(given.name.clone());
            }
            let client = client(given, options.allows_insecure())
                .map_err(|error| named_as_set(given, error))
                .and_then(|(provider, credentials)| Ok((provider, credentials, http.clone()?)));
            let server = client.clone().and_then(|(provider, credentials, http)| {
                AuthorizationServer::new(provider, credentials, http)
                    .map_err(|error| named_as_set(given, error))
            });
            servers.insert(given.name.clone(), server.map(Arc::new));
            let endpoint = client.and_then(|(provider, credentials, http)| {
                HttpEndpoint::new(provider, credentials, http)
                    .map_err(|error| named_as_set(given, error))
            });
            others.insert(given.name.clone(), endpoint.map(Arc::new));
        }
        let google = http.clone().and_then(|http| options.google(http));
        Self { google: google.map(Arc::new), others, of_variables, servers }
    }

    /// The authorization servers that users connect to, except the built-in Google.
    pub(super) fn servers(&self) -> &Servers {
        &self.servers
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
        let mut wrong = None;
        for (name, endpoint) in &self.others {
            match endpoint {
                Err(error) if self.of_variables.contains(name) => wrong = Some(error.clone()),
                endpoint => drop(all.insert(name.clone(), endpoint.clone()?)),
            }
        }
        match (all.is_empty(), wrong) {
            (true, Some(error)) => Err(error),
            (true, None) => Err(Error::configuration(
                "providers",
                "is not set. Describe the providers to refresh at, or for google set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET",
            )),
            (false, _) => Ok(all),
        }
    }

    /// The endpoint of `provider`; an option takes precedence over the built-in one. The part from `#` on names
    /// an account there.
    pub(super) fn endpoint(&self, provider: &str) -> Result<Arc<HttpEndpoint>> {
        let name = provider_name(provider);
        match self.others.get(name) {
            Some(endpoint) => endpoint.clone(),
            None if name == "google" => self.google(),
            None => {
                let variables = variables_of(name);
                let reason = match BUILT_IN_NAMES.contains(&name) {
                    true => format!(
                        "is not set. Set {variables}CLIENT_ID and {variables}CLIENT_SECRET, or pass a refreshFn"
                    ),
                    false => {
                        "is not set. Describe the provider there, or pass a refreshFn".to_owned()
                    }
                };
                Err(Error::configuration(format!("providers.{name}"), reason))
            }
        }
    }
}

impl Providers {
    /// The error of a call for a provider that is not known, with the one whose name may be meant: a mistyped name
    /// is that of no connected user, either.
    pub(super) fn with_nearest(&self, provider: &str, error: Error) -> Error {
        let name = provider_name(provider);
        if BUILT_IN_NAMES.contains(&name) || self.others.contains_key(name) {
            return error;
        }
        let known = self.others.keys().map(String::as_str);
        let told = did_you_mean(name, known.chain(BUILT_IN_NAMES.iter().copied()));
        match error {
            Error::NotConnected { store, text } => {
                Error::NotConnected { store, text: format!("{text}{told}").into() }
            }
            Error::Configuration { option, reason } => {
                Error::Configuration { option, reason: format!("{reason}{told}").into() }
            }
            other => other,
        }
    }
}

/// The error with the name of the variable, where a variable has set what is wrong.
fn named_as_set(given: &ProviderOptions, error: Error) -> Error {
    let prefix = format!("providers.{}.", given.name);
    match error {
        Error::Configuration { option, reason } if given.is_of_variables => {
            let field = option.strip_prefix(&prefix);
            let variable = field.map(|field| {
                let field = upper_snake(field.trim_start_matches("variables."));
                format!("{}{field}", variables_of(&given.name))
            });
            Error::configuration(variable.map_or(option, Into::into), reason)
        }
        other => other,
    }
}

/// `clientSecret` as `CLIENT_SECRET`.
fn upper_snake(field: &str) -> String {
    let mut name = String::new();
    for letter in field.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// How the variables of a provider begin.
fn variables_of(name: &str) -> String {
    format!("TOKENKEEP_{}_", name.to_uppercase())
}

/// A described provider, and the client there.
fn client(given: &ProviderOptions, allow_insecure: bool) -> Result<(Provider, ClientCredentials)> {
    let mut provider = Provider::described(&given.name, &given.description)?;
    for ReplacedField { field, variable, value } in &given.replaced {
        provider = provider.with_field(field, value, variable);
    }
    let credentials = ClientCredentials {
        id: given.client_id.clone(),
        secrets: given.client_secrets.iter().map(ClientSecret::new).collect(),
        signing_key: signing_key(given)?.map(Arc::new),
    };
    if let Some(variable) = provider.variables.get_mut(CLIENT_ID) {
        variable.value = Some(given.client_id.clone());
    }
    let needs_secret = match provider.client_authentication() {
        ClientAuthentication::None => false,
        ClientAuthentication::PrivateKeyJwt if credentials.signing_key.is_none() => {
            let option = format!("providers.{}.privateKey", given.name);
            let reason = "is not set. clientAuthentication 'private_key_jwt' needs it";
            return Err(Error::configuration(option, reason));
        }
        ClientAuthentication::PrivateKeyJwt => false,
        _ => true,
    };
    if needs_secret && credentials.secrets.is_empty() {
        let reason = match given.is_of_variables {
            true => "is not set",
            false => {
                "is not set. For a client without a secret, set clientAuthentication to 'none'"
            }
        };
        return Err(Error::configuration(format!("providers.{}.clientSecret", given.name), reason));
    }
    Ok((Provider { allow_insecure, ..provider }, credentials))
}

/// The key of a client that authenticates with one.
fn signing_key(given: &ProviderOptions) -> Result<Option<SigningKey>> {
    let Some(private_key) = &given.private_key else { return Ok(None) };
    let options = KeyOptions {
        private_key,
        key_id: given.key_id.as_deref(),
        algorithm: given.signing_algorithm.as_deref(),
        certificate_thumbprint: given.certificate_thumbprint.as_deref(),
    };
    let key = SigningKey::new(&options).map_err(|(option, reason)| {
        Error::configuration(format!("providers.{}.{option}", given.name), reason)
    });
    key.map(Some)
}
