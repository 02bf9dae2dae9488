//! Judges responses of the token endpoint (RFC 6749, sections 5.1 and 5.2), including errors with status 200.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::value::RawValue;

use super::error_codes::{ErrorResponse, Meaning};
use super::http::HttpResponse;
use super::provider::{Lifetime, Provider, Told, first_match, kept};
use super::response_body::{BodyText, ErrorMember, ResponseBody};
use super::retry_after::retry_after;
use super::{Expiry, Metadata, Refusal, Scopes, TokenResponse, Verdict};
use crate::config::{EXPIRES_IN_MAX_S, TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text};
use crate::error::Error;
use crate::secret::{AccessToken, RefreshToken};

const REDIRECT: &str = "a redirect, which a token request must not follow";
/// The lifetime of a token whose response names one that makes no sense.
const LIFETIME_UNKNOWN: Duration = Duration::from_secs(3_600);
const NO_ERROR_CODE: &str = "no error code";

/// Whether a refusal may come from a gateway in front of the authorization server, such as a firewall or a
/// maintenance page: it has no error code and no status of RFC 6749, section 5.2.
#[must_use]
pub fn may_be_from_gateway(error: &Error) -> bool {
    let Error::ProviderRefused { status, reason } = error else { return false };
    reason == REDIRECT || (reason == NO_ERROR_CODE && ![400, 401].contains(status))
}

/// The meaning of a response. `unix_time` is the time since 1970, for a `Retry-After` with a date.
#[must_use]
pub fn judge(response: &HttpResponse, provider: &Provider, unix_time: Duration) -> Verdict {
    let status = response.status;
    let pause = response.retry_after.as_deref().and_then(|text| retry_after(text, unix_time));
    let unavailable = |reason: &'static str| {
        let error = Error::ProviderUnavailable { status: Some(status), reason: reason.into() };
        Verdict::Transient(error, pause)
    };
    match status {
        300..=399 => Verdict::Refused(Error::ProviderRefused { status, reason: REDIRECT.into() }),
        429 => throttled(pause),
        // RFC 9110, section 15.5.9, and RFC 8470, section 5.2: the request was not processed.
        408 => unavailable("the server did not receive the request in time"),
        425 => unavailable("the server rejected the request as too early"),
        // 520 and above are statuses of gateways.
        502 | 504 | 520..=599 => Verdict::Ambiguous(Error::OutcomeUnknown {
            reason: format!("a gateway returned {status}").into(),
        }),
        500..=599 => unavailable("server error"),
        _ => judge_body(response, provider, pause),
    }
}

fn judge_body(response: &HttpResponse, provider: &Provider, pause: Option<Duration>) -> Verdict {
    let status = response.status;
    let text = BodyText::of(&response.body);
    let answer = ResponseBody::read(&text, provider.tokens_at.as_deref());
    let error = answer.as_ref().and_then(ResponseBody::error);
    let has_failed = error.is_some() || answer.as_ref().is_some_and(ResponseBody::is_not_ok);
    let is_success = (200..=299).contains(&status) && !has_failed;
    if is_success
        && let Some(answer) = &answer
        && let Some(tokens) = granted(answer, provider)
    {
        let metadata = kept(text.as_str(), &provider.metadata);
        return Verdict::Granted(TokenResponse { metadata, ..tokens });
    }
    let code = match &error {
        Some(ErrorMember::Code(code)) => Some(code.as_str()),
        _ => None,
    };
    let description = answer.as_ref().and_then(ResponseBody::description);
    let error_response = ErrorResponse { code, description: description.as_deref() };
    let told =
        Told { status, error: code, description: description.as_deref(), body: text.as_str() };
    let matched = first_match(&provider.errors, told);
    let pause = pause.or(matched.as_ref().and_then(|matched| matched.pause));
    // A description of a temporary failure counts first, then the provider's rules.
    if let Some((word, meaning)) = error_response.temporary() {
        return verdict_of(status, word.to_owned(), meaning, pause);
    }
    if let Some(matched) = matched {
        return verdict_of(status, matched.code, matched.meaning, pause);
    }
    if let Some((word, meaning)) = error_response.general() {
        return verdict_of(status, word.to_owned(), meaning, pause);
    }
    match (is_success, &error) {
        (true, _) if answer.is_some() => malformed("the response has no valid access_token"),
        (true, _) => malformed("the response is not a JSON object"),
        // With `Retry-After`, the refusal is temporary.
        (false, _) if pause.is_some() => throttled(pause),
        (false, Some(_)) => refused(status, "an unknown error code"),
        (false, None) => refused(status, NO_ERROR_CODE),
    }
}

