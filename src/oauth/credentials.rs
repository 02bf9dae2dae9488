//! The application's own credentials.

use crate::secret::ClientSecret;

/// The application as the provider knows it (RFC 6749, section 2.3).
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The client identifier.
    pub id: String,
    /// The client secret.
    pub secret: ClientSecret,
}
