//! What the database remembers about refreshes (docs/internals/stores.md, Refresh state), in the schema
//! `tokenkeep`: which client stored or last refreshed a row, how its refresh token was refused, and how
//! many rows were marked revoked on a client's word. Without the tables, or without privileges on them,
//! nothing is remembered and every row's client is unknown.

mod client_writer;
mod local_mark_limit;
mod refusal;
mod table_schema;

use std::sync::Arc;
use std::time::Duration;

use self::client_writer::ClientWriter;
use self::local_mark_limit::LocalMarkLimit;
use self::refusal::refused;
use self::table_schema::TableSchema;
use crate::config::Limits;
use crate::db::{Database, Params, RlsContext, Timeouts, Timestamp, Type, column};
use crate::error::{Error, Result};
use crate::refresh::{Failure, RefreshState, Refused, RowClient};
use crate::store::sql::ms;

/// A key of a row, in the parts that the store's statements take.
pub(super) type Parts = Vec<Option<String>>;

/// The fingerprints of one text: under the key that new ones are made with, then under the others.
pub(super) type Prints = Vec<String>;

/// The tables, for one store.
pub(super) struct RefreshStates {
    database: Arc<Database>,
    store: &'static str,
    timeouts: Timeouts,
    limits: Limits,
    schema: Arc<TableSchema>,
    writer: Arc<ClientWriter>,
    local_marks: LocalMarkLimit,
}

/// `$1` schema, `$2` store, `$3` key, `$4` the client's fingerprints.
const READ: &str = "
    SELECT state.client, state.token, state.refused_client, state.error_code, state.status,
        state.reason, state.retry_at, clock_timestamp(), state.failures,
        EXISTS (SELECT FROM tokenkeep.oauth_client
            WHERE target_schema = $1 AND store = $2 AND client = ANY($4)
              AND refreshed_at IS NOT NULL),
        EXISTS (SELECT FROM tokenkeep.oauth_client
            WHERE target_schema = $1 AND store = $2 AND client = ANY($4)
              AND refreshed_at > state.failed_at)
    FROM (SELECT 1) AS always LEFT JOIN tokenkeep.refresh_state AS state
        ON target_schema = $1 AND store = $2 AND key = $3";

