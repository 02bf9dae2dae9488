//! Counts the rows that were marked revoked on a client's word in this process, for a database without
//! the table that counts for all processes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config::Limits;
use crate::refresh::{Runtime, Tokio};

/// With more clients than this all counts are forgotten.
const CLIENTS_MAX: usize = 1_024;

#[derive(Default)]
pub(super) struct LocalMarkLimit {
    clock: Tokio,
    /// By client: how many, and when the last one was counted.
    admitted: Mutex<HashMap<String, (u32, Duration)>>,
}

impl LocalMarkLimit {
    /// Counts one more row; false if as many as the limit were marked since the client last refreshed one.
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
