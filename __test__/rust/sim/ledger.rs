//! The invariants, held against every step. The numbers are those of the checked model: I1 newer
//! credentials are never overwritten, I2 a reconnect is never deleted by a stale revocation, I3 no
//! refresh token is spent twice, I4 no live grant is thrown away, I5 every caller ends in time with
//! a valid token or a right error, I6 the lease is freed, I7 a row ends only when its grant has.
//! I0: one live refresher a token. P: no plaintext in the table.

use super::database::{BOTH_RING, StoredRow, is_plaintext, open};
use super::excuses::{self, Answered, Spend};
use super::faults::{Fate, Point};
use super::process::Process;
use super::provider::Name;
use super::world::{Truth, World};

/// A broken invariant.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) rule: &'static str,
    pub(crate) text: String,
}

/// Why the row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Step 7.
    Commit { late: bool },
    /// Step 9c.
    End,
    /// Lease or expiry only.
    Touch,
    /// Sealed anew, or a consent that keeps the refresh token.
    Keep,
    /// The user connects.
    Connect,
    /// The user disconnects, or marks the row.
    Disconnect,
    /// An old-style instance writes, whatever is there.
    Old,
}

/// The credentials in the row, opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) refresh: Name,
    pub(crate) access: Name,
}

/// A request under way.
struct Ask {
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

/// What has happened, for the report.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) refreshes: u64,
    pub(crate) takeovers: u64,
    pub(crate) late_commits: u64,
    pub(crate) over_nothing: u64,
    pub(crate) endings: u64,
    /// Tokens that came twice where no client can prevent it.
    pub(crate) inherent: u64,
}