/// The verdict for an error with this code.
fn verdict_of(status: u16, word: String, meaning: Meaning, pause: Option<Duration>) -> Verdict {
    match meaning {
        Meaning::DeadGrant | Meaning::UserAction => {
            Verdict::InvalidGrant(Refusal { status: Some(status), code: word })
        }
        Meaning::ClientRejected => {
            Verdict::ClientRejected(Error::ClientRejected { error: word.into() })
        }
        Meaning::Throttled => throttled(pause),
        Meaning::Unavailable => Verdict::Transient(
            Error::ProviderUnavailable { status: Some(status), reason: word.into() },
            pause,
        ),
        Meaning::OutcomeUnknown => Verdict::Ambiguous(Error::OutcomeUnknown {
            reason: format!("the provider returned {word}").into(),
        }),
        Meaning::Administrator | Meaning::Misconfigured | Meaning::Refused => refused(status, word),
    }
}

fn throttled(pause: Option<Duration>) -> Verdict {
    let retry_after_ms = pause.map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
    Verdict::Transient(Error::ProviderThrottled { retry_after_ms }, pause)
}

fn refused(status: u16, reason: impl Into<Cow<'static, str>>) -> Verdict {
    Verdict::Refused(Error::ProviderRefused { status, reason: reason.into() })
}

fn malformed(reason: &'static str) -> Verdict {
    Verdict::Ambiguous(Error::ProviderResponse { reason: reason.into() })
}

/// The tokens of a successful response. Every response with a valid access token is accepted, as the old refresh
/// token may have been used up: other invalid values are ignored, and the old refresh token is kept.
fn granted(answer: &ResponseBody<'_>, provider: &Provider) -> Option<TokenResponse> {
    let access_token = answer.exact(answer.access_token).filter(|token| is_token(token))?;
    let refresh_token = answer.exact(answer.refresh_token).filter(|token| is_token(token));
    let expires_in = answer.expires_in_sec.and_then(lifetime);
    let expires_in = expires_in.or_else(|| answer.expires_in.and_then(lifetime));
    Some(TokenResponse {
        access_token: AccessToken::new(access_token),
        refresh_token: refresh_token.map(RefreshToken::new),
        expiry: match (expires_in, provider.default_expires_in) {
            (Some(expires_in), _) => Expiry::In(expires_in),
            (None, Lifetime::Seconds(seconds)) => Expiry::In(Duration::from_secs(seconds)),
            (None, Lifetime::Never) if answer.expires_in.is_none() => Expiry::Never,
            (None, Lifetime::Never) => Expiry::In(LIFETIME_UNKNOWN),
        },
        api_domain: ResponseBody::text(answer.api_domain).filter(|text| is_text(text)),
        scopes: granted_scopes(answer),
        metadata: Metadata::default(),
    })
}

/// The granted scopes, which some providers separate by commas, and HubSpot returns as an array `scopes`; `None`
/// if there is none, or an invalid one.
fn granted_scopes(answer: &ResponseBody<'_>) -> Option<Scopes> {
    let scopes: Vec<String> = match ResponseBody::text(answer.scope) {
        Some(text) => text
            .split([' ', ',', '\t', '\n'])
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
        None => serde_json::from_str(answer.scopes?.get()).ok()?,
    };
    let sound = !scopes.is_empty() && scopes.iter().all(|scope| is_text(scope));
    sound.then_some(Scopes(scopes))
}

fn is_text(text: &str) -> bool {
    check_text("text", text, TEXT_MAX_BYTES).is_ok()
}

/// Whether the text can be stored and sent.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= TOKEN_MAX_BYTES && !text.contains('\0')
}

