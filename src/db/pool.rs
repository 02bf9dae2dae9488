//! The pool, shared in a process by equal settings, and the ways to run a statement on it.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    Timeouts,
};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::connect::Servers;
use super::error::{from_driver, from_pool, no_answer, spoils_connection};
use super::idle::Idle;
use super::scope::Scope;
use super::settings::DatabaseSettings;
use super::transaction::{ScopedRead, tell_apart, transaction, transactions};
use crate::config::{CANCEL_PAUSE_MS, Limits};
use crate::error::{Error, Result};

/// Typed parameters, so that no statement needs to be prepared by name: PgBouncer in transaction
/// mode takes them as they are.
pub type Params<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// How long one statement may take.
#[derive(Debug, Clone, Copy)]
pub struct Within {
    /// To get a connection, new or not; `None`: what the pool allows.
    pub connect_ms: Option<u64>,
    /// For the statement, lock waits included.
    pub statement_ms: u64,
    /// For a row that another transaction holds.
    pub lock_ms: u64,
}

impl Within {
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

/// A pool of connections to one database.
pub struct Database {
    settings: DatabaseSettings,
    pool: Pool,
    servers: Arc<Servers>,
    idle: Idle,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("settings", &self.settings).finish_non_exhaustive()
    }
}

static OPEN: LazyLock<Mutex<HashMap<DatabaseSettings, Weak<Database>>>> =
    LazyLock::new(Mutex::default);

