//! Maps database errors to [`Error`], by SQLSTATE and constraint name only: the server's texts may contain
//! values of the row.

use std::error::Error as _;
use std::io;

use deadpool::managed::{PoolError, TimeoutType};
use tokio_postgres::error::{DbError, Severity, SqlState};

use super::connect::ConnectError;
use super::password::NoPassword;
use super::tls_error::tls_error;
use crate::error::{Error, MIGRATE};

/// The function of PostgreSQL that checks rows against policies.
const POLICY_ROUTINE: &str = "ExecWithCheckOptions";

const STANDBY: &str = "the server of DATABASE_URL is a standby: it accepts no writes, and its data may be outdated. To use it anyway, set target_session_attrs=any";

/// The setting that a statement reads, and so fails, when it has written a wrong row.
const ROW_AS_ASKED: &str = "tokenkeep.row_as_asked";

/// Maps an error on an established connection.
pub(super) fn from_driver(step: &'static str, error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        // Whatever the SQLSTATE: the connection has ended, not the statement failed.
        Some(answer) if is_fatal(answer) => failed(step, answer, true),
        Some(answer) => from_answer(step, answer, is_retryable(answer.code().code())),
        None => without_answer(step, error),
    }
}

/// Maps an error during login, where every refusal is FATAL. Pgpool-II uses one SQLSTATE for all of them, even
/// when its server is unreachable.
pub(super) fn from_login(step: &'static str, error: &tokio_postgres::Error) -> Error {
    let Some(answer) = error.as_db_error() else { return without_answer(step, error) };
    let state = answer.code();
    let retryable = *state == SqlState::INTERNAL_ERROR || is_retryable(state.code());
    from_answer(step, answer, retryable)
}

fn without_answer(step: &'static str, error: &tokio_postgres::Error) -> Error {
    tls_error(error).unwrap_or_else(|| network_error(step, error))
}

fn from_answer(step: &'static str, answer: &DbError, retryable: bool) -> Error {
    let state = answer.code();
    if *state == SqlState::LOCK_NOT_AVAILABLE {
        return Error::RowLocked { step };
    }
    if *state == SqlState::INVALID_SCHEMA_NAME {
        let reason =
            "The schema of the option or URL parameter schema does not exist. Create it first";
        return Error::Schema { reason: reason.into() };
    }
    if *state == SqlState::UNDEFINED_OBJECT && answer.message().contains(ROW_AS_ASKED) {
        return Error::Schema {
            reason: format!(
                "The database failed to {step}: it would have stored a different row than requested. A trigger changes IDs, tokens or refreshing_at, or a nondeterministic collation matches another user's row; npx tokenkeep doctor names the cause. Nothing was written"
            )
            .into(),
        };
    }
    // A policy rejects the new row. A missing privilege has the same SQLSTATE.
    if *state == SqlState::INSUFFICIENT_PRIVILEGE && answer.routine() == Some(POLICY_ROUTINE) {
        return Error::TenantMismatch { by_policy: true };
    }
    if *state == SqlState::UNDEFINED_TABLE {
        return Error::Schema {
            reason: format!(
                "The table that tokenkeep needs to {step} does not exist or is not in the search_path (SQLSTATE 42P01). Run: {MIGRATE}. If the table exists, set its schema with the option or URL parameter schema, or with ALTER ROLE … SET search_path"
            )
            .into(),
        };
    }
    // INVALID_COLUMN_REFERENCE: there is no unique key for ON CONFLICT.
    let lacks = [SqlState::UNDEFINED_COLUMN, SqlState::INVALID_COLUMN_REFERENCE];
    if lacks.contains(state) {
        return Error::Schema {
            reason: format!(
                "The database lacks a column or unique key that tokenkeep needs to {step} (SQLSTATE {}). Run: {MIGRATE}",
                state.code()
            )
            .into(),
        };
    }
    if *state == SqlState::DUPLICATE_TABLE {
        let name = quoted(answer.message()).unwrap_or("of the migration");
        return Error::Schema {
            reason: format!(
                "The database failed to {step}: a table or index {name} exists already, but not where the migration needs it (SQLSTATE 42P07). A table that was renamed keeps the names of its indexes and constraints: rename or drop them, then run: {MIGRATE}"
            )
            .into(),
        };
    }
    failed(step, answer, retryable)
}

/// The first name in double quotes, with them; `None` in a language that quotes otherwise.
fn quoted(message: &str) -> Option<&str> {
    let begin = message.find('"')?;
    let length = message.get(begin + 1..)?.find('"')?;
    message.get(begin..begin + length + 2)
}

fn failed(step: &'static str, answer: &DbError, retryable: bool) -> Error {
    Error::Database {
        step,
        sqlstate: Some(answer.code().code().to_owned()),
        constraint: answer.constraint().map(str::to_owned),
        silence: "",
        retryable,
    }
}

