//! How many requests per second are sent to one provider.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::refresh::{Runtime, Stopwatch, Tokio};

/// How long before its turn a row is leased at most: a lease must not run out while it waits.
const LEASED_AHEAD_MAX: Duration = Duration::from_secs(1);

/// The times of requests to each provider. Without a limit every turn is now.
pub(super) struct RateLimit {
    /// Between two requests to one provider.
    gap: Option<Duration>,
    runtime: Tokio,
    clock: Stopwatch,
    /// The next turn of each provider.
    next: Mutex<HashMap<String, Duration>>,
}

impl RateLimit {
    pub(super) fn new(per_second: Option<f64>) -> Self {
        let runtime = Tokio::default();
        let clock = Stopwatch::start(&runtime);
        let gap = per_second.map(|rate| Duration::from_secs_f64(1.0 / rate));
        Self { gap, runtime, clock, next: Mutex::default() }
    }

    /// `concurrency`, but no more requests than can be sent within about a second.
    pub(super) fn concurrency(&self, concurrency: usize) -> usize {
        let Some(gap) = self.gap else { return concurrency };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // is at least 1
        let in_a_second = (1.0 / gap.as_secs_f64()).ceil().max(1.0) as usize;
        concurrency.min(in_a_second)
    }

    /// Whether this provider's next turn is within a second.
    pub(super) fn is_soon(&self, provider: &str) -> bool {
        let soon = self.elapsed() + LEASED_AHEAD_MAX;
        self.lock().get(provider).is_none_or(|turn| *turn <= soon)
    }

    /// Waits until the next turn of one of these providers is within a second; without providers, forever.
    pub(super) async fn wait_for_any(&self, providers: impl Iterator<Item = &str>) {
        let turns = {
            let next = self.lock();
            providers.map(|provider| next.get(provider).copied().unwrap_or_default()).min()
        };
        match turns {
            Some(turn) => self.until(turn.saturating_sub(LEASED_AHEAD_MAX)).await,
            None => std::future::pending().await,
        }
    }

    /// Takes this provider's next turn. Turns are jittered, so that workers do not send at the same time.
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

    /// How long the run has taken so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed(&self.runtime)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
