//! A caller's `refreshFn`, which replaces the HTTP request, and the meaning of what it throws.

use std::time::Duration;

use super::error_codes::{ErrorResponse, Meaning};
use super::http::Boxed;
use super::provider::Lifetime;
use super::response::is_token;
use super::{Expiry, Metadata, Refusal, Scopes, TokenEndpoint, TokenResponse, Verdict};
use crate::config::{
    EXPIRES_IN_MAX_S, TEXT_MAX_BYTES, TIMESTAMP_MAX_MS, TIMESTAMP_MIN_MS, check_text,
};
use crate::error::Error;
use crate::secret::{AccessToken, RefreshToken};

/// The fields of a thrown object, as google-auth-library and fetch set them.
#[derive(Clone, Default)]
pub struct Thrown {
    /// The ID under which the JavaScript API keeps the object, for `cause`.
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
    /// `response.data.error_description`; only searched, never repeated.
    pub description: Option<String>,
}

/// A function of the application that refreshes.
pub trait RefreshFn: Send + Sync + 'static {
    /// Calls it once, unless `budget` is used up before it can start.
    fn call<'a>(
        &'a self,
        refresh_token: &'a RefreshToken,
        budget: Duration,
    ) -> Boxed<'a, RefreshFnAnswer>;
}

/// The result of a `refreshFn`.
pub enum RefreshFnAnswer {
    /// It returned.
    Returned(RefreshFnTokens),
    /// It threw.
    Threw(Thrown),
    /// It was not called, as there was not enough time left in the lease.
    NotRun,
    /// It ended without a result, for example with a terminated worker.
    Gone,
}

/// The tokens that a `refreshFn` returned.
#[derive(Debug, Clone)]
pub struct RefreshFnTokens {
    /// The new access token.
    pub access_token: AccessToken,
    /// The new refresh token, if the provider rotated it.
    pub refresh_token: Option<RefreshToken>,
    /// The expiry, in milliseconds since 1970; NaN if absent.
    pub expiry_date_ms: f64,
    /// The granted scopes, if returned.
    pub scopes: Option<Vec<String>>,
}

impl<C: RefreshFn> TokenEndpoint for C {
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
            RefreshFnAnswer::Returned(tokens) => judge_tokens(tokens),
            RefreshFnAnswer::Threw(thrown) => judge_thrown(&thrown),
            RefreshFnAnswer::NotRun => Verdict::Transient(
                Error::ProviderUnavailable {
                    status: None,
                    reason: "this process was too busy to run refreshFn in time".into(),
                },
                None,
            ),
            RefreshFnAnswer::Gone => Verdict::Ambiguous(Error::OutcomeUnknown {
                reason: "refreshFn ended without a result".into(),
            }),
        }
    }
}

/// Accepts every result with a valid access token, like a token response: other invalid values are ignored, and
/// the old refresh token is kept.
fn judge_tokens(tokens: RefreshFnTokens) -> Verdict {
    if !is_token(tokens.access_token.expose()) {
        let reason = "refreshFn returned no valid accessToken".into();
        return Verdict::Ambiguous(Error::ProviderResponse { reason });
    }
    let is_text = |scope: &String| check_text("scopes", scope, TEXT_MAX_BYTES).is_ok();
    let scopes = tokens.scopes.filter(|scopes| scopes.iter().all(is_text));
    Verdict::Granted(TokenResponse {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token.filter(|token| is_token(token.expose())),
        expiry: expiry(tokens.expiry_date_ms),
        api_domain: None,
        scopes: scopes.map(Scopes),
        metadata: Metadata::default(),
    })
}

/// The time as given, if it can be stored. Otherwise the default lifetime, or the maximum lifetime if the time
/// is too late.
fn expiry(at_ms: f64) -> Expiry {
    if (TIMESTAMP_MIN_MS..=TIMESTAMP_MAX_MS).contains(&at_ms) {
        #[allow(clippy::cast_possible_truncation)] // bounded by TIMESTAMP_MAX_MS
        return Expiry::AtMs(at_ms as i64);
    }
    if at_ms > TIMESTAMP_MAX_MS {
        return Expiry::In(Duration::from_secs_f64(EXPIRES_IN_MAX_S));
    }
    match Lifetime::default() {
        Lifetime::Seconds(seconds) => Expiry::In(Duration::from_secs(seconds)),
        Lifetime::Never => Expiry::Never,
    }
}

