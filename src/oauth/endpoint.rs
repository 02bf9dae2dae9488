//! A provider's token endpoint over HTTP, for one client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use super::credentials::{Client, ClientCredentials, client_at};
use super::http::{HttpClient, HttpFailure, HttpResponse};
use super::provider::{ConnectionVariables, Endpoint, Metadata, Provider};
use super::request::refresh_request;
use super::response::judge;
use super::revocation::revoke;
use super::{Scopes, TokenEndpoint, TokenResponse, Verdict};
use crate::error::{Error, Result};
use crate::secret::RefreshToken;

/// One client at one provider.
pub struct HttpEndpoint {
    shared: Arc<Shared>,
    address: Result<Arc<Address>>,
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
    /// Whether each grant has an address of its own.
    varies: bool,
}

/// Where a grant is refreshed and revoked.
struct Address {
    refresh_url: String,
    /// Why tokens cannot be revoked, otherwise the endpoint.
    revocation_url: Result<String>,
    login: String,
}

impl Address {
    fn of(
        provider: &Provider,
        credentials: &ClientCredentials,
        own: &ConnectionVariables,
    ) -> Result<Self> {
        let token_url = provider.url(Endpoint::Token, own)?;
        let login = format!("{} {}", client_at(&token_url, credentials), credentials.fingerprint());
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
        Ok(Self { refresh_url, revocation_url, login })
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
        let client = client_at(&provider.described_url(Endpoint::Token)?, &credentials);
        let varies = provider.varies();
        let address = Address::of(&provider, &credentials, &ConnectionVariables::new());
        // The values of a variable may be in the rows only.
        let address = if varies { address } else { Ok(address?) };
        let accepted_secret = AtomicUsize::new(0);
        let shared = Shared { provider, credentials, accepted_secret, http, client, varies };
        let address = address.map(Arc::new);
        Ok(Self { shared: Arc::new(shared), address, scopes: Vec::new() })
    }

    /// Whether each grant has an address of its own, which its row says.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.shared.varies
    }

    fn address(&self) -> Result<&Address> {
        self.address.as_deref().map_err(Clone::clone)
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

    /// Revokes a token (RFC 7009); `hint` is its `token_type_hint`.
    ///
    /// # Errors
    /// [`Error::ProviderUnavailable`], [`Error::ProviderRefused`] if the revocation is not confirmed;
    /// [`Error::Configuration`] without a revocation endpoint.
    pub async fn revoke(&self, token: &str, hint: &str) -> Result<()> {
        let url = self.revocation_url()?;
        let Shared { http, provider, .. } = &*self.shared;
        let clients = self.clients().map(|(_, client)| client);
        revoke(http.as_ref(), provider, url, clients, (token, hint)).await
    }

    /// The revocation endpoint.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is none.
    pub fn revocation_url(&self) -> Result<&str> {
        self.address()?.revocation_url.as_deref().map_err(Clone::clone)
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
        secrets.map(|secret| (secret, credentials.client(secret, provider.client_authentication)))
    }

    async fn post(&self, client: Client<'_>, token: &RefreshToken, unix_time: Duration) -> Verdict {
        let Shared { provider, .. } = &*self.shared;
        let url = match self.address() {
            Ok(address) => &address.refresh_url,
            Err(error) => return Verdict::Refused(error),
        };
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
        Some(self.address.as_deref().map_or(&self.shared.client, |address| &address.login))
    }

    fn for_grant(self: &Arc<Self>, scopes: &[String], metadata: Option<&str>) -> Result<Arc<Self>> {
        let Shared { provider, credentials, varies, .. } = &*self.shared;
        let address = if *varies {
            let own = provider.variables_in(&Metadata::stored(metadata));
            Arc::new(Address::of(provider, credentials, &own)?)
        } else {
            self.address.clone()?
        };
        let shared = Arc::clone(&self.shared);
        Ok(Arc::new(Self { shared, address: Ok(address), scopes: scopes.to_vec() }))
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
        let mut verdict = Verdict::Refused(Error::internal("a client has no way to authenticate"));
        for (secret, client) in self.clients() {
            verdict = self.post(client, token, unix_time).await;
            if !matches!(verdict, Verdict::ClientRejected(_)) {
                self.shared.accepted_secret.store(secret, Ordering::Relaxed);
                break;
            }
        }
        verdict
    }
}
