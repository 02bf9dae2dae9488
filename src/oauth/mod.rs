//! OAuth 2.0 (RFC 6749): pure functions build requests and judge responses, the HTTP client is a value, a
//! provider is data.

mod authorization;
mod client_assertion;
mod credentials;
mod discovery;
mod endpoint;
mod endpoint_url;
mod error_codes;
mod http;
mod id_token;
mod pkce;
mod provider;
mod proxy;
mod refresh_fn;
mod request;
mod response;
mod response_body;
mod retry_after;
mod revocation;
mod zoho_servers;

use std::sync::Arc;
use std::time::Duration;

pub use authorization::{AuthorizationRequest, AuthorizationServer, Grant};
pub use client_assertion::{KeyOptions, SigningKey};
pub use credentials::{Client, ClientAuthentication, ClientCredentials};
pub use endpoint::HttpEndpoint;
pub use error_codes::{Meaning, redacted};
pub use http::{Boxed, HttpClient, HttpFailure, HttpRequest, HttpResponse, Method, Reqwest};
pub use provider::{
    BUILT_IN_NAMES, CodeChallengeMethod, ConnectionVariables, Endpoint, ErrorRule, Lifetime,
    Metadata, Provider, RefreshLimit, RequestFormat, RevocationForm, RevocationMethod,
    RevokedToken, Rotation, RotationGrace, TokenPlace, UrlTemplate, UrlVariable, did_you_mean,
};
pub use proxy::ProxyVariables;
pub use refresh_fn::{RefreshFn, RefreshFnAnswer, RefreshFnTokens, Thrown, judge_thrown};
pub use request::refresh_request;
pub use response::{judge, may_be_from_gateway};
pub use retry_after::retry_after;
pub use zoho_servers::ZohoServers;

use crate::error::Error;
use crate::secret::{AccessToken, RefreshToken};

/// A successful token response (RFC 6749, section 5.1).
#[derive(Debug, Clone)]
pub struct TokenResponse {
    /// The new access token.
    pub access_token: AccessToken,
    /// The new refresh token; `None`: the old one stays valid.
    pub refresh_token: Option<RefreshToken>,
    /// When the access token expires.
    pub expiry: Expiry,
    /// Zoho's `api_domain`, the host of the user's data, if the response has it.
    pub api_domain: Option<String>,
    /// The granted scopes, if the response has them.
    pub scopes: Option<Scopes>,
    /// What else the provider's description keeps of the response.
    pub metadata: Metadata,
}

/// Scopes of a response. `Debug` prints only their number, as a faulty server may put anything there.
#[derive(Clone, PartialEq, Eq)]
pub struct Scopes(pub Vec<String>);

impl std::fmt::Debug for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scopes({})", self.0.len())
    }
}

/// A provider's response for a dead grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; `None` if a refreshFn threw.
    pub status: Option<u16>,
    /// `invalid_grant`, or the provider's own code.
    pub code: String,
}

impl Refusal {
    /// `invalid_grant` (RFC 6749, section 5.2).
    #[must_use]
    pub fn invalid_grant(status: Option<u16>) -> Self {
        Self { status, code: "invalid_grant".to_owned() }
    }
}

/// The expiry of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// `expires_in`, from the time of the lease by the database's clock.
    In(Duration),
    /// The time that a refreshFn returned, in milliseconds since 1970; stored unchanged.
    AtMs(i64),
    /// It never expires.
    Never,
}

/// The meaning of a response or of its absence. `refresh::policy` decides about retries.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// New tokens.
    Granted(TokenResponse),
    /// The grant is dead (`invalid_grant`, OpenID Connect's `login_required` and the like, Zoho's
    /// `invalid_code`).
    InvalidGrant(Refusal),
    /// The client credentials were rejected, so the grant is not affected.
    ClientRejected(Error),
    /// A temporary failure; the refresh token was not used. With the pause that the provider requested.
    Transient(Error, Option<Duration>),
    /// The request was sent, but its outcome is unknown.
    Ambiguous(Error),
    /// Another refusal, which may concern only this grant or its tenant; the refresh token was not used.
    Refused(Error),
}

/// Exchanges refresh tokens: a token endpoint over HTTP, or a refreshFn.
pub trait TokenEndpoint: Send + Sync + 'static {
    /// Endpoint and client ID; `None` for a refreshFn, whose client is unknown.
    fn client(&self) -> Option<&str>;

    /// [`client`](Self::client) with a fingerprint of its secrets. Callers with different logins never share a
    /// refresh or a breaker.
    fn login(&self) -> Option<&str> {
        self.client()
    }

    /// Whether a refresh may return a new refresh token and invalidate the old one.
    fn may_rotate(&self) -> bool;

    /// How long the refresh token can be exchanged again after it was first used.
    fn rotation_grace(&self) -> RotationGrace {
        RotationGrace::None
    }

    /// Whether a refresh invalidates the access token that was given before.
    fn refresh_ends_access_token(&self) -> bool {
        false
    }

    /// The shortest time between two refreshes of one refresh token.
    fn refresh_gap(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether a call is a single request that can be repeated within the HTTP budget. A refreshFn is not: it
    /// runs once, and its result counts even if it is late.
    fn is_repeatable(&self) -> bool;

    /// Whether a failed request is repeated within the HTTP budget while callers wait.
    fn may_resend(&self) -> bool {
        self.is_repeatable()
    }

    /// The endpoint for a grant with these scopes, which its response may name in other words, and with the
    /// metadata of its row, which may say where its endpoint is.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the metadata lacks a variable of the endpoint, or has one that is not allowed.
    fn for_grant(
        self: &Arc<Self>,
        _scopes: &[String],
        _metadata: Option<&str>,
    ) -> Result<Arc<Self>, Error>
    where
        Self: Sized,
    {
        Ok(Arc::clone(self))
    }

    /// Exchanges the refresh token once. The future is dropped when the HTTP budget is used up. `budget` is the
    /// remaining time; `unix_time` is the time since 1970, for a `Retry-After` with a date.
    fn refresh(
        &self,
        refresh_token: &RefreshToken,
        budget: Duration,
        unix_time: Duration,
    ) -> impl Future<Output = Verdict> + Send;
}
