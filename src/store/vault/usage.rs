//! `last_used_at`: a row's first use is written at once, later ones at most once a minute. In the
//! background, so that no caller waits: uses that arrive during a write are written together.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::db::{Database, Params, RlsContext, Timeouts, Type};
use crate::refresh::{Runtime, Tokio};

/// How often the use of a row is written at most.
const PAUSE: Duration = Duration::from_secs(60);
/// The most rows that are remembered. With more, those that may be written again are forgotten. If these are
/// few, all are: otherwise each use would search the whole map.
const ROWS_MAX: usize = 65_536;

pub(super) struct Usage {
    database: Arc<Database>,
    sql: String,
    timeouts: Timeouts,
    clock: Tokio,
    rows: Mutex<Rows>,
    writing: watch::Sender<bool>,
}

#[derive(Default)]
struct Rows {
    written: HashMap<String, Duration>,
    waiting: HashMap<RlsContext, HashSet<String>>,
}

impl Usage {
    pub(super) fn new(
        database: Arc<Database>,
        sql: String,
        timeouts: Timeouts,
        clock: Tokio,
    ) -> Arc<Self> {
        let (rows, writing) = (Mutex::default(), watch::Sender::new(false));
        Arc::new(Self { database, sql, timeouts, clock, rows, writing })
    }

    /// The row was used.
    pub(super) fn note(self: &Arc<Self>, rls: &RlsContext, id: &str) {
        let now = self.clock.monotonic();
        {
            let mut rows = self.lock();
            let is_old = |at: &Duration| now.saturating_sub(*at) >= PAUSE;
            if rows.written.get(id).is_some_and(|at| !is_old(at)) {
                return;
            }
            if rows.written.len() >= ROWS_MAX {
                rows.written.retain(|_, at| !is_old(at));
                if rows.written.len() > ROWS_MAX / 2 {
                    rows.written.clear();
                }
            }
            rows.written.insert(id.to_owned(), now);
            rows.waiting.entry(rls.clone()).or_default().insert(id.to_owned());
        }
        let begins = self.writing.send_if_modified(|writing| !std::mem::replace(writing, true));
        if begins {
            tokio::spawn(Arc::clone(self).write());
        }
    }

    /// Waits until all uses are written, or have failed to be.
    pub(super) async fn wait_idle(&self) {
        // The sender lives as long as `self`: the wait cannot end in another way.
        let _ = self.writing.subscribe().wait_for(|writing| !writing).await;
    }

    /// Writes until nothing waits.
    async fn write(self: Arc<Self>) {
        // Other calls of the same burst, which run after this task, add their rows first.
        tokio::task::yield_now().await;
        while let Some((rls, ids)) = self.take() {
            let params: Params<'_> = &[(&ids, Type::TEXT_ARRAY)];
            let step = "store when vault tokens were used";
            let written = self.database.write(&rls, step, &self.sql, params, self.timeouts).await;
            // A failed write is ignored (docs/internals/stores.md, vault: Use of a token).
            if written.is_err() {
                self.lock().waiting.clear();
            }
        }
    }

    /// All uses that wait in one row-security context.
    fn take(&self) -> Option<(RlsContext, Vec<String>)> {
        let mut rows = self.lock();
        let Some(rls) = rows.waiting.keys().next().cloned() else {
            // Under the lock: whoever adds a use after this finds that no task writes.
            self.writing.send_replace(false);
            return None;
        };
        let ids = rows.waiting.remove(&rls).unwrap_or_default();
        Some((rls, ids.into_iter().collect()))
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
