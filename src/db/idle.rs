//! Checks connections that have been idle. A pooler, a firewall or a serverless database may have dropped them
//! without notice, for example while this machine was suspended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deadpool::managed::{Hook, HookError, Metrics};
use tokio::time::timeout;

use super::connect::{ConnectError, Servers};
use super::session::Session;
use super::standby::StandbyCheck;
use crate::config::{IDLE_ANSWER_MS, IDLE_MAX_MS};

/// When the server last responded or failed to, by the wall clock: the monotonic clock may stop while a machine
/// is suspended.
#[derive(Debug, Default)]
struct ServerState {
    answered_at_ms: AtomicU64,
    silent_at_ms: AtomicU64,
}

/// Checks an idle connection before it is used: it must respond and not lead to a standby.
#[derive(Debug, Clone)]
pub(super) struct IdleCheck {
    server: Arc<ServerState>,
    standby_check: StandbyCheck,
}

impl IdleCheck {
    pub(super) fn new(standby_check: StandbyCheck) -> Self {
        Self { server: Arc::default(), standby_check }
    }

    /// Records that the server has just responded.
    pub(super) fn answered(&self) {
        self.server.answered_at_ms.store(wall_ms(), Ordering::Relaxed);
    }

    /// The hook that the pool runs before it reuses a connection.
    pub(super) fn hook(&self) -> Hook<Servers> {
        let idle = self.clone();
        Hook::async_fn(move |connection, metrics| {
            let idle = idle.clone();
            Box::pin(
                async move { idle.server.check(connection, metrics, &idle.standby_check).await },
            )
        })
    }
}

impl ServerState {
    async fn check(
        &self,
        connection: &Session,
        metrics: &Metrics,
        standby_check: &StandbyCheck,
    ) -> Result<(), HookError<ConnectError>> {
        let now_ms = wall_ms();
        let since = |at: &AtomicU64| now_ms.abs_diff(at.load(Ordering::Relaxed));
        let longest = Duration::from_millis(IDLE_MAX_MS);
        if metrics.last_used() <= longest && since(&self.answered_at_ms) <= IDLE_MAX_MS {
            return Ok(());
        }
        // If one connection does not respond, the others are not tried: a caller waits for one timeout only.
        if since(&self.silent_at_ms) > IDLE_ANSWER_MS {
            let limit = Duration::from_millis(IDLE_ANSWER_MS);
            match timeout(limit, standby_check.is_standby(connection)).await {
                Ok(Ok(false)) => return Ok(()),
                Ok(Ok(true)) => {
                    return Err(HookError::message("the connection leads to a standby"));
                }
                _ => {}
            }
            self.silent_at_ms.store(wall_ms(), Ordering::Relaxed);
        }
        Err(HookError::message("the idle connection does not respond"))
    }
}

fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
