//! Which client a row is known by: written off the path of the caller, all that collect meanwhile in
//! one statement.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::watch;

use super::home::Home;
use super::{Parts, is_missing};
use crate::db::{Database, Params, RlsContext, Timeouts, Type};
use crate::error::Result;
use crate::refresh::{Runtime, Tokio};

/// How often it is written at most that a client refreshes rows.
const PAUSE: Duration = Duration::from_secs(10);
/// How long it is not tried again where the tables are missing.
const MISSING_PAUSE: Duration = Duration::from_secs(60);
/// The most rows that one statement writes.
const BATCH_MAX: usize = 1_000;
/// The most rows whose client is remembered as written; beyond it all are forgotten.
const WRITTEN_MAX: usize = 65_536;

/// New tokens are not those that were refused. `$1` schema, `$2` store, `$3` to `$5` the parts of the
/// keys, `$6` how many parts a key has, `$7` the clients.
const KNOWN: &str = "
    INSERT INTO tokenkeep.refresh_state AS state (target_schema, store, key, client)
    SELECT $1, $2,
        CASE $6 WHEN 1 THEN ARRAY[first] WHEN 2 THEN ARRAY[first, second]
            ELSE ARRAY[first, second, third] END,
        client
    FROM unnest($3, $4, $5, $7) AS noted (first, second, third, client)
    ON CONFLICT (target_schema, store, key) DO UPDATE SET
        client = EXCLUDED.client, token = NULL, refused_client = NULL, error_code = NULL,
        status = NULL, reason = NULL, failures = 0, failing_since = NULL, failed_at = NULL,
        retry_at = NULL
    WHERE state.client IS DISTINCT FROM EXCLUDED.client OR state.failures > 0";

const UNKNOWN: &str = "
    DELETE FROM tokenkeep.refresh_state AS state
    USING unnest($3, $4, $5) AS noted (first, second, third)
    WHERE target_schema = $1 AND store = $2
      AND key = CASE $6 WHEN 1 THEN ARRAY[first] WHEN 2 THEN ARRAY[first, second]
          ELSE ARRAY[first, second, third] END";

/// `$4`: whether it has refreshed a row, or only stored one.
const CLIENT: &str = "
    INSERT INTO tokenkeep.oauth_client AS known (target_schema, store, client, refreshed_at)
    VALUES ($1, $2, $3, CASE WHEN $4 THEN clock_timestamp() END)
    ON CONFLICT (target_schema, store, client) DO UPDATE SET
        refreshed_at = coalesce(EXCLUDED.refreshed_at, known.refreshed_at), endings = 0";

/// Rows, and the client of each; empty where it is not known.
type Keyed = Vec<(Parts, String)>;

pub(super) struct Notes {
    database: Arc<Database>,
    home: Arc<Home>,
    store: &'static str,
    timeouts: Timeouts,
    clock: Tokio,
    noted: Mutex<Noted>,
    writing: watch::Sender<bool>,
    /// How often all clients that waited have been written.
    rounds: watch::Sender<u64>,
}

#[derive(Default)]
struct Noted {
    /// Rows that wait to be written, in the order of their keys; `None`: the client is not known.
    rows: BTreeMap<Parts, Option<String>>,
    /// Those that are being written.
    leaving: BTreeMap<Parts, Option<String>>,
    /// Rows that are written as a refresh by this client leaves them; `None`: there is none.
    written: HashMap<Parts, Option<String>>,
    /// Clients that wait, and whether they have refreshed a row.
    clients: HashMap<String, bool>,
    /// When it was last written that a client refreshes rows.
    told: HashMap<String, Duration>,
    /// Until when nothing is noted: the tables are missing.
    missing_until: Duration,
}

impl Noted {
    fn remember(&mut self, key: Parts, client: Option<String>) {
        if self.written.len() >= WRITTEN_MAX {
            self.written.clear();
        }
        self.written.insert(key, client);
    }
}

impl Notes {
    pub(super) fn new(
        database: Arc<Database>,
        home: Arc<Home>,
        store: &'static str,
        timeouts: Timeouts,
    ) -> Arc<Self> {
        Arc::new(Self {
            database,
            home,
            store,
            timeouts,
            clock: Tokio::default(),
            noted: Mutex::default(),
            writing: watch::Sender::new(false),
            rounds: watch::Sender::new(0),
        })
    }

    /// `client`: whose row it is now; `told`: of whom it is noted that rows are stored, or refreshed.
    pub(super) fn note(
        self: &Arc<Self>,
        key: Parts,
        client: Option<String>,
        told: Option<String>,
        refreshed: bool,
    ) {
        {
            let now = self.clock.monotonic();
            let mut noted = self.lock();
            if now < noted.missing_until {
                return;
            }
            if let Some(client) = told {
                let is_young = |at: &Duration| now.saturating_sub(*at) < PAUSE;
                if !refreshed || !noted.told.get(&client).is_some_and(is_young) {
                    *noted.clients.entry(client).or_default() |= refreshed;
                }
            }
            if !refreshed || noted.written.get(&key) != Some(&client) {
                noted.written.remove(&key);
                noted.rows.insert(key, client);
            }
            if noted.rows.is_empty() && noted.clients.is_empty() {
                return;
            }
        }
        if self.writing.send_if_modified(|writing| !std::mem::replace(writing, true)) {
            tokio::spawn(Arc::clone(self).write());
        }
    }

    /// The client of a row that is not written yet; the inner `None`: it is not known.
    pub(super) fn waiting_for(&self, key: &Parts) -> Option<Option<String>> {
        let noted = self.lock();
        noted.rows.get(key).or_else(|| noted.leaving.get(key)).cloned()
    }

