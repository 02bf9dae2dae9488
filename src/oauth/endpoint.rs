//! A provider's token endpoint, asked over HTTP on behalf of one client.

use std::sync::Arc;
use std::time::Duration;

use super::credentials::ClientCredentials;
use super::http::{HttpClient, HttpFailure, is_http_url};
use super::provider::Provider;
use super::request::refresh_request;
use super::response::judge;
use super::{TokenEndpoint, Verdict};
use crate::error::{Error, Result};
use crate::secret::RefreshToken;

/// One client at one provider.
pub struct HttpEndpoint {
    provider: Provider,
    token_url: String,
    credentials: ClientCredentials,
    http: Arc<dyn HttpClient>,
    client: String,
}

impl HttpEndpoint {
    /// `token_url` in place of the provider's own, when given: such an endpoint may rotate,
    /// whatever the provider does.
    ///
    /// # Errors
    /// [`Error::Configuration`] when `token_url` is no http or https URL.
    pub fn new(
        provider: Provider,
        token_url: Option<&str>,
        credentials: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        match token_url {
            Some(url) => {
                Self::at(url, Provider { may_rotate: true, ..provider }, credentials, http)
            }
            None => Self::at(provider.token_url, provider, credentials, http),
        }
    }

    /// `provider` at this URL, as it describes itself.
    ///
    /// # Errors
    /// [`Error::Configuration`] when `token_url` is no http or https URL.
    pub fn at(
        token_url: &str,
        provider: Provider,
        credentials: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        if !is_http_url(token_url) {
            let reason = "must be a URL that begins with https:// or http://";
            return Err(Error::configuration(provider.token_url_variable, reason));
        }
        let client = format!("{token_url} {}", credentials.id);
        Ok(Self { provider, token_url: token_url.to_owned(), credentials, http, client })
    }
}

impl TokenEndpoint for HttpEndpoint {
    fn client(&self) -> Option<&str> {
        Some(&self.client)
    }

    fn may_rotate(&self) -> bool {
        self.provider.may_rotate
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn refresh(&self, token: &RefreshToken, _: Duration, wall: Duration) -> Verdict {
        let request = refresh_request(&self.token_url, &self.credentials, token);
        match self.http.post(request).await {
            Ok(response) => judge(&response, &self.provider, wall),
            Err(HttpFailure::NotSent(reason)) => Verdict::Transient(
                Error::ProviderUnavailable { status: None, reason: reason.into() },
                None,
            ),
            Err(HttpFailure::NoAnswer(reason)) => {
                Verdict::Ambiguous(Error::OutcomeUnknown { reason: reason.into() })
            }
            Err(HttpFailure::TooLarge) => Verdict::Ambiguous(Error::ProviderResponse {
                reason: "the answer is larger than 1 MiB".into(),
            }),
        }
    }
}