impl Counts {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            refreshes: self.refreshes + other.refreshes,
            takeovers: self.takeovers + other.takeovers,
            late_commits: self.late_commits + other.late_commits,
            over_nothing: self.over_nothing + other.over_nothing,
            endings: self.endings + other.endings,
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
    /// The family that the user connected last, unless the user has ended it.
    pub(crate) connected: Option<u32>,
    /// Which family the row held, and since when.
    history: Vec<(u64, Option<u32>)>,
    asks: Vec<Ask>,
    /// The last lease of each process, and how long it had been paused by then.
    leases: Vec<(u64, u64)>,
    /// How often a commit of each process failed while the database was there.
    pub(crate) commit_failures: Vec<u32>,
    pub(crate) statement_failures: u32,
    pub(crate) statements_away: u32,
    pub(crate) away_us: u64,
    held_us: u64,
    held_since_us: Option<u64>,
    pub(crate) refusals: Vec<Refusal>,
    /// When the row was last committed, and whether late.
    pub(crate) committed: (u64, bool),
    /// When the row was last sealed anew, which a mark for proof may miss.
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
        let (lease_us, paused_us) = self.lease_of(process.id);
        let lease_ends_us = |lease_us: u64| lease_us + world.limits.lease_ms * 1_000;
        let was_paused = process.paused_us() > paused_us;
        let other = self.asks.iter().any(|ask| {
            !ask.is_answered
                && ask.refresh == refresh
                && (ask.process, ask.lease_us) != (process.id, lease_us)
                && world.now_us() < lease_ends_us(ask.lease_us)
        });
        // A late commit frees the row, also from the lease of who has taken over.
        let was_freed = self.counts.late_commits > 0;
        if other && !was_paused && !was_freed && !world.setting.has_old() {
            self.violate("I0", format!("{} refreshes beside a live holder", process.name));
        }
        let ask = Ask { process: process.id, refresh, lease_us, is_answered: false };
        self.asks.push(ask);
    }

    fn answered(&mut self, process: usize, refresh: Name) {
        let ours = |ask: &&mut Ask| ask.process == process && ask.refresh == refresh;
        self.asks.iter_mut().filter(ours).for_each(|ask| ask.is_answered = true);
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
        match excuses::reuse(world, self, first, process) {
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
        now_us: u64,
        refresh: Name,
        process: &Process,
        granted: bool,
    ) {
        self.answered(process.id, refresh);
        if !granted {
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

fn holding_of(row: &StoredRow) -> Option<Holding> {
    let name = |text: &str| Name::parse(&open(&BOTH_RING, text, true).ok()?);
    Some(Holding { refresh: name(&row.refresh)?, access: name(&row.access)? })
}

impl Truth {
    /// The only place where the row changes.
    pub(crate) fn change(
        &mut self,
        world: &World,
        who: &str,
        change: Change,
        row: Option<StoredRow>,
    ) {
        if change == Change::Touch {
            self.row = row;
            return;
        }
        let before = self.ledger.holding;
        let after = row.as_ref().map(holding_of);
        if after == Some(None) {
            self.ledger.violate("P", format!("{who} stores what is no token"));
        }
        let after = after.flatten();
        match change {
            Change::Commit { late } => {
                self.ledger.counts.late_commits += u64::from(late);
                self.ledger.committed = (world.now_us(), late);
                self.check_order(who, before, after, row.as_ref());
                if after.map(|holding| holding.access) != before.map(|holding| holding.access) {
                    self.check_expiry(world, who, after, row.as_ref());
                }
            }
            Change::Keep => {
                self.ledger.kept_us = world.now_us();
                self.check_order(who, before, after, row.as_ref());
            }
            Change::End => self.check_ending(world, who, before),
            Change::Connect => {
                self.ledger.users_changes += 1;
                self.ledger.connected = after.map(|holding| holding.refresh.family);
            }
            Change::Disconnect => {
                self.ledger.users_changes += 1;
                self.ledger.connected = None;
            }
            Change::Old => self.ledger.committed = (world.now_us(), false),
            Change::Touch => {}
        }
        if let Some(row) = row.as_ref().filter(|_| change != Change::Disconnect) {
            let stored = [&row.refresh, &row.access];
            if stored.iter().any(|text| is_plaintext(text)) && !world.setting.legacy_write(change) {
                self.ledger.violate("P", format!("{who} stores a token in plaintext"));
            }
        }
        let is_there = row.as_ref().is_some_and(|row| row.mark.is_none());
        let family = after.filter(|_| is_there).map(|holding| holding.refresh.family);
        self.ledger.history.push((world.now_us(), family));
        self.ledger.holding = after;
        self.row = row;
    }

    /// I1.
    fn check_order(
        &mut self,
        who: &str,
        before: Option<Holding>,
        after: Option<Holding>,
        row: Option<&StoredRow>,
    ) {
        let (Some(before), Some(after)) = (before, after) else { return };
        let order = |holding: Holding| (holding.refresh.family, holding.refresh.number);
        let shorter =
            self.row.as_ref().zip(row).is_some_and(|(old, new)| new.expires_at < old.expires_at);
        let older_access = after.access.number < before.access.number && shorter;
        if order(after) < order(before) || (order(after) == order(before) && older_access) {
            let text = format!(
                "{who} overwrites {} and {} by {} and {}",
                before.refresh.refresh_token(),
                before.access.access_token(),
                after.refresh.refresh_token(),
                after.access.access_token()
            );
            self.ledger.violate("I1", text);
        }
    }

    /// I5: expiry counts from the lease, so no token is stored as longer than it lives.
    fn check_expiry(
        &mut self,
        world: &World,
        who: &str,
        after: Option<Holding>,
        row: Option<&StoredRow>,
    ) {
        let (Some(after), Some(row)) = (after, row) else { return };
        let until = world.moment(self.provider.access_until_us(after.access));
        if row.expires_at > until {
            self.ledger.violate("I5", format!("{who} stores a token as longer than it lives"));
        }
    }

    /// I2 and I7.
    fn check_ending(&mut self, world: &World, who: &str, before: Option<Holding>) {
        self.ledger.counts.endings += 1;
        let Some(before) = before else { return };
        let family = before.refresh.family;
        let refused = self.ledger.refusals.iter().any(|refusal| refusal.refresh.family == family);
        if !refused {
            self.ledger.violate("I2", format!("{who} ends a connection that nobody has refused"));
        } else if self.provider.is_good(before.refresh) {
            self.ledger.violate("I7", format!("{who} ends a connection that is good"));
        } else if self.provider.family(before.refresh.family).is_alive
            && excuses::ending(world, &self.ledger, before.refresh.family, &self.provider).is_none()
        {
            self.ledger.violate("I7", format!("{who} ends a grant that somebody can still save"));
        }
    }
}
