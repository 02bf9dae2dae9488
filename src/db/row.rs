//! Reads a column of a row.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::error::{Error, MIGRATE, Result};

/// The value of the column at `index`.
///
/// # Errors
/// [`Error::Schema`] if its type differs from that of the migration, or for an unexpected NULL.
pub fn column<'row, T: FromSql<'row>>(row: &'row Row, index: usize) -> Result<T> {
    row.try_get(index).map_err(|_| Error::Schema {
        reason: format!(
            "The column {} has an unexpected type or is NULL. Run: {MIGRATE}",
            row.columns().get(index).map_or("?", |column| column.name())
        )
        .into(),
    })
}
