//! What a process remembers: of failures a short, growing pause per row and client, and a breaker
//! per application, so that neither a dead provider nor a wrong secret is asked in a loop; of
//! refreshes how long they take, so that who waits looks when one is likely to have ended.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::policy::failure_pause;
use super::runtime::Runtime;
use super::table::Stamp;
use crate::config::Limits;
use crate::error::Error;

/// Above this many rows, those whose pause is over are forgotten.
const FAILURES_MAX: usize = 4_096;

struct Failure {
    stamp: Stamp,
    error: Error,
    failures: u32,
    until: Duration,
}

/// The last failure of each row. A refresh changes the row's stamp, and so ends it.
pub(super) struct Failures<Key> {
    rows: Mutex<HashMap<Key, Failure>>,
}

impl<Key: Eq + Hash + Clone> Failures<Key> {
    pub(super) fn new() -> Self {
        Self { rows: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Failure>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure that is still too young to try again; none for a row that changed since.
    pub(super) fn recent(&self, key: &Key, stamp: &Stamp, runtime: &impl Runtime) -> Option<Error> {
        let rows = self.lock();
        let failure = rows.get(key)?;
        let young = failure.stamp == *stamp && runtime.monotonic() < failure.until;
        young.then(|| failure.error.clone())
    }

    /// Remembers a failure of the row at `stamp`.
    pub(super) fn remember(
        &self,
        key: &Key,
        stamp: &Stamp,
        error: &Error,
        retry_after: Option<Duration>,
        runtime: &impl Runtime,
        limits: &Limits,
    ) {
        let now = runtime.monotonic();
        let mut rows = self.lock();
        if rows.len() >= FAILURES_MAX {
            rows.retain(|_, failure| now < failure.until);
        }
        let before = rows.get(key).filter(|failure| failure.stamp == *stamp);
        let failures = before.map_or(0, |failure| failure.failures + 1);
        let until = now + failure_pause(failures, retry_after, runtime.random(), limits);
        let failure = Failure { stamp: stamp.clone(), error: error.clone(), failures, until };
        rows.insert(key.clone(), failure);
    }
}

/// So many refreshes tell how long one takes.
const DURATIONS_MAX: usize = 8;

/// How long the last refreshes have taken, from lease to commit, whoever made them.
#[derive(Default)]
pub(super) struct Durations {
    last: Mutex<VecDeque<Duration>>,
}

impl Durations {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Duration>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remember(&self, duration: Duration) {
        let mut last = self.lock();
        last.truncate(DURATIONS_MAX - 1);
        last.push_front(duration);
    }

    /// The shortest: the others may have had to wait or to try again.
    pub(super) fn shortest(&self) -> Option<Duration> {
        self.lock().iter().min().copied()
    }
}

/// Applications whose credentials a provider refused, by endpoint and client id.
pub(super) struct Breakers {
    open: Mutex<HashMap<String, (Error, Duration)>>,
}

impl Breakers {
    pub(super) fn new() -> Self {
        Self { open: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Error, Duration)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The refusal, while it is young.
    pub(super) fn refusal(&self, client: Option<&str>, runtime: &impl Runtime) -> Option<Error> {
        let open = self.lock();
        let (error, until) = open.get(client?)?;
        (runtime.monotonic() < *until).then(|| error.clone())
    }

    pub(super) fn open(
        &self,
        client: Option<&str>,
        error: &Error,
        runtime: &impl Runtime,
        limits: &Limits,
    ) {
        let until = runtime.monotonic() + Duration::from_millis(limits.breaker_ms);
        if let Some(client) = client {
            self.lock().insert(client.to_owned(), (error.clone(), until));
        }
    }
}
