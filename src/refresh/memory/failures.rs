//! The last failure of each row and login, and how long the row is not tried again (step 9).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config::Limits;
use crate::error::Error;
use crate::refresh::policy::{failure_pause, refusal_pause};
use crate::refresh::state::is_of_unproven_client;
use crate::refresh::{Failure, RowVersion, Runtime};

/// Failures whose pause is over are searched for from this many rows on, and again whenever the
/// number of rows has doubled.
const FAILURES_ROOM: usize = 4_096;
/// With more rows than this all are forgotten. The table still knows what the provider refused.
const FAILURES_MAX: usize = 65_536;

struct Remembered {
    version: RowVersion,
    error: Error,
    failures: u32,
    /// By the monotonic clock.
    until: Duration,
    /// What the table has not been told yet.
    unwritten: Option<Failure>,
}

/// The last failure of each row. A refresh changes the row version, and the failure no longer counts.
pub(in crate::refresh) struct Failures<Key, R> {
    runtime: R,
    limits: Limits,
    rows: Mutex<HashMap<Key, Remembered>>,
    /// Whether some row may hold a failure of an unproven client.
    has_unproven: AtomicBool,
    /// The number of rows at which the next search for ended pauses begins.
    room: AtomicUsize,
}

impl<Key: Eq + Hash + Clone, R: Runtime> Failures<Key, R> {
    /// Nothing has failed yet.
    pub(in crate::refresh) fn new(runtime: R, limits: Limits) -> Self {
        Self {
            runtime,
            limits,
            rows: Mutex::new(HashMap::new()),
            has_unproven: AtomicBool::new(false),
            room: AtomicUsize::new(FAILURES_ROOM),
        }
    }

    /// A client has refreshed a row: rows that failed because no client was proven may be tried again.
    pub(in crate::refresh) fn forget_unproven(&self) {
        if self.has_unproven.swap(false, Ordering::Relaxed) {
            self.lock().retain(|_, failure| !is_of_unproven_client(&failure.error));
        }
    }

    /// Forgets all failures: every row may be tried again.
    pub(in crate::refresh) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Remembered>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure of the row at `version` whose pause is not over.
    pub(in crate::refresh) fn recent(&self, key: &Key, version: &RowVersion) -> Option<Error> {
        let rows = self.lock();
        let failure = rows.get(key)?;
        let is_recent = failure.version == *version && self.runtime.monotonic() < failure.until;
        is_recent.then(|| failure.error.clone())
    }

    /// Remembers a failure of the row at `version`; [`take_unwritten`](Self::take_unwritten) returns it
    /// once.
    pub(in crate::refresh) fn remember(
        &self,
        key: &Key,
        version: &RowVersion,
        failure: Failure,
        retry_after: Option<Duration>,
    ) {
        let mut rows = self.make_room();
        let Failure { error, lasting, pause_max, .. } = &failure;
        let is_same = |before: &&Remembered| {
            before.version == *version && (!lasting || before.error.code() == error.code())
        };
        let failures = rows.get(key).filter(is_same).map_or(0, |failure| failure.failures + 1);
        let random = self.runtime.random();
        let pause = match lasting {
            true => refusal_pause(failures, random, &self.limits),
            false => failure_pause(failures, retry_after, random, &self.limits),
        };
        if is_of_unproven_client(error) {
            self.has_unproven.store(true, Ordering::Relaxed);
        }
        let until = self.runtime.monotonic() + pause_max.map_or(pause, |most| pause.min(most));
        let (version, error, unwritten) = (version.clone(), error.clone(), Some(failure));
        rows.insert(key.clone(), Remembered { version, error, failures, until, unwritten });
    }

    /// The last failure of the row at `version`, unless it was taken before.
    pub(in crate::refresh) fn take_unwritten(
        &self,
        key: &Key,
        version: &RowVersion,
    ) -> Option<Failure> {
        let mut rows = self.lock();
        rows.get_mut(key).filter(|failure| failure.version == *version)?.unwritten.take()
    }

    /// Extends the pause of the row at `version` to at least `pause` from now. Does nothing if the
    /// failure is forgotten already.
    pub(in crate::refresh) fn extend(&self, key: &Key, version: &RowVersion, pause: Duration) {
        let until = self.runtime.monotonic() + pause;
        if let Some(failure) =
            self.lock().get_mut(key).filter(|failure| failure.version == *version)
        {
            failure.until = failure.until.max(until);
        }
    }

    /// Remembers for at least `pause` a failure of the row at `version` that any process may have met.
    pub(in crate::refresh) fn remember_for(
        &self,
        key: &Key,
        version: &RowVersion,
        error: &Error,
        pause: Duration,
    ) {
        if is_of_unproven_client(error) {
            self.has_unproven.store(true, Ordering::Relaxed);
        }
        let until = self.runtime.monotonic() + pause;
        let mut rows = self.make_room();
        match rows.get_mut(key).filter(|failure| failure.version == *version) {
            Some(failure) => failure.until = failure.until.max(until),
            None => {
                let (version, error) = (version.clone(), error.clone());
                let failures = 0;
                let remembered = Remembered { version, error, failures, until, unwritten: None };
                rows.insert(key.clone(), remembered);
            }
        }
    }

    fn make_room(&self) -> MutexGuard<'_, HashMap<Key, Remembered>> {
        let now = self.runtime.monotonic();
        let mut rows = self.lock();
        if rows.len() >= self.room.load(Ordering::Relaxed) {
            rows.retain(|_, failure| now < failure.until);
            if rows.len() >= FAILURES_MAX {
                rows.clear();
            }
            self.room.store((rows.len() * 2).clamp(FAILURES_ROOM, FAILURES_MAX), Ordering::Relaxed);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh::Tokio;

    #[test]
    fn many_refused_rows_need_bounded_memory_and_the_last_one_is_known() {
        let failures = Failures::new(Tokio::default(), Limits::DEFAULT);
        let version = RowVersion { refresh: Some("rt".into()), access: Some("at".into()) };
        for number in 0..3 * FAILURES_MAX {
            let error = Error::ClientRejected { error: "invalid_client".into() };
            let failure = Failure { error, client: None, lasting: true, pause_max: None };
            failures.remember(&number, &version, failure, None);
            assert!(failures.recent(&number, &version).is_some());
        }
        assert!(failures.lock().len() <= FAILURES_MAX);
    }
}
