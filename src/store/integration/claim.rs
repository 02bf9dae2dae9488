//! Takes the leases of many rows with one statement (docs/internals/refresh-protocol.md, 3), and finds the
//! rows.

use std::time::Duration;

use super::concurrency::{LimitedEndpoint, Permit};
use super::expiring::{Endpoints, endpoint_of};
use super::sql::{
    CLAIM, CLAIM_FAILING, FAILING, GIVE_BACK, LEASED, METADATA, PAUSED, SKIPPED, STATE,
};
use super::{Integration, IntegrationMapping, Key, Record};
use crate::db::{Params, Timestamp, Type};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;
use crate::refresh::{Claimed, Row, Stopwatch};
use crate::store::sql::ms;
use crate::store::states::is_missing;
use crate::store::table::RowMapping;

/// The most rows that one query finds.
pub(super) const FOUND_MAX: usize = 20_000;
/// The most rows that are counted as skipped.
const SKIPPED_MAX: i64 = 100_000;

/// Which rows are due.
#[derive(Clone, Copy)]
pub(super) struct Due<'a> {
    /// Those whose token expires within this time.
    pub(super) expires_within_ms: u64,
    /// Of these providers.
    pub(super) providers: &'a [&'a str],
    /// The fingerprints of the run's clients: a refusal of another client does not count.
    pub(super) clients: &'a [String],
    /// How long the run has taken: not rows that it may have refreshed, or that may have failed in it.
    pub(super) elapsed: Duration,
}

/// Which of the due rows, in the order of their expiry.
pub(super) struct Next<'a> {
    /// The most rows.
    pub(super) rows: usize,
    /// Not these.
    pub(super) done: &'a [Key],
    /// None that expires before.
    pub(super) from: Option<Timestamp>,
}

/// A row that was found, and how often its refresh has failed.
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) failures: i32,
}

/// A claimed row, or why it cannot be read.
pub(super) struct Claim {
    pub(super) key: Key,
    pub(super) expires_at: Timestamp,
    row: Result<Row<Record>>,
    lease: Timestamp,
    clock: Stopwatch,
}

// The columns of CLAIM.
const EXPIRY_COLUMN: usize = 4;
const LEASE_COLUMN: usize = 8;

const STEP: &str = "claim integration tokens";

impl Integration {
    /// Leases due rows that are free and whose last refresh has not failed. If the statement fails because of
    /// one row, it leases none: [`Integration::leased`] finds them later.
    pub(super) async fn claim(&self, due: Due<'_>, next: Next<'_>) -> Result<Vec<Claim>> {
        let clock = self.base.engine.stopwatch();
        let (users, providers) = columns(next.done.iter());
        let params: Params<'_> = &[
            (&ms(due.expires_within_ms), Type::FLOAT8),
            (&due.providers, Type::TEXT_ARRAY),
            (&count(next.rows), Type::INT8),
            (&users, Type::TEXT_ARRAY),
            (&providers, Type::TEXT_ARRAY),
            (&self.refreshed_ms(due), Type::FLOAT8),
            (&next.from, Type::TIMESTAMPTZ),
        ];
        match self.lease(CLAIM, params).await {
            Ok(rows) => claims(&rows, clock),
            Err(error) if error.may_be_of_one_row() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Leases those of these rows that are still due and free, and were not tried since they were found.
    pub(super) async fn claim_failing(
        &self,
        due: Due<'_>,
        failing: &[Found],
    ) -> Result<Vec<Claim>> {
        let clock = self.base.engine.stopwatch();
        let (users, providers) = columns(failing.iter().map(|found| &found.key));
        let failures: Vec<i32> = failing.iter().map(|found| found.failures).collect();
        let params: Params<'_> = &[
            (&ms(due.expires_within_ms), Type::FLOAT8),
            (&due.providers, Type::TEXT_ARRAY),
            (&users, Type::TEXT_ARRAY),
            (&providers, Type::TEXT_ARRAY),
            (&failures, Type::INT4_ARRAY),
        ];
        claims(&self.lease(CLAIM_FAILING, params).await?, clock)
    }

    /// Leases rows, also in a table that an older tokenkeep has migrated.
    async fn lease(&self, sql: &str, params: Params<'_>) -> Result<Vec<crate::db::Row>> {
        let table = self.base.table()?;
        let [sql, older] = METADATA.map(|column| table.named(&sql.replace("{metadata}", column)));
        table.write_either(STEP, [&sql, &older], params).await
    }

    /// Rows whose refresh failed before this run and may be tried again, those that failed longest ago first.
    pub(super) async fn failing(&self, due: Due<'_>) -> Result<Vec<Found>> {
        let took_ms = due.elapsed.as_secs_f64() * 1_000.0;
        self.find("look for integration tokens that failed", FAILING, due, took_ms).await
    }

    /// Rows that another worker is refreshing, has left leased, or held locked, and those that
    /// [`Integration::claim`] has failed for.
    pub(super) async fn leased(&self, due: Due<'_>) -> Result<Vec<Found>> {
        let refreshed_ms = self.refreshed_ms(due);
        self.find("look for leased integration tokens", LEASED, due, refreshed_ms).await
    }

