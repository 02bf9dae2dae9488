//! A provider's token endpoint over HTTP, for one client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::credentials::{Client, ClientCredentials, client_at};
use super::dead_grant::DeadGrant;
use super::endpoint_url::check_url;
use super::http::{HttpClient, HttpFailure};
use super::provider::Provider;
use super::request::refresh_request;
use super::response::judge_with;
use super::revocation::revoke;
use super::{TokenEndpoint, Verdict};
use crate::error::{Error, Result};
use crate::secret::RefreshToken;

/// One client at one provider.
pub struct HttpEndpoint {
    provider: Provider,
    dead_grant: DeadGrant,
    token_url: String,
    revocation_url: Option<String>,
    credentials: ClientCredentials,
    /// The index of the secret that was accepted last.
    accepted_secret: AtomicUsize,
    http: Arc<dyn HttpClient>,
    client: String,
    login: String,
}

impl HttpEndpoint {
    /// The provider's token endpoint, or `token_url` instead. Such another endpoint may rotate, and its tokens
    /// are not revoked at the provider.
    ///
    /// # Errors
    /// [`Error::Configuration`] if `token_url` is neither an https URL nor a URL of this machine.
    pub fn new(
        provider: Provider,
        token_url: Option<&str>,
        credentials: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        match token_url {
            Some(url) => {
                let replaced = Provider { may_rotate: true, revocation_url: None, ..provider };
                Self::at(url, replaced, credentials, http)
            }
            None => Self::at(provider.token_url, provider, credentials, http),
        }
    }

    /// `provider` with this token endpoint, otherwise unchanged.
    ///
    /// # Errors
    /// [`Error::Configuration`] if `token_url` is neither an https URL nor a URL of this machine.
    pub fn at(
        token_url: &str,
        provider: Provider,
        credentials: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        check_url(provider.token_url_variable, token_url, provider.allow_insecure)?;
        let client = client_at(token_url, &credentials);
        let login = format!("{client} {}", credentials.fingerprint());
        let revocation_url = provider.revocation_url.map(str::to_owned);
        let (token_url, accepted_secret) = (token_url.to_owned(), AtomicUsize::new(0));
        let dead_grant = DeadGrant::default();
        Ok(Self {
            provider,
            dead_grant,
            token_url,
            revocation_url,
            credentials,
            accepted_secret,
            http,
            client,
            login,
        })
    }

    /// Sets additional responses for a dead grant.
    #[must_use]
    pub fn with_dead_grant(self, dead_grant: DeadGrant) -> Self {
        Self { dead_grant, ..self }
    }

    /// Replaces the provider's revocation endpoint, if given.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is neither an https URL nor a URL of this machine.
    pub fn with_revocation_url(self, revocation_url: Option<String>) -> Result<Self> {
        if let Some(url) = &revocation_url {
            check_url("revocationUrl", url, self.provider.allow_insecure)?;
        }
        Ok(Self { revocation_url: revocation_url.or(self.revocation_url), ..self })
    }

    /// Revokes a token (RFC 7009); `hint` is its `token_type_hint`.
    ///
    /// # Errors
    /// [`Error::ProviderUnavailable`], [`Error::ProviderRefused`] if the revocation is not confirmed;
    /// [`Error::Configuration`] without a revocation endpoint.
    pub async fn revoke(&self, token: &str, hint: &str) -> Result<()> {
        let url = self.revocation_url()?;
        let first = self.accepted_secret.load(Ordering::Relaxed);
        let count = self.credentials.secrets.len().max(1);
        let mut outcome = Ok(());
        for secret in (0..count).map(|step| (first + step) % count) {
            let client = self.authenticated(secret);
            outcome = revoke(self.http.as_ref(), url, client, (token, hint)).await;
            // The provider may accept another secret.
            if !matches!(outcome, Err(Error::ProviderRefused { .. })) {
                break;
            }
        }
        outcome
    }

    /// The revocation endpoint.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is none.
    pub fn revocation_url(&self) -> Result<&str> {
        let missing =
            || Error::configuration("providers", "has no revocationUrl for this provider");
        self.revocation_url.as_deref().ok_or_else(missing)
    }

    fn authenticated(&self, secret: usize) -> Client<'_> {
        Client {
            id: &self.credentials.id,
            secret: self.credentials.secrets.get(secret),
            authentication: self.provider.authentication,
        }
    }

    async fn post(&self, client: Client<'_>, token: &RefreshToken, unix_time: Duration) -> Verdict {
        let request = refresh_request(&self.token_url, client, token);
        match self.http.post(request).await {
            Ok(response) => judge_with(&response, &self.provider, &self.dead_grant, unix_time),
            Err(HttpFailure::NotSent(reason)) => Verdict::Transient(
                Error::ProviderUnavailable { status: None, reason: reason.into() },
                None,
            ),
            Err(HttpFailure::NoAnswer(reason)) => {
                Verdict::Ambiguous(Error::OutcomeUnknown { reason: reason.into() })
            }
            Err(HttpFailure::TooLarge) => Verdict::Ambiguous(Error::ProviderResponse {
                reason: "the response is larger than 1 MiB".into(),
            }),
        }
    }
}

impl TokenEndpoint for HttpEndpoint {
    fn client(&self) -> Option<&str> {
        Some(&self.client)
    }

    fn login(&self) -> Option<&str> {
        Some(&self.login)
    }

    fn may_rotate(&self) -> bool {
        self.provider.may_rotate
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    /// Tries the secret that was accepted last. If it is rejected, which leaves the refresh token valid, tries
    /// the others.
    async fn refresh(&self, token: &RefreshToken, _: Duration, unix_time: Duration) -> Verdict {
        let first = self.accepted_secret.load(Ordering::Relaxed);
        let count = self.credentials.secrets.len().max(1);
        let mut verdict = self.post(self.authenticated(first), token, unix_time).await;
        for next in (1..count).map(|step| (first + step) % count) {
            if !matches!(verdict, Verdict::ClientRejected(_)) {
                break;
            }
            verdict = self.post(self.authenticated(next), token, unix_time).await;
            if !matches!(verdict, Verdict::ClientRejected(_)) {
                self.accepted_secret.store(next, Ordering::Relaxed);
            }
        }
        verdict
    }
}