    /// What stands in the table: a row that another refresh of this client would leave as it is, or none
    /// (`Some(None)`); `None`: any refresh of it is to be written.
    pub(super) fn found(&self, key: &Parts, client: Option<Option<String>>) {
        let mut noted = self.lock();
        match client {
            Some(client) => noted.remember(key.clone(), client),
            None => drop(noted.written.remove(key)),
        }
    }

    /// The next refresh of this client is written at once.
    pub(super) fn tell_again(&self, client: &str) {
        self.lock().told.remove(client);
    }

    /// Ends when all that was noted is written, or has failed to be.
    pub(super) async fn written(&self) {
        // The sender lives as long as we do, so there is no other way to end.
        let _ = self.writing.subscribe().wait_for(|writing| !writing).await;
    }

    /// Ends when the clients that were noted before are written, or have failed to be; nobody waits here
    /// for what others go on to note.
    pub(super) async fn clients_written(&self) {
        let mut rounds = self.rounds.subscribe();
        // What the round that is under way has taken may lack the last ones.
        let end = *rounds.borrow_and_update() + 2;
        let written = pin!(rounds.wait_for(|round| *round >= end));
        select(written, pin!(self.written())).await;
    }

    /// Whatever waits, until nothing does.
    async fn write(self: Arc<Self>) {
        // Calls of the same burst, which stand behind this task, get their rows in first.
        tokio::task::yield_now().await;
        loop {
            let clients = std::mem::take(&mut self.lock().clients);
            for (client, refreshed) in clients {
                self.write_client(&client, refreshed).await;
            }
            self.rounds.send_modify(|round| *round += 1);
            let Some((known, unknown)) = self.take() else { break };
            let known_written = self.write_rows(KNOWN, &known).await;
            let unknown_written = self.write_rows(UNKNOWN, &unknown).await;
            self.leave(known_written, unknown_written);
        }
    }

    /// Some of the rows that wait: those with a client, and those without.
    fn take(&self) -> Option<(Keyed, Keyed)> {
        let mut noted = self.lock();
        if noted.rows.is_empty() {
            if noted.clients.is_empty() {
                // Under the lock: who notes a row after this finds that nobody writes.
                self.writing.send_replace(false);
                return None;
            }
            return Some((Vec::new(), Vec::new()));
        }
        let later = noted.rows.keys().nth(BATCH_MAX).cloned();
        let later = later.map(|key| noted.rows.split_off(&key)).unwrap_or_default();
        noted.leaving = std::mem::replace(&mut noted.rows, later);
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for (key, client) in &noted.leaving {
            match client {
                Some(client) => known.push((key.clone(), client.clone())),
                None => unknown.push((key.clone(), String::new())),
            }
        }
        Some((known, unknown))
    }

    fn leave(&self, known_written: bool, unknown_written: bool) {
        let mut noted = self.lock();
        for (key, client) in std::mem::take(&mut noted.leaving) {
            let is_written = if client.is_some() { known_written } else { unknown_written };
            if is_written {
                noted.remember(key, client);
            }
        }
    }

    /// Whether they are written; what fails here is only not known later.
    async fn write_rows(&self, sql: &str, rows: &[(Parts, String)]) -> bool {
        let Some((first, _)) = rows.first() else { return true };
        let parts = i32::try_from(first.len()).unwrap_or(i32::MAX);
        let part = |number: usize| -> Vec<Option<&str>> {
            rows.iter().map(|(key, _)| key.get(number).and_then(|part| part.as_deref())).collect()
        };
        let (first, second, third) = (part(0), part(1), part(2));
        let clients: Vec<&str> = rows.iter().map(|(_, client)| client.as_str()).collect();
        let Ok(schema) = self.home.schema().await else { return false };
        let mut params: Vec<(&(dyn crate::db::ToSql + Sync), Type)> = vec![
            (&schema, Type::TEXT),
            (&self.store, Type::TEXT),
            (&first, Type::TEXT_ARRAY),
            (&second, Type::TEXT_ARRAY),
            (&third, Type::TEXT_ARRAY),
            (&parts, Type::INT4),
        ];
        if sql == KNOWN {
            params.push((&clients, Type::TEXT_ARRAY));
        }
        let step = "note the client of tokens";
        let written =
            self.database.write(&RlsContext::default(), step, sql, &params, self.timeouts).await;
        self.look_for_missing(&written);
        written.is_ok()
    }

    async fn write_client(&self, client: &str, refreshed: bool) {
        let Ok(schema) = self.home.schema().await else { return };
        let params: Params<'_> = &[
            (&schema, Type::TEXT),
            (&self.store, Type::TEXT),
            (&client, Type::TEXT),
            (&refreshed, Type::BOOL),
        ];
        let step = "note that a client refreshes tokens";
        let told =
            self.database.write(&RlsContext::default(), step, CLIENT, params, self.timeouts).await;
        self.look_for_missing(&told);
        if told.is_ok() && refreshed {
            let now = self.clock.monotonic();
            self.lock().told.insert(client.to_owned(), now);
        }
    }

    /// Whether the tables were missing a short time ago.
    pub(super) fn is_missing(&self) -> bool {
        self.clock.monotonic() < self.lock().missing_until
    }

    pub(super) fn look_for_missing<T>(&self, outcome: &Result<T>) {
        if outcome.as_ref().is_err_and(is_missing) {
            self.lock().missing_until = self.clock.monotonic() + MISSING_PAUSE;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
