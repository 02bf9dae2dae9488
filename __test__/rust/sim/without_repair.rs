//! How the table looks to a process without a repair.

use std::sync::MutexGuard;

use tokenkeep::refresh::{Row, RowVersion};

use super::faults::Point;
use super::table::{Table, Texts};

/// What such a process remembers.
#[derive(Default)]
pub(crate) struct WithoutRepair {
    /// `poll`: the version of the row that it has seen leased, and when.
    pub(super) waits_on: Option<(RowVersion, u64)>,
    /// `lease-required`: the version that it has seen leased, and since when.
    pub(super) held: Option<(RowVersion, u64)>,
    /// `release-by-lease`: the version of the row that it has leased.
    pub(super) leased: Option<RowVersion>,
    /// `current-login`: the login with which it took its lease.
    pub(super) login: Option<u32>,
}

impl Table {
    /// `current-login`: step 7 uses the login of step 3.
    pub(super) fn login(&self, point: Point) -> Option<u32> {
        let is_kept =
            !self.repairs().current_login && matches!(point, Point::Commit | Point::Reread);
        self.without().login.filter(|_| is_kept)
    }

    pub(super) fn without(&self) -> MutexGuard<'_, WithoutRepair> {
        self.without.lock().expect("nothing panics while holding it")
    }

    /// How a row looks to a process without a repair.
    pub(super) fn misread(&self, mut row: Row<Texts>) -> Row<Texts> {
        let repairs = self.repairs();
        let now_us = self.world.now_us();
        let wait_us = self.world.limits.wait_ms * 1_000;
        if !repairs.poll {
            let mut without = self.without();
            let live = row.refreshing_at.is_some_and(|at| at.plus(self.lease()) >= row.now);
            match &without.waits_on {
                Some((version, since)) if *version == row.version && now_us - since < wait_us => {
                    row.refreshing_at = Some(row.now);
                }
                _ if live => without.waits_on = Some((row.version.clone(), now_us)),
                _ => without.waits_on = None,
            }
        }
        if !repairs.lease_required {
            let mut without = self.without();
            match &without.held {
                _ if row.refreshing_at.is_none() => without.held = None,
                Some((version, since)) if *version == row.version => {
                    if now_us - since >= wait_us {
                        row.refreshing_at = None;
                    }
                }
                _ => without.held = Some((row.version.clone(), now_us)),
            }
        }
        row
    }
}
