//! A table as a caller of the store sees it: what is read and written is what row-level security shows
//! to the caller's tenant.

use std::ops::Deref;

use super::StoreTable;
use super::mapping::RowMapping;
use super::rows::lacking_both;
use crate::db::{Params, RlsContext, Timestamp};
use crate::error::{Error, Result};
use crate::refresh::{Credentials, Engine, Row, Table, Tokio};

/// A store's table in a row-security context.
pub(in crate::store) struct TableView<'a, S: RowMapping> {
    pub(super) table: &'a StoreTable<S>,
    pub(super) rls: RlsContext,
}

/// The table of a store that is open, in a row-security context.
///
/// # Errors
/// [`Error::Closed`].
pub(in crate::store) fn table_of<'a, S: RowMapping>(
    engine: &'a Engine<StoreTable<S>, Tokio>,
    rls: &RlsContext,
) -> Result<TableView<'a, S>> {
    if engine.is_closed() {
        return Err(Error::Closed);
    }
    Ok(TableView { table: engine.table(), rls: rls.clone() })
}

impl<S: RowMapping> Deref for TableView<'_, S> {
    type Target = StoreTable<S>;

    fn deref(&self) -> &StoreTable<S> {
        self.table
    }
}

impl<S: RowMapping> TableView<'_, S> {
    /// The row as it is now; `None` when there is none.
    pub(in crate::store) async fn row(&self, key: &S::Key) -> Result<Option<Row<S::Record>>> {
        self.table.read(&self.rls.of(key.clone())).await
    }

    /// The row's tokens.
    pub(in crate::store) async fn open(
        &self,
        key: &S::Key,
        row: &Row<S::Record>,
    ) -> Result<Credentials> {
        self.mapping.open(key, row).await
    }

    /// Gives a lease back.
    pub(in crate::store) async fn release(&self, key: &S::Key, lease: Timestamp) -> Result<()> {
        self.table.release(&self.rls.of(key.clone()), lease, None).await
    }

    /// An error where row-level security hides the rows.
    async fn check_visible(&self) -> Result<()> {
        self.table.check_visible(&self.rls).await
    }

    /// A read of the store's own, of many rows.
    pub(in crate::store) async fn read_rows(
        &self,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        self.check_visible().await?;
        let rows = self.database.read(&self.rls, step, sql, params, self.usual()).await;
        rows.map_err(|error| error.of_store(S::STORE))
    }

    /// A write of the store's own. Row-level security would make it do nothing, or half of it.
    pub(in crate::store) async fn write(
        &self,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        self.check_visible().await?;
        let rows = self.database.write(&self.rls, step, sql, params, self.usual()).await;
        rows.map_err(|error| error.of_store(S::STORE))
    }

    /// Deletes the row; gives what the statement returns. Where it finds none, but the row stays, it was
    /// swallowed: tried again, since somebody may have stored it in between.
    pub(in crate::store) async fn delete(
        &self,
        key: &S::Key,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        let mut rows = self.write(step, sql, params).await?;
        if !rows.is_empty() {
            return Ok(rows);
        }
        let Some(row) = self.row(key).await? else { return Ok(rows) };
        rows = self.write(step, sql, params).await?;
        if !rows.is_empty() {
            return Ok(rows);
        }
        match self.row(key).await? {
            Some(now) if now.version == row.version => Err(self.nothing_stored().await),
            _ => Ok(rows),
        }
    }

    /// A write in two forms: the second for a table that lacks what a migration adds.
    pub(in crate::store) async fn write_either(
        &self,
        step: &'static str,
        [sql, bare]: [&String; 2],
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        match self.write(step, sql, params).await {
            Err(lacking @ Error::Schema { .. }) => {
                self.write(step, bare, params).await.map_err(|error| lacking_both(lacking, error))
            }
            rows => rows,
        }
    }
}
