//! Step 5: what a task without the lease waits for, and when it rereads the row.

use std::sync::Arc;
use std::time::Duration;

use super::policy::{first_reread, poll_pause, poll_timeout};
use super::runtime::{Stopwatch, timeout};
use super::{RefreshConfig, Row, Runtime, Shared, Table};
use crate::db::Timestamp;
use crate::error::{Error, Result};

/// The row as the task saw it when its lease was refused: somebody else is expected to change it.
pub(super) struct Awaited<Record> {
    row: Arc<Row<Record>>,
    /// How old the other lease was then.
    age: Duration,
}

impl<Record: Send + Sync + 'static> Awaited<Record> {
    pub(super) fn new(row: Arc<Row<Record>>) -> Self {
        let age = row.refreshing_at.map(|lease| between(lease, row.now));
        Self { row, age: age.unwrap_or_default() }
    }

    /// Whether the lease was free, still is, and the row has not changed.
    pub(super) fn is_free_as_before(&self, now: &Row<Record>) -> bool {
        let seen = |row: &Row<Record>| (row.expires_at, row.refreshing_at, row.updated_at);
        now.refreshing_at.is_none()
            && self.row.version == now.version
            && seen(&self.row) == seen(now)
    }

    /// From the other lease to the write of the row that has replaced this one; `None`: nobody held it.
    pub(super) fn held_for(&self, now: &Row<Record>) -> Option<Duration> {
        let lease = self.row.refreshing_at;
        lease.map(|lease| between(lease, now.updated_at)).filter(|held| !held.is_zero())
    }

    /// Whether the row holds another access token now. A row that was only sealed again does not:
    /// whoever holds the lease may still be about to refresh it.
    pub(super) async fn is_replaced_by<T: Table<Record = Record>>(
        &self,
        now: &Row<Record>,
        table: &T,
        key: &T::Key,
    ) -> Result<bool> {
        if self.row.version == now.version || self.row.expires_at != now.expires_at {
            return Ok(self.row.version != now.version);
        }
        let before = table.open(key, &self.row).await?.access_token;
        Ok(!before.is_same(&table.open(key, now).await?.access_token))
    }
}

fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(end.ms_since(start)).unwrap_or_default())
}

/// How long a task has polled, and the pauses between its polls.
pub(super) struct Backoff {
    clock: Stopwatch,
    /// When the task gives up.
    limit: Duration,
    pauses: u32,
}

impl Backoff {
    pub(super) fn new(runtime: &impl Runtime, config: &RefreshConfig) -> Self {
        let limit = poll_timeout(&config.limits, config.mixed_fleet);
        Self { clock: Stopwatch::start(runtime), limit, pauses: 0 }
    }

    /// Waits until the row is to be reread. If somebody holds the lease, the first pause lasts until
    /// they have probably finished; later ones grow. False: it is time to give up.
    pub(super) async fn pause<T: Table, R: Runtime>(
        &mut self,
        shared: &Shared<T, R>,
        awaited: Option<&Awaited<T::Record>>,
    ) -> bool {
        let Shared { runtime, config, durations, registry, .. } = shared;
        let (random, limits) = (runtime.random(), &config.limits);
        let held = awaited.filter(|awaited| awaited.row.refreshing_at.is_some());
        let first =
            held.and_then(|held| first_reread(durations.shortest(), held.age, random, limits));
        let pause = first.unwrap_or_else(|| {
            self.pauses += 1;
            poll_pause(self.pauses - 1, random, limits)
        });
        timeout(runtime, pause, registry.closing()).await.is_none()
            && self.clock.elapsed(runtime) < self.limit
    }

    /// Why a task that gives up has no outcome: `failure` is that of its last poll.
    pub(super) fn give_up<T: Table, R: Runtime>(
        &self,
        shared: &Shared<T, R>,
        failure: Option<Error>,
    ) -> Error {
        if shared.registry.is_closed() {
            return Error::Closed;
        }
        let waited_ms = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
        failure.unwrap_or(Error::RefreshTimeout { waited_ms })
    }
}
