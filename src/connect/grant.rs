//! Stores the grant of a completed flow, and detects a change of the account.

use super::pending_authorization::PendingAuthorization;
use super::{Connect, GOOGLE, account_store};
use crate::db::Timestamp;
use crate::error::{Error, NotAuthorized, Result};
use crate::oauth::{Endpoint, Grant, Provider};
use crate::refresh::{Credentials, EventKind, expires_at};
use crate::store::{Connects, Granted, ReplacedMetadata, Whose};

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
        // Where connections have servers of their own, the stored refresh token may be another one's.
        let described = server.provider();
        let token_url = |own| described.url(Endpoint::Token, own).ok();
        let stored = self.variables(store, &state.user_id, provider).await?;
        let is_same_server = token_url(&stored) == token_url(&described.variables_in(&metadata));
        let granted = Granted {
            credentials: Credentials { access_token, refresh_token },
            expires_at: expires_at(expiry, began),
            scopes,
            client: server.client(),
            metadata,
            replaced: replaced_by(described),
            may_keep: is_same_server && (unknown || is_same == Some(true)),
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

/// A row keeps nothing of the connection before.
fn replaced_by(provider: &Provider) -> ReplacedMetadata {
    ReplacedMetadata { names: provider.metadata_names(), is_required: provider.varies() }
}
