//! A user connects or disconnects.

use super::sql::{DISCONNECT, KEEP};
use super::{Calendar, CalendarMapping, Tokens};
use crate::db::RlsContext;
use crate::error::Result;
use crate::refresh::Credentials;
use crate::store::connects::{Connects, Granted};
use crate::store::consent::ConsentMapping;
use crate::store::uuid::uuid;

impl ConsentMapping for CalendarMapping {
    const KEEP: &'static str = KEEP;
    const DISCONNECT: &'static str = DISCONNECT;
}

impl Connects for Calendar {
    fn rls(&self) -> &RlsContext {
        &self.base.rls
    }

    fn key(&self, user_id: &str) -> Result<String> {
        uuid("userId", user_id)
    }

    async fn connect(&self, key: &str, _: &str, granted: Granted) -> Result<()> {
        let Some(refresh_token) = granted.credentials.refresh_token.clone() else {
            return self.table_of(key)?.keep_refresh_token(&key.to_owned(), &granted).await;
        };
        let tokens = Tokens {
            access_token: granted.credentials.access_token,
            refresh_token,
            expires_at: Some(granted.expires_at),
            scopes: Some(granted.scopes),
        };
        self.save(key, tokens).await
    }

    async fn disconnect(&self, key: &str, _: &str) -> Result<Option<Result<Credentials>>> {
        self.table_of(key)?.disconnect(&key.to_owned()).await
    }
}
