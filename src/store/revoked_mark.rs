//! The mark of a revoked grant, `invalid_since` and `invalid_reason`, in the stores that keep such rows.
//!
//! An old instance does not know the columns and leaves the mark when it stores new tokens, but each of
//! its writes sets `updated_at`. So a mark holds until the row is written again. One second is allowed
//! for, since `updated_at` may be rounded. SQL and Rust say the same.

use std::time::Duration;

use crate::db::Timestamp;

const ROUNDED: Duration = Duration::from_secs(1);

/// Whether the mark of a row holds.
pub(super) fn holds(invalid_since: Option<Timestamp>, updated_at: Timestamp) -> bool {
    invalid_since.is_some_and(|since| updated_at <= since.plus(ROUNDED))
}

/// The same as a condition, by the expression for `updated_at`.
macro_rules! mark_holds {
    ($updated_at:literal) => {
        concat!(
            "(invalid_since IS NOT NULL AND ",
            $updated_at,
            " <= invalid_since + interval '1 second')"
        )
    };
}
pub(super) use mark_holds;

/// Rows that were marked from `$1` (NULL: any time) until `$2`, at most `$3` of them, locked.
macro_rules! marked_between {
    () => {
        "invalid_since >= coalesce($1, '-infinity') AND invalid_since <= $2
        LIMIT $3 FOR UPDATE"
    };
}
pub(super) use marked_between;
