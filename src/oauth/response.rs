//! Judging an answer of the token endpoint (RFC 6749, sections 5.1 and 5.2), and of providers
//! that refuse with status 200.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::http::HttpResponse;
use super::provider::Provider;
use super::{Expiry, Refusal, Scopes, TokenResponse, Verdict};
use crate::config::{EXPIRES_IN_MAX_S, TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text};
use crate::error::Error;
use crate::secret::{AccessToken, RefreshToken};

#[derive(Deserialize)]
struct Body {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<Value>,
    api_domain: Option<Value>,
    scope: Option<Value>,
    error: Option<Value>,
    error_description: Option<Value>,
}

/// What `response` means. `wall` is the time since 1970, for a `Retry-After` that is a date.
#[must_use]
pub fn judge(response: &HttpResponse, provider: &Provider, wall: Duration) -> Verdict {
    let status = response.status;
    let body = read(&response.body);
    let code = body.as_ref().and_then(error_code);
    let pause = response.retry_after.as_deref().and_then(|text| retry_after(text, wall));
    match (status, code) {
        (300..=399, _) => Verdict::Refused(Error::ProviderRefused {
            status,
            reason: "a redirect, which a token request must not follow".into(),
        }),
        (429, _) => throttled(pause),
        // 520 and up: what gateways in front of a server say of their own accord.
        (502 | 504 | 520..=599, _) => Verdict::Ambiguous(Error::OutcomeUnknown {
            reason: format!("a gateway answered {status}").into(),
        }),
        (500..=599, _) => Verdict::Transient(
            Error::ProviderUnavailable { status: Some(status), reason: "server error".into() },
            pause,
        ),
        (_, Some(code)) => {
            let description = body.as_ref().and_then(|body| body.error_description.as_ref());
            let description = description.and_then(Value::as_str);
            if provider.dead_grant_codes.contains(&code.as_str()) {
                return Verdict::InvalidGrant(Refusal { status: Some(status), code });
            }
            judge_code(status, &code, description, pause)
        }
        (200..=299, None) => match body {
            Some(body) => granted(body, provider),
            None => malformed("the answer is not a JSON object"),
        },
        _ => Verdict::Refused(Error::ProviderRefused { status, reason: "no error code".into() }),
    }
}

/// `None`: not an object. A struct would be read from an array, too.
fn read(body: &[u8]) -> Option<Body> {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(body).ok()).flatten()
}

/// What an `error` code means, whatever the status it came with: Zoho and GitHub refuse with 200.
pub(super) fn judge_code(
    status: u16,
    code: &str,
    description: Option<&str>,
    pause: Option<Duration>,
) -> Verdict {
    match code {
        "invalid_grant" | "invalid_code" => {
            Verdict::InvalidGrant(Refusal { status: Some(status), code: code.to_owned() })
        }
        // After RFC 6749's: Zoho's, GitHub's, Slack's.
        "invalid_client"
        | "invalid_client_secret"
        | "incorrect_client_credentials"
        | "bad_client_secret" => {
            Verdict::ClientRejected(Error::ClientRejected { error: code.to_owned().into() })
        }
        "temporarily_unavailable" | "server_error" => Verdict::Transient(
            Error::ProviderUnavailable { status: Some(status), reason: code.to_owned().into() },
            pause,
        ),
        "slow_down" => throttled(pause),
        _ if says_too_many(code) || description.is_some_and(says_too_many) => throttled(pause),
        _ => Verdict::Refused(Error::ProviderRefused { status, reason: redacted(code).into() }),
    }
}

fn throttled(pause: Option<Duration>) -> Verdict {
    let retry_after_ms = pause.map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
    Verdict::Transient(Error::ProviderThrottled { retry_after_ms }, pause)
}

/// Zoho: "Access Denied", "You have made too many requests continuously".
fn says_too_many(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("too many requests") || text == "access denied"
}

fn error_code(body: &Body) -> Option<String> {
    match body.error.as_ref()? {
        Value::String(code) if !code.is_empty() => Some(code.clone()),
        // Some Google endpoints answer `{"error": {"status": "…"}}`.
        Value::Object(fields) => {
            let status = fields.get("status").and_then(Value::as_str);
            Some(status.unwrap_or("an error").to_owned())
        }
        Value::Null => None,
        Value::String(_) => None,
        // No code at all, but no token response either.
        _ => Some("an error".to_owned()),
    }
}

/// The codes of providers are words; a text with digits or dots in it may repeat a token.
#[must_use]
pub fn redacted(code: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphabetic() || b"_- ".contains(&byte);
    if code.len() <= 40 && code.bytes().all(plain) {
        code.to_owned()
    } else {
        "an error".to_owned()
    }
}

