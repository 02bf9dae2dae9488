//! A pooled connection: whether it is direct, and its session's timeouts.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::ClientWrapper;
use futures_util::FutureExt;
use tokio_postgres::Error;
use tokio_postgres::types::Type;

use super::direct::{DirectMode, process_at_login};
use super::error::spoils_connection;
use super::pool::{Params, Timeouts};
use super::primary::query;

/// Sets the session's timeouts, if the connection is direct. The process ID, `$1`, is the one of the login. A
/// pooler may pass it on, so the process must be no older than the connection, `$2` ms, and no other client may
/// have done the same in this session. READ COMMITTED is what all statements need.
const SET: &str = "
    SELECT set_config('statement_timeout', $3, false), set_config('lock_timeout', $4, false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('tokenkeep.session', $5, false)
    FROM pg_stat_get_activity(pg_backend_pid()) AS process
    WHERE process.pid = $1
        AND clock_timestamp() - process.backend_start <= $2 * interval '1 millisecond'
        AND coalesce(current_setting('tokenkeep.session', true), '') = ''";

/// How much older the process may seem than the connection: their clocks may run at different speeds.
const INEXACT: Duration = Duration::from_millis(100);

/// The value of `tokenkeep.session` in a session of tokenkeep.
const TAKEN: &str = "direct";

/// A connection of the pool.
pub(super) struct Session {
    client: ClientWrapper,
    /// When connecting began.
    begun: Instant,
    /// The server process of the login.
    process: Option<i32>,
    is_direct: bool,
    /// Whether nothing is left of an RLS context.
    is_clean: AtomicBool,
    /// The session's timeouts, if the connection is direct.
    statement_ms: AtomicU64,
    lock_ms: AtomicU64,
}

impl Deref for Session {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        &self.client
    }
}

impl Session {
    /// A connection that began to connect at `begun`.
    pub(super) fn new(client: ClientWrapper, begun: Instant) -> Self {
        let [statement_ms, lock_ms] = [(); 2].map(|()| AtomicU64::new(0));
        Self {
            client,
            begun,
            process: None,
            is_direct: false,
            is_clean: AtomicBool::new(true),
            statement_ms,
            lock_ms,
        }
    }

    /// Whether this was found out.
    pub(super) fn is_examined(&self) -> bool {
        self.process.is_some()
    }

    /// Whether statements may be prepared, and timeouts be those of the session.
    pub(super) fn is_direct(&self, mode: &DirectMode) -> bool {
        mode.is_possible() && self.is_direct
    }

    /// Gives a direct session these timeouts. The message is sent before the next statement, and its answer is
    /// not awaited.
    pub(super) fn use_timeouts(&self, timeouts: Timeouts) {
        let Timeouts { statement_ms, lock_ms, .. } = timeouts;
        let statement_before = self.statement_ms.swap(statement_ms, Ordering::Relaxed);
        let lock_before = self.lock_ms.swap(lock_ms, Ordering::Relaxed);
        if (statement_before, lock_before) != (statement_ms, lock_ms) {
            let set =
                format!("SET statement_timeout = {statement_ms}; SET lock_timeout = {lock_ms}");
            // It is sent when it is first polled. If it fails, so does the connection.
            let _ = self.client.batch_execute(&set).now_or_never();
        }
    }

    /// The same for a read, which seldom waits for a lock: the lock timeout may remain a shorter one.
    pub(super) fn use_statement_timeout(&self, timeouts: Timeouts) {
        if self.statement_ms.load(Ordering::Relaxed) != timeouts.statement_ms {
            self.use_timeouts(timeouts);
        }
    }

    /// Whether the session's lock timeout is shorter than this.
    pub(super) fn waits_less(&self, timeouts: Timeouts) -> bool {
        self.is_direct && self.lock_ms.load(Ordering::Relaxed) < timeouts.lock_ms
    }

    /// Whether other callers may use the session.
    pub(super) fn is_clean(&self) -> bool {
        self.is_clean.load(Ordering::Relaxed)
    }

    /// Records whether something is left of an RLS context.
    pub(super) fn set_clean(&self, is_clean: bool) {
        self.is_clean.store(is_clean, Ordering::Relaxed);
    }

    /// Gives the session these timeouts if the connection is direct; otherwise gives up direct mode.
    ///
    /// # Errors
    /// That the connection is lost.
    pub(super) async fn set(&mut self, mode: &DirectMode, timeouts: Timeouts) -> Result<(), Error> {
        self.process = process_at_login(&self.client).await;
        let Some(process) = self.process else {
            mode.give_up();
            return Ok(());
        };
        let (statement, lock) = (timeouts.statement_ms.to_string(), timeouts.lock_ms.to_string());
        let age_ms = (self.begun.elapsed() + INEXACT).as_secs_f64() * 1_000.0;
        let params: Params<'_> = &[
            (&process, Type::INT4),
            (&age_ms, Type::FLOAT8),
            (&statement, Type::TEXT),
            (&lock, Type::TEXT),
            (&TAKEN, Type::TEXT),
        ];
        match query(&self.client, SET, params).await {
            Ok(rows) if !rows.is_empty() => {
                mode.found();
                self.is_direct = true;
                self.statement_ms.store(timeouts.statement_ms, Ordering::Relaxed);
                self.lock_ms.store(timeouts.lock_ms, Ordering::Relaxed);
            }
            Err(error) if spoils_connection(&error) => return Err(error),
            _ => mode.give_up(),
        }
        Ok(())
    }
}
