//! Providers as data.

/// What tokenkeep must know of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// Its name in options and variables.
    pub name: &'static str,
    /// Its token endpoint (RFC 6749, section 3.2).
    pub token_url: &'static str,
    /// The variable that names another token endpoint.
    pub token_url_variable: &'static str,
    /// Whether a refresh may make the old refresh token worthless.
    pub may_rotate: bool,
    /// The lifetime of an access token when the answer names none.
    pub default_expires_in_s: u64,
}

/// Google: the client authenticates in the body; lifetimes are always named. It does not rotate
/// today, but does not promise so either.
pub const GOOGLE: Provider = Provider {
    name: "google",
    token_url: "https://oauth2.googleapis.com/token",
    token_url_variable: "TOKENKEEP_GOOGLE_TOKEN_URL",
    may_rotate: true,
    default_expires_in_s: 3_600,
};
