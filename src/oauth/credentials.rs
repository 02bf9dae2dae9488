//! The client credentials of the application.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::client_assertion::{SigningKey, client_assertion};
use crate::error::Result;
use crate::secret::ClientSecret;

/// How a client authenticates at the token endpoint (RFC 8414, section 2,
/// `token_endpoint_auth_methods_supported`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum ClientAuthentication {
    /// ID and secret in the body.
    #[default]
    #[serde(rename = "client_secret_post")]
    Post,
    /// Both in the header `Authorization`, form-encoded (RFC 6749, section 2.3.1).
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// The same, for servers that do not decode them.
    #[serde(rename = "client_secret_basic_raw")]
    BasicRaw,
    /// A client assertion, signed with a private key (RFC 7523, section 2.2).
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
    /// A public client, which has an ID only.
    #[serde(rename = "none")]
    None,
}

/// Client credentials (RFC 6749, section 2.3).
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The client identifier.
    pub id: String,
    /// The client secret; during a rotation several, tried in this order. None for a public client.
    pub secrets: Vec<ClientSecret>,
    /// The key that signs client assertions.
    pub signing_key: Option<Arc<SigningKey>>,
}

impl ClientCredentials {
    /// Credentials with one secret.
    #[must_use]
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), secrets: vec![ClientSecret::new(secret)], signing_key: None }
    }

    /// The client with one of its secrets; a public client has none.
    pub(super) fn client(&self, secret: usize, authentication: ClientAuthentication) -> Client<'_> {
        Client { id: &self.id, secret: self.secrets.get(secret), authentication, assertion: None }
    }

    /// The client assertion of one request; `None`: the client has no key.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] if the system has no random numbers.
    pub(super) fn assertion(
        &self,
        audience: &str,
        unix_time: Duration,
    ) -> Result<Option<Zeroizing<String>>> {
        let key = self.signing_key.as_deref();
        key.map(|key| client_assertion(key, &self.id, audience, unix_time)).transpose()
    }

    /// How many secrets can be tried: a public client can be tried once, too.
    pub(super) fn tries(&self) -> usize {
        self.secrets.len().max(1)
    }

    /// [`client_at`] with a fingerprint of the secrets: what [`super::TokenEndpoint::login`] returns.
    pub(super) fn login_at(&self, token_url: &str) -> String {
        format!("{} {}", client_at(token_url, self), self.fingerprint())
    }

    /// Distinguishes secrets within this process; keyed at random, so it reveals nothing elsewhere.
    fn fingerprint(&self) -> String {
        static KEYED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let secrets: Vec<&str> = self.secrets.iter().map(ClientSecret::expose).collect();
        let key = self.signing_key.as_deref().map(SigningKey::public_key);
        format!("{:016x}", KEYED.hash_one((secrets, key)))
    }
}

/// Token endpoint and client ID as one string.
pub(super) fn client_at(token_url: &str, credentials: &ClientCredentials) -> String {
    format!("{token_url} {}", credentials.id)
}

/// The client of one request.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The client identifier.
    pub id: &'a str,
    /// The secret to try.
    pub secret: Option<&'a ClientSecret>,
    /// The authentication method.
    pub authentication: ClientAuthentication,
    /// The client assertion of this request, if the client has a key.
    pub assertion: Option<&'a str>,
}

impl<'a> Client<'a> {
    /// The same client with a client assertion.
    pub(super) fn asserting(self, assertion: &'a Option<Zeroizing<String>>) -> Self {
        Self { assertion: assertion.as_ref().map(|text| text.as_str()), ..self }
    }
}
