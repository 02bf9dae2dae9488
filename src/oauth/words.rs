//! The words of refusals: which `error` codes are known, and what each of them means.

use super::provider::{Provider, Sign};

/// What a refusal says, whatever the status it came with: Zoho, GitHub and Slack refuse with 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The user must connect again.
    DeadGrant,
    /// The application's own credentials were refused: can concern nothing but the client.
    ClientRejected,
    /// The provider asks for fewer requests.
    Throttled,
    /// Not now, and nothing was done.
    Unavailable,
    /// It may have taken effect all the same.
    OutcomeUnknown,
    /// Another refusal, which may concern this row or its tenant alone.
    Refused,
}

use Meaning::{ClientRejected, DeadGrant, OutcomeUnknown, Refused, Throttled, Unavailable};

/// The codes that count at every provider. Only these, and those of a provider's own data, are
/// repeated in errors: any other text may be part of a token.
const WORDS: [(&str, Meaning); 61] = [
    // RFC 6749, sections 4.1.2.1 and 5.2. `unauthorized_client`: Atlassian says so of a dead refresh
    // token, Google of another client's, Microsoft where one tenant has removed the application.
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
    // OpenID Connect Core, section 3.1.2.6: the user must be asked.
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
    // What passes. Slack: `request_timeout` is a body that did not arrive; the two after it say that
    // "some aspect of the operation" may have succeeded.
    ("service_unavailable", Unavailable),
    ("request_timeout", Unavailable),
    ("internal_error", OutcomeUnknown),
    ("fatal_error", OutcomeUnknown),
    // The same in Google's APIs (google.rpc.Code).
    ("INVALID_ARGUMENT", Refused),
    ("UNAUTHENTICATED", Refused),
    ("PERMISSION_DENIED", Refused),
    ("RESOURCE_EXHAUSTED", Throttled),
    ("UNAVAILABLE", Unavailable),
    // Refusals that providers have words of their own for.
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

/// What counts at every provider.
pub(super) fn known(code: &str) -> Option<(&'static str, Meaning)> {
    WORDS.into_iter().find(|(word, _)| *word == code)
}

/// A code as a message may repeat it.
#[must_use]
pub fn redacted(code: &str) -> &'static str {
    known(code).map_or("an unknown error code", |(word, _)| word)
}

/// What a provider has said.
#[derive(Default)]
pub(super) struct Said<'a> {
    /// `error`; none where there is none, or none that is a text.
    pub(super) code: Option<&'a str>,
    /// `error_description`.
    pub(super) description: Option<&'a str>,
    /// `error_codes`, as Microsoft numbers its refusals.
    pub(super) subcodes: &'a [u32],
}

impl Said<'_> {
    /// What it means, and the words for it. The description decides where it says that the refusal
    /// passes, then the provider's own data, then what counts everywhere.
    pub(super) fn meaning(&self, provider: &Provider) -> Option<(&'static str, Meaning)> {
        let is_said = |sign: &Sign| match sign {
            Sign::Code(code) => self.code == Some(code),
            Sign::Subcode(number, _) => self.subcodes.contains(number),
        };
        let own = || provider.refusals.iter().find(|(sign, _)| is_said(sign));
        let own = || own().map(|(sign, meaning)| (sign.word(), *meaning));
        self.passing().or_else(own).or_else(|| self.general())
    }

    /// What it means where the provider is not known.
    pub(super) fn general(&self) -> Option<(&'static str, Meaning)> {
        let known = known(self.code?)?;
        // Keycloak: "Invalid client or Invalid client credentials".
        let of_client = known.0 == "unauthorized_client" && self.describes("invalid client");
        Some(if of_client { (known.0, ClientRejected) } else { known })
    }

    /// What passes, also where the code is `invalid_grant`. By the description at every provider:
    /// Salesforce is reached under other names, too (a sandbox, a domain of one's own).
    pub(super) fn passing(&self) -> Option<(&'static str, Meaning)> {
        if self.describes("too many requests") {
            return Some(("too many requests", Throttled));
        }
        // Salesforce, of a second request while it works on the first.
        let is_busy = self.describes("already being processed");
        is_busy
            .then_some(("the provider is at work on another request for this token", Unavailable))
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
        for (index, (word, _)) in WORDS.iter().enumerate() {
            assert!(WORDS[..index].iter().all(|(other, _)| other != word), "{word}");
        }
    }
}
