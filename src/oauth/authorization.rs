//! The authorization code flow (RFC 6749, section 4.1) with PKCE.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::credentials::{Client, ClientCredentials, client_at};
use super::discovery::{CACHE, Found, LIMIT};
use super::http::{HttpClient, HttpFailure, HttpRequest, HttpResponse};
use super::id_token::subject;
use super::pkce::{CODE_CHALLENGE_METHOD, code_challenge};
use super::provider::{CodeChallengeMethod, ConnectionVariables, Endpoint, Metadata, Provider};
use super::request::{append, code_request};
use super::response::judge;
use super::{Expiry, Refusal, TokenResponse, Verdict};
use crate::error::{Error, NotAuthorized, Result};
use crate::secret::{AccessToken, RefreshToken};

/// One client at one authorization server.
pub struct AuthorizationServer {
    pub(super) provider: Provider,
    /// Empty as long as it is to be found through the issuer.
    described_token_url: String,
    client: ClientCredentials,
    pub(super) http: Arc<dyn HttpClient>,
    /// Whether authorization responses have `iss` (RFC 9207); known of servers that are found.
    sends_issuer: bool,
    /// The same for the provider with its endpoints, as of this metadata.
    found: Mutex<Option<(Found, Arc<Self>)>>,
}

/// An authorization request (RFC 6749, section 4.1.1).
#[derive(Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    /// The redirect URI, exactly as registered with the server.
    pub redirect_uri: &'a str,
    /// The requested scopes.
    pub scopes: &'a [String],
    /// The value that the authorization response returns.
    pub state: &'a str,
    /// The secret of PKCE, of which the request contains only a digest.
    pub code_verifier: &'a str,
    /// The values of the connection's variables.
    pub variables: &'a ConnectionVariables,
}

impl std::fmt::Debug for AuthorizationRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorizationRequest(redacted)")
    }
}

/// The result of exchanging a code.
#[derive(Debug)]
pub struct Grant {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token; `None` if the server issued none.
    pub refresh_token: Option<RefreshToken>,
    /// When the access token expires, from when the code was sent.
    pub expiry: Expiry,
    /// The granted scopes; `None` if they are the requested ones (RFC 6749, section 5.1).
    pub scopes: Option<Vec<String>>,
    /// The account's subject, if there is an ID token.
    pub subject: Option<String>,
    /// What else is kept of the response.
    pub metadata: Metadata,
}

/// What only a response to a code has.
#[derive(Default, Deserialize)]
struct Consent {
    id_token: Option<String>,
}

/// The time limit of a code exchange or a revocation.
pub(super) const REQUEST_BUDGET: Duration = Duration::from_secs(15);

impl AuthorizationServer {
    /// Creates the client.
    ///
    /// # Errors
    /// [`Error::Configuration`] if an endpoint is not set, or is neither an https URL nor a URL of this machine.
    pub fn new(
        provider: Provider,
        client: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        provider.check_discovery_issuer()?;
        let is_known = provider.discovery_issuer().is_none();
        let mut described_token_url = String::new();
        if is_known {
            described_token_url = provider.described_url(Endpoint::Token)?.into_owned();
            provider.described_url(Endpoint::Authorization)?;
        }
        if provider.revocation_url.is_some() {
            provider.described_url(Endpoint::Revocation)?;
        }
        let (sends_issuer, found) = (false, Mutex::new(None));
        Ok(Self { provider, described_token_url, client, http, sends_issuer, found })
    }

