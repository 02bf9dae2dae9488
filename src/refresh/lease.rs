//! The lease (steps 3 and 8): who may ask for it, when an expired one may be taken over, what its
//! holder must know, and how it is given back.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::policy::takeover_grace_ms;
use super::runtime::{Runtime, Stopwatch};
use super::table::Row;
use super::{LeaseRequest, Read, RefreshOptions, RowVersion, Shared, Table};
use crate::config::{LEFTOVER_AGE_MIN_MS, Limits};
use crate::db::Timestamp;
use crate::error::{Error, Result};

/// The right to refresh one row, for a bounded time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    /// Its value as stored: the holder's proof.
    pub(super) at: Timestamp,
    /// The local clock, started before the statement was sent (3a).
    pub(super) clock: Stopwatch,
    /// The expired value that this lease replaced: somebody may have spent the refresh token and
    /// not stored the answer.
    pub(super) in_doubt: Option<Timestamp>,
}

impl Lease {
    /// Step 4: whether a whole HTTP budget fits into what is left.
    pub(super) fn has_room(&self, runtime: &impl Runtime, limits: &Limits) -> bool {
        let end = Duration::from_millis(limits.lease_ms - limits.http_budget_ms);
        self.clock.elapsed(runtime) < end
    }
}

/// What a row's `refreshing_at` allows this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nobody holds the lease and nothing is unknown.
    Free,
    /// Somebody holds it, or it has not been watched for long enough.
    Held,
    /// It expired and was watched: this value may be replaced.
    Expired(Timestamp),
}

#[derive(Debug, Clone, Copy)]
struct Watch {
    value: Timestamp,
    ahead: bool,
    first: Stopwatch,
    last: Stopwatch,
}

/// Expired leases that this process has seen, per row.
#[derive(Debug)]
pub(super) struct Watches<Key> {
    seen: Mutex<HashMap<Key, Watch>>,
}

/// Above this many rows, those that nobody has read for a lease are forgotten.
const WATCHES_MAX: usize = 1_024;

impl<Key: Eq + Hash + Clone> Watches<Key> {
    pub(super) fn new() -> Self {
        Self { seen: Mutex::new(HashMap::new()) }
    }

    /// Judges a row that was just read, and remembers what was seen (3c).
    fn standing<Record>(
        &self,
        key: &Key,
        row: &Row<Record>,
        runtime: &impl Runtime,
        limits: &Limits,
        mixed_fleet: bool,
    ) -> Standing {
        let Some(value) = row.refreshing_at else {
            self.forget(key);
            return Standing::Free;
        };
        let lease_ms = i64::try_from(limits.lease_ms).unwrap_or(i64::MAX);
        let age_ms = row.now.ms_since(value);
        // What a commit of a mixed fleet leaves behind locks while it is live and means nothing
        // afterwards.
        let leftover_from = row.updated_at.minus(Duration::from_millis(LEFTOVER_AGE_MIN_MS));
        let leftover = mixed_fleet && value <= leftover_from;
        // Set by a clock that is ahead: respected for one lease from when it was first seen.
        let ahead = age_ms < -lease_ms || self.is_ahead(key, value);
        if age_ms <= lease_ms && !ahead {
            self.forget(key);
            return Standing::Held;
        }
        if leftover && !ahead {
            return Standing::Free;
        }
        let watched = self.watch(key, value, ahead, runtime, limits);
        let needed_ms = match ahead {
            true => limits.lease_ms,
            false => takeover_grace_ms(limits, mixed_fleet),
        };
        match watched >= Duration::from_millis(needed_ms) {
            true => Standing::Expired(value),
            false => Standing::Held,
        }
    }

    /// Whether this value was more than a lease ahead when it was first seen.
    fn is_ahead(&self, key: &Key, value: Timestamp) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(key).is_some_and(|watch| watch.ahead && watch.value == value)
    }

    /// How long the same value has been seen; a gap between two reads starts again, except for a
    /// value that is ahead.
    fn watch(
        &self,
        key: &Key,
        value: Timestamp,
        ahead: bool,
        runtime: &impl Runtime,
        limits: &Limits,
    ) -> Duration {
        let now = Stopwatch::start(runtime);
        let gap = Duration::from_millis(limits.watch_gap());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= WATCHES_MAX && !seen.contains_key(key) {
            let old = Duration::from_millis(limits.lease_ms);
            seen.retain(|_, watch| watch.last.elapsed(runtime) < old);
        }
        let watch =
            seen.entry(key.clone()).or_insert(Watch { value, ahead, first: now, last: now });
        if watch.value != value || (!ahead && watch.last.elapsed(runtime) > gap) {
            *watch = Watch { value, ahead, first: now, last: now };
        }
        watch.last = now;
        watch.first.elapsed_monotonic(runtime)
    }

    /// After a failed poll the watch starts again.
    pub(super) fn forget(&self, key: &Key) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl<T: Table, R: Runtime> Shared<T, R> {
    /// Step 3: The lease; `None` when it was refused. A database error counts as a refusal: the
    /// lease may be ours, and then runs out. Only an answer is an error that no later try would change,
    /// or that says that nothing was done: then nobody else is at work, whom to wait for.
    pub(super) async fn take_lease(
        &self,
        key: &T::Key,
        read: &Read<T>,
        options: RefreshOptions,
    ) -> Result<Option<Lease>> {
        let limits = &self.config.limits;
        let mixed = self.config.mixed_fleet;
        let watched = match self.watches.standing(key, &read.row, &self.runtime, limits, mixed) {
            Standing::Free => None,
            Standing::Expired(value) => Some(value),
            Standing::Held => return Ok(None),
        };
        let clock = Stopwatch::start(&self.runtime);
        let unless_fresh_ms = (!options.force).then_some(options.fresh_ms);
        let request = LeaseRequest { unless_fresh_ms, watched };
        let at = match self.table.take_lease(key, &read.row.version, request).await {
            Ok(at) => at,
            Err(error @ Error::RowLocked { .. }) => return Err(error),
            Err(error) if !error.is_retryable() || error.is_undone() => return Err(error),
            Err(_) => None,
        };
        let Some(at) = at else { return Ok(None) };
        self.watches.forget(key);
        Ok(Some(Lease {
            at,
            clock,
            in_doubt: watched.map(|value| restored_by_release(value, at, limits)),
        }))
    }

    /// Why a lease is refused that nobody holds, when it is a trigger or its like.
    pub(super) async fn swallowed(&self, key: &T::Key, version: &RowVersion) -> Option<Error> {
        match self.table.swallows_writes(key, version).await {
            Ok(true) => self.table.hindrance().await,
            _ => None,
        }
    }

    /// Step 8: Release after a known failure. The expired value of an unknown outcome that was taken over is put back. A release that
    /// fails is left to run out.
    pub(super) async fn release(&self, key: &T::Key, lease: &Lease) {
        let _ = self.table.release(key, lease.at, lease.in_doubt).await;
    }
}

/// What is put back when a lease that was taken over is released. A value in the future would be
/// respected for another lease by everybody; the latest expired value says the same.
fn restored_by_release(taken: Timestamp, at: Timestamp, limits: &Limits) -> Timestamp {
    let just_expired = at.minus(Duration::from_millis(limits.lease_ms + 1));
    taken.min(just_expired)
}
