//! The servers: which one is used, what it is, and its clock.

use serde::Serialize;

use super::Checked;
use crate::db::{DatabaseSettings, Inspection, Server, Unreached, Within, column};
use crate::error::{Error, Result};
use crate::refresh::{Runtime, Stopwatch};

/// A server that was tried.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attempt {
    host: String,
    port: String,
    /// How long connecting took, TLS and password included.
    connect_ms: Option<f64>,
    /// Why it was not reached.
    failure: Option<Failure>,
    facts: Option<Checked<Facts>>,
    is_used: bool,
}

#[derive(Debug, Serialize)]
struct Failure {
    kind: &'static str,
    sqlstate: Option<String>,
    text: String,
}

/// What a server says of itself, and of us.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Facts {
    version_number: i32,
    version: String,
    database: String,
    role: String,
    is_superuser: bool,
    bypasses_row_security: bool,
    is_standby: bool,
    is_read_only: bool,
    /// Of the connection that the server itself sees.
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
    /// How far the database's clock is ahead of this machine's.
    ahead_ms: f64,
}

/// The server that is used.
pub(super) struct Reached<'a> {
    pub(super) server: &'a DatabaseSettings,
    pub(super) inspection: Inspection,
    pub(super) since: Since,
    pub(super) within: Within,
}

/// When connecting began, and when it was done.
#[derive(Clone, Copy)]
pub(super) struct Since {
    pub(super) begun: Stopwatch,
    pub(super) ready: Stopwatch,
}

const FACTS: &str = "
    SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
        current_database()::text, current_user::text, r.rolsuper, r.rolbypassrls,
        pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean,
        s.version, s.cipher
    FROM pg_roles r LEFT JOIN pg_stat_ssl s ON s.pid = pg_backend_pid() AND s.ssl
    WHERE r.rolname = current_user";

const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8";

/// How often the clock is asked: the quickest answer is the most exact one.
const CLOCK_TRIES: usize = 3;

/// Tries the servers in their order, as the driver does, until one will do.
pub(super) async fn reach<'a>(
    servers: &'a [Server],
    needs_primary: bool,
    within: Within,
    runtime: &impl Runtime,
) -> (Vec<Attempt>, Option<Reached<'a>>) {
    let mut attempts = Vec::new();
    for server in servers {
        let (mut attempt, reached) = try_one(server, within, runtime).await;
        let is_passed_over = needs_primary
            && matches!(&attempt.facts, Some(Checked::Found(facts)) if facts.refuses_writes());
        attempt.is_used = reached.is_some() && !is_passed_over;
        let is_used = attempt.is_used;
        attempts.push(attempt);
        if is_used {
            return (attempts, reached);
        }
    }
    (attempts, None)
}

impl Facts {
    fn refuses_writes(&self) -> bool {
        self.is_standby || self.is_read_only
    }
}

async fn try_one<'a>(
    server: &'a Server,
    within: Within,
    runtime: &impl Runtime,
) -> (Attempt, Option<Reached<'a>>) {
    let (host, port) = (server.host.clone(), server.port.clone());
    let mut attempt =
        Attempt { host, port, connect_ms: None, failure: None, facts: None, is_used: false };
    match connect(&server.settings, within, runtime).await {
        Ok((inspection, since)) => {
            attempt.connect_ms = Some(since.took_ms(runtime));
            attempt.facts = Some(facts(&inspection, runtime).await.into());
            let reached = Reached { server: &server.settings, inspection, since, within };
            (attempt, Some(reached))
        }
        Err(Unreached { kind, error }) => {
            let sqlstate = match &error {
                Error::Database { sqlstate, .. } => sqlstate.clone(),
                _ => None,
            };
            attempt.failure = Some(Failure { kind, sqlstate, text: error.to_string() });
            (attempt, None)
        }
    }
}

/// A connection, and how long it took.
pub(super) async fn connect(
    settings: &DatabaseSettings,
    within: Within,
    runtime: &impl Runtime,
) -> std::result::Result<(Inspection, Since), Unreached> {
    let begun = Stopwatch::start(runtime);
    let inspection = Inspection::connect(settings, within).await?;
    Ok((inspection, Since { begun, ready: Stopwatch::start(runtime) }))
}

impl Since {
    fn took_ms(&self, runtime: &impl Runtime) -> f64 {
        ms(self.begun, runtime) - ms(self.ready, runtime)
    }
}

/// Milliseconds on a stopwatch.
pub(super) fn ms(watch: Stopwatch, runtime: &impl Runtime) -> f64 {
    watch.elapsed_monotonic(runtime).as_secs_f64() * 1_000.0
}

async fn facts(inspection: &Inspection, runtime: &impl Runtime) -> Result<Facts> {
    let rows = inspection.rows("ask the server what it is", FACTS, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::internal("the role is not known to the server"))?;
    let version: Option<String> = column(row, 8)?;
    let cipher: Option<String> = column(row, 9)?;
    Ok(Facts {
        version_number: column(row, 0)?,
        version: column(row, 1)?,
        database: column(row, 2)?,
        role: column(row, 3)?,
        is_superuser: column(row, 4)?,
        bypasses_row_security: column(row, 5)?,
        is_standby: column(row, 6)?,
        is_read_only: column(row, 7)?,
        tls: version.zip(cipher).map(|(version, cipher)| Tls { version, cipher }),
        clock: clock(inspection, runtime).await?,
    })
}

async fn clock(inspection: &Inspection, runtime: &impl Runtime) -> Result<Clock> {
    let mut best: Option<Clock> = None;
    for _ in 0..CLOCK_TRIES {
        let asked = runtime.wall();
        let watch = Stopwatch::start(runtime);
        let rows = inspection.rows("read the server's clock", CLOCK, &[]).await?;
        let round_trip_ms = ms(watch, runtime);
        let there: f64 = rows.first().map_or(Ok(0.0), |row| column(row, 0))?;
        let here = asked.as_secs_f64() * 1_000.0 + round_trip_ms / 2.0;
        if best.as_ref().is_none_or(|best| round_trip_ms < best.round_trip_ms) {
            best = Some(Clock { round_trip_ms, ahead_ms: there - here });
        }
    }
    best.ok_or_else(|| Error::internal("the clock was not read"))
}
