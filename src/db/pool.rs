//! An instance's database, and the ways to run a statement on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::error::{from_driver, no_answer};
use super::guard::MARK;
use super::pools::Pool;
use super::primary::query;
use super::rls_context::RlsContext;
use super::settings::DatabaseSettings;
use super::transaction::{ContextRead, tell_apart, transaction, transactions};
use crate::config::Limits;
use crate::error::Result;

/// Typed parameters, so that no statement needs to be prepared by name: PgBouncer in transaction
/// mode takes them as they are.
pub type Params<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// How long one statement may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To get a connection, new or not; `None`: what the pool allows.
    pub connect_ms: Option<u64>,
    /// For the statement, lock waits included.
    pub statement_ms: u64,
    /// For a row that another transaction holds.
    pub lock_ms: u64,
}

impl Timeouts {
    /// Whether it is a try of step 7, which follows the settings of its instance.
    fn is_of_commit(&self) -> bool {
        self.connect_ms.is_some()
    }

    /// What all statements but those of step 7 are given.
    #[must_use]
    pub fn usual(limits: &Limits) -> Self {
        Self {
            connect_ms: None,
            statement_ms: limits.statement_timeout_ms,
            lock_ms: limits.lock_timeout_ms,
        }
    }

    /// What one try of step 7 is given.
    #[must_use]
    pub fn commit(limits: &Limits) -> Self {
        Self {
            connect_ms: Some(limits.commit_connect_ms),
            statement_ms: limits.commit_statement_ms,
            lock_ms: limits.commit_statement_ms,
        }
    }
}

/// An instance's database: its pool, which instances of equal settings share.
pub struct Database {
    settings: DatabaseSettings,
    pools: Mutex<Pools>,
}

/// The pools that an instance may use.
struct Pools {
    current: Arc<Pool>,
    /// The one of the settings before, or after, for a try of step 7 when the current one fails.
    other: Option<Arc<Pool>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Database {
    /// The database of these settings, with the pool that is open in this process, when there is one.
    /// A pool closes when its last holder drops it. Connects lazily.
    ///
    /// # Errors
    /// [`crate::error::Error::Configuration`] when the settings cannot be used.
    pub fn open(settings: &DatabaseSettings) -> Result<Arc<Self>> {
        let pools = Pools { current: Pool::open(settings)?, other: None };
        Ok(Arc::new(Self { settings: settings.clone(), pools: Mutex::new(pools) }))
    }

    /// The settings that this database was opened with.
    #[must_use]
    pub fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }

    /// From now on uses `settings`, which the instance has now, for what is still under way: the login
    /// before may not be let in any more. Those of another database are left aside: the rows are not
    /// there. A try of step 7 that fails turns to the settings before, and back.
    ///
    /// # Errors
    /// [`crate::error::Error::Configuration`] when the settings cannot be used.
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

    /// What a try came to on `pool`. After one of step 7 that failed the next one takes the other pool,
    /// when there is one.
    fn tried<Answer>(
        &self,
        pool: &Arc<Pool>,
        timeouts: Timeouts,
        answer: Result<Answer>,
    ) -> Result<Answer> {
        if answer.is_err() && timeouts.is_of_commit() {
            let mut pools = self.pools();
            if Arc::ptr_eq(&pools.current, pool)
                && let Some(other) = pools.other.take()
            {
                pools.other = Some(std::mem::replace(&mut pools.current, other));
            }
        }
        answer
    }

    /// Runs a statement that takes no lock, outside a transaction unless there is something to tell
    /// row-level security. One that takes too long is given up, and the server asked to end it.
    ///
    /// # Errors
    /// [`Error::Database`] and its kin, for `step`.
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
            let mut answers = self.read_scopes(step, &[read], timeouts).await?;
            return answers.pop().unwrap_or_else(|| Err(no_answer(step)));
        }
        let pool = self.pool();
        let connection = self.tried(&pool, timeouts, pool.connection(step, timeouts).await)?;
        let answer = timeout(deadline(timeouts), query(&connection, sql, params)).await;
        self.tried(&pool, timeouts, pool.settle_read(step, connection, answer))
    }

    /// The same for some reads, each of which has its own answer: either one, or all of one context.
    pub async fn read_each(
        &self,
        step: &'static str,
        reads: &[ContextRead<'_>],
        timeouts: Timeouts,
    ) -> Vec<Result<Vec<Row>>> {
        if let [ContextRead { rls, sql, params }] = reads {
            return vec![self.read(rls, step, sql, params, timeouts).await];
        }
        match self.read_scopes(step, reads, timeouts).await {
            Ok(answers) => answers,
            Err(error) => reads.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// In the order of the reads, in one round trip: each in a transaction of its own, so that one that
    /// fails fails alone.
    async fn read_scopes(
        &self,
        step: &'static str,
        reads: &[ContextRead<'_>],
        timeouts: Timeouts,
    ) -> Result<Vec<Result<Vec<Row>>>> {
        let pool = self.pool();
        let connection = self.tried(&pool, timeouts, pool.connection(step, timeouts).await)?;
        let work = transactions(&connection, reads, timeouts.statement_ms);
        let answer = timeout(deadline(timeouts), work).await;
        let settled = pool.settle_read(step, connection, answer.map(tell_apart));
        let each = self.tried(&pool, timeouts, settled)?;
        let told = each.into_iter().map(|rows| rows.map_err(|error| from_driver(step, &error)));
        Ok(told.collect())
    }

    /// Runs a statement that writes, in a transaction of its own that has its timeouts, and what
    /// row-level security is told, set locally: nothing session-wide, so that a pooler may stand in
    /// between. One round trip.
    ///
    /// # Errors
    /// [`Error::Database`] and its kin, for `step`. Without an answer it is not known whether the
    /// statement took effect.
    pub async fn write(
        &self,
        rls: &RlsContext,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
        timeouts: Timeouts,
    ) -> Result<Vec<Row>> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; \
             SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}; {MARK}{}",
            timeouts.lock_ms,
            timeouts.statement_ms,
            rls.settings()
        );
        let pool = self.pool();
        let connection = self.tried(&pool, timeouts, pool.connection(step, timeouts).await)?;
        let work = transaction(&connection, &begin, sql, params);
        let answer = timeout(deadline(timeouts), work).await;
        self.tried(&pool, timeouts, pool.settle(step, connection, answer))
    }
}

/// A little more than the server is given, so that its own answer comes first.
fn deadline(timeouts: Timeouts) -> Duration {
    Duration::from_millis(timeouts.statement_ms + timeouts.statement_ms / 8)
}
