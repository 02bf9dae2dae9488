//! Writes which client a row is known by. In the background, so that no caller waits: rows that arrive
//! during a write, or shortly after it, are written together by the next one.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::watch;

use super::table_schema::TableSchema;
use super::{Parts, is_missing};
use crate::db::{Database, Params, RlsContext, Timeouts, Type};
use crate::error::Result;
use crate::refresh::{Runtime, Tokio};

/// How often it is written, at most, that a client refreshes rows.
const PAUSE: Duration = Duration::from_secs(10);
/// How long rows are gathered after a write, unless somebody waits for them.
const GATHER: Duration = Duration::from_millis(10);
/// How long nothing is written after the tables were found to be missing.
const MISSING_PAUSE: Duration = Duration::from_secs(60);
/// The most rows that one statement writes.
const BATCH_MAX: usize = 1_000;
/// The most rows that are remembered as written; with more, all are forgotten.
const WRITTEN_MAX: usize = 65_536;

/// Rows with a known client. A refusal of the former tokens is forgotten. `$1` schema, `$2` store, `$3` to
/// `$5` the parts of the keys, `$6` how many parts a key has, `$7` the clients. It does not look first which
/// rows would change: before the table has statistics, the planner chose to read all of it.
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

/// Rows whose client is not known.
const UNKNOWN: &str = "
    DELETE FROM tokenkeep.refresh_state AS state
    USING unnest($3, $4, $5) AS noted (first, second, third)
    WHERE target_schema = $1 AND store = $2
      AND key = CASE $6 WHEN 1 THEN ARRAY[first] WHEN 2 THEN ARRAY[first, second]
          ELSE ARRAY[first, second, third] END";

/// A client that has refreshed a row (`$4`), or has only stored one.
const CLIENT: &str = "
    INSERT INTO tokenkeep.oauth_client AS known (target_schema, store, client, refreshed_at)
    VALUES ($1, $2, $3, CASE WHEN $4 THEN clock_timestamp() END)
    ON CONFLICT (target_schema, store, client) DO UPDATE SET
        refreshed_at = coalesce(EXCLUDED.refreshed_at, known.refreshed_at), endings = 0";

/// Rows with the client of each; empty if it is not known.
type Keyed = Vec<(Parts, String)>;

pub(super) struct ClientWriter {
    database: Arc<Database>,
    schema: Arc<TableSchema>,
    store: &'static str,
    timeouts: Timeouts,
    clock: Tokio,
    queue: Mutex<Queue>,
    writing: watch::Sender<bool>,
    /// How many wait for what was queued.
    waiting: watch::Sender<usize>,
    /// How many rounds of writing have written all clients that waited.
    rounds: watch::Sender<u64>,
}

#[derive(Default)]
struct Queue {
    /// Rows to be written, in the order of their keys; `None`: the client is not known.
    rows: BTreeMap<Parts, Option<String>>,
    /// Rows that are being written.
    in_flight: BTreeMap<Parts, Option<String>>,
    /// Rows in the table as another refresh by this client would leave them; `None`: not in the table.
    written: HashMap<Parts, Option<String>>,
    /// Clients to be written, and whether they have refreshed a row.
    clients: HashMap<String, bool>,
    /// When it was last written that a client refreshes rows.
    client_written_at: HashMap<String, Duration>,
    /// Until when nothing is queued, because the tables are missing.
    missing_until: Duration,
}

impl Queue {
    fn remember(&mut self, key: Parts, client: Option<String>) {
        if self.written.len() >= WRITTEN_MAX {
            self.written.clear();
        }
        self.written.insert(key, client);
    }
}

