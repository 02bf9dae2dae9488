//! Providers as data: one description, the same for the built-in providers and for those of the option
//! `providers`. Its format is `ts/settings/provider-description.ts`.

mod built_in;
mod discovered;
mod endpoints;
mod error_rule;
mod lifetime;
mod metadata;
mod nearest;
mod one_or_more;
mod refresh_limit;
mod revocation_form;
mod rotation_grace;
mod scopes;
mod url_template;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub use self::built_in::BUILT_IN_NAMES;
pub use self::endpoints::Endpoint;
pub use self::error_rule::ErrorRule;
pub(super) use self::error_rule::{Told, first_match};
pub use self::lifetime::Lifetime;
pub use self::metadata::Metadata;
pub(super) use self::metadata::kept;
pub use self::nearest::did_you_mean;
pub use self::refresh_limit::RefreshLimit;
pub use self::revocation_form::{RevocationForm, RevocationMethod, RevokedToken, TokenPlace};
pub use self::rotation_grace::RotationGrace;
pub use self::url_template::{ConnectionVariables, UrlTemplate, UrlVariable};
use super::credentials::ClientAuthentication;
use crate::error::{Error, Result};

/// A provider.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Provider {
    /// Its name in options and variables.
    #[serde(skip)]
    pub name: String,
    /// Its name on pages.
    pub title: Option<String>,
    /// The issuer identifier (RFC 8414, section 2).
    pub issuer: Option<String>,
    /// The authorization endpoint (RFC 6749, section 3.1).
    pub authorization_url: Option<UrlTemplate>,
    /// The token endpoint (RFC 6749, section 3.2).
    pub token_url: Option<UrlTemplate>,
    /// The endpoint for refreshes, if it is another one.
    pub refresh_url: Option<UrlTemplate>,
    /// The revocation endpoint, if it has one.
    pub revocation_url: Option<UrlTemplate>,
    /// How tokens are revoked there; `None`: as RFC 7009 says.
    pub revocation: Option<RevocationForm>,
    /// What stands in braces in URLs.
    pub variables: BTreeMap<String, UrlVariable>,
    /// How clients authenticate; `None`: with `client_secret_post`, unless the server's metadata lacks it.
    pub client_authentication: Option<ClientAuthentication>,
    /// For whom client assertions are, if it is neither the issuer nor the token endpoint.
    pub assertion_audience: Option<String>,
    /// The format of requests to the token endpoint.
    pub request_format: RequestFormat,
    /// Headers of requests to the token endpoint.
    pub request_headers: BTreeMap<String, String>,
    /// Other names of parameters.
    pub parameter_names: BTreeMap<String, String>,
    /// Parameters of authorization requests, in addition to those of RFC 6749.
    pub authorization_parameters: BTreeMap<String, String>,
    /// Parameters of the code exchange; an empty value leaves one out.
    pub code_parameters: BTreeMap<String, String>,
    /// Parameters of a refresh; an empty value leaves one out.
    pub refresh_parameters: BTreeMap<String, String>,
    /// Whether a refresh sends the granted scopes.
    pub refresh_sends_scope: bool,
    /// What separates scopes in requests; `None`: a space.
    pub scope_separator: Option<String>,
    /// Scopes without which there is no refresh token.
    pub offline_scopes: Vec<String>,
    /// What responses call a scope; `None`: they do not name it.
    pub scope_aliases: BTreeMap<String, Option<String>>,
    /// Whether users may grant less than what was asked for.
    pub scopes_may_be_declined: bool,
    /// PKCE; `None`: S256, unless the server's metadata lacks it.
    pub code_challenge_method: Option<CodeChallengeMethod>,
    /// JSON pointer of the object that contains the tokens.
    pub tokens_at: Option<String>,
    /// What is kept of token responses: JSON pointers by the name in the row's metadata.
    pub metadata: BTreeMap<String, String>,
    /// Parameters of authorization responses that are kept under their names.
    pub callback_parameters: Vec<String>,
    /// The lifetime of an access token if the response has none.
    pub default_expires_in: Lifetime,
    /// Whether a refresh may invalidate the old refresh token.
    pub rotation: Rotation,
    /// How long a used refresh token can be exchanged again.
    pub rotation_grace: RotationGrace,
    /// Whether a refresh invalidates the access token that was given before.
    pub refresh_ends_access_token: bool,
    /// The most refreshes of one refresh token; `None`: no limit is known.
    pub refresh_limit: Option<RefreshLimit>,
    /// Its own errors, in addition to the codes that count everywhere. The first that matches counts.
    pub errors: Vec<ErrorRule>,
    /// Whether plain HTTP is allowed for other machines.
    #[serde(skip)]
    pub allow_insecure: bool,
    /// What fields are called in errors, where they are set by variables.
    #[serde(skip)]
    pub option_names: BTreeMap<&'static str, String>,
}

/// The format of a request body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestFormat {
    /// `application/x-www-form-urlencoded`, as RFC 6749 says.
    #[default]
    Form,
    /// A JSON object with the parameters.
    Json,
}

/// PKCE (RFC 7636, section 4.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum CodeChallengeMethod {
    /// `S256`.
    #[default]
    S256,
    /// No PKCE.
    #[serde(rename = "none")]
    None,
}

/// Whether a refresh returns a new refresh token and invalidates the old one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// The old one stays valid.
    Never,
    /// It may, such as by a setting of the application.
    #[default]
    Sometimes,
    /// Each refresh does.
    Always,
}

