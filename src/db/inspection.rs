//! A read-only connection outside the pool, for the examination of a database.

use std::error::Error as _;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join3;
use tokio::time::timeout;
use tokio_postgres::error::DbError;
use tokio_postgres::{Client, Row, SimpleQueryMessage};

use super::direct::process_at_login;
use super::error::{from_driver, from_login, no_answer};
use super::migrate::{Differences, Migration, differences};
use super::pool::{Params, Timeouts};
use super::primary::query;
use super::query::Query;
use super::settings::DatabaseSettings;
use crate::error::{Error, Result};

const CONNECT: &str = "connect";

/// A read-only connection that leaves no session state.
pub struct Inspection {
    client: Client,
    timeouts: Timeouts,
    /// Whether a response did not arrive in time; later statements then fail immediately.
    is_unresponsive: AtomicBool,
}

/// Why connecting failed.
#[derive(Debug)]
pub struct InspectionError {
    /// `settings`, `name` (host name resolution), `refused`, `timeout`, `tls`, `answer` (an error of the server)
    /// or `broken`.
    pub kind: &'static str,
    /// The error that a store would return.
    pub error: Error,
}

impl Inspection {
    /// Connects to the one host of `settings`.
    ///
    /// # Errors
    /// [`InspectionError`] with the cause.
    pub async fn connect(
        settings: &DatabaseSettings,
        timeouts: Timeouts,
    ) -> std::result::Result<Self, InspectionError> {
        let unusable = |error| InspectionError { kind: "settings", error };
        let driver = settings.driver().map_err(unusable)?;
        let connector = settings.connector().map_err(unusable)?;
        let limit = Duration::from_millis(settings.connect_timeout_ms);
        let (client, connection) = timeout(limit, driver.connect(connector))
            .await
            .map_err(|_| InspectionError { kind: "timeout", error: no_answer(CONNECT) })?
            .map_err(|error| inspection_error(&error))?;
        // The client notices when the connection has ended.
        tokio::spawn(connection);
        Ok(Self { client, timeouts, is_unresponsive: AtomicBool::new(false) })
    }

    /// Runs a statement in a read-only transaction with its own timeouts.
    ///
    /// # Errors
    /// [`Error::Database`] and the like, for `step`; [`Error::Configuration`] if a pooler does not support
    /// transactions.
    pub async fn rows(
        &self,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>> {
        if self.is_unresponsive.load(Ordering::Relaxed) {
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
            self.is_unresponsive.store(true, Ordering::Relaxed);
            no_answer(step)
        })?;
        answer.map_err(|error| statement_error(step, &error))
    }

    /// The process ID that the server named at login.
    pub async fn process_at_login(&self) -> Option<i32> {
        process_at_login(&self.client).await
    }

    /// The first value that a pooler's command returns, sent outside a transaction; `None` if it fails or
    /// returns nothing.
    #[allow(clippy::disallowed_methods, reason = "the command is for a pooler")]
    pub async fn first_value(&self, command: &str) -> Option<String> {
        let limit = Duration::from_millis(self.timeouts.statement_ms);
        let answer = timeout(limit, self.client.simple_query(command)).await;
        let Ok(answer) = answer else {
            self.is_unresponsive.store(true, Ordering::Relaxed);
            return None;
        };
        answer.ok()?.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get(0).ok()?.map(str::to_owned),
            _ => None,
        })
    }

    /// Compares `table` with the result of `migration`.
    ///
    /// # Errors
    /// [`Error::Database`] and the like.
    pub async fn differences(&self, migration: &Migration, table: &str) -> Result<Differences> {
        differences(self, migration, table).await
    }
}

impl Query for Inspection {
    async fn rows(&self, step: &'static str, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        self.rows(step, sql, params).await
    }
}

/// Maps an error. All errors of PgBouncer have the SQLSTATE of a protocol violation and differ only in text.
fn statement_error(step: &'static str, error: &tokio_postgres::Error) -> Error {
    let is_statement_mode = |answer: &DbError| answer.message().contains("statement pooling mode");
    if error.as_db_error().is_some_and(is_statement_mode) {
        let reason = "leads to a pooler that does not support transactions (statement mode)";
        return Error::configuration("DATABASE_URL", reason);
    }
    from_driver(step, error)
}

fn inspection_error(driver_error: &tokio_postgres::Error) -> InspectionError {
    let error = from_login(CONNECT, driver_error);
    let kind = match &error {
        Error::Database { sqlstate: None, .. } => network_error_kind(driver_error),
        Error::Tls { .. } => "tls",
        _ => "answer",
    };
    InspectionError { kind, error }
}

fn network_error_kind(error: &tokio_postgres::Error) -> &'static str {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match cause {
        Some(cause) if cause.kind() == ErrorKind::ConnectionRefused => "refused",
        // The Unix socket does not exist.
        Some(cause) if cause.kind() == ErrorKind::NotFound => "refused",
        Some(cause) if cause.kind() == ErrorKind::TimedOut => "timeout",
        // The standard library has no error kind for it.
        Some(cause) if cause.to_string().contains("lookup address") => "name",
        _ => "broken",
    }
}
