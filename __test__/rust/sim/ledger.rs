//! What has happened so far, and the invariants, which are checked at every step:
//!
//! - I0: one live refresher per token.
//! - I1: newer credentials are never overwritten.
//! - I2: a stale refusal never revokes a row that was connected again.
//! - I3: no refresh token is spent twice.
//! - I4: no live grant is lost.
//! - I5: every caller gets, in time, a valid token or the right error.
//! - I6: the lease is freed.
//! - I7: a row is revoked only if its grant is.
//! - P: no plaintext in the table.
//! - R: a refused refresh token is rarely sent again.
//! - S: failed rows do not take the turn of healthy ones (`many_rows`).
//! - Z: a dead grant does not look fresh when somebody knows (`recovery`).

use tokenkeep::config::Limits;

use super::faults::{Fate, Point};
use super::process::Process;
use super::provider::Name;
use super::row_change::Holding;
use super::unavoidable::{self, Answered, Spend};
use super::world::World;

/// A broken invariant.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) rule: &'static str,
    pub(crate) text: String,
}

/// A request that was sent.
struct Request {
    process: usize,
    refresh: Name,
    lease_us: u64,
    is_answered: bool,
}

/// A process was told `invalid_grant`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) refresh: Name,
    pub(crate) at_us: u64,
    pub(crate) process: usize,
    /// How long it had been paused by then.
    pub(crate) paused_us: u64,
}

/// A refresh token that the provider has refused, and how often it was sent since.
struct Refused {
    refresh: Name,
    since_us: u64,
    repeats: u32,
    /// How much had by then kept processes from remembering or storing a refusal.
    disturbances: u64,
}

/// What has happened, for the report.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) refreshes: u64,
    pub(crate) takeovers: u64,
    pub(crate) late_commits: u64,
    pub(crate) unmatched_commits: u64,
    pub(crate) marks: u64,
    /// Tokens that were sent twice where no client can prevent it.
    pub(crate) inherent: u64,
}

impl Counts {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            refreshes: self.refreshes + other.refreshes,
            takeovers: self.takeovers + other.takeovers,
            late_commits: self.late_commits + other.late_commits,
            unmatched_commits: self.unmatched_commits + other.unmatched_commits,
            marks: self.marks + other.marks,
            inherent: self.inherent + other.inherent,
        }
    }
}

#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) violation: Option<Violation>,
    pub(crate) counts: Counts,
    pub(crate) spends: Vec<Spend>,
    reused: Vec<Name>,
    pub(crate) holding: Option<Holding>,
    /// The family that the user connected last; `None`: the user has disconnected.
    pub(crate) connected: Option<u32>,
    /// Which family the row held, and since when.
    pub(crate) history: Vec<(u64, Option<u32>)>,
    requests: Vec<Request>,
    /// The last lease of each process, and how long it had been paused by then.
    leases: Vec<(u64, u64)>,
    /// How often a commit of each process failed although the database was available.
    pub(crate) commit_failures: Vec<u32>,
    pub(crate) statement_failures: u32,
    pub(crate) statements_away: u32,
    pub(crate) away_us: u64,
    held_us: u64,
    held_since_us: Option<u64>,
    pub(crate) refusals: Vec<Refusal>,
    refused: Vec<Refused>,
    /// When the row was last committed, and whether late.
    pub(crate) committed: (u64, bool),
    /// When the row was last sealed again, so that `expire_early` may have missed it.
    pub(crate) kept_us: u64,
    /// How often the user connected or disconnected.
    pub(crate) users_changes: u32,
    pub(crate) clocks_set: u32,
}

fn at<T: Default + Clone>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize(index + 1, T::default());
    }
    &mut list[index]
}

impl Ledger {
    /// The first violation counts.
    pub(crate) fn violate(&mut self, rule: &'static str, text: impl Into<String>) {
        if self.violation.is_none() {
            self.violation = Some(Violation { rule, text: text.into() });
        }
    }

    pub(crate) fn leased(&mut self, process: &Process, now_us: u64) {
        *at(&mut self.leases, process.id) = (now_us, process.paused_us());
    }

    pub(crate) fn lease_of(&self, process: usize) -> (u64, u64) {
        self.leases.get(process).copied().unwrap_or_default()
    }

    /// Whether the row is locked, from now on.
    pub(crate) fn lease_is(&mut self, held: bool, now_us: u64) {
        if let Some(since) = self.held_since_us.take() {
            self.held_us += now_us - since;
        }
        self.held_since_us = held.then_some(now_us);
    }

    /// For how long the row has been locked in all.
    pub(crate) fn held_us(&self, now_us: u64) -> u64 {
        self.held_us + self.held_since_us.map_or(0, |since| now_us - since)
    }

    pub(crate) fn statement_failed(&mut self, process: usize, point: Point, fate: Fate) {
        self.statement_failures += 1;
        if matches!(point, Point::Commit | Point::Reread) && fate != Fate::Slow {
            *at(&mut self.commit_failures, process) += 1;
        }
    }

