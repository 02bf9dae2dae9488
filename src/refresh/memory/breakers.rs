//! One breaker per login (step 9b): after the provider has rejected the client's credentials, no row
//! is sent with them for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::refresh::Runtime;

/// With more logins than this, closed breakers are forgotten; if that is not enough, all are.
const BREAKERS_MAX: usize = 1_024;

/// The logins (token endpoint, client ID and secret) that a provider has rejected.
pub(in crate::refresh) struct Breakers<R> {
    runtime: R,
    pause: Duration,
    open: Mutex<HashMap<String, (Error, Duration)>>,
}

impl<R: Runtime> Breakers<R> {
    /// Breakers that close after `pause`.
    pub(in crate::refresh) fn new(runtime: R, pause: Duration) -> Self {
        Self { runtime, pause, open: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Error, Duration)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rejection, while the breaker is open.
    pub(in crate::refresh) fn rejection(&self, login: Option<&str>) -> Option<Error> {
        let open = self.lock();
        let (error, until) = open.get(login?)?;
        (self.runtime.monotonic() < *until).then(|| error.clone())
    }

    /// Opens the breaker of this login; `None`: a `refreshFn`, which has no breaker.
    pub(in crate::refresh) fn open(&self, login: Option<&str>, error: &Error) {
        let Some(login) = login else { return };
        let now = self.runtime.monotonic();
        let mut open = self.lock();
        if open.len() >= BREAKERS_MAX {
            open.retain(|_, (_, until)| now < *until);
        }
        if open.len() >= BREAKERS_MAX {
            open.clear();
        }
        open.insert(login.to_owned(), (error.clone(), now + self.pause));
    }

    /// The provider has accepted this login.
    pub(in crate::refresh) fn close(&self, login: Option<&str>) {
        if let Some(login) = login {
            self.lock().remove(login);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    /// A clock that the test sets.
    #[derive(Clone, Default)]
    struct Clock(Arc<AtomicU64>);

    impl Runtime for Clock {
        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
        fn wall(&self) -> Duration {
            self.monotonic()
        }
        fn random(&self) -> f64 {
            0.5
        }
        async fn sleep(&self, _: Duration) {}
        fn spawn(&self, _: impl Future<Output = ()> + Send + 'static) {}
    }

    fn rejected() -> Error {
        Error::ClientRejected { error: "invalid_client".into() }
    }

    #[test]
    fn many_logins_need_bounded_memory_and_the_last_breaker_is_kept() {
        let breakers = Breakers::new(Clock::default(), PAUSE);
        for number in 0..3 * BREAKERS_MAX {
            let login = format!("login {number}");
            breakers.open(Some(&login), &rejected());
            assert!(breakers.rejection(Some(&login)).is_some());
        }
        assert!(breakers.lock().len() <= BREAKERS_MAX);
    }

    #[test]
    fn a_closed_breaker_is_forgotten_before_an_open_one() {
        let clock = Clock::default();
        let breakers = Breakers::new(clock.clone(), PAUSE);
        breakers.open(Some("old"), &rejected());
        clock.0.store(PAUSE.as_secs(), Ordering::Relaxed);
        for number in 1..BREAKERS_MAX {
            breakers.open(Some(&format!("login {number}")), &rejected());
        }
        breakers.open(Some("new"), &rejected());
        assert_eq!(breakers.lock().len(), BREAKERS_MAX);
        assert!(breakers.rejection(Some("login 1")).is_some());
    }

    #[test]
    fn only_a_success_of_the_same_login_closes_a_breaker() {
        let breakers = Breakers::new(Clock::default(), PAUSE);
        for login in ["mine", "other"] {
            breakers.open(Some(login), &rejected());
        }
        breakers.close(Some("mine"));
        breakers.close(None);
        assert!(breakers.rejection(Some("mine")).is_none());
        assert!(breakers.rejection(Some("other")).is_some());
    }
}
