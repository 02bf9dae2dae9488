//! What a failed statement means. Judged by SQLSTATE and constraint name alone: the server's
//! texts may print the row.

use std::error::Error as _;
use std::io;

use deadpool::managed::{PoolError, TimeoutType};
use tokio_postgres::error::{DbError, Severity, SqlState};

use super::connect::Unconnected;
use super::password::NoPassword;
use super::tls_error::tls_error;
use crate::error::Error;

/// Where PostgreSQL holds rows against policies.
const POLICY_ROUTINE: &str = "ExecWithCheckOptions";

const STANDBY: &str = "the server of DATABASE_URL is a standby: it takes no writes, and what it shows may be old. It is taken all the same with target_session_attrs=any";

/// The setting that a statement asks for when it has written another row than it should: see
/// `store::table::write_blocker`.
const ROW_AS_ASKED: &str = "tokenkeep.row_as_asked";

/// What an error on a connection that was let in means for `step`.
pub(super) fn from_driver(step: &'static str, error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        // Whatever is said: a statement has not failed for what it is, the connection has ended.
        Some(answer) if is_fatal(answer) => failed(step, answer, true),
        Some(answer) => from_answer(step, answer, is_retryable(answer.code().code())),
        None => unanswered(step, error),
    }
}

/// What an error means for `step` before we are let in: there FATAL is how a server says no, for
/// whatever reason. Pgpool-II has one SQLSTATE for all of them, also for that its server is away.
pub(super) fn from_login(step: &'static str, error: &tokio_postgres::Error) -> Error {
    let Some(answer) = error.as_db_error() else { return unanswered(step, error) };
    let state = answer.code();
    let retryable = *state == SqlState::INTERNAL_ERROR || is_retryable(state.code());
    from_answer(step, answer, retryable)
}

fn unanswered(step: &'static str, error: &tokio_postgres::Error) -> Error {
    tls_error(error).unwrap_or_else(|| silence(step, error))
}

fn from_answer(step: &'static str, answer: &DbError, retryable: bool) -> Error {
    let state = answer.code();
    if *state == SqlState::LOCK_NOT_AVAILABLE {
        return Error::RowLocked { step };
    }
    if *state == SqlState::INVALID_SCHEMA_NAME {
        let reason =
            "The schema of the option or URL parameter schema does not exist: create it first";
        return Error::Schema { reason: reason.into() };
    }
    if *state == SqlState::UNDEFINED_OBJECT && answer.message().contains(ROW_AS_ASKED) {
        return Error::Schema {
            reason: format!(
                "The database failed to {step}: the row that would be stored is not the one that was asked for. A trigger changes ids, tokens or refreshing_at, or a collation that is not deterministic takes another user's row for it; npx tokenkeep doctor names it. Nothing was written"
            )
            .into(),
        };
    }
    // A policy refuses the row that was to be written. A missing right has the same SQLSTATE.
    if *state == SqlState::INSUFFICIENT_PRIVILEGE && answer.routine() == Some(POLICY_ROUTINE) {
        return Error::TenantMismatch { by_policy: true };
    }
    if *state == SqlState::UNDEFINED_TABLE {
        return Error::Schema {
            reason: format!(
                "There is no table that tokenkeep needs to {step}, or search_path does not lead to it (SQLSTATE 42P01). Run: npx tokenkeep migrate --store NAME. If the table is there, name its schema with the option or URL parameter schema, or with ALTER ROLE … SET search_path"
            )
            .into(),
        };
    }
    // The last: no unique key for an ON CONFLICT.
    let lacks = [SqlState::UNDEFINED_COLUMN, SqlState::INVALID_COLUMN_REFERENCE];
    if lacks.contains(state) {
        return Error::Schema {
            reason: format!(
                "The database lacks a column or unique key that tokenkeep needs to {step} (SQLSTATE {}). Run: npx tokenkeep migrate --store NAME",
                state.code()
            )
            .into(),
        };
    }
    failed(step, answer, retryable)
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

/// Whether the server, or a pooler, has ended the connection with this answer. It has two names for
/// that, of which one may be in its own language; poolers may leave out the other.
fn is_fatal(answer: &DbError) -> bool {
    match answer.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => matches!(answer.severity(), "FATAL" | "PANIC"),
    }
}

