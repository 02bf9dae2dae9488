//! Single rows of `token_vault`, of any type, read in batches.

use std::sync::Arc;

use super::key::{PairKey, TokenKey};
use super::mapping::VaultMapping;
use crate::db::{Database, Fetched, Lookup, ReadKeys, Timeouts, Timestamp};
use crate::error::{Error, Result};
use crate::store::table::{Query, RowMapping, columns};

/// A token as it is stored.
#[derive(Debug)]
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
    pub(super) timeouts: Timeouts,
}

impl Lookup for Tokens {
    type Key = TokenKey;
    type Row = Stored;

    async fn fetch(&self, queries: Vec<ReadKeys<TokenKey>>) -> Vec<Result<Vec<Fetched<Self>>>> {
        let queries: Vec<_> = queries.iter().map(|queries| self.query(queries)).collect();
        let reads: Vec<_> = queries.iter().map(Query::read).collect();
        let answers = self.database.read_each("read a vault token", &reads, self.timeouts).await;
        let decoded = |rows: Vec<crate::db::Row>| {
            rows.iter().map(|row| Ok((key(row)?, decode(row)))).collect()
        };
        let named = |error: Error| error.of_store(VaultMapping::STORE);
        answers.into_iter().map(|rows| rows.map_err(named).and_then(decoded)).collect()
    }
}

impl Tokens {
    fn query<'a>(&'a self, ReadKeys { rls, keys }: &'a ReadKeys<TokenKey>) -> Query<'a> {
        let keys: Vec<_> = keys.iter().map(TokenKey::parts).collect();
        match keys.len() {
            1 => Query { rls, sql: &self.one, params: keys },
            _ => Query { rls, sql: &self.many, params: columns(&keys) },
        }
    }
}

fn key(row: &crate::db::Row) -> Result<TokenKey> {
    let pair = PairKey::stored(
        VaultMapping::column(row, 0)?,
        VaultMapping::column(row, 1)?,
        VaultMapping::column(row, 3)?,
    );
    Ok(TokenKey::stored(pair, VaultMapping::column(row, 2)?))
}

fn decode(row: &crate::db::Row) -> Result<Stored> {
    Ok(Stored {
        key: key(row)?,
        id: VaultMapping::column(row, 4)?,
        sealed: VaultMapping::column(row, 5)?,
        expires_at: VaultMapping::column(row, 6)?,
        is_valid: VaultMapping::column(row, 7)?,
        last_used_at: VaultMapping::column(row, 8)?,
        now: VaultMapping::column(row, 9)?,
    })
}
