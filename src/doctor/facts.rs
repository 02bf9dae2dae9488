//! Facts about a server.

use std::collections::BTreeMap;

use serde::Serialize;

use super::server::ms;
use crate::db::{Inspection, column};
use crate::error::{Error, Result};
use crate::refresh::{Runtime, Stopwatch};

/// Facts about the server, the role and the connection.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Facts {
    version_number: i32,
    version: String,
    database: String,
    /// The encoding of the database, such as `UTF8`.
    encoding: String,
    role: String,
    is_superuser: bool,
    bypasses_row_security: bool,
    is_standby: bool,
    is_read_only: bool,
    search_path: String,
    /// The first schema of the path that exists and that the role may use.
    current_schema: Option<String>,
    /// Timeouts of role and database that end statements or transactions, by name, in milliseconds.
    timeouts_ms: BTreeMap<String, i32>,
    /// TLS of the connection as the server sees it.
    tls: Option<Tls>,
    clock: Clock,
}

#[derive(Debug, Serialize)]
struct Tls {
    version: String,
    cipher: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Clock {
    round_trip_ms: f64,
    /// How far the database's clock is ahead of this machine's, in milliseconds.
    ahead_ms: f64,
}

const FACTS: &str = "
    SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
        current_database()::text, current_user::text, r.rolsuper, r.rolbypassrls,
        pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean,
        s.version, s.cipher, current_setting('server_encoding'),
        current_setting('search_path'), current_schema()::text
    FROM pg_roles r LEFT JOIN pg_stat_ssl s ON s.pid = pg_backend_pid() AND s.ssl
    WHERE r.rolname = current_user";

/// The values at the start of a session.
const TIMEOUTS: &str = "
    SELECT name, reset_val::integer FROM pg_settings
    WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')
      AND reset_val <> '0'";

const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8";

/// How often the clock is read; the fastest reading is the most precise.
const CLOCK_TRIES: usize = 3;

impl Facts {
    /// Whether the server is read-only.
    pub(super) fn refuses_writes(&self) -> bool {
        self.is_standby || self.is_read_only
    }
}

/// Queries the server.
pub(super) async fn facts(inspection: &Inspection, runtime: &impl Runtime) -> Result<Facts> {
    let rows = inspection.rows("read facts about the server", FACTS, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::internal("the server does not list the role"))?;
    let version: Option<String> = column(row, 8)?;
    let cipher: Option<String> = column(row, 9)?;
    Ok(Facts {
        version_number: column(row, 0)?,
        version: column(row, 1)?,
        database: column(row, 2)?,
        encoding: column(row, 10)?,
        role: column(row, 3)?,
        is_superuser: column(row, 4)?,
        bypasses_row_security: column(row, 5)?,
        is_standby: column(row, 6)?,
        is_read_only: column(row, 7)?,
        search_path: column(row, 11)?,
        current_schema: column(row, 12)?,
        timeouts_ms: timeouts(inspection).await?,
        tls: version.zip(cipher).map(|(version, cipher)| Tls { version, cipher }),
        clock: clock(inspection, runtime).await?,
    })
}

async fn timeouts(inspection: &Inspection) -> Result<BTreeMap<String, i32>> {
    let rows = inspection.rows("read the timeouts", TIMEOUTS, &[]).await?;
    rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect()
}

async fn clock(inspection: &Inspection, runtime: &impl Runtime) -> Result<Clock> {
    let mut best: Option<Clock> = None;
    for _ in 0..CLOCK_TRIES {
        let sent_at = runtime.wall();
        let watch = Stopwatch::start(runtime);
        let rows = inspection.rows("read the server's clock", CLOCK, &[]).await?;
        let round_trip_ms = ms(watch, runtime);
        let there: f64 = rows.first().map_or(Ok(0.0), |row| column(row, 0))?;
        let here = sent_at.as_secs_f64() * 1_000.0 + round_trip_ms / 2.0;
        if best.as_ref().is_none_or(|best| round_trip_ms < best.round_trip_ms) {
            best = Some(Clock { round_trip_ms, ahead_ms: there - here });
        }
    }
    best.ok_or_else(|| Error::internal("the clock was not read"))
}
