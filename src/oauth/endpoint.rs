//! A provider's token endpoint over HTTP, for one client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::credentials::{Client, ClientCredentials, client_at};
use super::http::{HttpClient, HttpFailure};
use super::provider::{Provider, Values};
use super::request::refresh_request;
use super::response::judge;
use super::revocation::revoke;
use super::{Scopes, TokenEndpoint, Verdict};
use crate::error::{Error, Result};
use crate::secret::RefreshToken;

/// One client at one provider.
pub struct HttpEndpoint {
    shared: Arc<Shared>,
    /// The scopes of the grant, in the words in which they were asked for.
    scopes: Vec<String>,
}

/// What is the same for all grants.
struct Shared {
    provider: Provider,
    refresh_url: String,
    /// Why tokens cannot be revoked, otherwise the endpoint.
    revocation_url: Result<String>,
    credentials: ClientCredentials,
    /// The index of the secret that was accepted last.
    accepted_secret: AtomicUsize,
    http: Arc<dyn HttpClient>,
    client: String,
    login: String,
}

impl HttpEndpoint {
    /// The token endpoint of a provider.
    ///
    /// # Errors
    /// [`Error::Configuration`] if an endpoint is not set, or is neither an https URL nor a URL of this machine.
    pub fn new(
        provider: Provider,
        credentials: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        let values = Values::new();
        let token_url = provider.url("tokenUrl", &values)?;
        let client = client_at(&token_url, &credentials);
        let login = format!("{client} {}", credentials.fingerprint());
        let refresh_url = match &provider.refresh_url {
            Some(_) => provider.url("refreshUrl", &values)?,
            None => token_url,
        };
        let revocation_url = match &provider.revocation_url {
            Some(_) => Ok(provider.url("revocationUrl", &values)?),
            None => {
                Err(Error::configuration("providers", "has no revocationUrl for this provider"))
            }
        };
        let accepted_secret = AtomicUsize::new(0);
        let shared = Shared {
            provider,
            refresh_url,
            revocation_url,
            credentials,
            accepted_secret,
            http,
            client,
            login,
        };
        Ok(Self { shared: Arc::new(shared), scopes: Vec::new() })
    }

    /// Revokes a token (RFC 7009); `hint` is its `token_type_hint`.
    ///
    /// # Errors
    /// [`Error::ProviderUnavailable`], [`Error::ProviderRefused`] if the revocation is not confirmed;
    /// [`Error::Configuration`] without a revocation endpoint.
    pub async fn revoke(&self, token: &str, hint: &str) -> Result<()> {
        let url = self.revocation_url()?;
        let first = self.shared.accepted_secret.load(Ordering::Relaxed);
        let count = self.shared.credentials.secrets.len().max(1);
        let mut outcome = Ok(());
        for secret in (0..count).map(|step| (first + step) % count) {
            let client = self.authenticated(secret);
            outcome = revoke(
                self.shared.http.as_ref(),
                &self.shared.provider,
                url,
                client,
                (token, hint),
            )
            .await;
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
        self.shared.revocation_url.as_deref().map_err(Clone::clone)
    }

    /// The verdict, with the scopes in the words in which they were asked for.
    fn in_known_words(&self, verdict: Verdict) -> Verdict {
        let Verdict::Granted(mut tokens) = verdict else { return verdict };
        let provider = &self.shared.provider;
        let known = |named: Scopes| Scopes(provider.in_known_words(&self.scopes, &named.0));
        tokens.scopes = tokens.scopes.map(known);
        Verdict::Granted(tokens)
    }

    fn authenticated(&self, secret: usize) -> Client<'_> {
        Client {
            id: &self.shared.credentials.id,
            secret: self.shared.credentials.secrets.get(secret),
            authentication: self.shared.provider.client_authentication,
        }
    }

    async fn post(&self, client: Client<'_>, token: &RefreshToken, unix_time: Duration) -> Verdict {
        let Shared { provider, refresh_url: url, .. } = &*self.shared;
        let request = refresh_request(provider, url, client, token, &self.scopes);
        match self.shared.http.post(request).await {
            Ok(response) => self.in_known_words(judge(&response, provider, unix_time)),
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
        Some(&self.shared.client)
    }

    fn login(&self) -> Option<&str> {
        Some(&self.shared.login)
    }

    fn for_scopes(self: &Arc<Self>, scopes: &[String]) -> Arc<Self> {
        Arc::new(Self { shared: Arc::clone(&self.shared), scopes: scopes.to_vec() })
    }

    fn may_rotate(&self) -> bool {
        self.shared.provider.may_rotate()
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    /// Tries the secret that was accepted last. If it is rejected, which leaves the refresh token valid, tries
    /// the others.
    async fn refresh(&self, token: &RefreshToken, _: Duration, unix_time: Duration) -> Verdict {
        let first = self.shared.accepted_secret.load(Ordering::Relaxed);
        let count = self.shared.credentials.secrets.len().max(1);
        let mut verdict = self.post(self.authenticated(first), token, unix_time).await;
        for next in (1..count).map(|step| (first + step) % count) {
            if !matches!(verdict, Verdict::ClientRejected(_)) {
                break;
            }
            verdict = self.post(self.authenticated(next), token, unix_time).await;
            if !matches!(verdict, Verdict::ClientRejected(_)) {
                self.shared.accepted_secret.store(next, Ordering::Relaxed);
            }
        }
        verdict
    }
}
