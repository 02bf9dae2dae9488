//! The pools of this process, shared by equal settings.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, PoolError};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::connect::{ConnectError, Servers};
use super::direct::{DirectMode, NotRun, not_run};
use super::error::{from_driver, from_pool, no_answer, spoils_connection};
use super::idle::IdleCheck;
use super::pool::{Params, Timeouts, deadline};
use super::primary::{query, query_prepared};
use super::session::Session;
use super::settings::DatabaseSettings;
use super::shared::{Share, SharedConnections};
use crate::config::CANCEL_PAUSE_MS;
use crate::error::{Error, Result};

/// The result of a statement, if there was one in time.
type Answered<Answer> =
    std::result::Result<std::result::Result<Answer, tokio_postgres::Error>, Elapsed>;

/// A connection that returns to its pool when dropped.
pub(super) type Object = managed::Object<Servers>;

/// A pool of connections with the same settings.
pub(super) struct Pool {
    settings: DatabaseSettings,
    pool: managed::Pool<Servers>,
    servers: Arc<Servers>,
    idle: IdleCheck,
    pub(super) direct: DirectMode,
    pub(super) shared: SharedConnections,
}

static OPEN: LazyLock<Mutex<HashMap<DatabaseSettings, Weak<Pool>>>> = LazyLock::new(Mutex::default);

fn open_pools() -> MutexGuard<'static, HashMap<DatabaseSettings, Weak<Pool>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Pool {
    /// Removes the settings, and so the password, from the map.
    fn drop(&mut self) {
        open_pools().retain(|_, pool| pool.strong_count() > 0);
    }
}

impl Pool {
    /// The open pool for these settings, or a new one.
    pub(super) fn open(settings: &DatabaseSettings) -> Result<Arc<Self>> {
        let mut open = open_pools();
        if let Some(pool) = open.get(settings).and_then(Weak::upgrade) {
            return Ok(pool);
        }
        let pool = Arc::new(Self::connect_lazily(settings.clone())?);
        open.insert(settings.clone(), Arc::downgrade(&pool));
        Ok(pool)
    }

