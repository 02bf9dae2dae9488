//! Stores the grant of a completed flow, and detects a change of the account.

use super::pending_authorization::PendingAuthorization;
use super::{Connect, GOOGLE, account_store};
use crate::db::Timestamp;
use crate::error::{Error, NotAuthorized, Result};
use crate::oauth::{Endpoint, Grant, Metadata, Provider};
use crate::refresh::{Credentials, EventKind, expires_at};
use crate::store::{Connects, Granted, KeptMetadata, Whose};

impl Connect {
    /// Stores the grant; returns whether the account differs from the one before.
    pub(super) async fn store_grant<S: Connects>(
        &self,
        store: &S,
        state: &PendingAuthorization,
        grant: Grant,
        began: Timestamp,
    ) -> Result<bool> {
        let Grant { access_token, refresh_token, expiry, scopes, subject, metadata } = grant;
        let provider = state.provider.as_deref();
        let server = self.server(provider)?;
        let scopes = match scopes {
            Some(named) if server.lacks_scopes(&state.scopes, &named) => {
                return Err(Error::authorization(NotAuthorized::ScopesMissing));
            }
            // Rows that old code reads have the provider's words.
            Some(named) if provider.is_none() => named,
            Some(named) => server.in_known_words(&state.scopes, &named),
            None => state.scopes.clone(),
        };
        let account_store = account_store::<S>(provider);
        let whose = Whose { store: &account_store, key: &state.user_id };
        let accounts = &self.options.accounts;
        // Until the tokens are stored, the recorded account may not be that of the row.
        let before = match refresh_token {
            Some(_) => accounts.forget(whose).await?,
            None => accounts.find(whose).await?,
        };
        let is_same = match (&before, &subject) {
            (Some(before), Some(subject)) => accounts.is_of(whose, before, subject)?,
            _ => None,
        };
        let unknown = before.is_none() && subject.is_none();
        let may_keep = (unknown || is_same == Some(true))
            && self.is_at_same_server(store, state, server.provider(), &metadata).await?;
        let granted = Granted {
            credentials: Credentials { access_token, refresh_token },
            expires_at: expires_at(expiry, began),
            scopes,
            client: server.client(),
            metadata,
            kept: kept_by(server.provider()),
            may_keep,
        };
        let provider = provider.unwrap_or(GOOGLE);
        if let Err(error) = store.connect(&state.user_id, provider, granted).await {
            // The row belongs to another tenant, so its account is still the recorded one.
            if let (Error::TenantMismatch { .. }, Some(before)) = (&error, &before) {
                accounts.put_back(whose, before).await;
            }
            return Err(error);
        }
        let mut changed = is_same == Some(false);
        if let Some(subject) = &subject {
            // The tokens are stored. If this fails, only the record of the account is missing.
            if let Ok(Some(between)) = accounts.record(whose, subject).await {
                changed |= accounts.is_of(whose, &between, subject)? == Some(false);
            }
        }
        if changed {
            self.tell::<S>(EventKind::AccountChanged, &state.user_id, None);
        }
        Ok(changed)
    }
}

impl Connect {
    /// Whether the stored refresh token is of the server that has answered, where connections have servers of their
    /// own.
    async fn is_at_same_server<S: Connects>(
        &self,
        store: &S,
        state: &PendingAuthorization,
        provider: &Provider,
        metadata: &Metadata,
    ) -> Result<bool> {
        let Some(name) = state.provider.as_deref().filter(|_| provider.varies()) else {
            return Ok(true);
        };
        let stored = store.metadata(&state.user_id, name).await?;
        let at = |of: &Metadata| provider.url(Endpoint::Token, &provider.variables_in(of)).ok();
        Ok(at(&Metadata::stored(stored.as_deref())) == at(metadata))
    }
}

/// A row keeps nothing of the connection before.
fn kept_by(provider: &Provider) -> KeptMetadata {
    KeptMetadata { names: provider.metadata_names(), is_required: provider.varies() }
}
