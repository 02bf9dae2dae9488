//! Disconnecting: deletes the stored tokens, then revokes them at the provider (RFC 7009).

use std::sync::Arc;

use super::{Connect, GOOGLE, account_store, unix_time};
use crate::error::{Error, Result};
use crate::oauth::{
    AuthorizationServer, ConnectionVariables, HttpEndpoint, Metadata, TokenEndpoint,
};
use crate::refresh::{Credentials, EventKind};
use crate::store::integration::{Integration, Key};
use crate::store::{Connects, Whose};

impl Connect {
    /// Disconnects a user of this store; returns whether tokens were stored. A failed revocation is an event.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; [`Error::Database`] and the like.
    pub async fn disconnect<S: Connects>(
        &self,
        store: &S,
        user_id: &str,
        provider: Option<&str>,
    ) -> Result<bool> {
        let _token = self.tasks.token();
        let key = store.key(user_id)?;
        let variables = self.variables(store, &key, provider).await?;
        let deleted = store.disconnect(&key, provider.unwrap_or(GOOGLE)).await?;
        // Keep the account: the row may exist for another tenant.
        let Some(credentials) = deleted else { return Ok(false) };
        self.forget(Whose { store: &account_store::<S>(provider), key: &key }).await;
        if let Err(error) = self.revoke_here(provider, credentials, &variables).await {
            self.tell::<S>(EventKind::RevokeUnconfirmed, &key, Some(error.code()));
        }
        Ok(true)
    }

    /// Deletes the record of the account. Errors do not matter: only a fingerprint remains.
    async fn forget(&self, whose: Whose<'_>) {
        let _ = self.options.accounts.forget(whose).await;
    }

    async fn revoke_here(
        &self,
        provider: Option<&str>,
        credentials: Result<Credentials>,
        variables: &ConnectionVariables,
    ) -> Result<()> {
        let server = self.server(provider)?;
        let (token, hint) = best(&credentials?, server.revokes_access_token());
        server.revoke(&token, hint, variables, unix_time()).await
    }

    /// The values of the connection's variables, which its row keeps.
    pub(super) async fn variables<S: Connects>(
        &self,
        store: &S,
        key: &str,
        provider: Option<&str>,
    ) -> Result<ConnectionVariables> {
        let described = self.server(provider).ok().map(AuthorizationServer::provider);
        let Some((described, name)) = described.filter(|it| it.varies()).zip(provider) else {
            return Ok(ConnectionVariables::new());
        };
        let metadata = store.metadata(key, name).await?;
        Ok(described.variables_in(&Metadata::stored(metadata.as_deref())))
    }

    /// Disconnects one account of a user at any provider; returns whether tokens were stored. A failed
    /// revocation is an event, and with `confirm` an error, too.
    ///
    /// # Errors
    /// Like [`Connect::disconnect`]. With `confirm`, [`Error::RevokeUnconfirmed`], and, before anything is
    /// deleted, [`Error::Configuration`] without a revocation endpoint.
    pub async fn revoke(
        &self,
        store: &Integration,
        key: Key,
        endpoint: Result<Arc<HttpEndpoint>>,
        confirm: bool,
    ) -> Result<bool> {
        let _token = self.tasks.token();
        let endpoint = match endpoint {
            Ok(endpoint) if endpoint.varies() => {
                let metadata = store.metadata(&key.user_id, &key.provider).await?;
                endpoint.for_grant(&[], metadata.as_deref())
            }
            endpoint => endpoint,
        };
        if confirm {
            endpoint.clone()?.revocation_url().await?;
        }
        let deleted = store.delete(&key).await?;
        let Some(credentials) = deleted else { return Ok(false) };
        let account_store = account_store::<Integration>(Some(&key.provider));
        self.forget(Whose { store: &account_store, key: &key.user_id }).await;
        let Err(error) = revoke_at(endpoint, credentials).await else { return Ok(true) };
        let described = format!("{}/{}", key.user_id, key.provider);
        self.tell::<Integration>(EventKind::RevokeUnconfirmed, &described, Some(error.code()));
        match confirm {
            true => Err(Error::RevokeUnconfirmed { reason: error.code().into() }),
            false => Ok(true),
        }
    }
}

async fn revoke_at(
    endpoint: Result<Arc<HttpEndpoint>>,
    credentials: Result<Credentials>,
) -> Result<()> {
    let (credentials, endpoint) = (credentials?, endpoint?);
    let (token, hint) = best(&credentials, endpoint.revokes_access_token());
    endpoint.revoke(&token, hint, unix_time()).await
}

/// The token to revoke and its `token_type_hint`: the refresh token, which ends the whole grant, or else the
/// access token. At some providers the access token ends it, too, and nothing else.
fn best(
    credentials: &Credentials,
    needs_access_token: bool,
) -> (zeroize::Zeroizing<String>, &'static str) {
    let (token, hint) = match &credentials.refresh_token {
        Some(token) if !needs_access_token => (token.expose(), "refresh_token"),
        _ => (credentials.access_token.expose(), "access_token"),
    };
    (token.to_owned().into(), hint)
}
