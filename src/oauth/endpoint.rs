//! A provider's token endpoint over HTTP, for one client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::client_assertion::unix_time;
use super::credentials::{Client, ClientCredentials, client_at};
use super::discovery::{CACHE, Found, LIMIT};
use super::http::{HttpClient, HttpFailure};
use super::provider::{Endpoint, Provider};
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
    /// `None`: it is found through the issuer, and what is found is in `found`.
    refresh_url: Option<String>,
    /// Why tokens cannot be revoked, otherwise the endpoint.
    revocation_url: Result<String>,
    credentials: ClientCredentials,
    /// For whom client assertions are.
    audience: String,
    /// The index of the secret that was accepted last.
    accepted_secret: AtomicUsize,
    http: Arc<dyn HttpClient>,
    client: String,
    login: String,
    /// The same for the provider with its endpoints, as of this metadata.
    found: Mutex<Option<(Found, Arc<Shared>)>>,
}

impl Shared {
    fn new(
        provider: Provider,
        credentials: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        provider.check_discovery_issuer()?;
        let token_url = match provider.discovery_issuer() {
            Some(_) => None,
            None => Some(provider.url(Endpoint::Token)?),
        };
        // An issuer identifies the server as well as its token endpoint does.
        let place = token_url.as_deref().or(provider.discovery_issuer()).unwrap_or_default();
        let client = client_at(place, &credentials);
        let login = format!("{client} {}", credentials.fingerprint());
        let audience = provider.assertion_audience(place).to_owned();
        let refresh_url = match &provider.refresh_url {
            Some(_) if token_url.is_some() => Some(provider.url(Endpoint::Refresh)?),
            _ => token_url,
        };
        let revocation_url = match &provider.revocation_url {
            Some(_) => Ok(provider.url(Endpoint::Revocation)?),
            None if provider.discovery_issuer().is_some() => {
                Err(Error::internal("an endpoint is used before it is found"))
            }
            None => {
                Err(Error::configuration("providers", "has no revocationUrl for this provider"))
            }
        };
        let accepted_secret = AtomicUsize::new(0);
        Ok(Self {
            provider,
            refresh_url,
            revocation_url,
            credentials,
            audience,
            accepted_secret,
            http,
            client,
            login,
            found: Mutex::new(None),
        })
    }
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
        let shared = Shared::new(provider, credentials, http)?;
        Ok(Self { shared: Arc::new(shared), scopes: Vec::new() })
    }

    /// Whether a grant is ended with its access token, although it has a refresh token.
    #[must_use]
    pub fn revokes_access_token(&self) -> bool {
        self.shared.provider.revokes_access_token()
    }

    /// Revokes a token (RFC 7009); `hint` is its `token_type_hint`.
    ///
    /// # Errors
    /// [`Error::ProviderUnavailable`], [`Error::ProviderRefused`] if the revocation is not confirmed;
    /// [`Error::Configuration`] without a revocation endpoint.
    pub async fn revoke(&self, token: &str, hint: &str) -> Result<()> {
        let this = self.found(LIMIT).await?;
        let Shared { http, provider, revocation_url, .. } = &*this.shared;
        let url = revocation_url.as_deref().map_err(Clone::clone)?;
        let assertion = this.assertion(unix_time())?;
        let clients = this.clients().map(|(_, client)| client.asserting(&assertion));
        revoke(http.as_ref(), provider, url, clients, (token, hint)).await
    }

    /// The revocation endpoint.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is none; [`Error::ProviderUnavailable`] if it cannot be found.
    pub async fn revocation_url(&self) -> Result<String> {
        self.found(LIMIT).await?.shared.revocation_url.clone()
    }

    /// This endpoint with its URLs, which are found within `limit` where they are not described.
    async fn found(&self, limit: Duration) -> Result<Self> {
        let Shared { provider, credentials, http, found, .. } = &*self.shared;
        let here =
            |shared: &Arc<Shared>| Self { shared: Arc::clone(shared), scopes: self.scopes.clone() };
        let Some(issuer) = provider.discovery_issuer() else { return Ok(here(&self.shared)) };
        let metadata = CACHE.metadata(http, issuer, provider.allow_insecure, limit).await;
        let metadata = metadata.map_err(|failure| failure.error())?;
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, shared)) = &*found
            && Arc::ptr_eq(of, &metadata)
        {
            return Ok(here(shared));
        }
        let provider = provider.discovered(&metadata);
        let shared = Shared::new(provider, credentials.clone(), Arc::clone(http))?;
        let shared = Arc::new(shared);
        let this = here(&shared);
        *found = Some((metadata, shared));
        Ok(this)
    }

    /// The verdict, with the scopes in the words in which they were asked for.
    fn in_known_words(&self, verdict: Verdict) -> Verdict {
        let Verdict::Granted(mut tokens) = verdict else { return verdict };
        let provider = &self.shared.provider;
        let known = |named: Scopes| Scopes(provider.in_known_words(&self.scopes, &named.0));
        tokens.scopes = tokens.scopes.map(known);
        Verdict::Granted(tokens)
    }

    /// The client with each of its secrets, by the secret's index; first with the one that was accepted last.
    fn clients(&self) -> impl Iterator<Item = (usize, Client<'_>)> {
        let Shared { credentials, provider, accepted_secret, .. } = &*self.shared;
        let (first, count) = (accepted_secret.load(Ordering::Relaxed), credentials.tries());
        let secrets = (0..count).map(move |step| (first + step) % count);
        secrets.map(|secret| (secret, credentials.client(secret, provider.client_authentication())))
    }

    fn assertion(&self, unix_time: Duration) -> Result<Option<Zeroizing<String>>> {
        let Shared { credentials, audience, .. } = &*self.shared;
        credentials.assertion(audience, unix_time)
    }

    async fn post(&self, client: Client<'_>, token: &RefreshToken, unix_time: Duration) -> Verdict {
        let Shared { provider, refresh_url, .. } = &*self.shared;
        let Some(url) = refresh_url else {
            return Verdict::Refused(Error::internal("an endpoint is used before it is found"));
        };
        let assertion = match self.assertion(unix_time) {
            Ok(assertion) => assertion,
            Err(error) => return Verdict::Refused(error),
        };
        let client = client.asserting(&assertion);
        let request = refresh_request(provider, url, client, token, &self.scopes);
        match self.shared.http.send(request).await {
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
    async fn refresh(
        &self,
        token: &RefreshToken,
        budget: Duration,
        unix_time: Duration,
    ) -> Verdict {
        // Most of the budget is left for the request, whose outcome is unknown if it is cut off.
        let this = match self.found(LIMIT.min(budget / 3)).await {
            Ok(this) => this,
            Err(error @ Error::ProviderUnavailable { .. }) => {
                return Verdict::Transient(error, None);
            }
            Err(error) => return Verdict::Refused(error),
        };
        let mut verdict = Verdict::Refused(Error::internal("a client has no way to authenticate"));
        for (secret, client) in this.clients() {
            verdict = this.post(client, token, unix_time).await;
            if !matches!(verdict, Verdict::ClientRejected(_)) {
                this.shared.accepted_secret.store(secret, Ordering::Relaxed);
                break;
            }
        }
        verdict
    }
}
