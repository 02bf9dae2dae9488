//! The authorization server (RFC 6749): building a request and judging an answer are pure functions,
//! the HTTP client is a value, a provider is data.

mod answer;
mod authorization;
mod credentials;
mod dead_grant;
mod endpoint;
mod endpoint_url;
mod http;
mod id_token;
mod pkce;
mod provider;
mod refresh_fn;
mod request;
mod response;
mod retry_after;
mod revocation;
mod words;

use std::time::Duration;

pub use authorization::{AuthorizationRequest, AuthorizationServer, Endpoints, Grant};
pub use credentials::{Client, ClientAuthentication, ClientCredentials};
pub use dead_grant::{DeadGrant, Member};
pub use endpoint::HttpEndpoint;
pub use http::{Boxed, HttpClient, HttpFailure, HttpRequest, HttpResponse, Reqwest};
pub use provider::{
    GITHUB, GOOGLE, GOOGLE_METADATA, MICROSOFT, Metadata, Provider, SALESFORCE, SLACK, Sign, ZOHO,
    ZohoServers,
};
pub use refresh_fn::{RefreshFn, RefreshFnAnswer, RefreshFnTokens, Thrown, judge_thrown};
pub use request::refresh_request;
pub use response::{is_from_a_gateway, judge, judge_with};
pub use retry_after::retry_after;
pub use words::{Meaning, redacted};

use crate::error::Error;
use crate::secret::{AccessToken, RefreshToken};

/// A successful token response (RFC 6749, section 5.1).
#[derive(Debug, Clone)]
pub struct TokenResponse {
    /// The new access token.
    pub access_token: AccessToken,
    /// The new refresh token; `None`: the old one stays valid.
    pub refresh_token: Option<RefreshToken>,
    /// Until when the access token is valid.
    pub expiry: Expiry,
    /// Where Zoho's data of this user is: `api_domain`, when the answer names it.
    pub api_domain: Option<String>,
    /// The granted scopes, when the answer names them.
    pub scopes: Option<Scopes>,
}

/// Scopes as an answer names them. What a server that is out of order puts there is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Scopes(pub Vec<String>);

impl std::fmt::Debug for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scopes({})", self.0.len())
    }
}

/// How a provider said that a grant is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; `None`: a refreshFn threw.
    pub status: Option<u16>,
    /// `invalid_grant`, or what this provider says instead.
    pub code: String,
}

impl Refusal {
    /// `invalid_grant` (RFC 6749, section 5.2).
    #[must_use]
    pub fn invalid_grant(status: Option<u16>) -> Self {
        Self { status, code: "invalid_grant".to_owned() }
    }
}

/// How an answer tells its lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// `expires_in`, counted from the lease by the database's clock.
    In(Duration),
    /// A moment that a refreshFn named, in milliseconds since 1970, stored as given.
    AtMs(i64),
}

/// What an answer, or its absence, means. Whether to try again is decided elsewhere.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// New tokens.
    Granted(TokenResponse),
    /// The grant is dead (`invalid_grant`, OpenID Connect's `login_required` and its kin, Zoho's
    /// `invalid_code`).
    InvalidGrant(Refusal),
    /// The application's own credentials were refused: what can concern nothing but the client.
    ClientRejected(Error),
    /// Not now, and nothing was spent; a pause that the provider asked for.
    Transient(Error, Option<Duration>),
    /// Sent, and it is not known whether the refresh token was spent.
    Ambiguous(Error),
    /// A refusal for another reason, which may concern this grant or its tenant alone; nothing was
    /// spent.
    Refused(Error),
}

/// Where a refresh token is exchanged.
pub trait TokenEndpoint: Send + Sync + 'static {
    /// Endpoint and client id; `None` for a refreshFn, whose client is not known here.
    fn client(&self) -> Option<&str>;

    /// [`client`](Self::client) and a fingerprint of its secrets: callers that differ in it never share
    /// a refresh or a breaker.
    fn login(&self) -> Option<&str> {
        self.client()
    }

    /// Whether a refresh may answer with a new refresh token and make the old one worthless.
    fn may_rotate(&self) -> bool;

    /// Whether one call is one request, which may be sent again within the HTTP budget. A
    /// refreshFn is not: it is run once, and its answer is taken however late.
    fn is_repeatable(&self) -> bool;

    /// Whether a request that has failed is sent again within the HTTP budget, for callers who wait.
    fn may_resend(&self) -> bool {
        self.is_repeatable()
    }

    /// Exchanges the refresh token once; dropped when the HTTP budget is over. `budget` is what is
    /// left of it, for who must know before it begins; `wall` is the time since 1970, for a
    /// `Retry-After` that is a date.
    fn refresh(
        &self,
        refresh_token: &RefreshToken,
        budget: Duration,
        wall: Duration,
    ) -> impl Future<Output = Verdict> + Send;
}
