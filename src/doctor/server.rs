//! Connects to the servers and selects the one that is used.

use serde::Serialize;

use super::Checked;
use super::facts::{Facts, facts};
use crate::db::{DatabaseSettings, Inspection, InspectionError, Server, Timeouts};
use crate::error::Error;
use crate::refresh::{Runtime, Stopwatch};

/// A server that was tried.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attempt {
    host: String,
    port: String,
    /// How long connecting took, including TLS and authentication.
    connect_ms: Option<f64>,
    /// Why connecting failed.
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

/// The server that is used.
pub(super) struct Reached<'a> {
    pub(super) server: &'a DatabaseSettings,
    pub(super) inspection: Inspection,
    pub(super) since: Since,
    pub(super) timeouts: Timeouts,
}

/// When connecting started and ended.
#[derive(Clone, Copy)]
pub(super) struct Since {
    pub(super) begun: Stopwatch,
    pub(super) ready: Stopwatch,
}

/// Tries the servers in order, as a store does, until one is suitable.
pub(super) async fn reach<'a>(
    servers: &'a [Server],
    needs_primary: bool,
    timeouts: Timeouts,
    runtime: &impl Runtime,
) -> (Vec<Attempt>, Option<Reached<'a>>) {
    let mut attempts = Vec::new();
    for server in servers {
        let (mut attempt, reached) = try_one(server, timeouts, runtime).await;
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

async fn try_one<'a>(
    server: &'a Server,
    timeouts: Timeouts,
    runtime: &impl Runtime,
) -> (Attempt, Option<Reached<'a>>) {
    let (host, port) = (server.host.clone(), server.port.clone());
    let mut attempt =
        Attempt { host, port, connect_ms: None, failure: None, facts: None, is_used: false };
    match connect(&server.settings, timeouts, runtime).await {
        Ok((inspection, since)) => {
            attempt.connect_ms = Some(since.took_ms(runtime));
            attempt.facts = Some(facts(&inspection, runtime).await.into());
            let reached = Reached { server: &server.settings, inspection, since, timeouts };
            (attempt, Some(reached))
        }
        Err(InspectionError { kind, error }) => {
            let sqlstate = match &error {
                Error::Database { sqlstate, .. } => sqlstate.clone(),
                _ => None,
            };
            attempt.failure = Some(Failure { kind, sqlstate, text: error.to_string() });
            (attempt, None)
        }
    }
}

/// Opens a connection and measures the time.
pub(super) async fn connect(
    settings: &DatabaseSettings,
    timeouts: Timeouts,
    runtime: &impl Runtime,
) -> std::result::Result<(Inspection, Since), InspectionError> {
    let begun = Stopwatch::start(runtime);
    let inspection = Inspection::connect(settings, timeouts).await?;
    Ok((inspection, Since { begun, ready: Stopwatch::start(runtime) }))
}

impl Since {
    fn took_ms(&self, runtime: &impl Runtime) -> f64 {
        ms(self.begun, runtime) - ms(self.ready, runtime)
    }
}

/// Elapsed milliseconds.
pub(super) fn ms(watch: Stopwatch, runtime: &impl Runtime) -> f64 {
    watch.elapsed_monotonic(runtime).as_secs_f64() * 1_000.0
}
