//! What the engine needs of the machine: two clocks, random numbers, sleep and tasks. It is a value, so
//! that a simulation can replace it.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::caller;

/// The machine, or a simulation of one.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// Time that never goes back. It may stand still while the machine is suspended.
    fn monotonic(&self) -> Duration;

    /// Time since 1970 by the machine's clock.
    fn wall(&self) -> Duration;

    /// A number from 0 up to 1, for jitter.
    fn random(&self) -> f64;

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// Runs a task that nobody waits for, on behalf of the current call.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);
}

/// Measures by both clocks (3a): a suspended machine stops the monotonic one, and somebody may set the
/// other.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    monotonic: Duration,
    wall: Duration,
}

impl Stopwatch {
    /// Starts now.
    pub fn start(runtime: &impl Runtime) -> Self {
        Self { monotonic: runtime.monotonic(), wall: runtime.wall() }
    }

    /// The time that has passed, by the clock that shows more.
    pub fn elapsed(&self, runtime: &impl Runtime) -> Duration {
        let wall = runtime.wall().saturating_sub(self.wall);
        self.elapsed_monotonic(runtime).max(wall)
    }

    /// The time that has passed while the machine was running: never too much.
    pub fn elapsed_monotonic(&self, runtime: &impl Runtime) -> Duration {
        runtime.monotonic().saturating_sub(self.monotonic)
    }
}

/// The output of `work`, or `None` if it takes longer than `limit`. An output that is ready wins over a
/// timer that is due: a process that resumes from a stop sees both.
pub(super) async fn timeout<T>(
    runtime: &impl Runtime,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    match select(pin!(work), pin!(runtime.sleep(limit))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

/// tokio and the operating system.
#[derive(Debug, Clone, Copy)]
pub struct Tokio {
    origin: tokio::time::Instant,
}

impl Default for Tokio {
    fn default() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }
}

impl Runtime for Tokio {
    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    fn wall(&self) -> Duration {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }

    fn random(&self) -> f64 {
        // Without random bytes there is no jitter. Nothing depends on it.
        let bits = getrandom::u32().unwrap_or(u32::MAX / 2);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        caller::spawn(task);
    }
}
