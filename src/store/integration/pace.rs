//! How fast one provider is asked.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::refresh::{Runtime, Stopwatch, Tokio};

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

    /// Waits for this provider's turn; turns are not quite regular, so that workers do not march in step.
    pub(super) async fn wait(&self, provider: &str) {
        let Some(gap) = self.gap else { return };
        let now = self.clock.elapsed(&self.runtime);
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.get(provider).copied().unwrap_or_default().max(now);
            let jitter = 1.0 + self.runtime.random() / 5.0;
            next.insert(provider.to_owned(), turn + gap.mul_f64(jitter));
            turn
        };
        self.runtime.sleep(turn.saturating_sub(now)).await;
    }
}
