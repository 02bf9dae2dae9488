//! How long refreshes take, so that a task that waits for another process rereads the row when that
//! process has probably finished.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many refreshes are remembered.
const DURATIONS_MAX: usize = 8;

/// How long the last refreshes took, from lease to commit, in any process.
#[derive(Default)]
pub(in crate::refresh) struct Durations {
    last: Mutex<VecDeque<Duration>>,
}

impl Durations {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Duration>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one refresh.
    pub(in crate::refresh) fn remember(&self, duration: Duration) {
        let mut last = self.lock();
        last.truncate(DURATIONS_MAX - 1);
        last.push_front(duration);
    }

    /// The shortest one: the others may include a wait or a retry.
    pub(in crate::refresh) fn shortest(&self) -> Option<Duration> {
        self.lock().iter().min().copied()
    }
}
