//! How many rows were marked revoked on a client's word, where the tables that all processes share are missing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config::Limits;
use crate::refresh::{Runtime, Tokio};

/// Above this many clients all are forgotten.
const CLIENTS_MAX: usize = 1_024;

#[derive(Default)]
pub(super) struct Marks {
    clock: Tokio,
    /// By client: how many, and when the last one was admitted.
    admitted: Mutex<HashMap<String, (u32, Duration)>>,
}

impl Marks {
    /// Counts one more row; false when so many were marked since the client last refreshed one.
    pub(super) fn admit(&self, client: &str, limits: &Limits) -> bool {
        let now = self.clock.monotonic();
        let mut admitted = self.lock();
        if admitted.len() >= CLIENTS_MAX {
            admitted.clear();
        }
        let (count, last) = admitted.entry(client.to_owned()).or_insert((0, now));
        if now.saturating_sub(*last) > Duration::from_millis(limits.marks_within_ms) {
            *count = 0;
        }
        if *count >= limits.marks_max {
            return false;
        }
        (*count, *last) = (*count + 1, now);
        true
    }

    /// The client has stored or refreshed a row.
    pub(super) fn reset(&self, client: &str) {
        self.lock().remove(client);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (u32, Duration)>> {
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
