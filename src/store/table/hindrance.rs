//! Why a table does not take a write that the server has no objection to: a trigger, a rule, or a policy
//! of row-level security leaves the row as it was, and tells nobody. Looked for when a write has changed
//! nothing, never before.

use super::StoreTable;
use super::mapping::RowMapping;
use crate::db::{RlsContext, Timeouts, column};
use crate::error::{Error, Result};

/// The names of all that may do so. `{table}` stands in quotation marks.
pub(super) const HINDRANCES: &str = "
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

/// A condition in RETURNING: whether the row that was written is the one that was asked for. A trigger may
/// have changed it, and a collation may have taken another user's row for it. When it does not hold, the
/// statement asks for a setting that nobody has, fails, and has written nothing: what a hook of the
/// transaction's end would do.
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

/// Whether a row that is locked, and so cannot change meanwhile, is not written all the same.
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
    /// The error of a write that changed nothing, though there is a row to be changed; `None` where
    /// nothing is there that could be the reason.
    pub(super) async fn hindered(&self) -> Option<Error> {
        let sql = &self.statements.hindrances;
        let step = S::STEPS.hindrances;
        // A commit that is tried again must not wait for long.
        let timeouts = Timeouts::commit(&self.limits);
        let rows = self.database.read(&RlsContext::default(), step, sql, &[], timeouts).await;
        let names = rows.and_then(|rows| rows.iter().map(|row| column(row, 0)).collect());
        let names: Vec<String> = names.ok()?;
        (!names.is_empty()).then(|| hindered_by(S::TABLE, &names.join(", ")))
    }

    /// The same where a row must have been written.
    pub(in crate::store) async fn nothing_stored(&self) -> Error {
        let unknown = || hindered_by(S::TABLE, "something that tokenkeep does not know");
        self.hindered().await.unwrap_or_else(unknown)
    }

    /// Nothing but an error for a write that must have given a row.
    pub(in crate::store) async fn stored_one(&self, rows: &[crate::db::Row]) -> Result<()> {
        match rows.is_empty() {
            true => Err(self.nothing_stored().await),
            false => Ok(()),
        }
    }
}

fn hindered_by(table: &str, names: &str) -> Error {
    let reason = format!(
        "A write to {table} has changed nothing, and the database gives no reason. What may swallow it: {names}. A trigger BEFORE a write must RETURN NEW (OLD for DELETE), a rule must not be DO INSTEAD, and a policy must hold for UPDATE and DELETE, too"
    );
    Error::Schema { reason: reason.into() }
}
