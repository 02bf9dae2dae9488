//! What a process remembers: of failures a growing pause per row and client, and a breaker per
//! application, so that neither a dead provider nor a wrong secret is asked in a loop; of refreshes how
//! long they take, so that a task that waits reads again when one is likely to have ended, and which clients made them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::policy::{failure_pause, refusal_pause};
use super::runtime::Runtime;
use super::state::{Failure, is_of_unproven_client};
use super::table::RowVersion;
use crate::config::Limits;
use crate::error::Error;

/// Above this many rows, and whenever they have doubled since, those whose pause is over are forgotten.
const FAILURES_ROOM: usize = 4_096;
/// Above this many all are: then the table alone knows what the provider has refused.
const FAILURES_MAX: usize = 65_536;

struct Remembered {
    version: RowVersion,
    error: Error,
    failures: u32,
    until: Duration,
    /// What the table has not been told yet.
    unwritten: Option<Failure>,
}

/// The last failure of each row. A refresh changes the row version, after which it no longer counts.
pub(super) struct Failures<Key> {
    rows: Mutex<HashMap<Key, Remembered>>,
    /// Whether some row has failed since its client was not believed.
    has_unproven: AtomicBool,
    /// So many rows are taken before it is searched again for those whose pause is over.
    room: AtomicUsize,
}

impl<Key: Eq + Hash + Clone> Failures<Key> {
    pub(super) fn new() -> Self {
        Self {
            rows: Mutex::new(HashMap::new()),
            has_unproven: AtomicBool::new(false),
            room: AtomicUsize::new(FAILURES_ROOM),
        }
    }

    /// A client has refreshed a row: those that wait for that may be tried again.
    pub(super) fn forget_unproven(&self) {
        if self.has_unproven.swap(false, Ordering::Relaxed) {
            self.lock().retain(|_, failure| !is_of_unproven_client(&failure.error));
        }
    }

    /// All of them: the table, or nobody, knows them now.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Remembered>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure that is still too young to try again; none for a row that changed since.
    pub(super) fn recent(
        &self,
        key: &Key,
        version: &RowVersion,
        runtime: &impl Runtime,
    ) -> Option<Error> {
        let rows = self.lock();
        let failure = rows.get(key)?;
        let young = failure.version == *version && runtime.monotonic() < failure.until;
        young.then(|| failure.error.clone())
    }

    /// Remembers a failure of the row at `version`, also for [`take_unwritten`](Self::take_unwritten).
    pub(super) fn remember(
        &self,
        key: &Key,
        version: &RowVersion,
        failure: Failure,
        retry_after: Option<Duration>,
        runtime: &impl Runtime,
        limits: &Limits,
    ) {
        let mut rows = self.make_room(runtime);
        let Failure { error, lasting, pause_max, .. } = &failure;
        let is_same = |before: &&Remembered| {
            before.version == *version && (!lasting || before.error.code() == error.code())
        };
        let failures = rows.get(key).filter(is_same).map_or(0, |failure| failure.failures + 1);
        let random = runtime.random();
        let pause = match lasting {
            true => refusal_pause(failures, random, limits),
            false => failure_pause(failures, retry_after, random, limits),
        };
        if is_of_unproven_client(error) {
            self.has_unproven.store(true, Ordering::Relaxed);
        }
        let until = runtime.monotonic() + pause_max.map_or(pause, |most| pause.min(most));
        let (version, error, unwritten) = (version.clone(), error.clone(), Some(failure));
        rows.insert(key.clone(), Remembered { version, error, failures, until, unwritten });
    }

    /// The last failure of the row at `version`, once.
    pub(super) fn take_unwritten(&self, key: &Key, version: &RowVersion) -> Option<Failure> {
        let mut rows = self.lock();
        rows.get_mut(key).filter(|failure| failure.version == *version)?.unwritten.take()
    }

    /// Remembers a failure of the row at `version` for at least so long, unless it is forgotten already.
    pub(super) fn extend(
        &self,
        key: &Key,
        version: &RowVersion,
        pause: Duration,
        runtime: &impl Runtime,
    ) {
        let until = runtime.monotonic() + pause;
        if let Some(failure) =
            self.lock().get_mut(key).filter(|failure| failure.version == *version)
        {
            failure.until = failure.until.max(until);
        }
    }