impl Provider {
    /// The built-in provider with this name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        built_in::fields(name).and_then(|fields| Self::of(name, fields.clone()).ok())
    }

    /// Google.
    #[must_use]
    pub fn google() -> &'static Self {
        static GOOGLE: LazyLock<Provider> =
            LazyLock::new(|| Provider::built_in("google").unwrap_or_default());
        &GOOGLE
    }

    /// Zoho.
    #[must_use]
    pub fn zoho() -> &'static Self {
        static ZOHO: LazyLock<Provider> =
            LazyLock::new(|| Provider::built_in("zoho").unwrap_or_default());
        &ZOHO
    }

    /// The provider that an application describes: `given`, a JSON object, and the fields of the built-in one of
    /// this name that it does not have. A value in `variables` that is a string is that of a declared variable.
    ///
    /// # Errors
    /// [`Error::Configuration`] that names the field.
    pub fn described(name: &str, given: &str) -> Result<Self> {
        let invalid = |reason: String| Error::configuration(format!("providers.{name}"), reason);
        let given = serde_json::from_str(given).map_err(|error| invalid(error.to_string()))?;
        let fields = built_in::with(name, given).map_err(|variable| {
            let reason = "is not a variable in the URLs of this provider";
            Error::configuration(format!("providers.{name}.variables.{variable}"), reason)
        })?;
        let provider = Self::of(name, fields).map_err(|error| invalid(error.to_string()))?;
        provider.check()?;
        Ok(provider)
    }

    fn of(
        name: &str,
        fields: serde_json::Map<String, serde_json::Value>,
    ) -> serde_json::Result<Self> {
        let provider: Self = serde_json::from_value(fields.into())?;
        Ok(Self { name: name.to_owned(), ..provider })
    }

    /// Checks what the types do not.
    fn check(&self) -> Result<()> {
        let invalid = |field: String, reason: String| {
            Err(Error::configuration(format!("providers.{}.{field}", self.name), reason))
        };
        for (name, variable) in &self.variables {
            if let Err(reason) = variable.check() {
                return invalid(format!("variables.{name}"), reason);
            }
        }
        for endpoint in Endpoint::ALL {
            let template = self.template(endpoint);
            if let Some(name) = template.and_then(|url| url.undeclared(&self.variables)) {
                let reason = format!("{{{name}}} is not in variables");
                return invalid(endpoint.field().to_owned(), reason);
            }
        }
        if self.discovery_issuer().is_some() && self.varies() {
            let reason = "is not set. It cannot be found through the issuer where a URL has a variable of connections";
            return invalid("tokenUrl".to_owned(), reason.to_owned());
        }
        for (name, pointer) in &self.metadata {
            if let Err(reason) = metadata::check_pointer(pointer) {
                return invalid(format!("metadata.{name}"), reason.to_owned());
            }
        }
        for (at, rule) in self.errors.iter().enumerate() {
            if let Err(reason) = rule.check() {
                return invalid(format!("errors.{at}"), reason.to_owned());
            }
        }
        Ok(())
    }

    /// The provider, whose `field` is named `option` in errors.
    #[must_use]
    pub fn named(mut self, field: &'static str, option: impl Into<String>) -> Self {
        self.option_names.insert(field, option.into());
        self
    }

    /// The provider with another token endpoint, such as a proxy or a test. It may rotate, with no grace that is
    /// known, and is sent no token to revoke.
    #[must_use]
    pub fn with_token_url(self, token_url: &str) -> Self {
        let rotation = match self.rotation {
            Rotation::Never => Rotation::Sometimes,
            rotation => rotation,
        };
        let token_url = Some(UrlTemplate::new(token_url));
        let rotation_grace = RotationGrace::None;
        Self {
            token_url,
            refresh_url: None,
            revocation_url: None,
            revocation: None,
            rotation,
            rotation_grace,
            ..self
        }
    }

    /// The provider with another endpoint or issuer, which `variable` says.
    #[must_use]
    pub fn with_field(self, field: &str, value: &str, variable: &str) -> Self {
        let url = || Some(UrlTemplate::new(value));
        match field {
            "tokenUrl" => self.with_token_url(value).named("tokenUrl", variable),
            "authorizationUrl" => {
                Self { authorization_url: url(), ..self }.named("authorizationUrl", variable)
            }
            "revocationUrl" => {
                Self { revocation_url: url(), ..self }.named("revocationUrl", variable)
            }
            _ => Self { issuer: Some(value.to_owned()), ..self }.named("issuer", variable),
        }
    }

    /// The name of a field in errors.
    fn option(&self, field: &str) -> Cow<'static, str> {
        let usual = || format!("providers.{}.{field}", self.name);
        self.option_names.get(field).cloned().unwrap_or_else(usual).into()
    }

    /// How clients authenticate.
    #[must_use]
    pub fn client_authentication(&self) -> ClientAuthentication {
        self.client_authentication.unwrap_or_default()
    }

    /// PKCE.
    #[must_use]
    pub fn code_challenge_method(&self) -> CodeChallengeMethod {
        self.code_challenge_method.unwrap_or_default()
    }

    /// For whom client assertions are: the issuer (RFC 10070), or else the token endpoint, as RFC 7523 allowed.
    #[must_use]
    pub fn assertion_audience<'a>(&'a self, token_url: &'a str) -> &'a str {
        let named = self.assertion_audience.as_deref().or(self.issuer.as_deref());
        named.unwrap_or(token_url)
    }

    /// What separates scopes in requests.
    #[must_use]
    pub fn scope_separator(&self) -> &str {
        self.scope_separator.as_deref().unwrap_or(" ")
    }

    /// What this provider calls a parameter.
    #[must_use]
    pub fn parameter_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.parameter_names.get(name).map_or(name, String::as_str)
    }

    /// Whether a refresh may invalidate the old refresh token.
    #[must_use]
    pub fn may_rotate(&self) -> bool {
        self.rotation != Rotation::Never
    }
}
