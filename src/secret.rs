//! Types for secrets: redacted `Debug`, no `Display`, no `PartialEq`. Clones share the text, which is wiped
//! when the last of them is dropped.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Arc<Zeroizing<String>>);

        impl $name {
            /// Takes ownership of the text.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(Arc::new(Zeroizing::new(text.into())))
            }

            /// The plaintext. To find the code that reads secrets, search for calls of this function.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// Whether both are equal, compared in constant time.
            #[must_use]
            pub fn is_same(&self, other: &Self) -> bool {
                let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
                a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (x, y)| seen | (x ^ y)) == 0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

secret_text!(
    /// An access token (RFC 6749, section 1.4).
    AccessToken
);
secret_text!(
    /// A refresh token (RFC 6749, section 1.5).
    RefreshToken
);
secret_text!(
    /// A client secret (RFC 6749, section 2.3.1).
    ClientSecret
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_secret_shows_no_secret() {
        let printed = format!("{:?}", RefreshToken::new("1//refresh"));
        assert_eq!(printed, "RefreshToken(redacted)");
    }

    #[test]
    fn tokens_that_differ_anywhere_are_not_the_same() {
        let token = RefreshToken::new("1//refresh");
        assert!(token.is_same(&RefreshToken::new("1//refresh")));
        assert!(!token.is_same(&RefreshToken::new("1//refresH")));
        assert!(!token.is_same(&RefreshToken::new("1//refres")));
    }
}
