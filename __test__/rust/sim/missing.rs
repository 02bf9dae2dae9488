//! How the table looks to a process that lacks a repair.

use std::sync::MutexGuard;

use tokenkeep::refresh::{Row, RowVersion};

use super::faults::Point;
use super::table::{Table, Texts};

/// What such a process remembers.
#[derive(Default)]
pub(crate) struct Missing {
    /// `poll`: the version of the row whose lease it has seen held.
    pub(super) waits_on: Option<(RowVersion, u64)>,
    /// `locked`: since when it has seen this version held.
    pub(super) held: Option<(RowVersion, u64)>,
    /// `relid`: the version of the row that it took its lease on.
    pub(super) leased: Option<RowVersion>,
    /// `login`: the one that it took its lease with.
    pub(super) login: Option<u32>,
}

impl Table {
    /// `login`: step 7 uses the one of step 3.
    pub(super) fn login(&self, point: Point) -> Option<u32> {
        let is_kept = !self.repairs().login && matches!(point, Point::Commit | Point::Reread);
        self.missing().login.filter(|_| is_kept)
    }

    pub(super) fn missing(&self) -> MutexGuard<'_, Missing> {
        self.missing.lock().expect("nothing panics while holding it")
    }

    /// How a row looks to a process that lacks a repair.
    pub(super) fn misread(&self, mut row: Row<Texts>) -> Row<Texts> {
        let repairs = self.repairs();
        let now_us = self.world.now_us();
        let wait_us = self.world.limits.wait_ms * 1_000;
        if !repairs.poll {
            let mut missing = self.missing();
            let live = row.refreshing_at.is_some_and(|at| at.plus(self.lease()) >= row.now);
            match &missing.waits_on {
                Some((version, since)) if *version == row.version && now_us - since < wait_us => {
                    row.refreshing_at = Some(row.now);
                }
                _ if live => missing.waits_on = Some((row.version.clone(), now_us)),
                _ => missing.waits_on = None,
            }
        }
        if !repairs.locked {
            let mut missing = self.missing();
            match &missing.held {
                _ if row.refreshing_at.is_none() => missing.held = None,
                Some((version, since)) if *version == row.version => {
                    if now_us - since >= wait_us {
                        row.refreshing_at = None;
                    }
                }
                _ => missing.held = Some((row.version.clone(), now_us)),
            }
        }
        row
    }
}