/// Whether the server or a pooler has ended the connection with this error. Of the two severity fields, one may
/// be localized, and poolers may omit the other.
pub(super) fn is_fatal(answer: &DbError) -> bool {
    match answer.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => matches!(answer.severity(), "FATAL" | "PANIC"),
    }
}

/// There was no response in time.
pub(super) fn no_answer(step: &'static str) -> Error {
    local_error(step, "no response in time", true)
}

/// An error without a response of the server.
fn local_error(step: &'static str, silence: &'static str, retryable: bool) -> Error {
    Error::Database { step, sqlstate: None, constraint: None, silence, retryable }
}

/// Maps an error of the driver or the network.
fn network_error(step: &'static str, error: &tokio_postgres::Error) -> Error {
    let mut io = None;
    let mut cause = error.source();
    while let Some(inner) = cause {
        // The driver identifies it by its text only.
        if inner.to_string() == "password missing" {
            let reason = "the server requires a password, but DATABASE_URL has none";
            return local_error(step, reason, false);
        }
        io = io.or_else(|| inner.downcast_ref::<io::Error>());
        cause = inner.source();
    }
    let reason = match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
            "no server listens on the host and port of DATABASE_URL"
        }
        Some(io::ErrorKind::TimedOut) => "connecting took longer than connectTimeoutMs",
        _ if error.is_closed() => "the connection was closed",
        _ => "could not connect, or the connection was lost",
    };
    local_error(step, reason, true)
}

/// Maps a failure to connect.
pub(super) fn connect_error(step: &'static str, error: &ConnectError) -> Error {
    match error {
        ConnectError::Driver(error) if refuses_options(error) => Error::configuration(
            "DATABASE_URL",
            "has options (or PGOPTIONS has) that the server rejects. Write settings as -c name=value",
        ),
        ConnectError::Driver(error) => from_login(step, error),
        ConnectError::Password(NoPassword { reason, cause_id }) => {
            Error::DatabasePassword { step, reason, cause_id: *cause_id }
        }
        ConnectError::Standby => local_error(step, STANDBY, true),
        ConnectError::ReadOnly => {
            let reason = "no host of DATABASE_URL accepts writes: all are standbys, or the primary is unreachable";
            local_error(step, reason, true)
        }
        ConnectError::Encoding(encoding) => Error::configuration(
            "DATABASE_URL",
            format!(
                "names a database with the encoding {encoding}, which cannot store every text. Create one with ENCODING 'UTF8' and TEMPLATE template0, and move the tables with pg_dump"
            ),
        ),
    }
}

/// Whether the server rejects a setting of the session: unknown, not settable, or with an invalid value.
fn refuses_options(error: &tokio_postgres::Error) -> bool {
    let states = [
        SqlState::UNDEFINED_OBJECT,
        SqlState::INVALID_PARAMETER_VALUE,
        SqlState::CANT_CHANGE_RUNTIME_PARAM,
        SqlState::SYNTAX_ERROR,
    ];
    error.code().is_some_and(|state| states.contains(state))
}

/// Maps an error of the pool.
pub(super) fn from_pool(step: &'static str, error: &PoolError<ConnectError>) -> Error {
    match error {
        PoolError::Backend(error) => connect_error(step, error),
        PoolError::Closed => Error::Closed,
        PoolError::Timeout(TimeoutType::Wait) => local_error(
            step,
            "no connection of the pool became free within poolWaitMs; see maxConnections",
            true,
        ),
        PoolError::Timeout(_) => {
            local_error(step, "connecting took longer than connectTimeoutMs", true)
        }
        _ => no_answer(step),
    }
}

/// Whether this connection, and probably the idle ones, cannot be used any more: it has ended, or the server is
/// stopping or is a standby.
pub(super) fn spoils_connection(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_none_or(|answer| {
        let state = answer.code().code();
        is_fatal(answer)
            || ["08", "57P"].iter().any(|class| state.starts_with(class))
            || state == "25006"
    })
}

/// Connection exceptions (08), insufficient resources (53), operator intervention (57), transaction rollback
/// (40), and read-only transactions, as on a standby (25006).
fn is_retryable(sqlstate: &str) -> bool {
    ["08", "53", "57", "40"].iter().any(|class| sqlstate.starts_with(class)) || sqlstate == "25006"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_by_itself_is_retryable() {
        for state in ["08006", "53300", "57P01", "57014", "40001", "40P01", "25006"] {
            assert!(is_retryable(state), "{state}");
        }
        for state in ["23503", "23505", "42501", "28P01", "3D000", "22021"] {
            assert!(!is_retryable(state), "{state}");
        }
    }
}