impl Database {
    /// The pool for these settings; the one that is open in this process, when there is one. It
    /// closes when the last holder drops it. Connects lazily.
    ///
    /// # Errors
    /// [`Error::Configuration`] when the settings cannot be used.
    pub fn open(settings: &DatabaseSettings) -> Result<Arc<Self>> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = open.get(settings).and_then(Weak::upgrade) {
            return Ok(database);
        }
        open.retain(|_, database| database.strong_count() > 0);
        let database = Arc::new(Self::connect_lazily(settings.clone())?);
        open.insert(settings.clone(), Arc::downgrade(&database));
        Ok(database)
    }

    fn connect_lazily(settings: DatabaseSettings) -> Result<Self> {
        let connector = settings.connector()?;
        let servers = Servers::of(&settings, connector.clone())?;
        let to_cancel = Arc::new(Servers::of(&settings, connector)?);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(settings.driver()?, servers, recycling);
        let idle = Idle::default();
        let pool = Pool::builder(manager)
            .max_size(settings.max_connections)
            .wait_timeout(Some(Duration::from_millis(settings.wait_timeout_ms)))
            .create_timeout(Some(Duration::from_millis(settings.connect_timeout_ms)))
            .pre_recycle(idle.hook())
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| Error::internal("the pool could not be built"))?;
        Ok(Self { settings, pool, servers: to_cancel, idle })
    }

    /// The settings that this pool was opened with.
    #[must_use]
    pub fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }

    /// Runs a statement that takes no lock, outside a transaction unless there is something to tell
    /// row-level security. One that takes too long is given up, and the server asked to end it.
    ///
    /// # Errors
    /// [`Error::Database`] and its kin, for `step`.
    pub async fn read(
        &self,
        scope: &Scope,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
        within: Within,
    ) -> Result<Vec<Row>> {
        if !scope.is_empty() {
            let read = ScopedRead { scope, sql, params: params.to_vec() };
            let mut answers = self.read_scopes(step, &[read], within).await?;
            return answers.pop().unwrap_or_else(|| Err(no_answer(step)));
        }
        let connection = self.connection(step, within).await?;
        let answer = timeout(deadline(within), connection.query_typed(sql, params)).await;
        self.settle_read(step, connection, answer)
    }

    /// The same for some reads, each of which has its own answer: either one, or all of some scope.
    pub async fn read_each(
        &self,
        step: &'static str,
        reads: &[ScopedRead<'_>],
        within: Within,
    ) -> Vec<Result<Vec<Row>>> {
        if let [ScopedRead { scope, sql, params }] = reads {
            return vec![self.read(scope, step, sql, params, within).await];
        }
        match self.read_scopes(step, reads, within).await {
            Ok(answers) => answers,
            Err(error) => reads.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// In the order of the reads, in one round trip: each in a transaction of its own, so that one that
    /// fails fails alone.
    async fn read_scopes(
        &self,
        step: &'static str,
        reads: &[ScopedRead<'_>],
        within: Within,
    ) -> Result<Vec<Result<Vec<Row>>>> {
        let connection = self.connection(step, within).await?;
        let work = transactions(&connection, reads, within.statement_ms);
        let answer = timeout(deadline(within), work).await;
        let each = self.settle_read(step, connection, answer.map(tell_apart))?;
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
        scope: &Scope,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
        within: Within,
    ) -> Result<Vec<Row>> {
        let connection = self.connection(step, within).await?;
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; \
             SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}{}",
            within.lock_ms,
            within.statement_ms,
            scope.settings()
        );
        let work = transaction(&connection, &begin, sql, params);
        let answer = timeout(deadline(within), work).await;
        self.settle(step, connection, answer)
    }

    async fn connection(&self, step: &'static str, within: Within) -> Result<Object> {
        let taken = match within.connect_ms {
            None => self.pool.get().await,
            Some(ms) => self.get_within(Duration::from_millis(ms)).await.ok_or(no_answer(step))?,
        };
        taken.map_err(|error| from_pool(step, &error))
    }

    /// A connection, or nothing when that takes too long. Connecting goes on all the same, and the
    /// next try finds the connection in the pool: a server that is slow to let anybody in would
    /// never be reached by tries that each begin anew.
    async fn get_within(&self, limit: Duration) -> Option<std::result::Result<Object, PoolError>> {
        let pool = self.pool.clone();
        let timeouts = Timeouts { wait: Some(limit), ..pool.timeouts() };
        let getting = tokio::spawn(async move { pool.timeout_get(&timeouts).await });
        timeout(limit, getting).await.ok()?.ok()
    }

    /// As any statement; one that takes too long is ended at the server, too.
    fn settle_read<Answer>(
        &self,
        step: &'static str,
        connection: Object,
        answer: Result<Result<Answer, tokio_postgres::Error>, Elapsed>,
    ) -> Result<Answer> {
        if answer.is_ok() {
            return self.settle(step, connection, answer);
        }
        self.cancel(Object::take(connection));
        self.pool.retain(|_, _| false);
        Err(no_answer(step))
    }

    /// Asks the server to end what this connection waits for, one statement after the other. What comes
    /// of that changes nothing for the caller. A pooler passes it on only while the session is there:
    /// until an empty statement behind all others is answered.
    fn cancel(&self, connection: ClientWrapper) {
        let servers = Arc::clone(&self.servers);
        let limit = Duration::from_millis(self.settings.connect_timeout_ms);
        tokio::spawn(timeout(limit, async move {
            let pause = Duration::from_millis(CANCEL_PAUSE_MS);
            let mut ended = pin!(connection.batch_execute(""));
            loop {
                servers.cancel(&connection.cancel_token()).await;
                if timeout(pause, ended.as_mut()).await.is_ok() {
                    return;
                }
            }
        }));
    }

    fn settle<Answer>(
        &self,
        step: &'static str,
        connection: Object,
        answer: Result<Result<Answer, tokio_postgres::Error>, Elapsed>,
    ) -> Result<Answer> {
        match answer {
            Ok(Ok(rows)) => {
                self.idle.answered();
                Ok(rows)
            }
            Ok(Err(error)) if !spoils_connection(&error) && !connection.is_closed() => {
                Err(from_driver(step, &error))
            }
            broken => {
                // What broke one connection has most likely broken the idle ones too: the next
                // try gets a fresh one.
                drop(Object::take(connection));
                self.pool.retain(|_, _| false);
                Err(match broken {
                    Ok(Err(error)) => from_driver(step, &error),
                    _ => no_answer(step),
                })
            }
        }
    }
}

/// A little more than the server is given, so that its own answer comes first.
fn deadline(within: Within) -> Duration {
    Duration::from_millis(within.statement_ms + within.statement_ms / 8)
}