    /// How many rows wait for their next try after a refusal that is older than this run, by provider.
    pub(super) async fn paused(&self, due: Due<'_>) -> Result<Vec<(String, u64)>> {
        let took_ms = due.elapsed.as_secs_f64() * 1_000.0;
        let rows = self.rows("count refused integration tokens", PAUSED, due, took_ms).await?;
        rows.iter().map(counted).collect()
    }

    async fn find(
        &self,
        step: &'static str,
        sql: &str,
        due: Due<'_>,
        since_ms: f64,
    ) -> Result<Vec<Found>> {
        let rows = self.rows(step, sql, due, since_ms).await?;
        let found = |row| {
            let failures = IntegrationMapping::column(row, 2)?;
            Ok(Found { key: IntegrationMapping::key(row)?, failures })
        };
        rows.iter().map(found).collect()
    }

    async fn rows(
        &self,
        step: &'static str,
        sql: &str,
        due: Due<'_>,
        since_ms: f64,
    ) -> Result<Vec<crate::db::Row>> {
        let table = self.base.table()?;
        let schema = table.schema().await?;
        let params: Params<'_> = &[
            (&ms(due.expires_within_ms), Type::FLOAT8),
            (&due.providers, Type::TEXT_ARRAY),
            (&count(FOUND_MAX), Type::INT8),
            (&schema, Type::TEXT),
            (&since_ms, Type::FLOAT8),
            (&due.clients, Type::TEXT_ARRAY),
        ];
        let [known, unknown] = STATE.map(|state| table.named(&sql.replace("{state}", state)));
        match table.read_rows(step, &known, params).await {
            Err(error) if is_missing(&error) => table.read_rows(step, &unknown, params).await,
            rows => rows,
        }
    }

    /// How many rows are due of other providers, by provider.
    pub(super) async fn skipped(&self, due: Due<'_>) -> Result<Vec<(String, u64)>> {
        let table = self.base.table()?;
        let params: Params<'_> = &[
            (&ms(due.expires_within_ms), Type::FLOAT8),
            (&due.providers, Type::TEXT_ARRAY),
            (&SKIPPED_MAX, Type::INT8),
        ];
        let step = "count integration tokens of other providers";
        let rows = table.read_rows(step, &table.named(SKIPPED), params).await?;
        rows.iter().map(counted).collect()
    }

    /// Refreshes a claimed row. The lease of a row that cannot be read is released.
    pub(super) async fn refresh_claim<E: TokenEndpoint>(
        &self,
        claim: Claim,
        permit: Permit,
        endpoints: &Endpoints<E>,
    ) -> Result<()> {
        let Claim { key, row, lease, clock, .. } = claim;
        let ready = row.and_then(|row| {
            let Record { scopes, metadata, .. } = &*row.record;
            let endpoint = endpoint_of(endpoints, &key)?.for_grant(scopes, metadata.as_deref())?;
            Ok((row, endpoint))
        });
        match ready {
            Ok((row, endpoint)) => {
                let claimed = Claimed { key: self.base.rls.of(key), row, lease, clock };
                self.base
                    .engine
                    .refresh_claimed(claimed, LimitedEndpoint::new(endpoint, permit))
                    .await
                    .map(drop)
            }
            Err(error) => {
                self.give_back(&key, lease, &error).await?;
                Err(error)
            }
        }
    }

    async fn give_back(&self, key: &Key, lease: Timestamp, error: &Error) -> Result<()> {
        let table = self.base.table()?;
        let params: Params<'_> = &[
            (&IntegrationMapping::parts(key), Type::TEXT_ARRAY),
            (&lease, Type::TIMESTAMPTZ),
            (&error.code(), Type::TEXT),
        ];
        table.write("give a lease back", &table.named(GIVE_BACK), params).await.map(drop)
    }

    /// Releases a row that this run had started before.
    pub(super) async fn release(&self, claim: &Claim) -> Result<()> {
        self.base.table()?.release(&claim.key, claim.lease).await
    }

    /// A row that was refreshed less than this ago is not refreshed again, in ms.
    fn refreshed_ms(&self, due: Due<'_>) -> f64 {
        due.elapsed.as_secs_f64() * 1_000.0 + ms(self.shared_refresh_ms)
    }
}

fn claims(rows: &[crate::db::Row], clock: Stopwatch) -> Result<Vec<Claim>> {
    let claim = |row| {
        Ok(Claim {
            key: IntegrationMapping::key(row)?,
            expires_at: IntegrationMapping::column(row, EXPIRY_COLUMN)?,
            row: IntegrationMapping::decode(row),
            lease: IntegrationMapping::column(row, LEASE_COLUMN)?,
            clock,
        })
    };
    rows.iter().map(claim).collect()
}

fn columns<'a>(keys: impl Iterator<Item = &'a Key>) -> (Vec<&'a str>, Vec<&'a str>) {
    keys.map(|key| (key.user_id.as_str(), key.provider.as_str())).unzip()
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A provider and a number of rows.
fn counted(row: &crate::db::Row) -> Result<(String, u64)> {
    let rows: i64 = IntegrationMapping::column(row, 1)?;
    Ok((IntegrationMapping::column(row, 0)?, u64::try_from(rows).unwrap_or_default()))
}