/// Somebody who waits for what was queued.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn of(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl ClientWriter {
    pub(super) fn new(
        database: Arc<Database>,
        schema: Arc<TableSchema>,
        store: &'static str,
        timeouts: Timeouts,
    ) -> Arc<Self> {
        Arc::new(Self {
            database,
            schema,
            store,
            timeouts,
            clock: Tokio::default(),
            queue: Mutex::default(),
            writing: watch::Sender::new(false),
            waiting: watch::Sender::new(0),
            rounds: watch::Sender::new(0),
        })
    }

    /// Queues that the row is `client`'s now, and that `refresher` has refreshed it, or has stored it.
    pub(super) fn queue(
        self: &Arc<Self>,
        key: Parts,
        client: Option<String>,
        refresher: Option<String>,
        refreshed: bool,
    ) {
        {
            let now = self.clock.monotonic();
            let mut queue = self.lock();
            if now < queue.missing_until {
                return;
            }
            if let Some(refresher) = refresher {
                let is_young = |at: &Duration| now.saturating_sub(*at) < PAUSE;
                if !refreshed || !queue.client_written_at.get(&refresher).is_some_and(is_young) {
                    *queue.clients.entry(refresher).or_default() |= refreshed;
                }
            }
            if !refreshed || queue.written.get(&key) != Some(&client) {
                queue.written.remove(&key);
                queue.rows.insert(key, client);
            }
            if queue.rows.is_empty() && queue.clients.is_empty() {
                return;
            }
        }
        if self.writing.send_if_modified(|writing| !std::mem::replace(writing, true)) {
            tokio::spawn(Arc::clone(self).write());
        }
    }

    /// The client of a row that is not written yet; the inner `None`: it is not known.
    pub(super) fn queued(&self, key: &Parts) -> Option<Option<String>> {
        let queue = self.lock();
        queue.rows.get(key).or_else(|| queue.in_flight.get(key)).cloned()
    }

    /// Remembers what the table says: a row that another refresh by this client would leave as it is, or no
    /// row (`Some(None)`). `None`: the next refresh of the row must be written.
    pub(super) fn remember_stored(&self, key: &Parts, client: Option<Option<String>>) {
        let mut queue = self.lock();
        match client {
            Some(client) => queue.remember(key.clone(), client),
            None => drop(queue.written.remove(key)),
        }
    }

    /// Has the next refresh by this client written at once.
    pub(super) fn write_next(&self, client: &str) {
        self.lock().client_written_at.remove(client);
    }

    /// Waits until everything that was queued is written, or has failed to be.
    pub(super) async fn wait_idle(&self) {
        let _waiting = Waiting::of(&self.waiting);
        // The sender lives as long as `self`: the wait cannot end in another way.
        let _ = self.writing.subscribe().wait_for(|writing| !writing).await;
    }

    /// Waits until the clients that are queued now are written, or have failed to be; not for those that are
    /// queued later.
    pub(super) async fn wait_for_clients(&self) {
        let _waiting = Waiting::of(&self.waiting);
        let mut rounds = self.rounds.subscribe();
        // A running round may have started before the last ones were queued.
        let end = *rounds.borrow_and_update() + 2;
        let written = pin!(rounds.wait_for(|round| *round >= end));
        select(written, pin!(self.wait_idle())).await;
    }

    /// Writes until nothing is queued.
    async fn write(self: Arc<Self>) {
        // Other calls of the same burst, which run after this task, queue their rows first.
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
            self.forget_in_flight(known_written, unknown_written);
            self.gather().await;
        }
    }

    /// Lets further rows arrive, unless somebody waits for those that were queued.
    async fn gather(&self) {
        let mut waiting = self.waiting.subscribe();
        let somebody_waits = pin!(waiting.wait_for(|waiting| *waiting > 0));
        select(somebody_waits, pin!(self.clock.sleep(GATHER))).await;
    }

    /// Takes some queued rows: those with a client, and those without.
    fn take(&self) -> Option<(Keyed, Keyed)> {
        let mut queue = self.lock();
        if queue.rows.is_empty() {
            if queue.clients.is_empty() {
                // Under the lock: whoever queues a row after this finds that no task writes.
                self.writing.send_replace(false);
                return None;
            }
            return Some((Vec::new(), Vec::new()));
        }
        let later = queue.rows.keys().nth(BATCH_MAX).cloned();
        let later = later.map(|key| queue.rows.split_off(&key)).unwrap_or_default();
        queue.in_flight = std::mem::replace(&mut queue.rows, later);
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for (key, client) in &queue.in_flight {
            match client {
                Some(client) => known.push((key.clone(), client.clone())),
                None => unknown.push((key.clone(), String::new())),
            }
        }
        Some((known, unknown))
    }

    fn forget_in_flight(&self, known_written: bool, unknown_written: bool) {
        let mut queue = self.lock();
        for (key, client) in std::mem::take(&mut queue.in_flight) {
            let is_written = if client.is_some() { known_written } else { unknown_written };
            if is_written {
                queue.remember(key, client);
            }
        }
    }

    /// Writes rows; returns whether it did. After a failure the client is only not known later.
    async fn write_rows(&self, sql: &str, rows: &[(Parts, String)]) -> bool {
        let Some((first, _)) = rows.first() else { return true };
        let parts = i32::try_from(first.len()).unwrap_or(i32::MAX);
        let part = |number: usize| -> Vec<Option<&str>> {
            rows.iter().map(|(key, _)| key.get(number).and_then(|part| part.as_deref())).collect()
        };
        let (first, second, third) = (part(0), part(1), part(2));
        let clients: Vec<&str> = rows.iter().map(|(_, client)| client.as_str()).collect();
        let Ok(schema) = self.schema.name().await else { return false };
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
        self.check_missing(&written);
        written.is_ok()
    }

    async fn write_client(&self, client: &str, refreshed: bool) {
        let Ok(schema) = self.schema.name().await else { return };
        let params: Params<'_> = &[
            (&schema, Type::TEXT),
            (&self.store, Type::TEXT),
            (&client, Type::TEXT),
            (&refreshed, Type::BOOL),
        ];
        let step = "note that a client refreshes tokens";
        let written =
            self.database.write(&RlsContext::default(), step, CLIENT, params, self.timeouts).await;
        self.check_missing(&written);
        if written.is_ok() && refreshed {
            let now = self.clock.monotonic();
            self.lock().client_written_at.insert(client.to_owned(), now);
        }
    }

    /// Whether the tables were found to be missing a short time ago.
    pub(super) fn is_missing(&self) -> bool {
        self.clock.monotonic() < self.lock().missing_until
    }

    pub(super) fn check_missing<T>(&self, outcome: &Result<T>) {
        if outcome.as_ref().is_err_and(is_missing) {
            self.lock().missing_until = self.clock.monotonic() + MISSING_PAUSE;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
