//! A row as one caller read it (step 1), and how much time its access token has left.

use std::sync::Arc;

use super::runtime::{Runtime, Stopwatch};
use super::{Row, Table};
use crate::db::Timestamp;

/// The database's clock at some moment, and how long ago that was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The database's clock.
    pub(super) now: Timestamp,
    /// Started before the statement was sent, so it never shows too little.
    pub(super) since: Stopwatch,
}

impl Reading {
    /// What is left until `moment`, in milliseconds, negative when it has passed. `None` never comes.
    pub(super) fn left_ms(&self, moment: Option<Timestamp>, runtime: &impl Runtime) -> i64 {
        let Some(moment) = moment else { return i64::MAX };
        let passed = i64::try_from(self.since.elapsed(runtime).as_millis()).unwrap_or(i64::MAX);
        moment.ms_since(self.now).saturating_sub(passed)
    }
}

/// A row, which may be shared with other callers of the same combined read, and when this caller
/// asked for it.
pub(super) struct Read<T: Table> {
    pub(super) row: Arc<Row<T::Record>>,
    /// Started before the row was read.
    pub(super) since: Stopwatch,
}

impl<T: Table> Clone for Read<T> {
    fn clone(&self) -> Self {
        Self { row: Arc::clone(&self.row), since: self.since }
    }
}

impl<T: Table> Read<T> {
    pub(super) fn reading(&self) -> Reading {
        Reading { now: self.row.now, since: self.since }
    }

    /// Whether the access token is valid for more than `ms`.
    pub(super) fn has_left(&self, ms: u64, runtime: &impl Runtime) -> bool {
        let left = self.reading().left_ms(self.row.expires_at, runtime);
        left > i64::try_from(ms).unwrap_or(i64::MAX)
    }

    /// How long before it was read the row was last refreshed, where the store knows that.
    pub(super) fn refreshed_ms_ago(&self) -> Option<i64> {
        self.row.refreshed_at.map(|at| self.row.now.ms_since(at))
    }
}