/// Counts a failure. The same refusal of the same token to the same client continues the count. After a
/// lasting one (`$9`) the pause is `$10` ms, doubled each time, at most `$11` ms. `refusal_pause` in
/// src/refresh/policy.rs doubles in the same way for one process, and adds jitter; here the database counts
/// for all processes. A change to one is a change to both.
const NOTE_FAILURE: &str = "
    INSERT INTO tokenkeep.refresh_state AS state
        (target_schema, store, key, token, refused_client, error_code, status, reason, failures,
        failing_since, failed_at, retry_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, 1, now, now,
        CASE WHEN $9 THEN now + LEAST($10, $11) * interval '1 millisecond' END
    FROM (SELECT clock_timestamp() AS now) AS clock
    ON CONFLICT (target_schema, store, key) DO UPDATE SET
        (token, refused_client, error_code, status, reason, failed_at) =
            (EXCLUDED.token, EXCLUDED.refused_client, EXCLUDED.error_code, EXCLUDED.status,
            EXCLUDED.reason, EXCLUDED.failed_at),
        (failures, failing_since, retry_at) = (
            SELECT
                CASE WHEN again THEN state.failures + 1 ELSE 1 END,
                CASE WHEN again THEN state.failing_since ELSE EXCLUDED.failing_since END,
                CASE WHEN again AND $9 THEN EXCLUDED.failed_at + LEAST(
                        coalesce((state.retry_at - state.failed_at) * 2,
                            $10 * interval '1 millisecond'),
                        $11 * interval '1 millisecond')
                    ELSE EXCLUDED.retry_at END
            FROM (SELECT (state.token, state.error_code) = (EXCLUDED.token, EXCLUDED.error_code)
                AND state.refused_client IS NOT DISTINCT FROM EXCLUDED.refused_client AS again) AS told)
    RETURNING retry_at, failed_at";

const RETRY_NOW: &str = "
    UPDATE tokenkeep.refresh_state SET retry_at = NULL
    WHERE target_schema = $1 AND store = $2 AND retry_at IS NOT NULL";

/// Counts one more row that is marked revoked, unless `$4` were since the client last refreshed one, within
/// `$5` ms.
const ADMIT_MARK: &str = "
    INSERT INTO tokenkeep.oauth_client AS known (target_schema, store, client, endings, ended_at)
    VALUES ($1, $2, $3, 1, clock_timestamp())
    ON CONFLICT (target_schema, store, client) DO UPDATE SET
        endings = CASE WHEN known.ended_at < clock_timestamp() - $5 * interval '1 millisecond'
            THEN 1 ELSE known.endings + 1 END,
        ended_at = clock_timestamp()
    WHERE known.endings < $4
        OR known.ended_at < clock_timestamp() - $5 * interval '1 millisecond'
    RETURNING endings";

impl RefreshStates {
    pub(super) fn new(
        database: Arc<Database>,
        (store, table): (&'static str, &'static str),
        limits: Limits,
    ) -> Self {
        let timeouts = Timeouts::usual(&limits);
        let schema = Arc::new(TableSchema::new(Arc::clone(&database), table, timeouts));
        let writer = ClientWriter::new(Arc::clone(&database), Arc::clone(&schema), store, timeouts);
        let local_marks = LocalMarkLimit::default();
        Self { database, store, timeouts, limits, schema, writer, local_marks }
    }

    /// The schema that the table is in.
    pub(super) async fn schema(&self) -> Result<&str> {
        self.schema.name().await
    }

    /// What is remembered about a row. `client` and `token`: the fingerprints of the caller's client and of
    /// the stored refresh token. No row is known by the client of a refreshFn.
    pub(super) async fn read(
        &self,
        key: &Parts,
        client: &Prints,
        token: &Prints,
    ) -> Result<RefreshState> {
        let state = self.find(key, client, token).await?;
        // A client that this process has just proven may not be written yet.
        if state.refused.as_ref().is_some_and(Refused::ends_when_proven) {
            self.writer.wait_for_clients().await;
            return self.find(key, client, token).await;
        }
        Ok(state)
    }

    async fn find(&self, key: &Parts, client: &Prints, token: &Prints) -> Result<RefreshState> {
        if self.writer.is_missing() {
            return Ok(RefreshState::default());
        }
        let schema = self.schema.name().await?;
        let params: Params<'_> = &[
            (&schema, Type::TEXT),
            (&self.store, Type::TEXT),
            (key, Type::TEXT_ARRAY),
            (client, Type::TEXT_ARRAY),
        ];
        let queued_before = self.writer.queued(key);
        let step = "read the refresh state of a row";
        let rows =
            self.database.read(&RlsContext::default(), step, READ, params, self.timeouts).await;
        self.writer.check_missing(&rows);
        let Some(rows) = unless_missing(rows)? else { return Ok(RefreshState::default()) };
        let row = rows.first().ok_or_else(|| Error::internal("a state gave no row"))?;
        // What was written while the statement ran may be missing in its answer.
        let queued = self.writer.queued(key).or(queued_before);
        let by: Option<String> = match &queued {
            Some(by) => by.clone(),
            None => column(row, 0)?,
        };
        if queued.is_none() {
            let failures: Option<i32> = column(row, 8)?;
            let stands = match failures {
                None => Some(None),
                Some(0) => by.clone().map(Some),
                Some(_) => None,
            };
            self.writer.remember_stored(key, stands);
        }
        let refused_token: Option<String> = column(row, 1)?;
        let refused_client: Option<String> = column(row, 2)?;
        let is_same_token = refused_token.is_some_and(|print| token.contains(&print));
        let is_same_client = refused_client.as_ref().is_some_and(|print| client.contains(print));
        let is_current = queued.is_none() && is_same_token && is_same_client;
        // The client has refreshed another row since: it is proven.
        let is_proven: bool = column(row, 10)?;
        let still_holds = |refused: &Refused| !(is_proven && refused.ends_when_proven());
        Ok(RefreshState {
            client: by.map_or(RowClient::Unknown, |print| compare(&print, client)),
            has_refreshed: column(row, 9)?,
            refused: if is_current { refused(row)?.filter(still_holds) } else { None },
        })
    }

    /// Remembers that a row was stored for this client; `None`: it is not known which.
    pub(super) fn note_stored(&self, key: Parts, client: Option<String>) {
        self.queue(key, client.clone(), client, false);
    }

    /// Remembers the client and the refresher of a refreshed row. The client of a refreshFn is not known.
    pub(super) fn note_refreshed(
        &self,
        key: Parts,
        client: Option<String>,
        refresher: Option<String>,
    ) {
        self.queue(key, client, refresher, true);
    }

    fn queue(
        &self,
        key: Parts,
        client: Option<String>,
        refresher: Option<String>,
        refreshed: bool,
    ) {
        if let Some(refresher) = &refresher {
            self.local_marks.reset(refresher);
        }
        self.writer.queue(key, client, refresher, refreshed);
    }

    /// Remembers a failure. Returns how long the token is not sent again, after a lasting refusal. If this
    /// fails, the failure is only not known later.
    pub(super) async fn note_failure(
        &self,
        key: &Parts,
        token: &str,
        client: Option<&str>,
        failure: &Failure,
    ) -> Option<Duration> {
        let Failure { error, lasting, pause_max, .. } = failure;
        self.writer.remember_stored(key, None);
        let (status, reason) = refusal::status_and_reason(error);
        let first_ms = ms(self.limits.refusal_pause_min_ms);
        let most = Duration::from_millis(self.limits.refusal_pause_max_ms);
        let most_ms = pause_max.map_or(most, |pause| pause.min(most)).as_secs_f64() * 1_000.0;
        let schema = self.schema.name().await.ok()?;
        let params: Params<'_> = &[
            (&schema, Type::TEXT),
            (&self.store, Type::TEXT),
            (key, Type::TEXT_ARRAY),
            (&token, Type::TEXT),
            (&client, Type::TEXT),
            (&error.code(), Type::TEXT),
            (&status, Type::INT4),
            (&reason, Type::TEXT),
            (lasting, Type::BOOL),
            (&first_ms, Type::FLOAT8),
            (&most_ms, Type::FLOAT8),
        ];
        let step = "note that a refresh has failed";
        let rls = RlsContext::default();
        let rows =
            self.database.write(&rls, step, NOTE_FAILURE, params, self.timeouts).await.ok()?;
        let row = rows.first()?;
        let retry_at: Option<Timestamp> = column(row, 0).ok()?;
        Some(refusal::left(retry_at?, column(row, 1).ok()?))
    }

    /// Whether one more row may be marked revoked on this client's word. Without the tables, this process
    /// counts for itself.
    pub(super) async fn admit_mark(&self, client: &str) -> Result<bool> {
        let marks_max = i32::try_from(self.limits.marks_max).unwrap_or(i32::MAX);
        let schema = self.schema.name().await?;
        let params: Params<'_> = &[
            (&schema, Type::TEXT),
            (&self.store, Type::TEXT),
            (&client, Type::TEXT),
            (&marks_max, Type::INT4),
            (&ms(self.limits.marks_within_ms), Type::FLOAT8),
        ];
        // A refresh by this client in the meantime resets the count.
        self.writer.wait_for_clients().await;
        let step = "count revoked rows";
        let rls = RlsContext::default();
        let admitted = self.database.write(&rls, step, ADMIT_MARK, params, self.timeouts).await;
        let admitted = unless_missing(admitted)?;
        self.writer.write_next(client);
        Ok(admitted
            .map_or_else(|| self.local_marks.admit(client, &self.limits), |rows| !rows.is_empty()))
    }

    /// Ends the pauses of refused rows: they are tried again at once.
    pub(super) async fn forget_pause(&self) -> Result<()> {
        let schema = self.schema.name().await?;
        let params: Params<'_> = &[(&schema, Type::TEXT), (&self.store, Type::TEXT)];
        let (rls, step) = (RlsContext::default(), "end pauses after refusals");
        let outcome = self.database.write(&rls, step, RETRY_NOW, params, self.timeouts).await;
        unless_missing(outcome).map(drop)
    }

    /// Waits until everything that was queued is written, or has failed to be.
    pub(super) async fn wait_idle(&self) {
        self.writer.wait_idle().await;
    }
}

/// Whether the fingerprint is the client's; unknown if the fingerprint's key is not configured.
fn compare(print: &str, client: &Prints) -> RowClient {
    let key = |print: &str| print.split_once(':').map(|(key, _)| key.to_owned());
    match client.iter().any(|mine| mine == print) {
        true => RowClient::Same,
        false if client.iter().any(|mine| key(mine) == key(print)) => RowClient::Other,
        false => RowClient::Unknown,
    }
}

/// Whether the tables do not exist, or the role lacks privileges on them (42501).
pub(in crate::store) fn is_missing(error: &Error) -> bool {
    match error {
        Error::Schema { .. } => true,
        Error::Database { sqlstate: Some(state), .. } => state == "42501",
        _ => false,
    }
}

fn unless_missing<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Err(error) if is_missing(&error) => Ok(None),
        outcome => outcome.map(Some),
    }
}
