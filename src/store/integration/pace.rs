//! How fast one provider is asked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::refresh::{Runtime, Stopwatch, Tokio};

/// A row is leased so long before its turn at most.
const LEASED_AHEAD_MAX: Duration = Duration::from_secs(1);

/// How far apart the requests to one provider are.
pub(super) struct Pace {
    gap: Option<Duration>,
    runtime: Tokio,
    clock: Stopwatch,
    next: Mutex<HashMap<String, Duration>>,
}

impl Pace {
    pub(super) fn new(per_second: Option<f64>) -> Self {
        let runtime = Tokio::default();
        let clock = Stopwatch::start(&runtime);
        let gap = per_second.map(|rate| Duration::from_secs_f64(1.0 / rate));
        Self { gap, runtime, clock, next: Mutex::default() }
    }

    /// No more rows than can be sent within about a second: a lease does not wait for its turn.
    pub(super) fn slots(&self, concurrency: usize) -> usize {
        let Some(gap) = self.gap else { return concurrency };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // is at least 1
        let in_a_second = (1.0 / gap.as_secs_f64()).ceil().max(1.0) as usize;
        concurrency.min(in_a_second)
    }

    /// Whether this provider's turn comes within a second.
    pub(super) fn is_soon(&self, provider: &str) -> bool {
        let soon = self.elapsed() + LEASED_AHEAD_MAX;
        self.lock().get(provider).is_none_or(|turn| *turn <= soon)
    }

    /// Waits until the turn of one of these providers comes within a second; for ever without any.
    pub(super) async fn soonest(&self, providers: impl Iterator<Item = &str>) {
        let turns = {
            let next = self.lock();
            providers.map(|provider| next.get(provider).copied().unwrap_or_default()).min()
        };
        match turns {
            Some(turn) => self.until(turn.saturating_sub(LEASED_AHEAD_MAX)).await,
            None => std::future::pending().await,
        }
    }

    /// This provider's next turn. Turns are not quite regular, so that workers do not march in step.
    pub(super) fn turn(&self, provider: &str) -> Duration {
        let now = self.elapsed();
        let Some(gap) = self.gap else { return now };
        let mut next = self.lock();
        let turn = next.get(provider).copied().unwrap_or_default().max(now);
        let jitter = 1.0 + self.runtime.random() / 5.0;
        next.insert(provider.to_owned(), turn + gap.mul_f64(jitter));
        turn
    }

    /// Waits for a turn.
    pub(super) async fn until(&self, turn: Duration) {
        let wait = turn.saturating_sub(self.elapsed());
        if !wait.is_zero() {
            self.runtime.sleep(wait).await;
        }
    }

    /// How long the run has taken.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed(&self.runtime)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
