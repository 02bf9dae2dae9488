//! A provider's token endpoint over HTTP, for one client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::credentials::{Client, ClientCredentials, client_at};
use super::discovery::{CACHE, Found, LIMIT};
use super::http::{HttpClient, HttpFailure, HttpResponse};
use super::provider::{
    ConnectionVariables, Endpoint, Metadata, Provider, RefreshLimit, RotationGrace,
};
use super::request::refresh_request;
use super::response::judge;
use super::revocation::revoke;
use super::{Scopes, TokenEndpoint, TokenResponse, Verdict};
use crate::error::{Error, Result};
use crate::secret::RefreshToken;

/// One client at one provider.
pub struct HttpEndpoint {
    shared: Arc<Shared>,
    /// An error as long as it is to be found through the issuer, or in the row of a grant.
    address: Result<Arc<Address>>,
    login: Arc<str>,
    /// The scopes of the grant, in the words in which they were asked for.
    scopes: Vec<String>,
}

/// What is the same for all grants.
struct Shared {
    provider: Provider,
    credentials: ClientCredentials,
    /// The index of the secret that was accepted last.
    accepted_secret: AtomicUsize,
    http: Arc<dyn HttpClient>,
    client: String,
    /// The same for the provider with its endpoints, as of this metadata.
    found: Mutex<Option<(Found, Arc<HttpEndpoint>)>>,
}

/// Where a grant is refreshed and revoked.
struct Address {
    refresh_url: String,
    /// Why tokens cannot be revoked, otherwise the endpoint.
    revocation_url: Result<String>,
    /// For whom client assertions are.
    audience: String,
}

impl Address {
    fn of(provider: &Provider, own: &ConnectionVariables) -> Result<Self> {
        let token_url = provider.url(Endpoint::Token, own)?;
        let audience = provider.assertion_audience(&token_url).to_owned();
        let refresh_url = match &provider.refresh_url {
            Some(_) => provider.url(Endpoint::Refresh, own)?,
            None => token_url,
        };
        let revocation_url = match &provider.revocation_url {
            Some(_) => Ok(provider.url(Endpoint::Revocation, own)?),
            None => {
                Err(Error::configuration("providers", "has no revocationUrl for this provider"))
            }
        };
        Ok(Self { refresh_url, revocation_url, audience })
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
        provider.check_discovery_issuer()?;
        // An issuer identifies the server as well as its token endpoint does.
        let place = match provider.discovery_issuer() {
            Some(issuer) => issuer.into(),
            None => provider.described_url(Endpoint::Token)?,
        };
        let client = client_at(&place, &credentials);
        let login = credentials.login_at(&place).into();
        let none = ConnectionVariables::new();
        let address = match provider.discovery_issuer() {
            Some(_) if provider.revocation_url.is_some() => {
                provider.url(Endpoint::Revocation, &none)?;
                Err(not_found())
            }
            Some(_) => Err(not_found()),
            // The values of a variable may be in the rows only.
            None if provider.varies() => Address::of(&provider, &none),
            None => Ok(Address::of(&provider, &none)?),
        };
        let address = address.map(Arc::new);
        let (accepted_secret, found) = (AtomicUsize::new(0), Mutex::new(None));
        let shared = Shared { provider, credentials, accepted_secret, http, client, found };
        Ok(Self { shared: Arc::new(shared), address, login, scopes: Vec::new() })
    }

