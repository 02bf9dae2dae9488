//! What refreshes leave behind beside the rows of a store, in schema `tokenkeep`: which client has
//! stored or last refreshed a row, how its refresh token was refused, how many rows were marked revoked on a client's word.
//! Where the tables are missing, or closed to the role, nothing is remembered, and every row's client
//! is unknown.

mod home;
mod marks;
mod notes;
mod refused;

use std::sync::Arc;
use std::time::Duration;

use self::home::Home;
use self::marks::Marks;
use self::notes::Notes;
use self::refused::refused;
use crate::config::Limits;
use crate::db::{Database, Params, RlsContext, Timeouts, Timestamp, Type, column};
use crate::error::{Error, Result};
use crate::refresh::{Failure, RefreshState, Refused, RowClient};

/// A key of a row, in the parts that the store's statements take.
pub(super) type Parts = Vec<Option<String>>;

/// The fingerprints of one text: under the key that is written with, then under all others.
pub(super) type Prints = Vec<String>;

/// The tables, for one store.
pub(super) struct RefreshStates {
    database: Arc<Database>,
    store: &'static str,
    timeouts: Timeouts,
    limits: Limits,
    home: Arc<Home>,
    notes: Arc<Notes>,
    marks: Marks,
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

/// The same refusal of the same token by the same client counts on; a lasting one ($9) is asked again
/// after $10 ms, doubled each time, but at most $11: `refusal_pause` of `refresh::policy`, counted by the
/// database for all processes.
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

const ASK_AT_ONCE: &str = "
    UPDATE tokenkeep.refresh_state SET retry_at = NULL
    WHERE target_schema = $1 AND store = $2 AND retry_at IS NOT NULL";

/// One more row is marked revoked, unless $4 were since the client last refreshed one, and within $5 ms.
const ADMIT_ENDING: &str = "
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
        let home = Arc::new(Home::new(Arc::clone(&database), table, timeouts));
        let notes = Notes::new(Arc::clone(&database), Arc::clone(&home), store, timeouts);
        Self { database, store, timeouts, limits, home, notes, marks: Marks::default() }
    }

    /// The schema that the table is in.
    pub(super) async fn schema(&self) -> Result<&str> {
        self.home.schema().await
    }

    /// What is remembered of a row; `client` and `token`: the fingerprints of who asks, and of the
    /// stored refresh token. The client of a refreshFn is no row's.
    pub(super) async fn read(
        &self,
        key: &Parts,
        client: &Prints,
        token: &Prints,
    ) -> Result<RefreshState> {
        let state = self.find(key, client, token).await?;
        // What this process has refreshed just now may not be written yet.
        if state.refused.as_ref().is_some_and(Refused::ends_when_proven) {
            self.notes.clients_written().await;
            return self.find(key, client, token).await;
        }
        Ok(state)
    }

    async fn find(&self, key: &Parts, client: &Prints, token: &Prints) -> Result<RefreshState> {
        if self.notes.is_missing() {
            return Ok(RefreshState::default());
        }
        let schema = self.home.schema().await?;
        let params: Params<'_> = &[
            (&schema, Type::TEXT),
            (&self.store, Type::TEXT),
            (key, Type::TEXT_ARRAY),
            (client, Type::TEXT_ARRAY),
        ];
        let waited = self.notes.waiting_for(key);
        let step = "read what is known of a refresh token";
        let rows =
            self.database.read(&RlsContext::default(), step, READ, params, self.timeouts).await;
        self.notes.look_for_missing(&rows);
        let Some(rows) = unless_missing(rows)? else { return Ok(RefreshState::default()) };
        let row = rows.first().ok_or_else(|| Error::internal("a state gave no row"))?;
        // What was written while the statement ran may not be in its answer.
        let noted = self.notes.waiting_for(key).or(waited);
        let by: Option<String> = match &noted {
            Some(by) => by.clone(),
            None => column(row, 0)?,
        };
        if noted.is_none() {
            let failures: Option<i32> = column(row, 8)?;
            let stands = match failures {
                None => Some(None),
                Some(0) => by.clone().map(Some),
                Some(_) => None,
            };
            self.notes.found(key, stands);
        }
        let refused_token: Option<String> = column(row, 1)?;
        let refused_client: Option<String> = column(row, 2)?;
        let is_same_token = refused_token.is_some_and(|print| token.contains(&print));
        let is_same_client = refused_client.as_ref().is_some_and(|print| client.contains(print));
        let is_current = noted.is_none() && is_same_token && is_same_client;
        // The client has refreshed another row since: it is believed now.
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
        self.note(key, client.clone(), client, false);
    }

    /// Remembers whose client has refreshed a row, and who has asked: that of a refreshFn is not known.
    pub(super) fn note_refreshed(
        &self,
        key: Parts,
        client: Option<String>,
        refresher: Option<String>,
    ) {
        self.note(key, client, refresher, true);
    }

    fn note(&self, key: Parts, client: Option<String>, refresher: Option<String>, refreshed: bool) {
        if let Some(refresher) = &refresher {
            self.marks.reset(refresher);
        }
        self.notes.note(key, client, refresher, refreshed);
    }

    /// Remembers a failure; gives how long the provider is not asked again, where it is a refusal that
    /// lasts. What fails here is only not known later.
    pub(super) async fn note_failure(
        &self,
        key: &Parts,
        token: &str,
        client: Option<&str>,
        failure: &Failure,
    ) -> Option<Duration> {
        let Failure { error, lasting, pause_max, .. } = failure;
        self.notes.found(key, None);
        let (status, reason) = refused::told(error);
        let first_ms = ms(self.limits.refusal_pause_min_ms);
        let most = Duration::from_millis(self.limits.refusal_pause_max_ms);
        let most_ms = pause_max.map_or(most, |pause| pause.min(most)).as_secs_f64() * 1_000.0;
        let schema = self.home.schema().await.ok()?;
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
        Some(refused::left(retry_at?, column(row, 1).ok()?))
    }

    /// Whether one more row may be marked revoked on this client's word; where the tables are missing, as far as this
    /// process knows.
    pub(super) async fn admit_mark(&self, client: &str) -> Result<bool> {
        let marks_max = i32::try_from(self.limits.marks_max).unwrap_or(i32::MAX);
        let schema = self.home.schema().await?;
        let params: Params<'_> = &[
            (&schema, Type::TEXT),
            (&self.store, Type::TEXT),
            (&client, Type::TEXT),
            (&marks_max, Type::INT4),
            (&ms(self.limits.marks_within_ms), Type::FLOAT8),
        ];
        // What this client has refreshed meanwhile counts first.
        self.notes.clients_written().await;
        let step = "count connections that end";
        let rls = RlsContext::default();
        let admitted = self.database.write(&rls, step, ADMIT_ENDING, params, self.timeouts).await;
        let admitted = unless_missing(admitted)?;
        self.notes.tell_again(client);
        Ok(admitted.map_or_else(|| self.marks.admit(client, &self.limits), |rows| !rows.is_empty()))
    }

    /// Has refused rows asked for at once.
    pub(super) async fn forget_pause(&self) -> Result<()> {
        let schema = self.home.schema().await?;
        let params: Params<'_> = &[(&schema, Type::TEXT), (&self.store, Type::TEXT)];
        let (rls, step) = (RlsContext::default(), "forget pauses");
        let outcome = self.database.write(&rls, step, ASK_AT_ONCE, params, self.timeouts).await;
        unless_missing(outcome).map(drop)
    }

    /// Ends when all that was noted is written, or has failed to be.
    pub(super) async fn written(&self) {
        self.notes.written().await;
    }
}

/// Whether a client has this fingerprint; unknown when its key is not here any more.
fn compare(print: &str, client: &Prints) -> RowClient {
    let key = |print: &str| print.split_once(':').map(|(key, _)| key.to_owned());
    match client.iter().any(|mine| mine == print) {
        true => RowClient::Same,
        false if client.iter().any(|mine| key(mine) == key(print)) => RowClient::Other,
        false => RowClient::Unknown,
    }
}

/// Whether the tables were not made yet, or the role has no right to them (42501).
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

/// Milliseconds as a statement takes them.
#[allow(clippy::cast_precision_loss)] // limits are far below 2^53
fn ms(ms: u64) -> f64 {
    ms as f64
}
