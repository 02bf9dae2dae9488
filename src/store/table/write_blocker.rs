//! Write blockers: a trigger, a rule or a policy of row-level security can leave a row as it was without
//! an error. They are looked for only after a write that has changed nothing.

use super::StoreTable;
use super::mapping::RowMapping;
use crate::db::{RlsContext, Timeouts};
use crate::error::{Error, Result};

/// The names of all write blockers of a table. `{table}` stands in quotation marks.
pub(super) const WRITE_BLOCKERS: &str = "
    SELECT 'the trigger ' || tgname FROM pg_trigger
    WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal
      AND tgenabled IN ('O', 'A') AND tgtype & 3 = 3
    UNION ALL
    SELECT 'the rule ' || rulename FROM pg_rewrite
    WHERE ev_class = '{table}'::regclass AND is_instead
      AND ev_enabled IN ('O', 'A') AND ev_type IN ('2', '3', '4')
    UNION ALL
    SELECT 'row-level security' WHERE row_security_active('{table}')
    ORDER BY 1";

/// A condition in RETURNING: the statement wrote the row that it was given. A trigger may have changed the
/// row, and a collation may have matched the row of another user. If the condition does not hold, the
/// statement reads a setting that does not exist, fails, and writes nothing.
macro_rules! as_asked {
    ($condition:expr) => {
        concat!(
            "CASE WHEN (",
            $condition,
            ") IS NOT TRUE THEN current_setting('tokenkeep.row_as_asked') END"
        )
    };
}
pub(in crate::store) use as_asked;

/// Whether a row is not written although it is locked, so that nobody else can have changed it.
pub(super) const TOUCH: &str = concat!(
    "
    WITH locked AS MATERIALIZED (
        SELECT r.refreshing_at FROM {table} AS r WHERE {version_check} FOR UPDATE),
    touched AS (
        UPDATE {table} AS r SET refreshing_at = clock_timestamp()
        WHERE {version_check} AND EXISTS (SELECT FROM locked) RETURNING ",
    as_asked!("false"),
    ")
    SELECT EXISTS (SELECT FROM locked) AND NOT EXISTS (SELECT FROM touched)"
);

impl<S: RowMapping> StoreTable<S> {
    /// The error of a write that changed nothing although the row exists; `None`: the table has no write
    /// blocker.
    pub(super) async fn find_write_blocker(&self) -> Option<Error> {
        let sql = &self.statements.write_blockers;
        let step = S::STEPS.write_blockers;
        // A commit that is retried must not wait for long.
        let timeouts = Timeouts::commit(&self.limits);
        let rows = self.query(&RlsContext::default(), step, sql, &[], timeouts).await;
        let names = rows.and_then(|rows| rows.iter().map(|row| S::column(row, 0)).collect());
        let names: Vec<String> = names.ok()?;
        (!names.is_empty()).then(|| blocked_by(S::TABLE, &names.join(", ")))
    }

    /// The error of a write that must have changed a row, and has changed none.
    pub(in crate::store) async fn nothing_stored(&self) -> Error {
        let unknown = || blocked_by(S::TABLE, "something that tokenkeep does not know");
        self.find_write_blocker().await.unwrap_or_else(unknown)
    }

    /// An error if a write that must have returned a row has returned none.
    pub(in crate::store) async fn stored_one(&self, rows: &[crate::db::Row]) -> Result<()> {
        match rows.is_empty() {
            true => Err(self.nothing_stored().await),
            false => Ok(()),
        }
    }
}

fn blocked_by(table: &str, names: &str) -> Error {
    let reason = format!(
        "A write to {table} has changed nothing, and the database gives no reason. What may swallow it: {names}. A trigger BEFORE a write must RETURN NEW (OLD for DELETE), a rule must not be DO INSTEAD, and a policy must hold for UPDATE and DELETE, too"
    );
    Error::Schema { reason: reason.into() }
}
