//! A caller's own `refreshFn` in place of the HTTP request, and what it means when it throws.

use std::time::Duration;

use super::http::Boxed;
use super::response::{is_token, judge_code};
use super::{Expiry, Refusal, Scopes, TokenEndpoint, TokenResponse, Verdict};
use crate::config::{TEXT_MAX_BYTES, TIMESTAMP_MAX_MS, TIMESTAMP_MIN_MS, check_text};
use crate::error::Error;
use crate::secret::{AccessToken, RefreshToken};

/// What the face could read off a thrown object, as google-auth-library and fetch shape theirs.
#[derive(Clone, Default)]
pub struct Thrown {
    /// Where the face keeps the object itself, for `cause`.
    pub cause_id: u32,
    /// `message`; only searched, never repeated.
    pub message: String,
    /// `name`, such as `TimeoutError`.
    pub name: Option<String>,
    /// `code`, such as `ECONNREFUSED`.
    pub code: Option<String>,
    /// `response.status`.
    pub status: Option<u16>,
    /// `response.data.error`.
    pub error: Option<String>,
}

/// Runs a function of the application with a refresh token.
pub trait Callback: Send + Sync + 'static {
    /// Runs it once, unless `budget` is over before it can begin.
    fn call<'a>(
        &'a self,
        refresh_token: &'a RefreshToken,
        budget: Duration,
    ) -> Boxed<'a, CallbackAnswer>;
}

/// How a run of a `refreshFn` ended.
pub enum CallbackAnswer {
    /// It returned.
    Returned(CallbackTokens),
    /// It threw.
    Threw(Thrown),
    /// It was not run: there was no time left in the lease when its turn came.
    NotRun,
    /// It ended without an answer, as a worker that was terminated does.
    Gone,
}

/// What a `refreshFn` returned.
#[derive(Debug, Clone)]
pub struct CallbackTokens {
    /// The new access token.
    pub access_token: AccessToken,
    /// The new refresh token, when the provider rotated.
    pub refresh_token: Option<RefreshToken>,
    /// Until when, in milliseconds since 1970.
    pub expiry_date_ms: f64,
    /// The granted scopes, where it names them.
    pub scopes: Option<Vec<String>>,
}

impl<C: Callback> TokenEndpoint for C {
    fn client(&self) -> Option<&str> {
        None
    }

    fn may_rotate(&self) -> bool {
        true
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    async fn refresh(&self, token: &RefreshToken, budget: Duration, _: Duration) -> Verdict {
        match self.call(token, budget).await {
            CallbackAnswer::Returned(tokens) => judge_tokens(tokens),
            CallbackAnswer::Threw(thrown) => judge_callback(&thrown),
            CallbackAnswer::NotRun => Verdict::Transient(
                Error::ProviderUnavailable {
                    status: None,
                    reason: "this process was too busy to run refreshFn in time".into(),
                },
                None,
            ),
            CallbackAnswer::Gone => Verdict::Ambiguous(Error::OutcomeUnknown {
                reason: "refreshFn ended without an answer".into(),
            }),
        }
    }
}

fn judge_tokens(tokens: CallbackTokens) -> Verdict {
    let malformed = |reason: &'static str| {
        Verdict::Ambiguous(Error::ProviderResponse { reason: reason.into() })
    };
    if !is_token(tokens.access_token.expose()) {
        return malformed("refreshFn returned no usable accessToken");
    }
    let refresh_token = tokens.refresh_token.filter(|token| !token.expose().is_empty());
    if refresh_token.as_ref().is_some_and(|token| !is_token(token.expose())) {
        return malformed("refreshFn returned a refreshToken that is no token");
    }
    if !(TIMESTAMP_MIN_MS..=TIMESTAMP_MAX_MS).contains(&tokens.expiry_date_ms) {
        return malformed("refreshFn returned an expiryDate that is no time in milliseconds");
    }
    // Only a note beside the tokens: scopes that are none must not cost a rotated token.
    let is_text = |scope: &String| check_text("scopes", scope, TEXT_MAX_BYTES).is_ok();
    let scopes = tokens.scopes.filter(|scopes| scopes.iter().all(is_text));
    #[allow(clippy::cast_possible_truncation)] // bounded by TIMESTAMP_MAX_MS
    let at_ms = tokens.expiry_date_ms as i64;
    Verdict::Granted(TokenResponse {
        access_token: tokens.access_token,
        refresh_token,
        expiry: Expiry::AtMs(at_ms),
        api_domain: None,
        scopes: scopes.map(Scopes),
    })
}

