//! Token revocation (RFC 7009).

use serde::Deserialize;

use super::authorization::{AuthorizationServer, REQUEST_BUDGET};
use super::credentials::Client;
use super::http::{HttpClient, HttpFailure, HttpResponse};
use super::request::revocation_request;
use crate::error::{Error, Result};

impl AuthorizationServer {
    /// Tells the server that a token is not needed any more; `hint` is its type.
    ///
    /// # Errors
    /// [`Error::ProviderUnavailable`], [`Error::ProviderRefused`], [`Error::Configuration`]: it is not
    /// known to be revoked.
    pub async fn revoke(&self, token: &str, hint: &str) -> Result<()> {
        let url = match (&self.endpoints.revocation, &self.endpoints.token) {
            (Some(url), _) => url.as_str(),
            (None, None) => self.metadata.revocation_endpoint,
            // Google is not told of another server's tokens.
            (None, Some(_)) => {
                return Err(Error::configuration(
                    "TOKENKEEP_GOOGLE_REVOCATION_URL",
                    "is not set, and TOKENKEEP_GOOGLE_TOKEN_URL is: set both",
                ));
            }
        };
        revoke(self.http.as_ref(), url, self.authenticated(), (token, hint)).await
    }
}

/// A token that the server does not know is revoked, too.
pub(super) async fn revoke(
    http: &dyn HttpClient,
    url: &str,
    client: Client<'_>,
    (token, hint): (&str, &str),
) -> Result<()> {
    let request = revocation_request(url, client, token, hint);
    let unavailable =
        |reason: &'static str| Error::ProviderUnavailable { status: None, reason: reason.into() };
    let response = match tokio::time::timeout(REQUEST_BUDGET, http.post(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(HttpFailure::NotSent(reason) | HttpFailure::NoAnswer(reason))) => {
            return Err(unavailable(reason));
        }
        Ok(Err(HttpFailure::TooLarge)) => return Err(unavailable("too large an answer")),
        Err(_) => return Err(unavailable("no answer in time")),
    };
    let status = response.status;
    let reason = "the token was not revoked".into();
    match status {
        200..=299 => Ok(()),
        // What Google says of a token that it does not know.
        400 if says_invalid_token(&response) => Ok(()),
        500..=599 | 429 => Err(Error::ProviderUnavailable { status: Some(status), reason }),
        _ => Err(Error::ProviderRefused { status, reason }),
    }
}

fn says_invalid_token(response: &HttpResponse) -> bool {
    #[derive(Deserialize)]
    struct Body {
        error: String,
    }
    serde_json::from_slice::<Body>(&response.body).is_ok_and(|body| body.error == "invalid_token")
}
