//! `refreshExpiring`: a few rows per statement, until the limit is reached or no row is due. S: a failed
//! row does not take the turn of another.

use std::time::Duration;

use tokenkeep::refresh::Claimed;

use super::Health;
use super::Login;
use super::call::Member;

/// A row that expires within this time is due.
const WITHIN: Duration = Duration::from_secs(120);
/// The most rows that one run refreshes.
const LIMIT: usize = 4;
const BATCH: usize = 2;

impl Member {
    pub(super) async fn refresh_expiring(&self) {
        let world = &self.machine.world;
        let (start_us, mut done) = (world.now_us(), Vec::new());
        let mut had_failed = false;
        while done.len() < LIMIT {
            let clock = self.engine.stopwatch();
            let count = BATCH.min(LIMIT - done.len());
            let claimed = self.engine.table().claim(WITHIN, count, done.clone()).await;
            let Some(claimed) = claimed.ok().filter(|claimed| !claimed.is_empty()) else { break };
            for (user, row, lease) in claimed {
                world.note(&self.machine.process.name, || format!("leases row {user}"));
                if done.contains(&user) {
                    world.truth().ledger.violate("S", format!("row {user} is sent twice in a run"));
                }
                had_failed |= self.tried(user, start_us);
                done.push(user);
                let claimed = Claimed { key: user, row, lease, clock };
                let endpoint = self.endpoint(Login::RIGHT);
                let _ = self.engine.refresh_claimed(claimed, endpoint).await;
            }
        }
        // A run that ends earlier has refreshed all rows that are due.
        if done.len() == LIMIT {
            self.check_turns(start_us, had_failed);
        }
    }

    /// Notes that a row has its turn. Returns whether it had one before this run and failed.
    fn tried(&self, user: u32, start_us: u64) -> bool {
        let world = &self.machine.world;
        let mut truth = world.truth();
        let user = truth.many_rows.user(user);
        let before = user.claimed_us.replace(world.now_us());
        let is_unchanged = |us: u64| {
            us < start_us && user.row.as_ref().is_some_and(|row| row.updated_at < world.moment(us))
        };
        before.is_some_and(is_unchanged)
    }

    /// S: a row that has failed before goes first only until every other row has had a turn.
    fn check_turns(&self, start_us: u64, had_failed: bool) {
        let world = &self.machine.world;
        let struck = world.faults.lock().expect("nothing panics while holding it").struck > 0;
        let mut truth = world.truth();
        let due = world.moment(start_us).plus(WITHIN);
        let turns_max = u32::try_from(truth.many_rows.users.len() / LIMIT + 2).expect("are few");
        let mut waits = None;
        for (number, user) in (0..).zip(&mut truth.many_rows.users) {
            let claimed = user.claimed_us.map(|us| world.moment(us));
            let is_passed_over = user.health == Health::Good
                && !user.misjudged
                && user.row.as_ref().is_some_and(|row| {
                    let never_tried = claimed.is_none_or(|at| at <= row.updated_at);
                    row.expires_at <= due && row.refreshing_at.is_none() && never_tried
                });
            user.passed_over = match is_passed_over {
                true => user.passed_over + u32::from(had_failed),
                false => 0,
            };
            if user.passed_over > turns_max {
                waits = Some(number);
            }
        }
        if let Some(number) = waits.filter(|_: &u32| !struck) {
            let text = format!("row {number} waits while rows that have failed are sent again");
            truth.ledger.violate("S", text);
        }
    }
}
