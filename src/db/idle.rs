//! Connections that have been idle: whoever stands in between (a pooler, a firewall, a provider that
//! stops what is not used) may have dropped them, and a machine that was frozen has not noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deadpool::managed::{Hook, HookError, Metrics};
use deadpool_postgres::ClientWrapper;
use tokio::time::timeout;

use super::connect::{Servers, Unconnected};
use super::standby::Standbys;
use crate::config::{IDLE_ANSWER_MS, IDLE_MAX_MS};

/// What is known of the server, by the wall clock: the other one may stand still while a machine is
/// frozen.
#[derive(Debug, Default)]
struct Known {
    answered_at_ms: AtomicU64,
    silent_at_ms: AtomicU64,
}

/// Asks idle connections whether they are still there, and lead to no standby, before a statement is sent on
/// one.
#[derive(Debug, Clone)]
pub(super) struct Idle {
    known: Arc<Known>,
    standbys: Standbys,
}

impl Idle {
    pub(super) fn new(standbys: Standbys) -> Self {
        Self { known: Arc::default(), standbys }
    }

    /// The server has answered just now.
    pub(super) fn answered(&self) {
        self.known.answered_at_ms.store(wall_ms(), Ordering::Relaxed);
    }

    /// What the pool does before it hands out a connection that was used before.
    pub(super) fn hook(&self) -> Hook<Servers> {
        let idle = self.clone();
        Hook::async_fn(move |connection, metrics| {
            let idle = idle.clone();
            Box::pin(async move { idle.known.check(connection, metrics, &idle.standbys).await })
        })
    }
}

impl Known {
    async fn check(
        &self,
        connection: &ClientWrapper,
        metrics: &Metrics,
        standbys: &Standbys,
    ) -> Result<(), HookError<Unconnected>> {
        let now_ms = wall_ms();
        let since = |at: &AtomicU64| now_ms.abs_diff(at.load(Ordering::Relaxed));
        let longest = Duration::from_millis(IDLE_MAX_MS);
        if metrics.last_used() <= longest && since(&self.answered_at_ms) <= IDLE_MAX_MS {
            return Ok(());
        }
        // One silent connection tells of all of them: a caller waits for one answer, not for six.
        if since(&self.silent_at_ms) > IDLE_ANSWER_MS {
            let limit = Duration::from_millis(IDLE_ANSWER_MS);
            match timeout(limit, standbys.is_behind(connection)).await {
                Ok(Ok(false)) => return Ok(()),
                Ok(Ok(true)) => {
                    return Err(HookError::message("the connection leads to a standby"));
                }
                _ => {}
            }
            self.silent_at_ms.store(wall_ms(), Ordering::Relaxed);
        }
        Err(HookError::message("the connection is idle, and does not answer"))
    }
}

fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
