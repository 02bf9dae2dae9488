//! An instance's database: runs reads and writes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::error::{from_driver, no_answer};
use super::guard::MARK;
use super::in_context;
use super::pools::Pool;
use super::primary::query;
use super::rls_context::RlsContext;
use super::session::Session;
use super::settings::DatabaseSettings;
use super::transaction::{ContextRead, Rows, separate_errors, transaction, transactions};
use crate::config::Limits;
use crate::error::Result;

/// Typed parameters, so that a statement can be run unprepared: poolers may not support prepared ones.
pub type Params<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// The time limits of one statement, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To get a connection, new or pooled; `None`: the pool's own limits.
    pub connect_ms: Option<u64>,
    /// For the statement, including lock waits.
    pub statement_ms: u64,
    /// For a row lock.
    pub lock_ms: u64,
}

impl Timeouts {
    /// Whether the statement is a commit (`docs/internals/refresh-protocol.md`, 7), which may switch pools.
    pub(super) fn is_commit(&self) -> bool {
        self.connect_ms.is_some()
    }

    /// The limits of all statements except commits.
    #[must_use]
    pub fn usual(limits: &Limits) -> Self {
        Self {
            connect_ms: None,
            statement_ms: limits.statement_timeout_ms,
            lock_ms: limits.lock_timeout_ms,
        }
    }

    /// The limits of one attempt to commit.
    #[must_use]
    pub fn commit(limits: &Limits) -> Self {
        Self {
            connect_ms: Some(limits.commit_connect_ms),
            statement_ms: limits.commit_statement_ms,
            lock_ms: limits.commit_statement_ms,
        }
    }
}

/// An instance's database. Instances with equal settings share a pool.
pub struct Database {
    settings: DatabaseSettings,
    pools: Arc<Mutex<Pools>>,
    /// Whether statements are prepared on direct connections.
    prepares: bool,
}

/// The pools of an instance.
struct Pools {
    current: Arc<Pool>,
    /// The pool of the previous or the new settings, for the next attempt to commit if one fails on `current`.
    other: Option<Arc<Pool>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("settings", &self.settings)
            .field("direct_mode", &self.pool().direct)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database with the pool that this process has for equal settings, or with a new one. A pool
    /// closes when the last reference is dropped. Connects lazily.
    ///
    /// # Errors
    /// [`crate::error::Error::Configuration`] if the settings are invalid.
    pub fn open(settings: &DatabaseSettings) -> Result<Arc<Self>> {
        let pools = Pools { current: Pool::open(settings)?, other: None };
        let pools = Arc::new(Mutex::new(pools));
        Ok(Arc::new(Self { settings: settings.clone(), pools, prepares: true }))
    }

    /// The same database, for statements that the server has to plan for the values of their parameters: it may
    /// plan a prepared one for any value.
    #[must_use]
    pub fn unprepared(&self) -> Arc<Self> {
        let (settings, pools) = (self.settings.clone(), Arc::clone(&self.pools));
        Arc::new(Self { settings, pools, prepares: false })
    }

