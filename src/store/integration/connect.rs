//! A user connects or disconnects a provider.

use super::sql::{DELETE, KEEP, MERGE};
use super::{Integration, IntegrationMapping, Key, Tokens, check_key};
use crate::config::{TEXT_MAX_BYTES, check_text};
use crate::db::{RlsContext, Timestamp};
use crate::error::Result;
use crate::refresh::Credentials;
use crate::store::connects::{Connects, Granted};
use crate::store::consent::ConsentMapping;

impl ConsentMapping for IntegrationMapping {
    const KEEP: &'static str = KEEP;
    const MERGE: Option<&'static str> = Some(MERGE);
    const DISCONNECT: &'static str = DELETE;
}

fn key_of(user_id: &str, provider: &str) -> Key {
    Key { user_id: user_id.to_owned(), provider: provider.to_owned() }
}

impl Integration {
    /// Deletes the stored tokens and returns them, to be revoked at the provider. `None`: there were none.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidArgument`]; [`crate::error::Error::Database`] and other database errors.
    pub async fn delete(&self, key: &Key) -> Result<Option<Result<Credentials>>> {
        check_key(key)?;
        self.base.table()?.disconnect(key).await
    }
}

impl Connects for Integration {
    fn rls(&self) -> &RlsContext {
        &self.base.rls
    }

    fn key(&self, user_id: &str) -> Result<String> {
        check_text("userId", user_id, TEXT_MAX_BYTES)?;
        Ok(user_id.to_owned())
    }

    async fn connect(&self, key: &str, provider: &str, granted: Granted) -> Result<()> {
        let key = key_of(key, provider);
        let never_expires = granted.expires_at == Timestamp::INFINITY;
        if granted.credentials.refresh_token.is_none() && !never_expires {
            return self.base.table()?.keep_refresh_token(&key, &granted).await;
        }
        let Granted { credentials, expires_at, scopes, client, metadata, replaced, .. } = granted;
        let Credentials { access_token, refresh_token } = credentials;
        let metadata = metadata.json();
        let tokens = Tokens { access_token, refresh_token, expires_at, scopes, metadata };
        self.store(key, tokens, Some(&client), &replaced).await
    }

    async fn metadata(&self, key: &str, provider: &str) -> Result<Option<String>> {
        let row = self.base.table()?.row(&key_of(key, provider)).await?;
        Ok(row.and_then(|row| row.record.metadata.as_deref().map(str::to_owned)))
    }

    async fn disconnect(&self, key: &str, provider: &str) -> Result<Option<Result<Credentials>>> {
        self.delete(&key_of(key, provider)).await
    }
}
