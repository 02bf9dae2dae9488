//! Rows that a refresher has marked dead become rows to be tried again, such as after a deployment with
//! another client's credentials.

use super::table::{RowMapping, TableView};
use crate::db::{Params, Timestamp, Type, column};
use crate::error::{Error, Result};

const ROWS_AT_ONCE: i64 = 1_000;

const NOW: &str = "SELECT clock_timestamp()";

/// A store that marks rows.
pub(super) trait RevivedMapping: RowMapping {
    /// Takes the marks off at most `$3` rows that were marked from `$1` (NULL: ever) until `$2`; gives a
    /// row for each.
    const REVIVE: &'static str;
}

impl<S: RevivedMapping> TableView<'_, S> {
    /// Takes off the marks of `since` (`None`: of all times) until now, and has refused rows asked for at
    /// once; gives how many were marked.
    pub(super) async fn revive(&self, since: Option<Timestamp>) -> Result<u64> {
        let rows = self.read_rows("read the database's clock", NOW, &[]).await?;
        let clock = rows.first().ok_or_else(|| Error::internal("a clock gave no row"))?;
        // Those that are refused again meanwhile stay marked.
        let until: Timestamp = column(clock, 0)?;
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
