//! Writes that change nothing. The row is read, to tell why: somebody may have stored or deleted it in
//! between, so that the write is worth repeating, or the write was swallowed.

use super::mapping::RowMapping;
use super::view::TableView;
use crate::db::Params;
use crate::error::Result;
use crate::refresh::Row;

/// A write of a store's own.
#[derive(Clone, Copy)]
pub(in crate::store) struct Write<'a> {
    /// What it is called in errors.
    pub(in crate::store) step: &'static str,
    pub(in crate::store) sql: &'a str,
    pub(in crate::store) params: Params<'a>,
}

impl<S: RowMapping> TableView<'_, S> {
    /// Writes; returns what the statement returns. If that is no row, `again` is given the stored row and
    /// says whether to write once more.
    pub(in crate::store) async fn write_again_if(
        &self,
        key: &S::Key,
        Write { step, sql, params }: Write<'_>,
        again: impl FnOnce(Option<&Row<S::Record>>) -> Result<bool> + Send,
    ) -> Result<Vec<crate::db::Row>> {
        let rows = self.write_one(step, sql, params).await?;
        if rows.is_empty() && again(self.row(key).await?.as_deref())? {
            return self.write_one(step, sql, params).await;
        }
        Ok(rows)
    }

    /// Deletes the row; returns what the statement returns.
    ///
    /// # Errors
    /// [`Error::Schema`](crate::error::Error::Schema) if the row stays as it is.
    pub(in crate::store) async fn delete(
        &self,
        key: &S::Key,
        write: Write<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        let mut before = None;
        let is_there = |row: Option<&Row<S::Record>>| {
            before = row.map(|row| row.version.clone());
            Ok(before.is_some())
        };
        let rows = self.write_again_if(key, write, is_there).await?;
        if rows.is_empty()
            && let Some(before) = before
            && self.row(key).await?.is_some_and(|row| row.version == before)
        {
            return Err(self.nothing_stored().await);
        }
        Ok(rows)
    }
}