    /// Remembers a failure of the row at `version`, which somebody else may have met, for at least so long.
    pub(super) fn remember_for(
        &self,
        key: &Key,
        version: &RowVersion,
        error: &Error,
        pause: Duration,
        runtime: &impl Runtime,
    ) {
        if is_of_unproven_client(error) {
            self.has_unproven.store(true, Ordering::Relaxed);
        }
        let until = runtime.monotonic() + pause;
        let mut rows = self.make_room(runtime);
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

    fn make_room(&self, runtime: &impl Runtime) -> MutexGuard<'_, HashMap<Key, Remembered>> {
        let now = runtime.monotonic();
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

/// Above this many applications, those whose breaker has closed are forgotten; then all others.
const BREAKERS_MAX: usize = 1_024;

/// Applications whose credentials a provider refused, by endpoint, client id and secret.
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
    pub(super) fn refusal(&self, login: Option<&str>, runtime: &impl Runtime) -> Option<Error> {
        let open = self.lock();
        let (error, until) = open.get(login?)?;
        (runtime.monotonic() < *until).then(|| error.clone())
    }

    pub(super) fn open(
        &self,
        login: Option<&str>,
        error: &Error,
        runtime: &impl Runtime,
        limits: &Limits,
    ) {
        let Some(login) = login else { return };
        let now = runtime.monotonic();
        let mut open = self.lock();
        if open.len() >= BREAKERS_MAX {
            open.retain(|_, (_, until)| now < *until);
        }
        if open.len() >= BREAKERS_MAX {
            open.clear();
        }
        let until = now + Duration::from_millis(limits.breaker_ms);
        open.insert(login.to_owned(), (error.clone(), until));
    }

    /// The provider has taken these credentials.
    pub(super) fn close(&self, login: Option<&str>) {
        if let Some(login) = login {
            self.lock().remove(login);
        }
    }
}

/// Above this many clients all are forgotten: then the table alone knows them.
const CLIENTS_MAX: usize = 1_024;

/// The clients that have refreshed a row here.
#[derive(Default)]
pub(super) struct Clients {
    refreshed: Mutex<HashSet<String>>,
}

impl Clients {
    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.refreshed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remember(&self, client: Option<&str>) {
        let Some(client) = client else { return };
        let mut refreshed = self.lock();
        if refreshed.len() >= CLIENTS_MAX {
            refreshed.clear();
        }
        if !refreshed.contains(client) {
            refreshed.insert(client.to_owned());
        }
    }

    pub(super) fn has_refreshed(&self, client: &str) -> bool {
        self.lock().contains(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct At(Duration);

    impl Runtime for At {
        fn monotonic(&self) -> Duration {
            self.0
        }
        fn wall(&self) -> Duration {
            self.0
        }
        fn random(&self) -> f64 {
            0.5
        }
        async fn sleep(&self, _: Duration) {}
        fn spawn(&self, _: impl Future<Output = ()> + Send + 'static) {}
    }

    const NOW: At = At(Duration::from_secs(1));

    fn rejected() -> Error {
        Error::ClientRejected { error: "invalid_client".into() }
    }

    #[test]
    fn breakers_of_many_logins_take_no_more_room_and_keep_the_last() {
        let breakers = Breakers::new();
        for number in 0..3 * BREAKERS_MAX {
            let login = format!("login {number}");
            breakers.open(Some(&login), &rejected(), &NOW, &Limits::DEFAULT);
            assert!(breakers.refusal(Some(&login), &NOW).is_some());
        }
        assert!(breakers.lock().len() <= BREAKERS_MAX);
    }

    #[test]
    fn a_breaker_that_has_run_out_makes_room_before_one_that_has_not() {
        let (breakers, limits) = (Breakers::new(), &Limits::DEFAULT);
        breakers.open(Some("old"), &rejected(), &NOW, limits);
        let later = At(NOW.0 + Duration::from_millis(limits.breaker_ms));
        for number in 1..BREAKERS_MAX {
            breakers.open(Some(&format!("login {number}")), &rejected(), &later, limits);
        }
        breakers.open(Some("new"), &rejected(), &later, limits);
        assert_eq!(breakers.lock().len(), BREAKERS_MAX);
        assert!(breakers.refusal(Some("login 1"), &later).is_some());
    }

    #[test]
    fn a_breaker_is_closed_by_a_success_of_its_login_alone() {
        let breakers = Breakers::new();
        for login in ["mine", "other"] {
            breakers.open(Some(login), &rejected(), &NOW, &Limits::DEFAULT);
        }
        breakers.close(Some("mine"));
        breakers.close(None);
        assert!(breakers.refusal(Some("mine"), &NOW).is_none());
        assert!(breakers.refusal(Some("other"), &NOW).is_some());
    }

    #[test]
    fn clients_that_have_refreshed_take_no_more_room_and_the_last_is_known() {
        let clients = Clients::default();
        for number in 0..3 * CLIENTS_MAX {
            let client = format!("client {number}");
            clients.remember(Some(&client));
            assert!(clients.has_refreshed(&client));
        }
        assert!(clients.lock().len() <= CLIENTS_MAX);
    }

    #[test]
    fn many_rows_that_were_refused_take_no_more_room_and_the_last_is_known() {
        let (failures, limits) = (Failures::new(), &Limits::DEFAULT);
        let version = RowVersion { refresh: Some("rt".into()), access: Some("at".into()) };
        for number in 0..3 * FAILURES_MAX {
            let failure =
                Failure { error: rejected(), client: None, lasting: true, pause_max: None };
            failures.remember(&number, &version, failure, None, &NOW, limits);
            assert!(failures.recent(&number, &version, &NOW).is_some());
        }
        assert!(failures.lock().len() <= FAILURES_MAX);
    }
}
