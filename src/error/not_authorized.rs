//! Why a user could not be connected.

/// Why an authorization (RFC 6749, section 4.1) came to nothing. Nothing was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAuthorized {
    /// The link or state is unknown, was used already, or is too old.
    Expired,
    /// The state belongs to another browser.
    AnotherBrowser,
    /// The state belongs to another user.
    AnotherUser,
    /// The answer comes from another authorization server (RFC 9207).
    AnotherIssuer,
    /// The user did not agree (`access_denied`).
    Denied,
    /// The authorization server answered with another error.
    ServerRefused,
    /// The token endpoint did not take the code.
    CodeRefused,
    /// The token endpoint refused the application's own credentials.
    ClientRejected,
    /// The token endpoint could not be asked, or its answer was none.
    ServerUnavailable,
    /// The user did not allow all that was asked for.
    ScopesMissing,
    /// There is no refresh token, neither in the answer nor stored.
    RefreshTokenMissing,
}

impl NotAuthorized {
    /// The reason's name in JavaScript.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::AnotherBrowser => "another_browser",
            Self::AnotherUser => "another_user",
            Self::AnotherIssuer => "another_issuer",
            Self::Denied => "denied",
            Self::ServerRefused => "server_refused",
            Self::CodeRefused => "code_refused",
            Self::ClientRejected => "client_rejected",
            Self::ServerUnavailable => "server_unavailable",
            Self::ScopesMissing => "scopes_missing",
            Self::RefreshTokenMissing => "refresh_token_missing",
        }
    }

    /// What went wrong, as the end of a sentence.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Expired => "the link or state is unknown, used, or too old; begin again",
            Self::AnotherBrowser => "it was begun in another browser; begin again in this one",
            Self::AnotherUser => "it was begun for another user",
            Self::AnotherIssuer => "the answer comes from another authorization server",
            Self::Denied => "the user did not agree",
            Self::ServerRefused => "the authorization server answered with an error; begin again",
            Self::CodeRefused => "the token endpoint did not take the code; begin again",
            Self::ClientRejected => {
                "the token endpoint refused the application's own credentials: check client id, client secret and redirect URI"
            }
            Self::ServerUnavailable => {
                "the token endpoint gave no usable answer; begin again later"
            }
            Self::ScopesMissing => {
                "the user did not allow all that was asked for; begin again, and tick every box"
            }
            Self::RefreshTokenMissing => {
                "the provider gave no refresh token, and none is stored. The user should remove the application from the account's connections, and begin again"
            }
        }
    }
}
