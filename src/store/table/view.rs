//! A table in a row-security context: reads and writes reach the rows that row-level security shows to the
//! caller's tenant.

use std::ops::Deref;
use std::slice;
use std::sync::Arc;

use super::StoreTable;
use super::mapping::RowMapping;
use super::statements::or_bare;
use crate::db::{Params, RlsContext, Timestamp};
use crate::error::{Error, Result};
use crate::refresh::{Credentials, Engine, Row, Table, Tokio};

/// A store's table in a row-security context.
pub(in crate::store) struct TableView<'a, S: RowMapping> {
    pub(super) table: &'a StoreTable<S>,
    pub(super) rls: RlsContext,
}

/// The table of a store that is not closed, in a row-security context.
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
    /// Whether it shows the rows of a tenant only.
    pub(in crate::store) fn is_of_tenant(&self) -> bool {
        !self.rls.is_empty()
    }

    /// The row as it is now; `None` if there is none.
    pub(in crate::store) async fn row(&self, key: &S::Key) -> Result<Option<Arc<Row<S::Record>>>> {
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

    /// Releases a lease.
    pub(in crate::store) async fn release(&self, key: &S::Key, lease: Timestamp) -> Result<()> {
        self.table.release(&self.rls.of(key.clone()), lease, None).await
    }

    /// An error if row-level security hides the rows.
    async fn check_visible(&self) -> Result<()> {
        self.table.check_visible(&self.rls).await
    }

    /// A read that only this store has, of many rows.
    pub(in crate::store) async fn read_rows(
        &self,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        self.check_visible().await?;
        self.query(&self.rls, step, sql, params, self.usual()).await
    }

    /// A write that only this store has. An error if row-level security hides the rows: the write would
    /// change nothing, or only some rows.
    pub(in crate::store) async fn write(
        &self,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        self.check_visible().await?;
        self.execute(&self.rls, step, sql, params, self.usual()).await
    }

    /// A write of one row, by many callers. Otherwise like [`write`](Self::write).
    pub(in crate::store) async fn write_one(
        &self,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        self.check_visible().await?;
        let rows = self.database.write_shared(&self.rls, step, sql, params, self.usual()).await;
        rows.map_err(|error| error.of_store(S::STORE))
    }

    /// A write in two forms: the second is for a table that was not migrated, or by an older tokenkeep.
    pub(in crate::store) async fn write_either(
        &self,
        step: &'static str,
        [sql, bare]: [&String; 2],
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        let written = self.write(step, sql, params).await;
        or_bare(written, slice::from_ref(bare), |sql| self.write(step, sql, params)).await
    }
}