/// The lifetime from seconds, as a number or a string; at most ten years. `None` if it is invalid or less than a
/// second.
fn lifetime(value: &RawValue) -> Option<Duration> {
    let text = ResponseBody::text(Some(value));
    // Not parsed as a JSON number, which cannot represent 1e999.
    let seconds = text.as_deref().unwrap_or(value.get()).trim().parse::<f64>().ok()?;
    (seconds >= 1.0).then(|| Duration::from_secs_f64(seconds.min(EXPIRES_IN_MAX_S)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn answer(status: u16, body: &str) -> Verdict {
        with_header(status, body, None)
    }

    fn answer_of(provider: &Provider, status: u16, body: &str) -> Verdict {
        let body = Zeroizing::new(body.as_bytes().to_vec());
        judge(&HttpResponse { status, retry_after: None, body }, provider, Duration::ZERO)
    }

    fn with_header(status: u16, body: &str, retry_after: Option<&str>) -> Verdict {
        let response = HttpResponse {
            status,
            retry_after: retry_after.map(str::to_owned),
            body: Zeroizing::new(body.as_bytes().to_vec()),
        };
        judge(&response, Provider::google(), Duration::from_secs(784_111_777))
    }

    #[test]
    fn a_missing_refresh_token_keeps_the_old_one_and_a_missing_expires_in_has_a_default() {
        let Verdict::Granted(tokens) = answer(200, r#"{"access_token":"at"}"#) else {
            panic!("is granted");
        };
        assert!(tokens.refresh_token.is_none());
        assert_eq!(tokens.expiry, Expiry::In(Duration::from_secs(3_600)));
    }

    #[test]
    fn refusals_with_status_200_are_never_tokens() {
        let invalid = answer(200, r#"{"access_token":"at","error":"invalid_code"}"#);
        assert!(matches!(invalid, Verdict::InvalidGrant(_)));
        let throttled = answer(
            200,
            r#"{"error":"Access Denied","error_description":"You have made too many requests continuously."}"#,
        );
        assert!(matches!(throttled, Verdict::Transient(Error::ProviderThrottled { .. }, None)));
        let unnamed = [r#"["invalid_grant"]"#, "true", r#"{"code":5}"#, r#""\ud800""#, "1e999"];
        for error in unnamed {
            let odd = answer(200, &format!(r#"{{"access_token":"at","error":{error}}}"#));
            assert!(matches!(odd, Verdict::Refused(_)), "{error}: {odd:?}");
        }
        let google = answer(200, r#"{"error":"bad_refresh_token"}"#);
        assert!(matches!(google, Verdict::Refused(_)));
        let github = Provider::built_in("github").expect("is built in");
        let github = answer_of(&github, 200, r#"{"error":"bad_refresh_token"}"#);
        assert!(matches!(github, Verdict::InvalidGrant(_)));
    }

    #[test]
    fn an_answer_that_may_have_rotated_is_ambiguous() {
        for body in [
            "",
            "<html>",
            "{\"access_token\":\"at\"",
            "[]",
            r#"["at","rt",3600,null,null]"#,
            "\u{c}{\"access_token\":\"at\"}",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":"at"}{}"#,
            r#"{"access_token":"a\u0000t"}"#,
        ] {
            let verdict = answer(200, body);
            assert!(
                matches!(verdict, Verdict::Ambiguous(Error::ProviderResponse { .. })),
                "{body}: {verdict:?}"
            );
        }
        for status in [502, 504, 520, 524, 598] {
            assert!(matches!(answer(status, ""), Verdict::Ambiguous(Error::OutcomeUnknown { .. })));
        }
    }

    #[test]
    fn statuses_and_codes_mean_what_the_table_says() {
        assert!(matches!(answer(400, r#"{"error":"invalid_grant"}"#), Verdict::InvalidGrant(_)));
        assert!(matches!(answer(401, r#"{"error":"invalid_client"}"#), Verdict::ClientRejected(_)));
        for code in ["invalid_client_id", "invalid_client_secret"] {
            let body = format!(r#"{{"error":"{code}"}}"#);
            assert!(matches!(answer(400, &body), Verdict::ClientRejected(_)), "{code}");
        }
        for status in [400, 401, 403] {
            let refused = answer(status, r#"{"error":"unauthorized_client"}"#);
            assert!(matches!(refused, Verdict::Refused(_)), "{status}");
        }
        for status in [408, 425] {
            let away = answer(status, r#"{"error":"invalid_grant"}"#);
            let is_away = matches!(away, Verdict::Transient(Error::ProviderUnavailable { .. }, _));
            assert!(is_away, "{status}");
        }
        assert!(matches!(answer(400, r#"{"error":"invalid_scope"}"#), Verdict::Refused(_)));
        assert!(matches!(answer(401, "no"), Verdict::Refused(_)));
        assert!(matches!(answer(302, ""), Verdict::Refused(_)));
        assert!(matches!(answer(500, ""), Verdict::Transient(..)));
        assert!(matches!(answer(503, "<html>"), Verdict::Transient(..)));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        for (header, seconds) in [("7", 7), ("Sun, 06 Nov 1994 08:50:17 GMT", 40)] {
            let Verdict::Transient(_, Some(pause)) = with_header(429, "", Some(header)) else {
                panic!("is throttled");
            };
            assert_eq!(pause, Duration::from_secs(seconds));
        }
    }

    #[test]
    fn a_lifetime_costs_no_token() {
        for (expires_in, seconds) in [
            ("1e999", 315_360_000),
            ("631138518", 315_360_000),
            ("\"7200\"", 7_200),
            ("7200,\"expires_in_sec\":60", 60),
            ("60,\"expires_in\":7200", 7_200),
            ("0", 3_600),
            ("0.5", 3_600),
            ("-1", 3_600),
            ("\"soon\"", 3_600),
            ("{\"in\":[60]}", 3_600),
            ("\"\\ud800\"", 3_600),
        ] {
            let body = format!(r#"{{"expires_in":{expires_in},"access_token":"at"}}"#);
            let Verdict::Granted(tokens) = answer(200, &body) else { panic!("{expires_in}") };
            assert_eq!(tokens.expiry, Expiry::In(Duration::from_secs(seconds)), "{expires_in}");
        }
    }

    #[test]
    fn a_description_that_repeats_a_token_is_not_repeated() {
        for secret in ["token 1//secret/refresh is bad!", "ya29.secret", "1secret", "secret"] {
            let verdict = answer(400, &format!(r#"{{"error":"{secret}"}}"#));
            assert!(!format!("{verdict:?}").contains("secret"), "{verdict:?}");
        }
    }
}
