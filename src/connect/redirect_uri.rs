//! The redirect URI.

use crate::error::{Error, Result};

/// The redirection endpoint (RFC 6749, section 3.1.2), exactly as registered with the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// An absolute http or https URL without a fragment; not normalized.
    ///
    /// # Errors
    /// [`Error::Configuration`] for any other text.
    pub fn new(text: &str) -> Result<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host = |rest: &str| !rest.is_empty() && !rest.starts_with(['/', '?', ':']);
        let odd = |c: char| c == '#' || c == '\\' || c.is_whitespace() || c.is_control();
        if rest.is_some_and(is_host) && !text.contains(odd) {
            return Ok(Self(text.to_owned()));
        }
        let reason = "must be a URL such as https://app.example/auth/google/callback, exactly as registered with Google";
        Err(Error::configuration("GOOGLE_OAUTH_REDIRECT_URI", reason))
    }

    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_registered_is_refused_and_anything_else_kept_as_it_is() {
        for good in
            ["https://app.example/cb", "http://127.0.0.1:3000/cb?a=b", "https://App.example"]
        {
            assert_eq!(RedirectUri::new(good).expect("is taken").as_str(), good);
        }
        for bad in
            ["", "/cb", "ftp://a/cb", "https://", "https:///cb", "https://a/#f", "https://a/ b"]
        {
            assert!(RedirectUri::new(bad).is_err(), "{bad}");
        }
    }
}
