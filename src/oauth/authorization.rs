//! The authorization code flow (RFC 6749, section 4.1) with PKCE.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::credentials::{Client, ClientCredentials, client_at};
use super::endpoint_url::check_url;
use super::http::{HttpClient, HttpFailure, HttpResponse};
use super::id_token::subject;
use super::pkce::{CODE_CHALLENGE_METHOD, code_challenge};
use super::provider::{Metadata, Provider};
use super::request::{append, code_request};
use super::response::judge;
use super::{Expiry, Refusal, TokenResponse, Verdict};
use crate::config::TEXT_MAX_BYTES;
use crate::error::{Error, NotAuthorized, Result};
use crate::secret::{AccessToken, RefreshToken};

/// Endpoints from options, which replace those of the provider.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// The token endpoint.
    pub token: Option<String>,
    /// The authorization endpoint.
    pub authorization: Option<String>,
    /// The revocation endpoint.
    pub revocation: Option<String>,
    /// The issuer.
    pub issuer: Option<String>,
}

/// One client at one authorization server.
pub struct AuthorizationServer {
    provider: Provider,
    pub(super) metadata: Metadata,
    pub(super) endpoints: Endpoints,
    client: ClientCredentials,
    pub(super) http: Arc<dyn HttpClient>,
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
    /// The lifetime of the access token, from when the code was sent.
    pub expires_in: Duration,
    /// The granted scopes; `None` if they are the requested ones (RFC 6749, section 5.1).
    pub scopes: Option<Vec<String>>,
    /// The account's subject, if there is an ID token.
    pub subject: Option<String>,
}

/// The members that only a response to a code has.
#[derive(Default, Deserialize)]
struct Consent {
    scope: Option<String>,
    id_token: Option<String>,
}

/// The time limit of a code exchange or a revocation.
pub(super) const REQUEST_BUDGET: Duration = Duration::from_secs(15);

impl AuthorizationServer {
    /// Creates the client.
    ///
    /// # Errors
    /// [`Error::Configuration`] if an endpoint is neither an https URL nor a URL of this machine.
    pub fn new(
        (provider, metadata): (Provider, Metadata),
        endpoints: Endpoints,
        client: ClientCredentials,
        http: Arc<dyn HttpClient>,
    ) -> Result<Self> {
        let given = [
            ("TOKENKEEP_GOOGLE_TOKEN_URL", &endpoints.token),
            ("TOKENKEEP_GOOGLE_AUTHORIZATION_URL", &endpoints.authorization),
            ("TOKENKEEP_GOOGLE_REVOCATION_URL", &endpoints.revocation),
        ];
        for (option, url) in given {
            if let Some(url) = url {
                check_url(option, url, provider.allow_insecure)?;
            }
        }
        Ok(Self { provider, metadata, endpoints, client, http })
    }

    pub(super) fn authenticated(&self) -> Client<'_> {
        Client {
            id: &self.client.id,
            secret: self.client.secrets.first(),
            authentication: self.provider.authentication,
        }
    }

    /// Token endpoint and client ID, in the form of [`super::TokenEndpoint::client`].
    #[must_use]
    pub fn client(&self) -> String {
        client_at(self.token_url(), &self.client)
    }

    fn token_url(&self) -> &str {
        self.endpoints.token.as_deref().unwrap_or(self.provider.token_url)
    }

    /// The issuer identifier that authorization responses contain.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.endpoints.issuer.as_deref().unwrap_or(self.metadata.issuer)
    }

    /// The URL to which to redirect the browser (RFC 6749, section 4.1.1).
    #[must_use]
    pub fn authorization_url(&self, request: AuthorizationRequest<'_>) -> String {
        let endpoint = self.endpoints.authorization.as_deref();
        let endpoint = endpoint.unwrap_or(self.metadata.authorization_endpoint);
        let mut query = String::new();
        let scope = request.scopes.join(" ");
        let challenge = code_challenge(request.code_verifier);
        let parameters = [
            ("response_type", "code"),
            ("client_id", &*self.client.id),
            ("redirect_uri", request.redirect_uri),
            ("scope", &*scope),
            ("state", request.state),
            ("code_challenge", &*challenge),
            ("code_challenge_method", CODE_CHALLENGE_METHOD),
        ];
        for (name, value) in parameters.iter().chain(self.metadata.parameters) {
            append(name, value, &mut query);
        }
        format!("{endpoint}{}{query}", if endpoint.contains('?') { '&' } else { '?' })
    }

    /// Exchanges a code, without retries (RFC 6749, section 4.1.3).
    ///
    /// # Errors
    /// [`Error::Authorization`], for every cause.
    pub async fn exchange(
        &self,
        code: &str,
        redirect_uri: &str,
        code_verifier: &str,
    ) -> Result<Grant> {
        let token_url = self.endpoints.token.as_deref().unwrap_or(self.provider.token_url);
        let client = self.authenticated();
        let request = code_request(token_url, client, code, redirect_uri, code_verifier);
        let answered = tokio::time::timeout(REQUEST_BUDGET, self.http.post(request)).await;
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
        let Consent { scope, id_token } =
            serde_json::from_slice(&response.body).unwrap_or_default();
        let TokenResponse { access_token, refresh_token, expiry, .. } = tokens;
        let is_text = |scope: &str| scope.len() <= TEXT_MAX_BYTES && !scope.contains('\0');
        let scope = scope.filter(|scope| scope.split_whitespace().all(is_text));
        Grant {
            access_token,
            refresh_token,
            expires_in: match expiry {
                Expiry::In(expires_in) => expires_in,
                // Only a refreshFn returns an absolute time.
                Expiry::AtMs(_) => Duration::from_secs(self.provider.default_expires_in_s),
            },
            scopes: scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
            subject: id_token.and_then(|token| subject(&token, &self.client.id)),
        }
    }
}
