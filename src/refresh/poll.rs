//! Step 5: what a refresh task waits for while somebody else refreshes, and when it reads again.

use std::time::Duration;

use super::policy::{first_reread, poll_pause};
use super::runtime::{Stopwatch, timeout};
use super::{Row, Runtime, Shared, Table};
use crate::db::Timestamp;
use crate::error::{Error, Result};

/// A version of the row that somebody else is about to change.
pub(super) struct Held<Record> {
    row: Row<Record>,
    /// How old the lease was when it was seen.
    age: Duration,
}

impl<Record> Held<Record> {
    pub(super) fn of(row: Row<Record>) -> Self {
        let age = row.refreshing_at.map(|lease| between(lease, row.now));
        Self { row, age: age.unwrap_or_default() }
    }

    /// Whether somebody who was refused the lease of this free row finds it as it was.
    pub(super) fn is_as_free(&self, now: &Row<Record>) -> bool {
        let seen = |row: &Row<Record>| (row.expires_at, row.refreshing_at, row.updated_at);
        now.refreshing_at.is_none()
            && self.row.version == now.version
            && seen(&self.row) == seen(now)
    }

    /// How long it was held when it was written at `end`.
    pub(super) fn until(&self, end: Timestamp) -> Option<Duration> {
        self.row.refreshing_at.map(|lease| between(lease, end)).filter(|held| !held.is_zero())
    }
}

fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(end.ms_since(start)).unwrap_or_default())
}

/// How a refresh task polls: for how long already, and how often in vain.
pub(super) struct Backoff {
    clock: Stopwatch,
    patience: Duration,
    count: u32,
}

impl Backoff {
    pub(super) fn new(runtime: &impl Runtime, patience: Duration) -> Self {
        Self { clock: Stopwatch::start(runtime), patience, count: 0 }
    }
}

impl<T: Table, R: Runtime> Shared<T, R> {
    /// Whether the row was given another access token since. Who has only sealed it anew has refreshed
    /// nothing, and whoever holds the lease may still be about to.
    pub(super) async fn is_replaced(
        &self,
        key: &T::Key,
        held: &Held<T::Record>,
        now: &Row<T::Record>,
    ) -> Result<bool> {
        if held.row.version == now.version || held.row.expires_at != now.expires_at {
            return Ok(held.row.version != now.version);
        }
        let before = self.table.open(key, &held.row).await?.access_token;
        Ok(!before.is_same(&self.table.open(key, now).await?.access_token))
    }

    /// A pause until the next read: for as long as a refresh takes at least, then growing. False
    /// when it is time to give up.
    pub(super) async fn pause_before_reread(
        &self,
        backoff: &mut Backoff,
        held: Option<&Held<T::Record>>,
    ) -> bool {
        let (random, limits) = (self.runtime.random(), &self.config.limits);
        let held = held.filter(|held| held.row.refreshing_at.is_some());
        let first =
            held.and_then(|held| first_reread(self.durations.shortest(), held.age, random, limits));
        let pause = first.unwrap_or_else(|| {
            backoff.count += 1;
            poll_pause(backoff.count - 1, random, limits)
        });
        timeout(&self.runtime, pause, self.registry.closing()).await.is_none()
            && backoff.clock.elapsed(&self.runtime) < backoff.patience
    }

    /// Why a refresh task ends without an outcome.
    pub(super) fn gives_up(&self, backoff: &Backoff, failure: Option<Error>) -> Error {
        if self.registry.is_closed() {
            return Error::Closed;
        }
        let waited_ms = u64::try_from(backoff.patience.as_millis()).unwrap_or(u64::MAX);
        failure.unwrap_or(Error::RefreshTimeout { waited_ms })
    }
}
