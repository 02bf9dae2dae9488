//! A provider's token endpoint, asked over HTTP on behalf of one client.

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
    /// Which of the secrets was taken last.
    taken: AtomicUsize,
    http: Arc<dyn HttpClient>,
    client: String,
    login: String,
}

impl HttpEndpoint {
    /// `token_url` in place of the provider's own, when given: such an endpoint may rotate, whatever the
    /// provider does, and the provider is not told of its tokens.
    ///
    /// # Errors
    /// [`Error::Configuration`] when `token_url` is no https URL, nor one of this machine.
    pub fn new(
        provider: Provider,
        token_url: Option<&str>,
        credentials: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        match token_url {
            Some(url) => {
                let elsewhere = Provider { may_rotate: true, revocation_url: None, ..provider };
                Self::at(url, elsewhere, credentials, http)
            }
            None => Self::at(provider.token_url, provider, credentials, http),
        }
    }

    /// `provider` at this URL, as it describes itself.
    ///
    /// # Errors
    /// [`Error::Configuration`] when `token_url` is no https URL, nor one of this machine.
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
        let (token_url, taken) = (token_url.to_owned(), AtomicUsize::new(0));
        let dead_grant = DeadGrant::default();
        Ok(Self {
            provider,
            dead_grant,
            token_url,
            revocation_url,
            credentials,
            taken,
            http,
            client,
            login,
        })
    }

    /// At a provider that has words of its own for a dead grant.
    #[must_use]
    pub fn ending_with(self, dead_grant: DeadGrant) -> Self {
        Self { dead_grant, ..self }
    }

    /// With another revocation endpoint than the provider's own.
    ///
    /// # Errors
    /// [`Error::Configuration`] when it is no https URL, nor one of this machine.
    pub fn revoking_at(self, revocation_url: Option<String>) -> Result<Self> {
        if let Some(url) = &revocation_url {
            check_url("revocationUrl", url, self.provider.allow_insecure)?;
        }
        Ok(Self { revocation_url: revocation_url.or(self.revocation_url), ..self })
    }

    /// Tells the provider that a token is not needed any more (RFC 7009); `hint` is its type.
    ///
    /// # Errors
    /// [`Error::ProviderUnavailable`], [`Error::ProviderRefused`]: it is not known to be revoked;
    /// [`Error::Configuration`]: it is not known where that is done.
    pub async fn revoke(&self, token: &str, hint: &str) -> Result<()> {
        let url = self.revocation_url()?;
        let first = self.taken.load(Ordering::Relaxed);
        let count = self.credentials.secrets.len().max(1);
        let mut outcome = Ok(());
        for secret in (0..count).map(|step| (first + step) % count) {
            let client = self.authenticated(secret);
            outcome = revoke(self.http.as_ref(), url, client, (token, hint)).await;
            // Only another secret may be taken where this one was not.
            if !matches!(outcome, Err(Error::ProviderRefused { .. })) {
                break;
            }
        }
        outcome
    }

    /// Where tokens are revoked.
    ///
    /// # Errors
    /// [`Error::Configuration`]: that is not known.
    pub fn revocation_url(&self) -> Result<&str> {
        let missing = || Error::configuration("providers", "has no revocationUrl of this provider");
        self.revocation_url.as_deref().ok_or_else(missing)
    }

    fn authenticated(&self, secret: usize) -> Client<'_> {
        Client {
            id: &self.credentials.id,
            secret: self.credentials.secrets.get(secret),
            authentication: self.provider.authentication,
        }
    }

    async fn post(&self, client: Client<'_>, token: &RefreshToken, wall: Duration) -> Verdict {
        let request = refresh_request(&self.token_url, client, token);
        match self.http.post(request).await {
            Ok(response) => judge_with(&response, &self.provider, &self.dead_grant, wall),
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

    /// With the secret that was taken last; where that is refused, and so nothing was spent, with
    /// the others.
    async fn refresh(&self, token: &RefreshToken, _: Duration, wall: Duration) -> Verdict {
        let first = self.taken.load(Ordering::Relaxed);
        let count = self.credentials.secrets.len().max(1);
        let mut verdict = self.post(self.authenticated(first), token, wall).await;
        for next in (1..count).map(|step| (first + step) % count) {
            if !matches!(verdict, Verdict::ClientRejected(_)) {
                break;
            }
            verdict = self.post(self.authenticated(next), token, wall).await;
            if !matches!(verdict, Verdict::ClientRejected(_)) {
                self.taken.store(next, Ordering::Relaxed);
            }
        }
        verdict
    }
}
