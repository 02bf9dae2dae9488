//! A user connects to Google, or disconnects any provider.

use super::sql::{DELETE, KEEP};
use super::{Integration, IntegrationMapping, Key, Tokens, check_key};
use crate::db::RlsContext;
use crate::error::Result;
use crate::refresh::Credentials;
use crate::store::connects::{Connects, Granted};
use crate::store::consent::ConsentMapping;

impl ConsentMapping for IntegrationMapping {
    const KEEP: &'static str = KEEP;
    const DISCONNECT: &'static str = DELETE;
}

/// The provider that users connect at.
const GOOGLE: &str = "google";

fn google(user_id: &str) -> Key {
    Key { user_id: user_id.to_owned(), provider: GOOGLE.to_owned() }
}

impl Integration {
    /// Whether this is the account that [`Connects::connect`] stores.
    #[must_use]
    pub fn is_connected_to(&self, key: &Key) -> bool {
        key.provider == GOOGLE
    }

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
        check_key(&google(user_id))?;
        Ok(user_id.to_owned())
    }

    async fn connect(&self, key: &str, granted: Granted) -> Result<()> {
        if granted.credentials.refresh_token.is_none() {
            return self.base.table()?.keep_refresh_token(&google(key), &granted).await;
        }
        let Granted { credentials, expires_at, scopes, client, .. } = granted;
        let Credentials { access_token, refresh_token } = credentials;
        let tokens = Tokens { access_token, refresh_token, expires_at, scopes };
        self.store(google(key), tokens, Some(&client)).await
    }

    async fn disconnect(&self, key: &str) -> Result<Option<Result<Credentials>>> {
        self.delete(&google(key)).await
    }
}
