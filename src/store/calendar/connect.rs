//! A user connects or disconnects.

use super::sql::{DISCONNECT, KEEP};
use super::{Calendar, CalendarShape, Tokens};
use crate::db::{Params, Type, column};
use crate::error::{Error, NotAuthorized, Result};
use crate::refresh::{Credentials, Stamp, Table};
use crate::secret::RefreshToken;
use crate::store::connects::{Connects, Granted};
use crate::store::sealed_tokens::ACCESS_TOKEN;
use crate::store::table::Shape;
use crate::store::uuid::uuid;

/// How often the row may change between being read and being written.
const TRIES: usize = 5;

impl Connects for Calendar {
    const STORE: &'static str = CalendarShape::STORE;

    fn key(&self, user_id: &str) -> Result<String> {
        uuid("userId", user_id)
    }

    async fn connect(&self, key: &str, granted: Granted) -> Result<()> {
        match granted.credentials.refresh_token.clone() {
            Some(refresh_token) => self.replace(key, granted, refresh_token).await,
            None if granted.may_keep => self.keep_refresh_token(key, &granted).await,
            None => Err(Error::authorization(NotAuthorized::RefreshTokenMissing)),
        }
    }

    async fn disconnect(&self, key: &str) -> Result<Option<Result<Credentials>>> {
        let table = self.table()?;
        let params: Params<'_> = &[(&key, Type::TEXT)];
        let sql = table.named(DISCONNECT);
        let rows = table.write("delete calendar tokens", &sql, params).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |index| column::<&str>(row, index).map(|text| Some(text.into()));
        let stamp = Stamp { access: text(0)?, refresh: text(1)? };
        Ok(Some(table.shape.tokens.open(&[Some(key)], &stamp)))
    }
}

impl Calendar {
    async fn replace(
        &self,
        key: &str,
        granted: Granted,
        refresh_token: RefreshToken,
    ) -> Result<()> {
        let Granted { credentials, expires_at, scopes, .. } = granted;
        let tokens = Tokens {
            access_token: credentials.access_token,
            refresh_token,
            expires_at: Some(expires_at),
            scopes: Some(scopes),
        };
        self.save(key, tokens).await
    }

    /// The provider gave no refresh token: the stored one stays, and so does the lease of whoever is
    /// refreshing with it.
    async fn keep_refresh_token(&self, key: &str, granted: &Granted) -> Result<()> {
        let table = self.table()?;
        let key = key.to_owned();
        let access = granted.credentials.access_token.expose();
        let access = table.shape.tokens.sealed(&[Some(&key)], ACCESS_TOKEN, access)?;
        let sql = table.named(KEEP);
        for _ in 0..TRIES {
            let missing = || Error::authorization(NotAuthorized::RefreshTokenMissing);
            let row = table.read(&key).await?.ok_or_else(missing)?;
            if table.open(&key, &row).await?.refresh_token.is_none() {
                return Err(missing());
            }
            let params: Params<'_> = &[
                (&key, Type::TEXT),
                (&row.stamp.refresh.as_deref(), Type::TEXT),
                (&access, Type::TEXT),
                (&granted.expires_at, Type::TIMESTAMPTZ),
                (&granted.scopes, Type::TEXT_ARRAY),
            ];
            if !table.write("store calendar tokens", &sql, params).await?.is_empty() {
                return Ok(());
            }
        }
        Err(Error::RowLocked { step: "store calendar tokens" })
    }
}
