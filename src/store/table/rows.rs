//! The combined reads of a table; one that lacks what a migration adds is read without it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::shape::Shape;
use super::statements::Statements;
use crate::db::{Database, Fetched, Lookup, Params, Type, Within};
use crate::error::{Error, Result};
use crate::refresh::Row;

/// The combined reads of the table.
pub(super) struct Rows<S> {
    pub(super) database: Arc<Database>,
    pub(super) statements: Arc<Statements>,
    pub(super) within: Within,
    pub(super) shape: PhantomData<S>,
}

impl<S: Shape> Lookup for Rows<S> {
    type Key = S::Key;
    type Row = Row<S::Record>;

    async fn fetch(&self, keys: Vec<S::Key>) -> Result<Vec<Fetched<Self>>> {
        let Statements { read_one, read_many, bare_read_one, bare_read_many, .. } =
            &*self.statements;
        let keys: Vec<_> = keys.iter().map(S::parts).collect();
        let rows = match keys.as_slice() {
            [key] => self.rows([read_one, bare_read_one], &[(key, Type::TEXT_ARRAY)]).await?,
            _ => {
                let parts = keys.first().map_or(0, Vec::len);
                let columns: Vec<Vec<Option<&str>>> =
                    (0..parts).map(|part| keys.iter().map(|key| key[part]).collect()).collect();
                let params: Vec<(&(dyn crate::db::ToSql + Sync), Type)> =
                    columns.iter().map(|column| (column as _, Type::TEXT_ARRAY)).collect();
                self.rows([read_many, bare_read_many], &params).await?
            }
        };
        rows.iter().map(|row| Ok((S::key(row)?, S::decode(row)))).collect()
    }
}

impl<S: Shape> Rows<S> {
    /// The rows; of a table that lacks what a migration adds without it.
    async fn rows(&self, sql: [&String; 2], params: Params<'_>) -> Result<Vec<crate::db::Row>> {
        let [sql, bare] = sql;
        let read = |sql| self.database.read(S::STEPS.read, sql, params, self.within);
        match read(sql).await {
            Err(lacking @ Error::Schema { .. }) if sql != bare => {
                read(bare).await.map_err(|error| lacking_both(lacking, error))
            }
            rows => rows,
        }
    }
}

/// What is told when both forms of a statement have failed: what the table lacks, unless the second
/// has failed for another reason.
pub(super) fn lacking_both(lacking: Error, error: Error) -> Error {
    if matches!(error, Error::Schema { .. }) { lacking } else { error }
}
