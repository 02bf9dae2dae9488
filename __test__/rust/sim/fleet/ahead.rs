//! Refreshing ahead of time, as a worker does it: some rows a statement, until the limit is reached or
//! nothing that is due is left. S: what fails takes nobody's turn.

use std::time::Duration;

use tokenkeep::refresh::Claimed;

use super::Health;
use super::Login;
use super::call::Member;

/// What runs out within this time is due.
const WITHIN: Duration = Duration::from_secs(120);
/// So many rows does one run refresh.
const LIMIT: usize = 4;
const BATCH: usize = 2;

impl Member {
    pub(super) async fn refresh_ahead(&self) {
        let world = &self.machine.world;
        let (start_us, mut done) = (world.now_us(), Vec::new());
        let mut had_failed = false;
        while done.len() < LIMIT {
            let clock = self.engine.stopwatch();
            let count = BATCH.min(LIMIT - done.len());
            let claimed = self.engine.table().claim(WITHIN, count, done.clone()).await;
            let Some(claimed) = claimed.ok().filter(|claimed| !claimed.is_empty()) else { break };
            for (user, row, lease) in claimed {
                world.note(&self.machine.process.name, || format!("claims row {user}"));
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
        // A run that ends earlier has left nothing that is due.
        if done.len() == LIMIT {
            self.check_turns(start_us, had_failed);
        }
    }

    /// Notes that a row has its turn; gives whether it had one before this run, in vain.
    fn tried(&self, user: u32, start_us: u64) -> bool {
        let world = &self.machine.world;
        let mut truth = world.truth();
        let user = truth.fleet.user(user);
        let before = user.claimed_us.replace(world.now_us());
        let is_unchanged = |us: u64| {
            us < start_us && user.row.as_ref().is_some_and(|row| row.updated_at < world.moment(us))
        };
        before.is_some_and(is_unchanged)
    }

    /// S: what has failed before goes first only as often as it takes for everybody to have a turn.
    fn check_turns(&self, start_us: u64, had_failed: bool) {
        let world = &self.machine.world;
        let struck = world.faults.lock().expect("nothing panics while holding it").struck > 0;
        let mut truth = world.truth();
        let due = world.moment(start_us).plus(WITHIN);
        let turns_max = u32::try_from(truth.fleet.users.len() / LIMIT + 2).expect("are few");
        let mut waits = None;
        for (number, user) in (0..).zip(&mut truth.fleet.users) {
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