    /// The server with its endpoints, which are found where they are not described; `None`: it is this one.
    ///
    /// # Errors
    /// [`Error::Authorization`] if they cannot be found.
    pub async fn found(&self) -> Result<Option<Arc<Self>>> {
        let Self { provider, client, http, found, .. } = self;
        let Some(issuer) = provider.discovery_issuer() else { return Ok(None) };
        let metadata = CACHE.metadata(http, issuer, provider.allow_insecure, LIMIT).await;
        let metadata = metadata.map_err(|failure| {
            Error::not_authorized(NotAuthorized::ServerUnavailable, failure.text())
        })?;
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, server)) = &*found
            && Arc::ptr_eq(of, &metadata)
        {
            return Ok(Some(Arc::clone(server)));
        }
        let provider = provider.discovered(&metadata);
        let server = Self::new(provider, client.clone(), Arc::clone(http))?;
        let sends_issuer = metadata.authorization_response_iss_parameter_supported == Some(true);
        let server = Arc::new(Self { sends_issuer, ..server });
        *found = Some((metadata, Arc::clone(&server)));
        Ok(Some(server))
    }

    /// Whether each authorization response must have `iss` (RFC 9207, section 2.4).
    #[must_use]
    pub fn sends_issuer(&self) -> bool {
        self.sends_issuer
    }

    /// The client, with each of its secrets in their order; a public client has none.
    pub(super) fn clients(&self) -> impl Iterator<Item = Client<'_>> {
        let authentication = self.provider.client_authentication();
        (0..self.client.tries()).map(move |secret| self.client.client(secret, authentication))
    }

    /// The client assertion of one request; `None`: the client has no key.
    pub(super) fn assertion(
        &self,
        token_url: &str,
        unix_time: Duration,
    ) -> Result<Option<Zeroizing<String>>> {
        self.client.assertion(self.provider.assertion_audience(token_url), unix_time)
    }

    /// Token endpoint and client ID, in the form of [`super::TokenEndpoint::client`].
    #[must_use]
    pub fn client(&self) -> String {
        client_at(
            self.provider.discovery_issuer().unwrap_or(&self.described_token_url),
            &self.client,
        )
    }

    /// Its provider.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The provider's name on pages.
    #[must_use]
    pub fn title(&self) -> &str {
        self.provider.title.as_deref().unwrap_or(&self.provider.name)
    }

    /// The origin of the consent screen; that of the issuer where it is to be found. `None`: each connection has its
    /// own.
    #[must_use]
    pub fn authorization_origin(&self) -> Option<String> {
        let url = match self.provider.discovery_issuer() {
            Some(issuer) => issuer.to_owned(),
            None => self.provider.url(Endpoint::Authorization, &ConnectionVariables::new()).ok()?,
        };
        let url = reqwest::Url::parse(&url).ok()?;
        Some(url.origin().ascii_serialization())
    }

    /// The issuer identifier that authorization responses contain; `None`: it is not known.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.provider.issuer.as_deref()
    }

    /// The URL to which to redirect the browser (RFC 6749, section 4.1.1).
    ///
    /// # Errors
    /// [`Error::Configuration`] if a variable has no value.
    pub fn authorization_url(&self, request: AuthorizationRequest<'_>) -> Result<String> {
        let provider = &self.provider;
        let endpoint = provider.url(Endpoint::Authorization, request.variables)?;
        let scopes = provider.with_offline_scopes(request.scopes);
        let scope = scopes.join(provider.scope_separator());
        let challenge = code_challenge(request.code_verifier);
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", &*self.client.id),
            ("redirect_uri", request.redirect_uri),
            ("scope", &*scope),
            ("state", request.state),
        ];
        if provider.code_challenge_method() == CodeChallengeMethod::S256 {
            parameters.push(("code_challenge", &*challenge));
            parameters.push(("code_challenge_method", CODE_CHALLENGE_METHOD));
        }
        let own = &provider.authorization_parameters;
        parameters.retain(|(name, _)| !own.contains_key(*name));
        parameters.extend(own.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut query = String::new();
        for (name, value) in parameters.into_iter().filter(|(_, value)| !value.is_empty()) {
            append(provider.parameter_name(name), value, &mut query);
        }
        Ok(format!("{endpoint}{}{query}", if endpoint.contains('?') { '&' } else { '?' }))
    }

    /// Whether the server may have granted less than what was asked for.
    #[must_use]
    pub fn lacks_scopes(&self, asked: &[String], granted: &[String]) -> bool {
        self.provider.lacks_scopes(asked, granted)
    }

    /// The granted scopes, in the words in which they were asked for.
    #[must_use]
    pub fn in_known_words(&self, asked: &[String], granted: &[String]) -> Vec<String> {
        self.provider.in_known_words(asked, granted)
    }

    /// Exchanges a code, without retries (RFC 6749, section 4.1.3). `unix_time` is the time since 1970.
    ///
    /// # Errors
    /// [`Error::Authorization`], for every cause.
    pub async fn exchange(
        &self,
        code: &str,
        redirect_uri: &str,
        code_verifier: &str,
        variables: &ConnectionVariables,
        unix_time: Duration,
    ) -> Result<Grant> {
        let mut outcome = Err(Error::internal("a client has no way to authenticate"));
        let token_url = self.provider.url(Endpoint::Token, variables)?;
        let assertion = self.assertion(&token_url, unix_time)?;
        for client in self.clients() {
            let request = code_request(
                &self.provider,
                &token_url,
                client.asserting(&assertion),
                code,
                redirect_uri,
                code_verifier,
            );
            outcome = self.send(request).await;
            // A code that was sent with a wrong secret can be sent again with the next one.
            let Err(Error::Authorization { reason: NotAuthorized::ClientRejected, .. }) = &outcome
            else {
                break;
            };
        }
        outcome
    }

    async fn send(&self, request: HttpRequest) -> Result<Grant> {
        let answered = tokio::time::timeout(REQUEST_BUDGET, self.http.send(request)).await;
        let unavailable = |why| Error::not_authorized(NotAuthorized::ServerUnavailable, why);
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(HttpFailure::NotSent(why) | HttpFailure::NoAnswer(why))) => {
                return Err(unavailable(why));
            }
            Ok(Err(HttpFailure::TooLarge)) => {
                return Err(unavailable("the response is too large"));
            }
            Err(_) => return Err(unavailable("no response in time")),
        };
        self.judge(&response)
    }

    fn judge(&self, response: &HttpResponse) -> Result<Grant> {
        // `Retry-After` is not used, so the current time does not matter.
        let (refused, error) = match judge(response, &self.provider, Duration::ZERO) {
            Verdict::Granted(tokens) => return Ok(self.granted(tokens, response)),
            Verdict::ClientRejected(Error::ClientRejected { error }) => {
                (NotAuthorized::ClientRejected, error.into_owned())
            }
            Verdict::ClientRejected(error) => {
                (NotAuthorized::ClientRejected, error.code().to_owned())
            }
            Verdict::InvalidGrant(Refusal { code, .. }) => (NotAuthorized::CodeRefused, code),
            // A configuration error, which another attempt cannot fix.
            Verdict::Refused(Error::ProviderRefused { reason, .. })
                if ["redirect_uri_mismatch", "unauthorized_client"].contains(&&*reason) =>
            {
                (NotAuthorized::ClientRejected, reason.into_owned())
            }
            Verdict::Refused(Error::ProviderRefused { reason, .. }) => {
                (NotAuthorized::CodeRefused, reason.into_owned())
            }
            Verdict::Refused(error) => (NotAuthorized::CodeRefused, error.code().to_owned()),
            Verdict::Transient(error, _) | Verdict::Ambiguous(error) => {
                (NotAuthorized::ServerUnavailable, error.code().to_owned())
            }
        };
        Err(Error::not_authorized(refused, format!("{} {error}", response.status)))
    }

    fn granted(&self, tokens: TokenResponse, response: &HttpResponse) -> Grant {
        let Consent { id_token } = serde_json::from_slice(&response.body).unwrap_or_default();
        let TokenResponse { access_token, refresh_token, expiry, scopes, metadata, .. } = tokens;
        Grant {
            access_token,
            refresh_token,
            expiry,
            scopes: scopes.map(|scopes| scopes.0),
            subject: id_token.and_then(|token| subject(&token, &self.client.id)),
            metadata,
        }
    }
}
