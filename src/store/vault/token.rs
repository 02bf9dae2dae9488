//! One row of `token_vault`, whatever its type, read in batches.

use std::sync::Arc;

use super::key::{PairKey, TokenKey};
use crate::db::{Database, Fetched, Lookup, Params, Scope, Timestamp, ToSql, Type, Within, column};
use crate::error::Result;

/// A token as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) key: TokenKey,
    pub(super) id: String,
    pub(super) sealed: String,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) is_valid: String,
    pub(super) last_used_at: Option<Timestamp>,
    /// The database's clock at the read.
    pub(super) now: Timestamp,
}

/// The combined reads of single tokens.
pub(super) struct Tokens {
    pub(super) database: Arc<Database>,
    pub(super) one: String,
    pub(super) many: String,
    pub(super) within: Within,
}

impl Lookup for Tokens {
    type Key = TokenKey;
    type Row = Stored;

    async fn fetch(&self, scope: &Scope, keys: Vec<TokenKey>) -> Result<Vec<Fetched<Self>>> {
        let step = "read a vault token";
        let keys: Vec<_> = keys.iter().map(TokenKey::parts).collect();
        let rows = match keys.as_slice() {
            [key] => {
                let params: Params<'_> = &[(key, Type::TEXT_ARRAY)];
                self.database.read(scope, step, &self.one, params, self.within).await?
            }
            keys => {
                let columns: [Vec<Option<&str>>; 4] =
                    std::array::from_fn(|part| keys.iter().map(|key| key[part]).collect());
                let params = columns
                    .each_ref()
                    .map(|column| (column as &(dyn ToSql + Sync), Type::TEXT_ARRAY));
                self.database.read(scope, step, &self.many, &params, self.within).await?
            }
        };
        rows.iter().map(|row| Ok((key(row)?, decode(row)))).collect()
    }
}

fn key(row: &crate::db::Row) -> Result<TokenKey> {
    let pair = PairKey::stored(column(row, 0)?, column(row, 1)?, column(row, 3)?);
    Ok(TokenKey::stored(pair, column(row, 2)?))
}

fn decode(row: &crate::db::Row) -> Result<Stored> {
    Ok(Stored {
        key: key(row)?,
        id: column(row, 4)?,
        sealed: column(row, 5)?,
        expires_at: column(row, 6)?,
        is_valid: column(row, 7)?,
        last_used_at: column(row, 8)?,
        now: column(row, 9)?,
    })
}
