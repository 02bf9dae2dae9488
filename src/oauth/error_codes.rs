//! The known `error` codes and their meanings.

use serde::Deserialize;

/// The meaning of an error, independent of its status: Zoho, GitHub and Slack return errors with status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Meaning {
    /// The refresh token is not valid any more: the user must connect again.
    #[serde(rename = "grant_dead")]
    DeadGrant,
    /// The user must sign in again, which is the same for the application.
    #[serde(rename = "user_action")]
    UserAction,
    /// The client credentials were rejected, so the grant is not affected.
    #[serde(rename = "client_rejected")]
    ClientRejected,
    /// The provider limits the rate of requests.
    #[serde(rename = "throttled")]
    Throttled,
    /// A temporary failure without effect.
    #[serde(rename = "unavailable")]
    Unavailable,
    /// The request may have taken effect in spite of the error.
    #[serde(rename = "outcome_unknown")]
    OutcomeUnknown,
    /// An administrator of the user's organization must act.
    #[serde(rename = "administrator")]
    Administrator,
    /// The provider refuses because of how the application is set up.
    #[serde(rename = "misconfigured")]
    Misconfigured,
    /// Another refusal, which may concern only this row or its tenant.
    #[serde(skip)]
    Refused,
}

use Meaning::{ClientRejected, DeadGrant, OutcomeUnknown, Refused, Throttled, Unavailable};

/// The codes that count for every provider. Error messages contain only these and the codes in a provider's
/// data, because other text may be part of a token.
const ERROR_CODES: [(&str, Meaning); 61] = [
    // RFC 6749, sections 4.1.2.1 and 5.2. Atlassian returns `unauthorized_client` for an invalid refresh token,
    // Google for the token of another client, Microsoft if one tenant has removed the application.
    ("invalid_request", Refused),
    ("invalid_client", ClientRejected),
    ("invalid_grant", DeadGrant),
    ("unauthorized_client", Refused),
    ("unsupported_grant_type", Refused),
    ("invalid_scope", Refused),
    ("access_denied", Refused),
    ("unsupported_response_type", Refused),
    ("server_error", Unavailable),
    ("temporarily_unavailable", Unavailable),
    // OpenID Connect Core, section 3.1.2.6: the user must interact.
    ("interaction_required", DeadGrant),
    ("login_required", DeadGrant),
    ("account_selection_required", DeadGrant),
    ("consent_required", DeadGrant),
    ("invalid_request_uri", Refused),
    ("invalid_request_object", Refused),
    ("request_not_supported", Refused),
    ("request_uri_not_supported", Refused),
    ("registration_not_supported", Refused),
    // RFC 6750, 7009, 8628, 8707, 9396, 9449.
    ("invalid_token", Refused),
    ("insufficient_scope", Refused),
    ("unsupported_token_type", Refused),
    ("authorization_pending", Refused),
    ("slow_down", Throttled),
    ("expired_token", Refused),
    ("invalid_target", Refused),
    ("invalid_authorization_details", Refused),
    ("invalid_dpop_proof", Refused),
    ("use_dpop_nonce", Refused),
    // The client's credentials: Zoho, GitHub, Slack, Salesforce.
    ("invalid_client_id", ClientRejected),
    ("invalid_client_secret", ClientRejected),
    ("bad_client_secret", ClientRejected),
    ("incorrect_client_credentials", ClientRejected),
    // Throttling: Zoho, Slack, Salesforce.
    ("Access Denied", Throttled),
    ("ratelimited", Throttled),
    ("rate_limited", Throttled),
    ("rate_limit_exceeded", Throttled),
    ("too_many_requests", Throttled),
    // Temporary failures. Slack: `request_timeout` means that the body did not arrive; after the two codes that
    // follow, "some aspect of the operation" may have succeeded.
    ("service_unavailable", Unavailable),
    ("request_timeout", Unavailable),
    ("internal_error", OutcomeUnknown),
    ("fatal_error", OutcomeUnknown),
    // Google's APIs (google.rpc.Code).
    ("INVALID_ARGUMENT", Refused),
    ("UNAUTHENTICATED", Refused),
    ("PERMISSION_DENIED", Refused),
    ("RESOURCE_EXHAUSTED", Throttled),
    ("UNAVAILABLE", Unavailable),
    // Codes of single providers.
    ("invalid_code", DeadGrant),
    ("general_error", Refused),
    ("redirect_uri_mismatch", Refused),
    ("invalid_redirect_uri", Refused),
    ("bad_redirect_uri", Refused),
    ("invalid_resource", Refused),
    ("invalid_grant_type", Refused),
    ("admin_policy_enforced", Refused),
    ("org_internal", Refused),
    ("unverified_user_email", Refused),
    ("accesslimited", Refused),
    ("cannot_install_an_org_installed_app", Refused),
    ("inactive_user", Refused),
    ("inactive_org", Refused),
];

/// Looks up a code that counts for every provider.
pub(super) fn known(code: &str) -> Option<(&'static str, Meaning)> {
    ERROR_CODES.into_iter().find(|(word, _)| *word == code)
}

/// A code for a message; unknown codes are replaced.
#[must_use]
pub fn redacted(code: &str) -> &'static str {
    known(code).map_or("an unknown error code", |(word, _)| word)
}

/// An error response (RFC 6749, section 5.2).
#[derive(Default)]
pub(super) struct ErrorResponse<'a> {
    /// `error`; `None` if it is absent or not a string.
    pub(super) code: Option<&'a str>,
    /// `error_description`.
    pub(super) description: Option<&'a str>,
}

impl ErrorResponse<'_> {
    /// Its meaning at every provider, and its name for messages.
    pub(super) fn general(&self) -> Option<(&'static str, Meaning)> {
        let known = known(self.code?)?;
        // Keycloak: "Invalid client or Invalid client credentials".
        let of_client = known.0 == "unauthorized_client" && self.describes("invalid client");
        Some(if of_client { (known.0, ClientRejected) } else { known })
    }

    /// Its meaning, if the description says that it is temporary, even with `invalid_grant`. Applies to every
    /// provider, because Salesforce has other host names, too (sandboxes, custom domains).
    pub(super) fn temporary(&self) -> Option<(&'static str, Meaning)> {
        if self.describes("too many requests") {
            return Some(("too many requests", Throttled));
        }
        // Salesforce: a second request while it processes the first.
        let is_busy = self.describes("already being processed");
        is_busy
            .then_some(("the provider is processing another request for this token", Unavailable))
    }

    fn describes(&self, words: &str) -> bool {
        self.description.is_some_and(|text| text.to_ascii_lowercase().contains(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_not_known_is_not_repeated_even_when_it_is_all_letters() {
        assert_eq!(redacted("invalid_scope"), "invalid_scope");
        for code in ["rtAbCdEfGhIjKlMnOpQrStUvWxYz", "gho-abc", "INVALID_GRANT", "a b", ""] {
            assert_eq!(redacted(code), "an unknown error code", "{code}");
        }
    }

    #[test]
    fn every_code_is_named_once() {
        for (index, (word, _)) in ERROR_CODES.iter().enumerate() {
            assert!(ERROR_CODES[..index].iter().all(|(other, _)| other != word), "{word}");
        }
    }
}