    fn connect_lazily(settings: DatabaseSettings) -> Result<Self> {
        let connector = settings.connector()?;
        let servers = Servers::of(&settings, connector.clone())?;
        let to_cancel = Arc::new(Servers::of(&settings, connector)?);
        let idle = IdleCheck::new(servers.standby_check.clone());
        let pool = managed::Pool::builder(servers)
            .max_size(settings.max_connections)
            .wait_timeout(Some(Duration::from_millis(settings.wait_timeout_ms)))
            .create_timeout(Some(Duration::from_millis(settings.connect_timeout_ms)))
            .pre_recycle(idle.hook())
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| Error::internal("the pool could not be built"))?;
        let shared = SharedConnections::of(settings.max_connections);
        let direct = DirectMode::new(settings.prepares_statements);
        Ok(Self { settings, pool, servers: to_cancel, idle, direct, shared })
    }

    /// A connection of the pool; errors name `step`.
    pub(super) async fn connection(
        &self,
        step: &'static str,
        timeouts: Timeouts,
    ) -> Result<Object> {
        let taken = match timeouts.connect_ms {
            None => self.pool.get().await,
            Some(ms) => {
                self.get_with_timeout(Duration::from_millis(ms)).await.ok_or(no_answer(step))?
            }
        };
        let session = taken.map_err(|error| from_pool(step, &error))?;
        let is_ready = timeouts.is_commit() || session.is_examined();
        match is_ready || !self.direct.is_possible() {
            true => Ok(session),
            false => self.set(step, session, timeouts).await,
        }
    }

    /// The connection, once it is known whether it is direct.
    async fn set(
        &self,
        step: &'static str,
        mut session: Object,
        timeouts: Timeouts,
    ) -> Result<Object> {
        match timeout(deadline(timeouts), session.set(&self.direct, timeouts)).await {
            Ok(Ok(())) => Ok(session),
            lost => self.settle(step, session, lost).and(Err(no_answer(step))),
        }
    }

    /// Runs a statement on a direct connection, prepared or not. `None`: the server did not run it.
    pub(super) async fn query_direct(
        &self,
        session: &Session,
        (sql, params, prepares): (&str, Params<'_>, bool),
    ) -> std::result::Result<Option<Vec<Row>>, tokio_postgres::Error> {
        if !prepares {
            return query(session, sql, params).await.map(Some);
        }
        let error = match query_prepared(session, sql, params).await {
            Ok(rows) => return Ok(Some(rows)),
            Err(error) => error,
        };
        if self.was_not_run(session, &error) { Ok(None) } else { Err(error) }
    }

    /// Whether the server has refused a prepared statement before it ran. If the connection is not direct, none
    /// is used so from now on; what a migration has outdated is prepared again.
    pub(super) fn was_not_run(&self, session: &Session, error: &tokio_postgres::Error) -> bool {
        let reason = not_run(error);
        match &reason {
            Some(NotRun::OtherSession) => self.direct.give_up(),
            Some(NotRun::Outdated) => session.statement_cache.clear(),
            None => {}
        }
        reason.is_some()
    }

    /// Runs a write on a shared connection. `None`: it changed nothing, and is to be run alone.
    pub(super) async fn write_shared(
        &self,
        step: &'static str,
        share: &Share,
        write: (&str, Params<'_>, bool),
        timeouts: Timeouts,
    ) -> Result<Option<Vec<Row>>> {
        let work = async {
            match share.session() {
                Some(session) => self.query_direct(session, write).await,
                None => Ok(None),
            }
        };
        let answer = timeout(deadline(timeouts), work).await;
        self.settle_shared(step, share, answer)
    }

    /// A connection; `None` after the time limit. Connecting continues in the background, so that the next
    /// attempt finds the connection in the pool: otherwise a server with slow logins would never be reached.
    async fn get_with_timeout(
        &self,
        limit: Duration,
    ) -> Option<std::result::Result<Object, PoolError<ConnectError>>> {
        let pool = self.pool.clone();
        let timeouts = managed::Timeouts { wait: Some(limit), ..pool.timeouts() };
        let getting = tokio::spawn(async move { pool.timeout_get(&timeouts).await });
        timeout(limit, getting).await.ok()?.ok()
    }

    /// Like [`settle`](Self::settle), but cancels a statement that takes too long.
    pub(super) fn settle_read<Answer>(
        &self,
        step: &'static str,
        connection: Object,
        answer: Answered<Answer>,
    ) -> Result<Answer> {
        if answer.is_ok() {
            return self.settle(step, connection, answer);
        }
        self.cancel(Object::take(connection));
        self.pool.retain(|_, _| false);
        Err(no_answer(step))
    }

    /// Cancels all statements that this connection waits for, in the background. A pooler forwards a cancel
    /// request only while the session exists, so it is kept open until an empty statement, queued last, is
    /// answered.
    fn cancel(&self, connection: Session) {
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

    /// Like [`settle`](Self::settle), of a write on a shared connection. `None`: it changed nothing, and is to be
    /// run alone.
    pub(super) fn settle_shared<Answer>(
        &self,
        step: &'static str,
        share: &Share,
        answer: Answered<Option<Answer>>,
    ) -> Result<Option<Answer>> {
        if let Ok(Err(error)) = &answer
            && error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
        {
            return Ok(None);
        }
        let is_closed = share.session().is_none_or(|session| session.is_closed());
        self.judge(step, answer, is_closed, || share.discard())
    }

    /// Maps the result of a statement; discards the connection, and the idle ones, if it is broken.
    pub(super) fn settle<Answer>(
        &self,
        step: &'static str,
        connection: Object,
        answer: Answered<Answer>,
    ) -> Result<Answer> {
        let is_closed = connection.is_closed();
        self.judge(step, answer, is_closed, || drop(Object::take(connection)))
    }

    fn judge<Answer>(
        &self,
        step: &'static str,
        answer: Answered<Answer>,
        is_closed: bool,
        discard: impl FnOnce(),
    ) -> Result<Answer> {
        match answer {
            Ok(Ok(rows)) => {
                self.idle.answered();
                Ok(rows)
            }
            Ok(Err(error)) if !spoils_connection(&error) && !is_closed => {
                Err(from_driver(step, &error))
            }
            broken => {
                self.pool.manager().standby_check.require_check();
                // The idle connections are probably broken, too.
                discard();
                self.pool.retain(|_, _| false);
                Err(match broken {
                    Ok(Err(error)) => from_driver(step, &error),
                    _ => no_answer(step),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Login;

    #[test]
    fn a_pool_that_is_closed_leaves_no_password_behind() {
        let url = "postgres://u:hunter2@pool-that-is-closed/d";
        let settings = DatabaseSettings::new(url, None, &Login::default()).expect("parses");
        let [one, other] = [(); 2].map(|()| Pool::open(&settings).expect("opens"));
        assert!(Arc::ptr_eq(&one, &other));
        drop(one);
        assert!(open_pools().contains_key(&settings));
        drop(other);
        assert!(!open_pools().contains_key(&settings));
    }
}
