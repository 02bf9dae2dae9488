//! What connecting and disconnecting do to a table of sealed tokens.

use super::connects::Granted;
use super::sealed_tokens::{ACCESS_TOKEN, SealedMapping};
use super::table::{TableView, Write};
use crate::db::{Params, Type};
use crate::error::{Error, NotAuthorized, Result};
use crate::refresh::{Credentials, RowVersion};

/// How often the row may change between the read and the write.
const TRIES: usize = 5;

/// A store that users connect to.
pub(super) trait ConsentMapping: SealedMapping {
    /// A consent without a refresh token: `$1` the key, `$2` the refresh text as it was read,
    /// `$3` access text, `$4` expiry, `$5` scopes. The stored refresh token stays, and so does the lease.
    /// `{merge}` is where [`MERGE`](Self::MERGE) stands, if there is metadata.
    const KEEP: &'static str;
    /// The assignment that adds the metadata `$6`, and removes the names `$7`; `None`: the table keeps none.
    const MERGE: Option<&'static str> = None;
    /// Deletes the row of the key `$1`; returns both texts, the access token's first.
    const DISCONNECT: &'static str;
}

impl<S: ConsentMapping> TableView<'_, S> {
    /// Stores a grant without a refresh token. The stored refresh token stays, if it may be kept, and so does
    /// the lease of whoever refreshes with it.
    pub(super) async fn keep_refresh_token(&self, key: &S::Key, granted: &Granted) -> Result<()> {
        let missing = || Error::authorization(NotAuthorized::RefreshTokenMissing);
        if !granted.may_keep {
            return Err(missing());
        }
        let parts = S::parts(key);
        let access = granted.credentials.access_token.expose();
        let access = self.mapping.tokens().sealed(&parts, ACCESS_TOKEN, access)?;
        let Granted { metadata, replaced, .. } = granted;
        let metadata = metadata.json();
        let has_metadata = metadata.is_some() || !replaced.names.is_empty();
        let mut merge = S::MERGE.filter(|_| has_metadata);
        let step = "store tokens";
        for _ in 0..TRIES {
            let row = self.row(key).await?.ok_or_else(missing)?;
            // The refresh token of a revoked grant is not kept.
            if row.revoked.is_some() || self.open(key, &row).await?.refresh_token.is_none() {
                return Err(missing());
            }
            let params: Params<'_> = &[
                (&parts, Type::TEXT_ARRAY),
                (&row.version.refresh.as_deref(), Type::TEXT),
                (&access, Type::TEXT),
                (&granted.expires_at, Type::TIMESTAMPTZ),
                (&granted.scopes, Type::TEXT_ARRAY),
                (&metadata, Type::TEXT),
                (&replaced.names, Type::TEXT_ARRAY),
            ];
            let params = if merge.is_some() { params } else { &params[..params.len() - 2] };
            let sql = self.named(&S::KEEP.replace("{merge}", merge.unwrap_or_default()));
            match self.write(step, &sql, params).await {
                // A table that an older tokenkeep has migrated: the tokens are stored.
                Err(Error::Schema { .. }) if merge.is_some() && !replaced.is_required => {
                    merge = None
                }
                Err(error) => return Err(error),
                Ok(written) if written.is_empty() => {}
                Ok(_) => return Ok(()),
            }
        }
        Err(Error::RowLocked { step })
    }

    /// Deletes the row and returns its tokens, to be revoked at the provider. `None`: there was no row.
    pub(super) async fn disconnect(&self, key: &S::Key) -> Result<Option<Result<Credentials>>> {
        let parts = S::parts(key);
        let params: Params<'_> = &[(&parts, Type::TEXT_ARRAY)];
        let sql = self.named(S::DISCONNECT);
        let rows = self.delete(key, Write { step: "delete tokens", sql: &sql, params }).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        self.deleted(key);
        let text = |index| Ok(S::column::<Option<&str>>(row, index)?.map(Into::into));
        let version = RowVersion { access: text(0)?, refresh: text(1)? };
        Ok(Some(self.mapping.tokens().open(&parts, &version)))
    }
}