    /// The settings with which this database was opened.
    #[must_use]
    pub fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }

    /// Uses the new `settings` of the instance for running work, as the server may reject the previous login.
    /// Ignores settings of another database, which does not have the rows. Failed attempts to commit alternate
    /// between the previous and the new settings.
    ///
    /// # Errors
    /// [`crate::error::Error::Configuration`] if the settings are invalid.
    pub fn update_settings(&self, settings: &DatabaseSettings) -> Result<()> {
        if !settings.is_same_database(&self.settings) {
            return Ok(());
        }
        let pool = Pool::open(settings)?;
        let mut pools = self.pools();
        let is_known = [Some(&pools.current), pools.other.as_ref()]
            .into_iter()
            .flatten()
            .any(|known| Arc::ptr_eq(known, &pool));
        if !is_known {
            pools.other = Some(std::mem::replace(&mut pools.current, pool));
        }
        Ok(())
    }

    fn pools(&self) -> MutexGuard<'_, Pools> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool(&self) -> Arc<Pool> {
        Arc::clone(&self.pools().current)
    }

    /// Returns `answer`. If it is an error of a commit on `pool`, makes the other pool the current one.
    fn switch_pool_on_error<Answer>(
        &self,
        pool: &Arc<Pool>,
        timeouts: Timeouts,
        answer: Result<Answer>,
    ) -> Result<Answer> {
        if answer.is_err() && timeouts.is_commit() {
            let mut pools = self.pools();
            if Arc::ptr_eq(&pools.current, pool)
                && let Some(other) = pools.other.take()
            {
                pools.other = Some(std::mem::replace(&mut pools.current, other));
            }
        }
        answer
    }

    /// Runs a statement without locks, outside a transaction unless row-level security needs settings. If it
    /// takes too long, it is abandoned and cancelled at the server.
    ///
    /// # Errors
    /// [`Error::Database`] and the like, for `step`.
    pub async fn read(
        &self,
        rls: &RlsContext,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
        timeouts: Timeouts,
    ) -> Result<Vec<Row>> {
        if !rls.is_empty() {
            let read = ContextRead { rls, sql, params: params.to_vec() };
            let mut answers = self.read_in_contexts(step, &[read], timeouts).await?;
            return answers.pop().unwrap_or_else(|| Err(no_answer(step)));
        }
        let pool = self.pool();
        let connection =
            self.switch_pool_on_error(&pool, timeouts, pool.connection(step, timeouts).await)?;
        let work = async {
            if connection.is_direct(&pool.direct) {
                connection.use_statement_timeout(timeouts);
                let read = (sql, params, self.prepares);
                let rows = match pool.query_direct(&connection, read).await {
                    Err(error) if gave_up_early(&connection, &error, timeouts) => {
                        connection.use_timeouts(timeouts);
                        pool.query_direct(&connection, read).await
                    }
                    rows => rows,
                };
                if let Some(rows) = rows? {
                    return Ok(rows);
                }
            }
            query(&connection, sql, params).await
        };
        let answer = timeout(deadline(timeouts), work).await;
        self.switch_pool_on_error(&pool, timeouts, pool.settle_read(step, connection, answer))
    }

    /// Runs several reads, each with its own result: either a single one, or each in an RLS context.
    pub async fn read_each(
        &self,
        step: &'static str,
        reads: &[ContextRead<'_>],
        timeouts: Timeouts,
    ) -> Vec<Result<Vec<Row>>> {
        if let [ContextRead { rls, sql, params }] = reads {
            return vec![self.read(rls, step, sql, params, timeouts).await];
        }
        match self.read_in_contexts(step, reads, timeouts).await {
            Ok(answers) => answers,
            Err(error) => reads.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Runs the reads in one round trip, each in its own transaction or statement, so that one failure does not
    /// affect the others.
    async fn read_in_contexts(
        &self,
        step: &'static str,
        reads: &[ContextRead<'_>],
        timeouts: Timeouts,
    ) -> Result<Vec<Result<Vec<Row>>>> {
        let pool = self.pool();
        let connection =
            self.switch_pool_on_error(&pool, timeouts, pool.connection(step, timeouts).await)?;
        let work = async {
            if connection.is_direct(&pool.direct) {
                connection.use_statement_timeout(timeouts);
                let answers = in_context::reads(&pool, &connection, reads, self.prepares).await;
                let gave_up = |rows: &Rows| {
                    rows.as_ref().is_err_and(|error| gave_up_early(&connection, error, timeouts))
                };
                match answers {
                    Some(answers) if !answers.iter().any(gave_up) => return answers,
                    _ => connection.use_timeouts(timeouts),
                }
            }
            transactions(&connection, reads, timeouts.statement_ms).await
        };
        let answer = timeout(deadline(timeouts), work).await;
        let settled = pool.settle_read(step, connection, answer.map(separate_errors));
        let each = self.switch_pool_on_error(&pool, timeouts, settled)?;
        let rows = each.into_iter().map(|rows| rows.map_err(|error| from_driver(step, &error)));
        Ok(rows.collect())
    }

    /// Like [`write`](Self::write), of one row and by many callers: on a direct connection that other such writes
    /// use at the same time. If the connection is lost, they all fail.
    ///
    /// # Errors
    /// Like [`write`](Self::write).
    pub async fn write_shared(
        &self,
        rls: &RlsContext,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
        timeouts: Timeouts,
    ) -> Result<Vec<Row>> {
        let pool = self.pool();
        if rls.is_empty()
            && pool.direct.is_possible()
            && let Some(share) = pool.shared.share(&pool, step, timeouts).await?
        {
            let write = (sql, params, self.prepares);
            if let Some(rows) = pool.write_shared(step, &share, write, timeouts).await? {
                return Ok(rows);
            }
        }
        self.write(rls, step, sql, params, timeouts).await
    }

    /// Runs a write in its own transaction, in one round trip. Unless the connection is direct, timeouts and
    /// RLS settings are local to the transaction, so that poolers work.
    ///
    /// # Errors
    /// [`Error::Database`] and the like, for `step`. After an error without SQLSTATE, the statement may have
    /// taken effect.
    pub async fn write(
        &self,
        rls: &RlsContext,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
        timeouts: Timeouts,
    ) -> Result<Vec<Row>> {
        let pool = self.pool();
        let connection = pool.connection(step, timeouts).await;
        let connection = self.switch_pool_on_error(&pool, timeouts, connection)?;
        let write = (sql, params, self.prepares);
        let work = async {
            if rls.is_empty() && !timeouts.is_commit() && connection.is_direct(&pool.direct) {
                connection.use_timeouts(timeouts);
                if let Some(rows) = pool.query_direct(&connection, write).await? {
                    return Ok(rows);
                }
            }
            let begin = format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED; \
                 SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}; {MARK}{}",
                timeouts.lock_ms,
                timeouts.statement_ms,
                rls.settings()
            );
            transaction(&connection, &begin, sql, params).await
        };
        let answer = timeout(deadline(timeouts), work).await;
        self.switch_pool_on_error(&pool, timeouts, pool.settle(step, connection, answer))
    }
}

/// Whether a statement on this connection failed since the session waits less for locks than its caller.
fn gave_up_early(session: &Session, error: &tokio_postgres::Error, timeouts: Timeouts) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) && session.waits_less(timeouts)
}

/// Longer than the server's timeout, so that the server's error normally arrives first.
pub(super) fn deadline(timeouts: Timeouts) -> Duration {
    Duration::from_millis(timeouts.statement_ms + timeouts.statement_ms / 8)
}
