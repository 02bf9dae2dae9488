//! What a failed statement means. Judged by SQLSTATE and constraint name alone: the server's
//! texts may print the row.

use std::error::Error as _;
use std::io;

use deadpool::managed::{PoolError, TimeoutType};
use tokio_postgres::error::SqlState;

use super::connect::Unconnected;
use super::password::NoPassword;
use super::tls_error::tls_error;
use crate::error::Error;

/// Where PostgreSQL holds rows against policies.
const POLICY_ROUTINE: &str = "ExecWithCheckOptions";

const STANDBY: &str = "the server of DATABASE_URL is a standby: it takes no writes, and what it shows may be old. It is taken all the same with target_session_attrs=any";

/// What the driver's error means for `step`.
pub(super) fn from_driver(step: &'static str, error: &tokio_postgres::Error) -> Error {
    let Some(answer) = error.as_db_error() else {
        return tls_error(error).unwrap_or_else(|| silence(step, error));
    };
    let state = answer.code();
    if *state == SqlState::LOCK_NOT_AVAILABLE {
        return Error::RowLocked { step };
    }
    if *state == SqlState::INVALID_SCHEMA_NAME {
        let reason =
            "The schema of the option or URL parameter schema does not exist: create it first";
        return Error::Schema { reason: reason.into() };
    }
    // A policy refuses the row that was to be written. A missing right has the same SQLSTATE.
    if *state == SqlState::INSUFFICIENT_PRIVILEGE && answer.routine() == Some(POLICY_ROUTINE) {
        return Error::TenantMismatch { by_policy: true };
    }
    // The last: no unique key for an ON CONFLICT.
    let lacks =
        [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN, SqlState::INVALID_COLUMN_REFERENCE];
    if lacks.contains(state) {
        return Error::Schema {
            reason: format!(
                "The database lacks a table, column or unique key that tokenkeep needs to {step} (SQLSTATE {}). Run: npx tokenkeep migrate, with --store and the store's name",
                state.code()
            )
            .into(),
        };
    }
    Error::Database {
        step,
        sqlstate: Some(state.code().to_owned()),
        constraint: answer.constraint().map(str::to_owned),
        silence: "",
        retryable: is_retryable(state.code()),
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
    // The driver's own has no code of the operating system's.
    let is_standby = |io: &&io::Error| {
        io.kind() == io::ErrorKind::PermissionDenied && io.raw_os_error().is_none()
    };
    let reason = match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
            "nothing listens at host and port of DATABASE_URL"
        }
        Some(io::ErrorKind::TimedOut) => "connecting took too long: connectTimeoutMs",
        _ if io.as_ref().is_some_and(is_standby) => {
            "none of the hosts of DATABASE_URL takes writes: all are standbys, or the primary is away"
        }
        _ if error.is_closed() => "the connection was closed",
        _ => "no connection, or it broke",
    };
    silent(step, reason, true)
}

/// What it means that no connection came about.
pub(super) fn unconnected(step: &'static str, error: &Unconnected) -> Error {
    match error {
        Unconnected::Driver(error) => from_driver(step, error),
        Unconnected::Password(NoPassword { reason, cause_id }) => {
            Error::DatabasePassword { step, reason, cause_id: *cause_id }
        }
        Unconnected::Standby => silent(step, STANDBY, true),
        Unconnected::Encoding(encoding) => Error::configuration(
            "DATABASE_URL",
            format!(
                "leads to a database whose encoding is {encoding}, which cannot hold every text. Make one with ENCODING 'UTF8' and TEMPLATE template0, and move the tables there with pg_dump"
            ),
        ),
    }
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

/// Whether the answer says that this connection, and its like, is no good: the server goes away, or
/// is a standby.
pub(super) fn spoils_connection(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|state| {
        ["08", "57P"].iter().any(|class| state.code().starts_with(class)) || state.code() == "25006"
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
