//! The endpoints of a provider.

use std::borrow::Cow;

use super::{BUILT_IN_NAMES, ConnectionVariables, Provider, UrlTemplate, did_you_mean};
use crate::error::{Error, Result};
use crate::oauth::endpoint_url::check_url;

/// An endpoint of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The authorization endpoint.
    Authorization,
    /// The token endpoint.
    Token,
    /// The endpoint for refreshes.
    Refresh,
    /// The revocation endpoint.
    Revocation,
}

impl Endpoint {
    pub(super) const ALL: [Self; 4] =
        [Self::Authorization, Self::Token, Self::Refresh, Self::Revocation];

    /// Its field in a description.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Authorization => "authorizationUrl",
            Self::Token => "tokenUrl",
            Self::Refresh => "refreshUrl",
            Self::Revocation => "revocationUrl",
        }
    }
}

impl Provider {
    pub(super) fn template(&self, endpoint: Endpoint) -> Option<&UrlTemplate> {
        match endpoint {
            Endpoint::Authorization => self.authorization_url.as_ref(),
            Endpoint::Token => self.token_url.as_ref(),
            Endpoint::Refresh => self.refresh_url.as_ref(),
            Endpoint::Revocation => self.revocation_url.as_ref(),
        }
    }

    /// Whether its endpoints are not the same for all connections.
    #[must_use]
    pub fn varies(&self) -> bool {
        Endpoint::ALL.iter().any(|endpoint| self.varies_at(*endpoint))
    }

    /// Whether an endpoint has this variable.
    pub(super) fn has_variable(&self, name: &str) -> bool {
        Endpoint::ALL.iter().any(|at| self.template(*at).is_some_and(|url| url.has(name)))
    }

    fn varies_at(&self, endpoint: Endpoint) -> bool {
        self.template(endpoint).is_some_and(|url| url.varies(&self.variables))
    }

    /// An endpoint as it is described, with the names of its variables if it is not the same for all connections.
    ///
    /// # Errors
    /// Like [`Provider::url`].
    pub fn described_url(&self, endpoint: Endpoint) -> Result<Cow<'_, str>> {
        match self.template(endpoint).filter(|_| self.varies_at(endpoint)) {
            Some(template) => Ok(template.as_str().into()),
            None => self.url(endpoint, &ConnectionVariables::new()).map(Cow::Owned),
        }
    }

    /// An endpoint with the values of its variables, `own` for those of the connection, checked.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is not set, or a value is missing or not allowed, or the URL is neither an
    /// https URL nor one of this machine.
    pub fn url(&self, endpoint: Endpoint, own: &ConnectionVariables) -> Result<String> {
        let option = |field: &str| self.option(field);
        let Some(template) = self.template(endpoint) else {
            let name = self.name.as_str();
            let reason = match BUILT_IN_NAMES.contains(&name) {
                true => "is not set".to_owned(),
                false => {
                    let told = did_you_mean(name, BUILT_IN_NAMES.iter().copied());
                    format!("is not set, and no provider of this name is built in{told}")
                }
            };
            return Err(Error::configuration(option(endpoint.field()), reason));
        };
        let url = template.fill(&self.variables, own).map_err(|(name, reason)| {
            Error::configuration(option(&format!("variables.{name}")), reason)
        })?;
        check_url(option(endpoint.field()), &url, self.allow_insecure)?;
        Ok(url)
    }
}
