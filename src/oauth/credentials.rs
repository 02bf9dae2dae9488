//! The application's own credentials.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use crate::secret::ClientSecret;

/// How an application proves to a token endpoint who it is (RFC 8414, section 2,
/// `token_endpoint_auth_methods_supported`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_secret_post`: id and secret in the body.
    Post,
    /// `client_secret_basic`: both in the header `Authorization` (RFC 6749, section 2.3.1).
    Basic,
    /// `none`: a public client, which has an id alone.
    None,
}

/// The application as the provider knows it (RFC 6749, section 2.3).
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The client identifier.
    pub id: String,
    /// The client secret; while it is being replaced more than one, tried in this order. None of a
    /// public client.
    pub secrets: Vec<ClientSecret>,
}

impl ClientCredentials {
    /// With one secret.
    #[must_use]
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), secrets: vec![ClientSecret::new(secret)] }
    }

    /// Tells the secrets of one process apart; says nothing about them outside of it.
    pub(super) fn fingerprint(&self) -> String {
        static KEYED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let secrets: Vec<&str> = self.secrets.iter().map(ClientSecret::expose).collect();
        format!("{:016x}", KEYED.hash_one(secrets))
    }
}

/// A client at a token endpoint, as one text.
pub(super) fn client_at(token_url: &str, credentials: &ClientCredentials) -> String {
    format!("{token_url} {}", credentials.id)
}

/// What one request proves.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The client identifier.
    pub id: &'a str,
    /// The secret that is tried now.
    pub secret: Option<&'a ClientSecret>,
    /// How.
    pub authentication: ClientAuthentication,
}