/// The answer did not come in time.
pub(super) fn no_answer(step: &'static str) -> Error {
    silent(step, "no answer in time", true)
}

/// There is no answer, and nothing that the server has said.
fn silent(step: &'static str, silence: &'static str, retryable: bool) -> Error {
    Error::Database { step, sqlstate: None, constraint: None, silence, retryable }
}

/// What the driver says in the place of the server.
fn silence(step: &'static str, error: &tokio_postgres::Error) -> Error {
    let mut io = None;
    let mut cause = error.source();
    while let Some(inner) = cause {
        // The driver has no other word for it.
        if inner.to_string() == "password missing" {
            let reason = "the server asks for a password, and DATABASE_URL has none";
            return silent(step, reason, false);
        }
        io = io.or_else(|| inner.downcast_ref::<io::Error>());
        cause = inner.source();
    }
    let reason = match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
            "nothing listens at host and port of DATABASE_URL"
        }
        Some(io::ErrorKind::TimedOut) => "connecting took too long: connectTimeoutMs",
        _ if error.is_closed() => "the connection was closed",
        _ => "no connection, or it broke",
    };
    silent(step, reason, true)
}

/// What it means that no connection came about.
pub(super) fn unconnected(step: &'static str, error: &Unconnected) -> Error {
    match error {
        Unconnected::Driver(error) if refuses_options(error) => Error::configuration(
            "DATABASE_URL",
            "has options, or PGOPTIONS has, that the server does not take: settings are named as in -c name=value",
        ),
        Unconnected::Driver(error) => from_login(step, error),
        Unconnected::Password(NoPassword { reason, cause_id }) => {
            Error::DatabasePassword { step, reason, cause_id: *cause_id }
        }
        Unconnected::Standby => silent(step, STANDBY, true),
        Unconnected::ReadOnly => {
            let reason = "none of the hosts of DATABASE_URL takes writes: all are standbys, or the primary is away";
            silent(step, reason, true)
        }
        Unconnected::Encoding(encoding) => Error::configuration(
            "DATABASE_URL",
            format!(
                "leads to a database whose encoding is {encoding}, which cannot hold every text. Make one with ENCODING 'UTF8' and TEMPLATE template0, and move the tables there with pg_dump"
            ),
        ),
    }
}

/// Whether a setting of the session is unknown, cannot be set, or has no such value.
fn refuses_options(error: &tokio_postgres::Error) -> bool {
    let states = [
        SqlState::UNDEFINED_OBJECT,
        SqlState::INVALID_PARAMETER_VALUE,
        SqlState::CANT_CHANGE_RUNTIME_PARAM,
        SqlState::SYNTAX_ERROR,
    ];
    error.code().is_some_and(|state| states.contains(state))
}

/// What it means that the pool gave no connection.
pub(super) fn from_pool(step: &'static str, error: &PoolError<Unconnected>) -> Error {
    match error {
        PoolError::Backend(error) => unconnected(step, error),
        PoolError::Closed => Error::Closed,
        PoolError::Timeout(TimeoutType::Wait) => {
            silent(step, "no connection of the pool was free: maxConnections, poolWaitMs", true)
        }
        PoolError::Timeout(_) => silent(step, "connecting took too long: connectTimeoutMs", true),
        _ => no_answer(step),
    }
}

/// Whether the answer says that this connection, and its like, is no good: it has ended, the server
/// goes away, or is a standby.
pub(super) fn spoils_connection(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_none_or(|answer| {
        let state = answer.code().code();
        is_fatal(answer)
            || ["08", "57P"].iter().any(|class| state.starts_with(class))
            || state == "25006"
    })
}

/// Connection trouble (08), resources (53), operator intervention (57), conflicts that a second
/// try resolves (40), and a server that is read-only since it is a standby (25006).
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