/// The meaning of a thrown object: an error response is judged as one, a failure to connect has sent nothing, a
/// lost connection is ambiguous. Everything else is a known failure
/// (`docs/internals/refresh-protocol.md`, 9b).
#[must_use]
pub fn judge_thrown(thrown: &Thrown) -> Verdict {
    let error = |retryable| Error::RefreshFn { cause_id: thrown.cause_id, retryable };
    let passes = || Verdict::Transient(error(true), None);
    let code = thrown.error.as_deref();
    let description = Some(thrown.description.as_deref().unwrap_or(&thrown.message));
    let error_response = ErrorResponse { code, description };
    let is_invalid_grant =
        code == Some("invalid_grant") || thrown.message.contains("invalid_grant");
    if is_invalid_grant {
        return match error_response.temporary() {
            Some(_) => passes(),
            None => Verdict::InvalidGrant(Refusal::invalid_grant(thrown.status)),
        };
    }
    match thrown.status {
        Some(502 | 504 | 520..=599) => return Verdict::Ambiguous(error(true)),
        Some(408 | 425 | 429 | 500..) => return passes(),
        _ => {}
    }
    let meaning =
        code.and_then(|_| error_response.temporary().or_else(|| error_response.general()));
    match (meaning, code, thrown.status) {
        (Some((word, Meaning::DeadGrant | Meaning::UserAction)), ..) => {
            Verdict::InvalidGrant(Refusal { status: thrown.status, code: word.to_owned() })
        }
        (Some((_, Meaning::ClientRejected)), ..) => Verdict::ClientRejected(error(false)),
        (Some((_, Meaning::Throttled | Meaning::Unavailable)), ..) => passes(),
        (Some((_, Meaning::OutcomeUnknown)), ..) => Verdict::Ambiguous(error(true)),
        (Some((_, Meaning::Administrator | Meaning::Misconfigured | Meaning::Refused)), ..)
        | (None, Some(_), _)
        | (None, None, Some(_)) => Verdict::Refused(error(false)),
        (None, None, None) => {
            let words = [thrown.code.as_deref(), thrown.name.as_deref()];
            match words.iter().flatten().any(|word| LOST_ANSWER.contains(word)) {
                true => Verdict::Ambiguous(error(true)),
                false => passes(),
            }
        }
    }
}

/// Codes and names of errors of Node, undici, fetch and axios after which the request may have been sent, or
/// the response could not be read.
const LOST_ANSWER: [&str; 14] = [
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
        assert!(matches!(judge_thrown(&thrown("x: invalid_grant")), Verdict::InvalidGrant(_)));
        let gaxios = Thrown { error: Some("invalid_grant".into()), ..thrown("failed") };
        assert!(matches!(judge_thrown(&gaxios), Verdict::InvalidGrant(_)));
    }

    #[test]
    fn only_a_broken_connection_or_a_gateway_is_ambiguous() {
        let broken = Thrown { code: Some("ECONNRESET".into()), ..thrown("x") };
        assert!(matches!(judge_thrown(&broken), Verdict::Ambiguous(_)));
        for name in ["TimeoutError", "AbortError", "SyntaxError"] {
            let aborted = Thrown { name: Some(name.into()), ..thrown("x") };
            assert!(matches!(judge_thrown(&aborted), Verdict::Ambiguous(_)), "{name}");
        }
        let gateway = Thrown { status: Some(502), ..thrown("x") };
        assert!(matches!(judge_thrown(&gateway), Verdict::Ambiguous(_)));
        let refused = Thrown { code: Some("ECONNREFUSED".into()), ..thrown("x") };
        assert!(matches!(judge_thrown(&refused), Verdict::Transient(..)));
        assert!(matches!(judge_thrown(&thrown("bug")), Verdict::Transient(..)));
        let client = Thrown { error: Some("invalid_client".into()), ..thrown("x") };
        assert!(matches!(judge_thrown(&client), Verdict::ClientRejected(_)));
    }

    #[test]
    fn a_refusal_is_judged_as_an_answer_of_a_token_endpoint_is() {
        let refused = |status: u16, error: &str, description: Option<&str>| {
            judge_thrown(&Thrown {
                status: Some(status),
                error: Some(error.into()),
                description: description.map(str::to_owned),
                ..thrown("x")
            })
        };
        for code in ["interaction_required", "consent_required", "login_required"] {
            assert!(matches!(refused(400, code, None), Verdict::InvalidGrant(_)), "{code}");
        }
        let busy = Some("token request is already being processed");
        assert!(matches!(refused(400, "invalid_grant", busy), Verdict::Transient(..)));
        assert!(matches!(refused(400, "fatal_error", None), Verdict::Ambiguous(_)));
        assert!(matches!(refused(503, "invalid_scope", None), Verdict::Transient(..)));
        for code in ["unauthorized_client", "invalid_scope", "odd"] {
            let Verdict::Refused(error) = refused(400, code, None) else { panic!("{code}") };
            assert!(!error.is_retryable(), "{code}");
        }
    }
}
