//! Removes the marks of revoked grants, so that the rows are tried again, such as after a deployment with
//! another client's credentials.

use super::table::{RowMapping, TableView};
use crate::db::{Params, Timestamp, Type};
use crate::error::{Error, Result};

const ROWS_AT_ONCE: i64 = 1_000;

const NOW: &str = "SELECT clock_timestamp()";

/// A store that marks rows.
pub(super) trait RevivedMapping: RowMapping {
    /// Removes the marks of at most `$3` rows that were marked from `$1` (NULL: any time) until `$2`; returns a
    /// row for each.
    const REVIVE: &'static str;
}

impl<S: RevivedMapping> TableView<'_, S> {
    /// Removes the marks from `since` (`None`: from the beginning) until now, and ends the pauses of refused
    /// rows; returns how many rows were marked.
    pub(super) async fn revive(&self, since: Option<Timestamp>) -> Result<u64> {
        let rows = self.read_rows("read the database's clock", NOW, &[]).await?;
        let clock = rows.first().ok_or_else(|| Error::internal("a clock gave no row"))?;
        // Rows that are marked again in the meantime stay marked.
        let until: Timestamp = S::column(clock, 0)?;
        let (sql, step) = (self.named(S::REVIVE), "revive tokens");
        let mut revived = 0;
        loop {
            let params: Params<'_> = &[
                (&since, Type::TIMESTAMPTZ),
                (&until, Type::TIMESTAMPTZ),
                (&ROWS_AT_ONCE, Type::INT8),
            ];
            let rows = self.write(step, &sql, params).await?;
            if rows.is_empty() {
                self.forget_pause().await?;
                return Ok(revived);
            }
            revived += rows.len() as u64;
        }
    }
}
