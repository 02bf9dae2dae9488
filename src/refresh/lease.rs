//! The lease (steps 3 and 8): who may take it, when an expired one may be taken over, what its holder
//! must know, and how it is released.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::policy::takeover_grace_ms;
use super::runtime::{Runtime, Stopwatch};
use super::{LeaseRequest, RefreshConfig, RefreshOptions, Row, RowVersion, Table};
use crate::config::{LEFTOVER_AGE_MIN_MS, Limits};
use crate::db::Timestamp;
use crate::error::{Error, Result};

/// The right to refresh one row for a limited time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    /// The stored value, which identifies the holder.
    pub(super) at: Timestamp,
    /// The local clock, started before the statement was sent (3a).
    pub(super) clock: Stopwatch,
    /// The expired value that this lease replaced: an earlier attempt may have spent the refresh token
    /// without storing the answer.
    pub(super) in_doubt: Option<Timestamp>,
}

impl Lease {
    /// Step 4: whether a whole HTTP budget fits into the time that is left.
    pub(super) fn has_room(&self, runtime: &impl Runtime, limits: &Limits) -> bool {
        let end = Duration::from_millis(limits.lease_ms - limits.http_budget_ms);
        self.clock.elapsed(runtime) < end
    }

    /// How long the owner of the replaced lease may still store an answer, `now` by the database's
    /// clock; `None`: no longer, or no lease was replaced.
    pub(super) fn unknown_outcome_left(&self, now: Timestamp, limits: &Limits) -> Option<Duration> {
        let limit_ms = i64::try_from(limits.unknown_outcome_ms).unwrap_or(i64::MAX);
        let left_ms = limit_ms.saturating_sub(now.ms_since(self.in_doubt?));
        u64::try_from(left_ms).ok().filter(|ms| *ms > 0).map(Duration::from_millis)
    }

    /// Step 8: releases the lease and puts back the expired value that it replaced. If the release
    /// fails, the lease expires by itself.
    pub(super) async fn release<T: Table>(&self, table: &T, key: &T::Key) {
        let _ = table.release(key, self.at, self.in_doubt).await;
    }
}

/// What a row's `refreshing_at` allows this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeaseState {
    /// Nobody holds the lease, and the row is not in doubt.
    Free,
    /// Somebody holds it, or it has expired and was not watched for long enough.
    Held,
    /// It has expired and was watched: this value may be replaced.
    Expired(Timestamp),
}

#[derive(Debug, Clone, Copy)]
struct Watch {
    value: Timestamp,
    /// The value was more than one lease in the future when it was first seen.
    ahead: bool,
    first: Stopwatch,
    last: Stopwatch,
}

/// With more rows than this, those that were not read for the length of a lease are forgotten.
const WATCHES_MAX: usize = 1_024;

/// Takes leases, and watches expired ones before it replaces them.
#[derive(Debug)]
pub(super) struct Leases<Key, R> {
    runtime: R,
    config: RefreshConfig,
    watches: Mutex<HashMap<Key, Watch>>,
}

impl<Key: Eq + Hash + Clone, R: Runtime> Leases<Key, R> {
    pub(super) fn new(runtime: R, config: RefreshConfig) -> Self {
        Self { runtime, config, watches: Mutex::new(HashMap::new()) }
    }

    /// Step 3: the lease, or `None` if it was refused. A database error counts as a refusal (3b): the
    /// lease may be ours, and then it expires. It is an error if no later try would change it, or if
    /// the server says that it did nothing: then nobody else refreshes whom the task could wait for.
    pub(super) async fn take<T: Table<Key = Key>>(
        &self,
        table: &T,
        key: &Key,
        row: &Row<T::Record>,
        options: RefreshOptions,
    ) -> Result<Option<Lease>> {
        let watched = match self.state(key, row) {
            LeaseState::Free => None,
            LeaseState::Expired(value) => Some(value),
            LeaseState::Held => return Ok(None),
        };
        let clock = Stopwatch::start(&self.runtime);
        let unless_fresh_ms = (!options.force).then_some(options.fresh_ms);
        let request = LeaseRequest { unless_fresh_ms, watched };
        let at = match table.take_lease(key, &row.version, request).await {
            Ok(at) => at,
            Err(error @ Error::RowLocked { .. }) => return Err(error),
            Err(error) if !error.is_retryable() || error.is_undone() => return Err(error),
            Err(_) => None,
        };
        let Some(at) = at else { return Ok(None) };
        self.forget(key);
        let in_doubt = watched.map(|value| restored_by_release(value, at, &self.config.limits));
        Ok(Some(Lease { at, clock, in_doubt }))
    }

