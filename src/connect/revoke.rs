//! The way out: what is stored is deleted first, then the provider is told (RFC 7009).

use std::sync::Arc;

use super::Connect;
use crate::error::Result;
use crate::oauth::HttpEndpoint;
use crate::refresh::{Credentials, EventKind};
use crate::store::Connects;
use crate::store::integration::{Integration, Key};

impl Connect {
    /// Disconnects a user of this store; gives whether there was anything. That the provider could not
    /// be told is an event.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidArgument`]; [`crate::error::Error::Database`] and its kin.
    pub async fn disconnect<S: Connects>(&self, store: &S, user_id: &str) -> Result<bool> {
        let key = store.key(user_id)?;
        self.0.accounts.forget(S::STORE, &key).await?;
        let Some(credentials) = store.disconnect(&key).await? else { return Ok(false) };
        if let Err(error) = self.revoke_here(credentials).await {
            self.tell::<S>(EventKind::RevokeUnconfirmed, &key, Some(error.code()));
        }
        Ok(true)
    }

    async fn revoke_here(&self, credentials: Result<Credentials>) -> Result<()> {
        let server = self.0.server.as_ref().map_err(Clone::clone)?;
        let (token, hint) = best(&credentials?);
        server.revoke(&token, hint).await
    }

    /// Disconnects one account of a user at any provider; gives whether there was anything. That the
    /// provider could not be told is an event, and an error where `confirm` asks for it.
    ///
    /// # Errors
    /// As [`Connect::disconnect`]; with `confirm` what stood in the way of the revocation.
    pub async fn revoke(
        &self,
        store: &Integration,
        key: Key,
        endpoint: Result<Arc<HttpEndpoint>>,
        confirm: bool,
    ) -> Result<bool> {
        let Some(credentials) = store.delete(&key).await? else { return Ok(false) };
        match revoke_at(endpoint, credentials).await {
            Err(error) => {
                let described = format!("{}/{}", key.user_id, key.provider);
                let code = Some(error.code());
                self.tell::<Integration>(EventKind::RevokeUnconfirmed, &described, code);
                if confirm { Err(error) } else { Ok(true) }
            }
            Ok(()) => Ok(true),
        }
    }
}

async fn revoke_at(
    endpoint: Result<Arc<HttpEndpoint>>,
    credentials: Result<Credentials>,
) -> Result<()> {
    let (token, hint) = best(&credentials?);
    endpoint?.revoke(&token, hint).await
}

/// The refresh token, since that ends the whole grant; without one the access token. And its type.
fn best(credentials: &Credentials) -> (zeroize::Zeroizing<String>, &'static str) {
    let (token, hint) = match &credentials.refresh_token {
        Some(token) => (token.expose(), "refresh_token"),
        None => (credentials.access_token.expose(), "access_token"),
    };
    (token.to_owned().into(), hint)
}