fn malformed(reason: &'static str) -> Verdict {
    Verdict::Ambiguous(Error::ProviderResponse { reason: reason.into() })
}

fn granted(body: Body, provider: &Provider) -> Verdict {
    let Some(access_token) = body.access_token.filter(|token| is_token(token)) else {
        return malformed("the answer has no usable access_token");
    };
    let refresh_token = match body.refresh_token.filter(|token| !token.is_empty()) {
        Some(token) if !is_token(&token) => {
            return malformed("the answer's refresh_token is no token");
        }
        other => other.map(RefreshToken::new),
    };
    let expires_in = match &body.expires_in {
        None | Some(Value::Null) => Some(Duration::from_secs(provider.default_expires_in_s)),
        Some(value) => lifetime(value),
    };
    let Some(expires_in) = expires_in else {
        return malformed("the answer's expires_in is absurd");
    };
    Verdict::Granted(TokenResponse {
        access_token: AccessToken::new(access_token),
        refresh_token,
        expiry: Expiry::In(expires_in),
        api_domain: body.api_domain.and_then(domain),
        scopes: body.scope.and_then(scopes),
    })
}

/// What the token is good for now; some providers separate by commas. What is none is left out.
fn scopes(value: Value) -> Option<Scopes> {
    let Value::String(text) = value else { return None };
    let parts = || text.split([' ', ',', '\t', '\n']).filter(|part| !part.is_empty());
    let sound = parts().all(|part| check_text("scope", part, TEXT_MAX_BYTES).is_ok());
    (sound && parts().next().is_some()).then(|| Scopes(parts().map(str::to_owned).collect()))
}

/// Only a note beside the tokens: what is no sensible text is left out.
fn domain(value: Value) -> Option<String> {
    match value {
        Value::String(text) if check_text("api_domain", &text, TEXT_MAX_BYTES).is_ok() => {
            Some(text)
        }
        _ => None,
    }
}

/// Whether the text can be stored and sent on.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= TOKEN_MAX_BYTES && !text.contains('\0')
}

/// Seconds, as a number or as some providers write it, a string of one.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    (1.0..=EXPIRES_IN_MAX_S).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds or a date.
#[must_use]
pub fn retry_after(text: &str, wall: Duration) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What no number holds is a long time all the same.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(at.saturating_sub(wall))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::{GITHUB, GOOGLE};
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
        judge(&response, &GOOGLE, Duration::from_secs(784_111_777))
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
        for error in [r#"["invalid_grant"]"#, "true", r#"{"code":5}"#] {
            let odd = answer(200, &format!(r#"{{"access_token":"at","error":{error}}}"#));
            assert!(matches!(odd, Verdict::Refused(_)), "{error}: {odd:?}");
        }
        let google = answer(200, r#"{"error":"bad_refresh_token"}"#);
        assert!(matches!(google, Verdict::Refused(_)));
        let github = answer_of(&GITHUB, 200, r#"{"error":"bad_refresh_token"}"#);
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
            r#"{"access_token":"at","expires_in":-1}"#,
            r#"{"access_token":"at","expires_in":1e99}"#,
            r#"{"access_token":"at","expires_in":"soon"}"#,
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
        let secret = r#"{"error":"invalid_client_secret"}"#;
        assert!(matches!(answer(400, secret), Verdict::ClientRejected(_)));
        // Also said of one row: of a dead refresh token, of another client's, of one tenant.
        let unauthorized = r#"{"error":"unauthorized_client"}"#;
        assert!(matches!(answer(403, unauthorized), Verdict::Refused(_)));
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
        for text in ["soon", "", "-7", "+7", "7.5"] {
            assert_eq!(retry_after(text, Duration::ZERO), None, "{text}");
        }
    }

    #[test]
    fn a_retry_after_that_no_number_holds_is_not_taken_for_none() {
        for text in ["4294967296", &"9".repeat(40)] {
            let asked = retry_after(text, Duration::ZERO).expect("is a long time");
            assert!(asked > Duration::from_secs(u64::from(u32::MAX)), "{text}");
            assert!(matches!(with_header(429, "", Some(text)), Verdict::Transient(..)));
        }
    }

    #[test]
    fn a_description_that_repeats_a_token_is_not_repeated() {
        for secret in ["token 1//secret/refresh is bad!", "ya29.secret", "1secret"] {
            let verdict = answer(400, &format!(r#"{{"error":"{secret}"}}"#));
            assert!(!format!("{verdict:?}").contains("secret"), "{verdict:?}");
        }
    }
}
