//! Token revocation (RFC 7009, or as a provider has it).

use std::time::Duration;

use serde_json::Value;

use super::authorization::{AuthorizationServer, REQUEST_BUDGET};
use super::credentials::Client;
use super::error_codes::{Meaning, known, redacted};
use super::http::{HttpClient, HttpFailure, HttpResponse};
use super::provider::{ConnectionVariables, Endpoint, Provider};
use super::request::revocation_request;
use crate::error::{Error, Result};

impl AuthorizationServer {
    /// Whether a grant is ended with its access token, although it has a refresh token.
    #[must_use]
    pub fn revokes_access_token(&self) -> bool {
        self.provider.revokes_access_token()
    }

    /// Revokes a token; `hint` is its `token_type_hint`. `variables` are those of the connection,
    /// `unix_time` is the time since 1970.
    ///
    /// # Errors
    /// [`Error::ProviderUnavailable`], [`Error::ProviderRefused`] if the revocation is not confirmed;
    /// [`Error::Configuration`] without a revocation endpoint; [`Error::Authorization`] if it cannot be found.
    pub async fn revoke(
        &self,
        token: &str,
        hint: &str,
        variables: &ConnectionVariables,
        unix_time: Duration,
    ) -> Result<()> {
        let found = self.found().await?;
        let this = found.as_deref().unwrap_or(self);
        let url = this.provider.url(Endpoint::Revocation, variables)?;
        let token_url = this.provider.url(Endpoint::Token, variables)?;
        let assertion = this.assertion(&token_url, unix_time)?;
        let clients = this.clients().map(|client| client.asserting(&assertion));
        revoke(this.http.as_ref(), &this.provider, &url, clients, (token, hint)).await
    }
}

/// Revokes a token at `url`, with each secret of the client until one is accepted.
pub(super) async fn revoke<'a>(
    http: &dyn HttpClient,
    provider: &Provider,
    url: &str,
    clients: impl Iterator<Item = Client<'a>>,
    token: (&str, &str),
) -> Result<()> {
    let mut outcome = Ok(());
    for client in clients {
        outcome = revoke_as(client, http, provider, url, token).await;
        // The provider may accept another secret.
        if !matches!(outcome, Err(Error::ProviderRefused { .. })) {
            break;
        }
    }
    outcome
}

async fn revoke_as(
    client: Client<'_>,
    http: &dyn HttpClient,
    provider: &Provider,
    url: &str,
    (token, hint): (&str, &str),
) -> Result<()> {
    let request = revocation_request(provider, url, client, token, hint);
    let unavailable =
        |reason: &'static str| Error::ProviderUnavailable { status: None, reason: reason.into() };
    let response = match tokio::time::timeout(REQUEST_BUDGET, http.send(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(HttpFailure::NotSent(reason) | HttpFailure::NoAnswer(reason))) => {
            return Err(unavailable(reason));
        }
        Ok(Err(HttpFailure::TooLarge)) => return Err(unavailable("the response is too large")),
        Err(_) => return Err(unavailable("no response in time")),
    };
    outcome(&response, provider.revokes_access_token())
}

/// The meaning of a response. A token that is unknown to the server or already revoked counts as revoked. A
/// success with a failure in its body is a failure. `is_access_token`: what was sent is not all of the grant, which
/// may live on where the access token has expired.
fn outcome(response: &HttpResponse, is_access_token: bool) -> Result<()> {
    let status = response.status;
    let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    let code = body["error"].as_str().unwrap_or_default();
    let unavailable = || {
        let reason = "the token was not revoked".into();
        Err(Error::ProviderUnavailable { status: Some(status), reason })
    };
    match status {
        408 | 425 | 429 | 500..=599 => return unavailable(),
        200..=299 if code.is_empty() && !is_failure(&body) => return Ok(()),
        200..=299 if code == "token_revoked" => return Ok(()),
        200..=299 | 400 if !is_access_token && is_already_revoked(code, &body) => return Ok(()),
        _ => {}
    }
    match known(code) {
        Some((_, Meaning::Throttled | Meaning::Unavailable | Meaning::OutcomeUnknown)) => {
            unavailable()
        }
        _ if code.is_empty() => {
            Err(Error::ProviderRefused { status, reason: "the token was not revoked".into() })
        }
        _ => {
            let reason = format!("the token was not revoked: {}", redacted(code));
            Err(Error::ProviderRefused { status, reason: reason.into() })
        }
    }
}

/// Whether the body of a successful response reports a failure, as with Slack, Zoho and others.
fn is_failure(body: &Value) -> bool {
    let no = ["ok", "success", "revoked"].iter().any(|name| body[name] == Value::Bool(false));
    no || ["failure", "failed", "error"].iter().any(|word| body["status"] == **word)
}

