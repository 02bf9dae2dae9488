//! Reading a column.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::error::{Error, Result};

/// The column at `index` of a row.
///
/// # Errors
/// [`Error::Schema`] when it has another type than tokenkeep's migration gives it, or NULL.
pub fn column<'row, T: FromSql<'row>>(row: &'row Row, index: usize) -> Result<T> {
    row.try_get(index).map_err(|_| Error::Schema {
        reason: format!(
            "Column {} of the answer has an unexpected type, or NULL. Run: npx tokenkeep migrate --store NAME",
            row.columns().get(index).map_or("?", |column| column.name())
        )
        .into(),
    })
}
