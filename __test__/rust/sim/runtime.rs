//! The simulated machine that the engine runs on.

use std::sync::Arc;
use std::time::Duration;

use tokenkeep::refresh::Runtime;

use super::process::Process;
use super::world::{Sleep, World};

#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) world: Arc<World>,
    pub(crate) process: Arc<Process>,
}

impl Runtime for Machine {
    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.process.monotonic_us(self.world.now_us()))
    }

    fn wall(&self) -> Duration {
        self.process.wall(self.world.now_us())
    }

    fn random(&self) -> f64 {
        self.world.random(super::random::Random::unit)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 4);
        let now_us = self.process.monotonic_us(self.world.now_us());
        Sleep {
            world: Arc::clone(&self.world),
            process: Arc::clone(&self.process),
            until_us: now_us.saturating_add(duration_us.max(1)),
            waits_for_us: None,
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.world.spawn(&self.process, task);
    }
}