    /// I0: a request is about to be sent.
    pub(crate) fn sends(&mut self, world: &World, process: &Process, refresh: Name) {
        self.check_repeats(world, process, refresh);
        let (lease_us, paused_us) = self.lease_of(process.id);
        let lease_ends_us = |lease_us: u64| lease_us + world.limits.lease_ms * 1_000;
        let was_paused = process.paused_us() > paused_us;
        let other = self.requests.iter().any(|request| {
            !request.is_answered
                && request.refresh == refresh
                && (request.process, request.lease_us) != (process.id, lease_us)
                && world.now_us() < lease_ends_us(request.lease_us)
        });
        // A late commit also frees the lease of a process that has taken over.
        let was_freed = self.counts.late_commits > 0;
        if other && !was_paused && !was_freed && !world.setting.has_old() {
            self.violate("I0", format!("{} refreshes beside a live holder", process.name));
        }
        let request = Request { process: process.id, refresh, lease_us, is_answered: false };
        self.requests.push(request);
    }

    /// How much has kept processes from remembering or storing a refusal so far.
    fn disturbances(&self, world: &World) -> u64 {
        let stopped = |process: &Process| process.paused_us() + u64::from(process.is_crashed());
        let stopped: u64 = world.processes().iter().map(|process| stopped(process)).sum();
        let failed = self.statement_failures + self.statements_away + self.clocks_set;
        // A row that is sealed again has another row version.
        stopped + u64::from(failed) + self.kept_us
    }

    /// R: at most one request per process, then only after pauses that double.
    fn check_repeats(&mut self, world: &World, process: &Process, refresh: Name) {
        let disturbances = self.disturbances(world);
        let Some(refused) = self.refused.iter_mut().find(|refused| refused.refresh == refresh)
        else {
            return;
        };
        refused.repeats += 1;
        let passed_ms = (world.now_us() - refused.since_us) / 1_000;
        let doublings = (1 + passed_ms / Limits::DEFAULT.refusal_pause_min_ms).ilog2();
        let processes = u32::try_from(world.processes().len()).expect("are few");
        let is_often = refused.repeats > 2 + doublings + processes;
        if is_often && refused.disturbances == disturbances && !world.setting.has_old() {
            let (name, repeats) = (refresh.refresh_token(), refused.repeats);
            let text = format!("{} sends {name} again, for the {repeats}th time", process.name);
            self.violate("R", text);
        }
    }

    fn answered(&mut self, process: usize, refresh: Name) {
        let ours =
            |request: &&mut Request| request.process == process && request.refresh == refresh;
        self.requests.iter_mut().filter(ours).for_each(|request| request.is_answered = true);
    }

    /// The provider has exchanged a refresh token; the answer may be lost already.
    pub(crate) fn spent(&mut self, process: &Process, refresh: Name, lost: bool) {
        self.counts.refreshes += 1;
        let (lease_us, paused_us) = self.lease_of(process.id);
        let answered = if lost { Answered::Never } else { Answered::NotYet };
        self.spends.push(Spend { refresh, process: process.id, lease_us, paused_us, answered });
    }

    /// I3: the provider has refused a refresh token.
    pub(crate) fn check_reuse(&mut self, world: &World, process: &Process, refresh: Name) {
        let Some(first) = self.spends.iter().find(|spend| spend.refresh == refresh) else { return };
        match unavoidable::reuse(world, self, first, process) {
            Some(_) if self.reused.contains(&refresh) => {}
            Some(_) => {
                self.counts.inherent += 1;
                self.reused.push(refresh);
            }
            None => {
                let text = format!("{} is spent twice", refresh.refresh_token());
                self.violate("I3", text);
            }
        }
    }

    pub(crate) fn received(
        &mut self,
        world: &World,
        refresh: Name,
        process: &Process,
        granted: bool,
    ) {
        let now_us = world.now_us();
        self.answered(process.id, refresh);
        if !granted {
            if self.refused.iter().all(|refused| refused.refresh != refresh) {
                let disturbances = self.disturbances(world);
                self.refused.push(Refused { refresh, since_us: now_us, repeats: 0, disturbances });
            }
            self.refusals.push(Refusal {
                refresh,
                at_us: now_us,
                process: process.id,
                paused_us: process.paused_us(),
            });
            return;
        }
        for spend in &mut self.spends {
            if spend.refresh == refresh && spend.process == process.id {
                spend.answered = Answered::At(now_us);
            }
        }
    }

    pub(crate) fn lost(&mut self, refresh: Name, process: usize) {
        self.answered(process, refresh);
        for spend in &mut self.spends {
            if spend.refresh == refresh && spend.process == process {
                spend.answered = Answered::Never;
            }
        }
    }

    /// Whether the row held this family at some moment since then.
    pub(crate) fn held_family_since(&self, family: Option<u32>, since_us: u64) -> bool {
        match self.history.iter().rposition(|(us, _)| *us <= since_us) {
            Some(last) => self.history[last..].iter().any(|(_, held)| *held == family),
            None => family.is_none() || self.history.iter().any(|(_, held)| *held == family),
        }
    }
}