    /// Whether each grant has an address of its own, which its row says.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.shared.provider.varies()
    }

    /// The names of everything that a connection may keep.
    #[must_use]
    pub fn metadata_names(&self) -> Vec<String> {
        self.shared.provider.metadata_names()
    }

    fn address(&self) -> Result<&Address> {
        self.address.as_deref().map_err(Clone::clone)
    }

    /// Whether a grant is ended with its access token, although it has a refresh token.
    #[must_use]
    pub fn revokes_access_token(&self) -> bool {
        self.shared.provider.revokes_access_token()
    }

    /// The tokens of `body`, a response of the token endpoint that somebody else has received, with `metadata`.
    /// `asked`: the scopes that were asked for.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it has no tokens, or `metadata` lacks a variable of the endpoint.
    pub fn granted(
        &self,
        body: Zeroizing<Vec<u8>>,
        asked: &[String],
        metadata: Metadata,
    ) -> Result<TokenResponse> {
        let Shared { provider, .. } = &*self.shared;
        provider.check_variables(&provider.variables_in(&metadata))?;
        let response = HttpResponse { status: 200, retry_after: None, body };
        let Verdict::Granted(tokens) = judge(&response, provider, Duration::ZERO) else {
            return Err(Error::invalid("response", "must be a token response, with access_token"));
        };
        let known = |named: Scopes| Scopes(provider.in_known_words(asked, &named.0));
        Ok(TokenResponse {
            scopes: tokens.scopes.map(known),
            metadata: metadata.with(&tokens.metadata),
            ..tokens
        })
    }

    /// Revokes a token (RFC 7009); `hint` is its `token_type_hint`. `unix_time` is the time since 1970.
    ///
    /// # Errors
    /// [`Error::ProviderUnavailable`], [`Error::ProviderRefused`] if the revocation is not confirmed;
    /// [`Error::Configuration`] without a revocation endpoint.
    pub async fn revoke(&self, token: &str, hint: &str, unix_time: Duration) -> Result<()> {
        let this = self.found(LIMIT).await?;
        let Shared { http, provider, .. } = &*this.shared;
        let url = this.address()?.revocation_url.as_deref().map_err(Clone::clone)?;
        let assertion = this.assertion(unix_time)?;
        let clients = this.clients().map(|(_, client)| client.asserting(&assertion));
        revoke(http.as_ref(), provider, url, clients, (token, hint)).await
    }

    /// The revocation endpoint.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is none; [`Error::ProviderUnavailable`] if it cannot be found.
    pub async fn revocation_url(&self) -> Result<String> {
        self.found(LIMIT).await?.address()?.revocation_url.clone()
    }

    /// This endpoint with its URLs, which are found within `limit` where they are not described.
    async fn found(&self, limit: Duration) -> Result<Self> {
        let Shared { provider, credentials, http, found, .. } = &*self.shared;
        let here = |of: &Self| Self {
            shared: Arc::clone(&of.shared),
            address: of.address.clone(),
            login: Arc::clone(&self.login),
            scopes: self.scopes.clone(),
        };
        let Some(issuer) = provider.discovery_issuer() else { return Ok(here(self)) };
        let metadata = CACHE.metadata(http, issuer, provider.allow_insecure, limit).await;
        let metadata = metadata.map_err(|failure| failure.error())?;
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, endpoint)) = &*found
            && Arc::ptr_eq(of, &metadata)
        {
            return Ok(here(endpoint));
        }
        let provider = provider.discovered(&metadata);
        let endpoint = Self::new(provider, credentials.clone(), Arc::clone(http))?;
        let this = here(&endpoint);
        *found = Some((metadata, Arc::new(endpoint)));
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
        self.shared.credentials.assertion(&self.address()?.audience, unix_time)
    }

    async fn post(&self, client: Client<'_>, token: &RefreshToken, unix_time: Duration) -> Verdict {
        let Shared { provider, .. } = &*self.shared;
        let url = match self.address() {
            Ok(address) => &address.refresh_url,
            Err(error) => return Verdict::Refused(error),
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

fn not_found() -> Error {
    Error::internal("an endpoint is used before it is found")
}

impl TokenEndpoint for HttpEndpoint {
    fn client(&self) -> Option<&str> {
        Some(&self.shared.client)
    }

    fn login(&self) -> Option<&str> {
        Some(&self.login)
    }

    fn for_grant(self: &Arc<Self>, scopes: &[String], metadata: Option<&str>) -> Result<Arc<Self>> {
        let Shared { provider, credentials, .. } = &*self.shared;
        let (mut address, mut login) = (self.address.clone(), Arc::clone(&self.login));
        if provider.varies() {
            let own = provider.variables_in(&Metadata::stored(metadata));
            address = Ok(Arc::new(Address::of(provider, &own)?));
            login = credentials.login_at(&provider.url(Endpoint::Token, &own)?).into();
        }
        let shared = Arc::clone(&self.shared);
        Ok(Arc::new(Self { shared, address, login, scopes: scopes.to_vec() }))
    }

    fn may_rotate(&self) -> bool {
        self.shared.provider.may_rotate()
    }

    fn rotation_grace(&self) -> RotationGrace {
        self.shared.provider.rotation_grace
    }

    fn refresh_ends_access_token(&self) -> bool {
        self.shared.provider.refresh_ends_access_token
    }

    fn refresh_gap(&self) -> Duration {
        self.shared.provider.refresh_limit.map_or(Duration::ZERO, RefreshLimit::gap)
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