/// Whether the token is invalid or already revoked: Google's `invalid_token`, Slack's `token_revoked`, Twitch's
/// message, better-auth's descriptions of `invalid_request`.
fn is_already_revoked(code: &str, body: &Value) -> bool {
    const CODES: [&str; 5] =
        ["invalid_token", "token_revoked", "token_expired", "invalid_grant", "invalid_auth"];
    const TEXTS: [&str; 7] = [
        "invalid token",
        "invalid access token",
        "invalid refresh token",
        "token not found",
        "token revoked",
        "token has been revoked",
        "token expired",
    ];
    if CODES.contains(&code) {
        return true;
    }
    let texts = ["error_description", "message"].iter().filter_map(|name| body[name].as_str());
    let says = |text: &str| {
        let text = text.trim_end_matches('.').to_ascii_lowercase();
        TEXTS.iter().any(|gone| text.ends_with(gone))
    };
    ["", "invalid_request", "Bad Request"].contains(&code) && texts.into_iter().any(says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn answered(status: u16, body: &str) -> Result<()> {
        let body = Zeroizing::new(body.as_bytes().to_vec());
        outcome(&HttpResponse { status, retry_after: None, body }, false)
    }

    #[test]
    fn a_success_that_says_in_its_body_that_it_is_none_is_none() {
        for body in ["", "{}", "<html>", "null", "[]", r#"{"ok":true,"revoked":true}"#] {
            assert_eq!(answered(200, body), Ok(()), "{body}");
        }
        for body in [
            r#"{"ok":false}"#,
            r#"{"ok":false,"error":"odd"}"#,
            r#"{"error":"invalid_client"}"#,
            r#"{"success":false}"#,
            r#"{"status":"failure"}"#,
            r#"{"ok":true,"revoked":false}"#,
        ] {
            let refused = answered(200, body);
            assert!(matches!(refused, Err(Error::ProviderRefused { .. })), "{body}: {refused:?}");
        }
        for body in [r#"{"ok":false,"error":"ratelimited"}"#, r#"{"error":"fatal_error"}"#] {
            let away = answered(200, body);
            assert!(matches!(away, Err(Error::ProviderUnavailable { .. })), "{body}: {away:?}");
        }
    }

    #[test]
    fn a_token_that_is_revoked_already_is_revoked() {
        for (status, body) in [
            (400, r#"{"error":"invalid_token"}"#),
            (400, r#"{"status":400,"message":"Invalid token"}"#),
            (400, r#"{"error":"Bad Request","status":400,"message":"Invalid token"}"#),
            (400, r#"{"error_description":"refresh token revoked","error":"invalid_request"}"#),
            (400, r#"{"error":"invalid_request","error_description":"token not found"}"#),
            (400, r#"{"error":"invalid_request","error_description":"Invalid access token."}"#),
            (200, r#"{"ok":false,"error":"token_revoked"}"#),
        ] {
            assert_eq!(answered(status, body), Ok(()), "{body}");
        }
        for (status, body) in [
            (400, r#"{"error":"invalid_request"}"#),
            (400, r#"{"error":"invalid_request","error_description":"missing a required token"}"#),
            (400, r#"{"error":"invalid_request","error_description":"invalid token_type_hint"}"#),
            (400, r#"{"error":"unsupported_token_type"}"#),
            (400, r#"{"error":"invalid_client","error_description":"Invalid token"}"#),
            (401, r#"{"message":"Invalid token"}"#),
            (404, ""),
        ] {
            let refused = answered(status, body);
            assert!(matches!(refused, Err(Error::ProviderRefused { .. })), "{body}: {refused:?}");
        }
        for status in [408, 425, 429, 500, 503] {
            let away = answered(status, r#"{"error":"invalid_token"}"#);
            assert!(matches!(away, Err(Error::ProviderUnavailable { .. })), "{status}");
        }
    }

    #[test]
    fn an_access_token_that_has_expired_does_not_mean_that_the_grant_has_ended() {
        let answered = |body: &str| {
            let body = Zeroizing::new(body.as_bytes().to_vec());
            outcome(&HttpResponse { status: 200, retry_after: None, body }, true)
        };
        assert_eq!(answered(r#"{"ok":true,"revoked":true}"#), Ok(()));
        assert_eq!(answered(r#"{"ok":false,"error":"token_revoked"}"#), Ok(()));
        for code in ["token_expired", "invalid_auth"] {
            assert!(answered(&format!(r#"{{"ok":false,"error":"{code}"}}"#)).is_err(), "{code}");
        }
    }

    #[test]
    fn what_the_server_says_is_repeated_only_where_it_is_a_known_word() {
        let told = answered(400, r#"{"error":"rtAbCdEfGhIjKl"}"#).expect_err("is refused");
        assert!(!format!("{told} {told:?}").contains("rtAbCd"), "{told:?}");
    }
}
