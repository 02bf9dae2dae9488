//! Which clients are known to work (step 9c).

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// With more clients than this all are forgotten. The table still knows them.
const CLIENTS_MAX: usize = 1_024;

/// The clients that have refreshed a row in this process.
#[derive(Default)]
pub(in crate::refresh) struct Clients {
    refreshed: Mutex<HashSet<String>>,
}

impl Clients {
    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.refreshed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This client has refreshed a row; `None`: a `refreshFn`, whose client is not known.
    pub(in crate::refresh) fn remember(&self, client: Option<&str>) {
        let Some(client) = client else { return };
        let mut refreshed = self.lock();
        if refreshed.len() >= CLIENTS_MAX {
            refreshed.clear();
        }
        if !refreshed.contains(client) {
            refreshed.insert(client.to_owned());
        }
    }

    /// Whether this client has refreshed a row.
    pub(in crate::refresh) fn has_refreshed(&self, client: &str) -> bool {
        self.lock().contains(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_clients_need_bounded_memory_and_the_last_one_is_known() {
        let clients = Clients::default();
        for number in 0..3 * CLIENTS_MAX {
            let client = format!("client {number}");
            clients.remember(Some(&client));
            assert!(clients.has_refreshed(&client));
        }
        assert!(clients.lock().len() <= CLIENTS_MAX);
    }
}
