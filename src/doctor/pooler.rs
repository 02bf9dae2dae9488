//! Detects a pooler between this process and the server, without commands of a pooler except Pgpool-II's.
//!
//! Without a pooler, a backend starts when the connection is opened, and belongs to it. A backend that is older
//! or younger was started for a pooler. If two connections use the same backend in turn, or one changes its
//! backend, a pooler shares backends between transactions. The age of a backend is measured with the server's
//! clock, the age of a connection with the local clock; the two clocks are never compared.

use std::time::Duration;

use serde::Serialize;

use super::pgpool::{self, Pgpool};
use super::server::{Reached, Since, connect, ms};
use crate::db::{Inspection, InspectionError, Timeouts, column};
use crate::error::{Error, Result};
use crate::refresh::Runtime;

/// Signs of a pooler.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pooler {
    /// Two connections had the same backend, one after the other.
    is_shared: bool,
    /// A connection had another backend than before.
    is_moved: bool,
    /// A backend was not started when we connected.
    is_of_other_age: bool,
    /// Whether the stores prepare their statements: no option forbids it, and the server process is the one
    /// that the server named at login.
    prepares_statements: bool,
    /// Set if it is Pgpool-II.
    pgpool: Option<Pgpool>,
}

/// A second connection. It stays idle for a while, because a pooler may start a backend only when it is first
/// used, which is then too young.
pub(super) struct Second {
    inspection: Inspection,
    since: Since,
}

/// A backend process.
struct Backend {
    pid: i32,
    is_of_other_age: bool,
}

const BACKEND: &str = "
    SELECT pid, (extract(epoch FROM clock_timestamp() - backend_start) * 1000)::float8
    FROM pg_stat_activity WHERE pid = pg_backend_pid()";

/// The tolerated difference of ages, as clocks run at different speeds.
const INEXACT_MS: f64 = 20.0;

/// The minimum idle time of the second connection, longer than a backend takes to start.
const REST_MS: f64 = 400.0;

/// The time limit of statements on the second connection: a pooler may have no free backend.
const PATIENCE_MS: u64 = 3_000;

/// The order in which both connections are used. It makes them share a backend both with poolers that reuse the
/// last backend and with those that use all in turn.
const TURNS: [usize; 7] = [0, 1, 0, 0, 1, 1, 0];

/// Opens the second connection.
pub(super) async fn second(
    used: &Reached<'_>,
    runtime: &impl Runtime,
) -> std::result::Result<Second, InspectionError> {
    let timeouts =
        Timeouts { statement_ms: PATIENCE_MS, lock_ms: PATIENCE_MS / 2, ..used.timeouts };
    let (inspection, since) = connect(used.server, timeouts, runtime).await?;
    Ok(Second { inspection, since })
}

/// Compares the backends of both connections.
pub(super) async fn inspect(
    used: &Reached<'_>,
    second: std::result::Result<Second, InspectionError>,
    runtime: &impl Runtime,
) -> Result<Pooler> {
    let second = second.map_err(|failure| failure.error)?;
    let rest = (REST_MS - ms(second.since.ready, runtime)).max(0.0);
    runtime.sleep(Duration::from_secs_f64(rest / 1_000.0)).await;
    let both = [(&used.inspection, used.since), (&second.inspection, second.since)];
    let mut pids: [Option<i32>; 2] = [None, None];
    let pgpool = pgpool::inspect(&used.inspection).await;
    let mut pooler = Pooler {
        is_shared: false,
        is_moved: false,
        is_of_other_age: false,
        prepares_statements: used.server.prepares_statements,
        pgpool,
    };
    let logins =
        [used.inspection.process_at_login().await, second.inspection.process_at_login().await];
    for turn in TURNS {
        let (inspection, since) = both[turn];
        let backend = backend(inspection, since, runtime).await?;
        pooler.is_of_other_age |= backend.is_of_other_age;
        pooler.is_moved |= pids[turn].is_some_and(|before| before != backend.pid);
        pids[turn] = Some(backend.pid);
        pooler.prepares_statements &= pids[turn] == logins[turn] && !backend.is_of_other_age;
        pooler.is_shared |= pids[0] == pids[1];
    }
    Ok(pooler)
}

async fn backend(inspection: &Inspection, since: Since, runtime: &impl Runtime) -> Result<Backend> {
    let ready = ms(since.ready, runtime);
    let rows = inspection.rows("read the server's process", BACKEND, &[]).await?;
    let begun = ms(since.begun, runtime);
    let row =
        rows.first().ok_or_else(|| Error::internal("the server does not show its process"))?;
    let age: f64 = column(row, 1)?;
    let is_of_other_age = age < ready - INEXACT_MS || age > begun + INEXACT_MS;
    Ok(Backend { pid: column(row, 0)?, is_of_other_age })
}