/// What a thrown object means: an answer is judged as one, a connection that was never made sent
/// nothing, one that broke is ambiguous; anything else is taken as a known failure, as in seed 000.
#[must_use]
pub fn judge_callback(thrown: &Thrown) -> Verdict {
    let error = Error::Callback { cause_id: thrown.cause_id };
    let code = thrown.error.as_deref();
    if code == Some("invalid_grant") || thrown.message.contains("invalid_grant") {
        return Verdict::InvalidGrant(Refusal::invalid_grant(thrown.status));
    }
    if let Some(code) = code {
        let status = thrown.status.unwrap_or(400);
        return match judge_code(status, code, None, None) {
            Verdict::InvalidGrant(refusal) => Verdict::InvalidGrant(refusal),
            Verdict::ClientRejected(_) => Verdict::ClientRejected(error),
            Verdict::Refused(_) => Verdict::Refused(error),
            _ => Verdict::Transient(error, None),
        };
    }
    match (thrown.status, thrown.code.as_deref()) {
        (Some(502 | 504), _) => Verdict::Ambiguous(error),
        (Some(status), _) if status == 429 || status >= 500 => Verdict::Transient(error, None),
        (Some(_), _) => Verdict::Refused(error),
        (None, code) => {
            let words = [code, thrown.name.as_deref()];
            match words.iter().flatten().any(|word| BROKEN.contains(word)) {
                true => Verdict::Ambiguous(error),
                false => Verdict::Transient(error, None),
            }
        }
    }
}

/// Codes and names, of Node, undici, fetch and axios, for a request that may have been sent and
/// for an answer that could not be read.
const BROKEN: [&str; 14] = [
    "ECONNRESET",
    "ECONNABORTED",
    "EPIPE",
    "ETIMEDOUT",
    "ABORT_ERR",
    "ERR_CANCELED",
    "ERR_STREAM_PREMATURE_CLOSE",
    "UND_ERR_ABORTED",
    "UND_ERR_SOCKET",
    "UND_ERR_HEADERS_TIMEOUT",
    "UND_ERR_BODY_TIMEOUT",
    "TimeoutError",
    "AbortError",
    "SyntaxError",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn thrown(message: &str) -> Thrown {
        Thrown { message: message.into(), ..Thrown::default() }
    }

    #[test]
    fn invalid_grant_is_found_where_libraries_put_it() {
        assert!(matches!(judge_callback(&thrown("x: invalid_grant")), Verdict::InvalidGrant(_)));
        let gaxios = Thrown { error: Some("invalid_grant".into()), ..thrown("failed") };
        assert!(matches!(judge_callback(&gaxios), Verdict::InvalidGrant(_)));
    }

    #[test]
    fn only_a_broken_connection_or_a_gateway_is_ambiguous() {
        let broken = Thrown { code: Some("ECONNRESET".into()), ..thrown("x") };
        assert!(matches!(judge_callback(&broken), Verdict::Ambiguous(_)));
        for name in ["TimeoutError", "AbortError", "SyntaxError"] {
            let aborted = Thrown { name: Some(name.into()), ..thrown("x") };
            assert!(matches!(judge_callback(&aborted), Verdict::Ambiguous(_)), "{name}");
        }
        let gateway = Thrown { status: Some(502), ..thrown("x") };
        assert!(matches!(judge_callback(&gateway), Verdict::Ambiguous(_)));
        let refused = Thrown { code: Some("ECONNREFUSED".into()), ..thrown("x") };
        assert!(matches!(judge_callback(&refused), Verdict::Transient(..)));
        assert!(matches!(judge_callback(&thrown("bug")), Verdict::Transient(..)));
        let client = Thrown { error: Some("invalid_client".into()), ..thrown("x") };
        assert!(matches!(judge_callback(&client), Verdict::ClientRejected(_)));
    }
}
