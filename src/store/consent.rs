//! What connecting and disconnecting do to a table of sealed tokens.

use super::connects::Granted;
use super::sealed_tokens::{ACCESS_TOKEN, SealedMapping};
use super::table::{TableView, Write};
use crate::db::{Params, Type, column};
use crate::error::{Error, NotAuthorized, Result};
use crate::refresh::{Credentials, RowVersion};

/// How often the row may change between being read and being written.
const TRIES: usize = 5;

/// A store that users connect to.
pub(super) trait ConsentMapping: SealedMapping {
    /// A consent without a refresh token: `$1` the key, `$2` the stored refresh text (the version check), `$3`
    /// access text, `$4` expiry, `$5` scopes. The stored refresh token stays, and the lease with it.
    const KEEP: &'static str;
    /// Deletes a row, `$1` the key; gives both texts, the access token's first.
    const DISCONNECT: &'static str;
}

impl<S: ConsentMapping> TableView<'_, S> {
    /// The provider gave no refresh token: the stored one stays, if it may, and so does the lease of
    /// whoever is refreshing with it.
    pub(super) async fn keep_refresh_token(&self, key: &S::Key, granted: &Granted) -> Result<()> {
        let missing = || Error::authorization(NotAuthorized::RefreshTokenMissing);
        if !granted.may_keep {
            return Err(missing());
        }
        let parts = S::parts(key);
        let access = granted.credentials.access_token.expose();
        let access = self.mapping.tokens().sealed(&parts, ACCESS_TOKEN, access)?;
        let (sql, step) = (self.named(S::KEEP), "store tokens");
        for _ in 0..TRIES {
            let row = self.row(key).await?.ok_or_else(missing)?;
            // A grant that is dead is none to be kept.
            if row.revoked.is_some() || self.open(key, &row).await?.refresh_token.is_none() {
                return Err(missing());
            }
            let params: Params<'_> = &[
                (&parts, Type::TEXT_ARRAY),
                (&row.version.refresh.as_deref(), Type::TEXT),
                (&access, Type::TEXT),
                (&granted.expires_at, Type::TIMESTAMPTZ),
                (&granted.scopes, Type::TEXT_ARRAY),
            ];
            if !self.write(step, &sql, params).await?.is_empty() {
                return Ok(());
            }
        }
        Err(Error::RowLocked { step })
    }

    /// Deletes the row; gives what was in it, for the provider to be told. `None`: there was none.
    pub(super) async fn disconnect(&self, key: &S::Key) -> Result<Option<Result<Credentials>>> {
        let parts = S::parts(key);
        let params: Params<'_> = &[(&parts, Type::TEXT_ARRAY)];
        let sql = self.named(S::DISCONNECT);
        let rows = self.delete(key, Write { step: "delete tokens", sql: &sql, params }).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        self.deleted(key);
        let text = |index| Ok(column::<Option<&str>>(row, index)?.map(Into::into));
        let version = RowVersion { access: text(0)?, refresh: text(1)? };
        Ok(Some(self.mapping.tokens().open(&parts, &version)))
    }
}
