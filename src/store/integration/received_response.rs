//! Tokens that an application has received in an authorization flow of its own.

use zeroize::Zeroizing;

use super::{Integration, Key, Tokens};
use crate::db::Timestamp;
use crate::error::Result;
use crate::oauth::{HttpEndpoint, Metadata, TokenEndpoint, TokenResponse};
use crate::refresh::expires_at;
use crate::store::ReplacedMetadata;

/// A response of a token endpoint.
pub struct ReceivedResponse {
    /// Its body.
    pub body: Zeroizing<Vec<u8>>,
    /// When it was received.
    pub received_at: Timestamp,
    /// The scopes that were asked for, which count if it names none.
    pub scopes: Vec<String>,
    /// What is to be kept besides: the values of the connection's variables, and the application's own.
    pub metadata: Metadata,
}

impl Integration {
    /// Stores the tokens of `response`, as the provider's description reads it. With a refresh token it is another
    /// grant, so nothing of the connection before is kept.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidArgument`] if it has no tokens, or the metadata lacks a variable; otherwise those
    /// of [`Integration::store`].
    pub async fn store_response(
        &self,
        key: Key,
        endpoint: &HttpEndpoint,
        response: ReceivedResponse,
    ) -> Result<()> {
        let ReceivedResponse { body, received_at, scopes: asked, metadata } = response;
        let TokenResponse { access_token, refresh_token, expiry, scopes, metadata, .. } =
            endpoint.granted(body, &asked, metadata)?;
        let names = match refresh_token {
            Some(_) => endpoint.metadata_names(),
            None => Vec::new(),
        };
        let replaced = ReplacedMetadata { names, is_required: endpoint.varies() };
        let tokens = Tokens {
            access_token,
            refresh_token,
            expires_at: expires_at(expiry, received_at),
            scopes: scopes.map_or(asked, |named| named.0),
            metadata: metadata.json(),
        };
        self.store(key, tokens, endpoint.client(), &replaced).await
    }
}
