//! A connection that only looks, for whoever examines a database: one of its own, so that what the
//! pool does is not in the picture.

use std::error::Error as _;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join3;
use tokio::time::timeout;
use tokio_postgres::error::DbError;
use tokio_postgres::{Client, Row, SimpleQueryMessage};

use super::error::{from_driver, from_login, no_answer};
use super::migrate::{Differences, Migration, differences};
use super::pool::{Params, Timeouts};
use super::primary::query;
use super::query::Query;
use super::settings::DatabaseSettings;
use crate::error::{Error, Result};

const CONNECT: &str = "connect";

/// The connection. Nothing it does can write, and nothing stays behind on it.
pub struct Inspection {
    client: Client,
    timeouts: Timeouts,
    /// Whether an answer did not come in time: nobody waits for another one.
    is_mute: AtomicBool,
}

/// Why there is no connection.
#[derive(Debug)]
pub struct Unreached {
    /// In a word: `settings`, `name`, `refused`, `timeout`, `tls`, `answer` (the server's own no),
    /// `broken`.
    pub kind: &'static str,
    /// What a store would have said.
    pub error: Error,
}

impl Inspection {
    /// Connects to the one host of `settings`.
    ///
    /// # Errors
    /// [`Unreached`] that says what is in the way.
    pub async fn connect(
        settings: &DatabaseSettings,
        timeouts: Timeouts,
    ) -> std::result::Result<Self, Unreached> {
        let unusable = |error| Unreached { kind: "settings", error };
        let driver = settings.driver().map_err(unusable)?;
        let connector = settings.connector().map_err(unusable)?;
        let limit = Duration::from_millis(settings.connect_timeout_ms);
        let (client, connection) = timeout(limit, driver.connect(connector))
            .await
            .map_err(|_| Unreached { kind: "timeout", error: no_answer(CONNECT) })?
            .map_err(|error| unreached(&error))?;
        // Its end is told to whoever asks next.
        tokio::spawn(connection);
        Ok(Self { client, timeouts, is_mute: AtomicBool::new(false) })
    }

    /// The rows of a statement, in a transaction that cannot write and has its timeouts set locally.
    ///
    /// # Errors
    /// [`Error::Database`] and its kin, for `step`; [`Error::Configuration`] where a pooler takes no
    /// transaction.
    pub async fn rows(
        &self,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>> {
        if self.is_mute.load(Ordering::Relaxed) {
            return Err(no_answer(step));
        }
        let Timeouts { lock_ms, statement_ms, .. } = self.timeouts;
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; \
             SELECT set_config('lock_timeout', '{lock_ms}', true), \
             set_config('statement_timeout', '{statement_ms}', true), \
             set_config('quote_all_identifiers', 'off', true)"
        );
        let work = async {
            let (began, rows, ended) = join3(
                self.client.batch_execute(&begin),
                query(&self.client, sql, params),
                self.client.batch_execute("COMMIT"),
            )
            .await;
            began?;
            let rows = rows?;
            ended?;
            Ok(rows)
        };
        let limit = Duration::from_millis(statement_ms + statement_ms / 8);
        let answer = timeout(limit, work).await.map_err(|_| {
            self.is_mute.store(true, Ordering::Relaxed);
            no_answer(step)
        })?;
        answer.map_err(|error| refused(step, &error))
    }

    /// The first value that a command gives which is sent as it is, outside of any transaction: to ask
    /// who answers in the server's place. `None`: it is refused, or gives none.
    #[allow(clippy::disallowed_methods, reason = "it is not for the server")]
    pub async fn first_value(&self, command: &str) -> Option<String> {
        let limit = Duration::from_millis(self.timeouts.statement_ms);
        let answer = timeout(limit, self.client.simple_query(command)).await;
        let Ok(answer) = answer else {
            self.is_mute.store(true, Ordering::Relaxed);
            return None;
        };
        answer.ok()?.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get(0).ok()?.map(str::to_owned),
            _ => None,
        })
    }

    /// What stands between `table` and what `migration` makes of it.
    ///
    /// # Errors
    /// [`Error::Database`] and its kin.
    pub async fn differences(&self, migration: &Migration, table: &str) -> Result<Differences> {
        differences(self, migration, table).await
    }
}

impl Query for Inspection {
    async fn rows(&self, step: &'static str, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        self.rows(step, sql, params).await
    }
}

/// PgBouncer calls all that it has to say a protocol violation: only its words tell what it is.
fn refused(step: &'static str, error: &tokio_postgres::Error) -> Error {
    let says_so = |answer: &DbError| answer.message().contains("statement pooling mode");
    if error.as_db_error().is_some_and(says_so) {
        let reason = "leads to a pooler that takes no transactions (statement mode)";
        return Error::configuration("DATABASE_URL", reason);
    }
    from_driver(step, error)
}

fn unreached(error: &tokio_postgres::Error) -> Unreached {
    let told = from_login(CONNECT, error);
    let kind = match &told {
        Error::Database { sqlstate: None, .. } => network(error),
        Error::Tls { .. } => "tls",
        _ => "answer",
    };
    Unreached { kind, error: told }
}

/// What the operating system had against it.
fn network(error: &tokio_postgres::Error) -> &'static str {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match cause {
        Some(cause) if cause.kind() == ErrorKind::ConnectionRefused => "refused",
        // A socket that is not there.
        Some(cause) if cause.kind() == ErrorKind::NotFound => "refused",
        Some(cause) if cause.kind() == ErrorKind::TimedOut => "timeout",
        // The standard library has no kind of its own for it.
        Some(cause) if cause.to_string().contains("lookup address") => "name",
        _ => "broken",
    }
}