    /// Judges a row that was just read, and watches its expired lease (3c).
    fn state<Record>(&self, key: &Key, row: &Row<Record>) -> LeaseState {
        let RefreshConfig { limits, mixed_fleet } = &self.config;
        let Some(value) = row.refreshing_at else {
            self.forget(key);
            return LeaseState::Free;
        };
        let lease_ms = i64::try_from(limits.lease_ms).unwrap_or(i64::MAX);
        let age_ms = row.now.ms_since(value);
        // A leftover of a mixed fleet holds the row while it is live, and means nothing afterwards.
        let leftover_from = row.updated_at.minus(Duration::from_millis(LEFTOVER_AGE_MIN_MS));
        let leftover = *mixed_fleet && value <= leftover_from;
        // Set by a clock that is ahead: respected for one lease from when it was first seen.
        let ahead = age_ms < -lease_ms || self.is_ahead(key, value);
        if age_ms <= lease_ms && !ahead {
            self.forget(key);
            return LeaseState::Held;
        }
        if leftover && !ahead {
            return LeaseState::Free;
        }
        let watched = self.watch(key, value, ahead);
        let needed_ms = match ahead {
            true => limits.lease_ms,
            false => takeover_grace_ms(limits, *mixed_fleet),
        };
        match watched >= Duration::from_millis(needed_ms) {
            true => LeaseState::Expired(value),
            false => LeaseState::Held,
        }
    }

    /// Whether this value was more than one lease in the future when it was first seen.
    fn is_ahead(&self, key: &Key, value: Timestamp) -> bool {
        let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.get(key).is_some_and(|watch| watch.ahead && watch.value == value)
    }

    /// How long the same value has been seen. A gap between two reads starts the watch again, except
    /// for a value that is ahead.
    fn watch(&self, key: &Key, value: Timestamp, ahead: bool) -> Duration {
        let (runtime, limits) = (&self.runtime, &self.config.limits);
        let now = Stopwatch::start(runtime);
        let gap = Duration::from_millis(limits.watch_gap());
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if watches.len() >= WATCHES_MAX && !watches.contains_key(key) {
            let old = Duration::from_millis(limits.lease_ms);
            watches.retain(|_, watch| watch.last.elapsed(runtime) < old);
        }
        let watch =
            watches.entry(key.clone()).or_insert(Watch { value, ahead, first: now, last: now });
        if watch.value != value || (!ahead && watch.last.elapsed(runtime) > gap) {
            *watch = Watch { value, ahead, first: now, last: now };
        }
        watch.last = now;
        watch.first.elapsed_monotonic(runtime)
    }

    /// Starts the watch of this row again, as after a failed poll.
    pub(super) fn forget(&self, key: &Key) {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// What the release of a lease puts back that was taken over. Every process would respect a value in
/// the future for one more lease; the latest expired value says the same.
fn restored_by_release(taken: Timestamp, at: Timestamp, limits: &Limits) -> Timestamp {
    let just_expired = at.minus(Duration::from_millis(limits.lease_ms + 1));
    taken.min(just_expired)
}

/// Why a free lease is refused: a trigger, a rule or a policy, if there is one (3b).
pub(super) async fn refused_by<T: Table>(
    table: &T,
    key: &T::Key,
    version: &RowVersion,
) -> Option<Error> {
    match table.swallows_writes(key, version).await {
        Ok(true) => table.write_blocker().await,
        _ => None,
    }
}
