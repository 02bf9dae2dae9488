//! Whether the server that answers is the one that was connected to, or a pooler stands in between.
//! Of poolers only Pgpool-II is asked anything: every kind would want it in a language of its own.
//!
//! A backend that is ours alone was started while we connected, and stays ours. One that is older, or
//! younger, than that was started for a pooler. Two connections that take turns on one backend, or one
//! that is moved from one to another, have a pooler that shares backends between transactions.
//! `pg_stat_activity` names a backend's age by the server's own clock; the time since we connected is
//! taken from ours: no two clocks are compared.

use std::time::Duration;

use serde::Serialize;

use super::pgpool::{self, Pgpool};
use super::server::{Reached, Since, connect, ms};
use crate::db::{Inspection, Timeouts, Unreached, column};
use crate::error::{Error, Result};
use crate::refresh::Runtime;

/// What was seen of a pooler.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pooler {
    /// Two connections had the same backend, one after the other.
    is_shared: bool,
    /// A connection had another backend than before.
    is_moved: bool,
    /// A backend was not started when we connected.
    is_of_other_age: bool,
    /// When it is Pgpool-II.
    pgpool: Option<Pgpool>,
}

/// A second connection. One that has rested a while is told best: a backend that is started when it is
/// first used is far too young.
pub(super) struct Second {
    inspection: Inspection,
    since: Since,
}

/// By the server's clock.
struct Backend {
    pid: i32,
    is_of_other_age: bool,
}

const BACKEND: &str = "
    SELECT pid, (extract(epoch FROM clock_timestamp() - backend_start) * 1000)::float8
    FROM pg_stat_activity WHERE pid = pg_backend_pid()";

/// What is not worth a suspicion: clocks do not run alike.
const INEXACT_MS: f64 = 20.0;

/// How long the second connection rests at least, which a backend takes to start.
const REST_MS: f64 = 400.0;

/// A pooler whose connections are all in use lets us wait; not for long.
const PATIENCE_MS: u64 = 3_000;

/// A backend that goes from one to the other, whether a pooler hands out the one that was last used or
/// each in turn.
const TURNS: [usize; 7] = [0, 1, 0, 0, 1, 1, 0];

/// Connects a second time.
pub(super) async fn second(
    used: &Reached<'_>,
    runtime: &impl Runtime,
) -> std::result::Result<Second, Unreached> {
    let timeouts =
        Timeouts { statement_ms: PATIENCE_MS, lock_ms: PATIENCE_MS / 2, ..used.timeouts };
    let (inspection, since) = connect(used.server, timeouts, runtime).await?;
    Ok(Second { inspection, since })
}

/// Compares the backends of both.
pub(super) async fn inspect(
    used: &Reached<'_>,
    second: std::result::Result<Second, Unreached>,
    runtime: &impl Runtime,
) -> Result<Pooler> {
    let second = second.map_err(|unreached| unreached.error)?;
    let rest = (REST_MS - ms(second.since.ready, runtime)).max(0.0);
    runtime.sleep(Duration::from_secs_f64(rest / 1_000.0)).await;
    let both = [(&used.inspection, used.since), (&second.inspection, second.since)];
    let mut pids: [Option<i32>; 2] = [None, None];
    let pgpool = pgpool::inspect(&used.inspection).await;
    let mut seen = Pooler { is_shared: false, is_moved: false, is_of_other_age: false, pgpool };
    for turn in TURNS {
        let (inspection, since) = both[turn];
        let backend = backend(inspection, since, runtime).await?;
        seen.is_of_other_age |= backend.is_of_other_age;
        seen.is_moved |= pids[turn].is_some_and(|before| before != backend.pid);
        pids[turn] = Some(backend.pid);
        seen.is_shared |= pids[0] == pids[1];
    }
    Ok(seen)
}

async fn backend(inspection: &Inspection, since: Since, runtime: &impl Runtime) -> Result<Backend> {
    let ready = ms(since.ready, runtime);
    let rows = inspection.rows("look at the server's process", BACKEND, &[]).await?;
    let begun = ms(since.begun, runtime);
    let row =
        rows.first().ok_or_else(|| Error::internal("the server does not show its process"))?;
    let age: f64 = column(row, 1)?;
    let is_of_other_age = age < ready - INEXACT_MS || age > begun + INEXACT_MS;
    Ok(Backend { pid: column(row, 0)?, is_of_other_age })
}
