//! Step 3 of the refresh protocol for many rows at once.

use std::time::Duration;

use super::expiring::{Endpoints, endpoint_of};
use super::slot::{InSlot, Slot};
use super::sql::CLAIM;
use super::{Integration, IntegrationShape, Key, Record};
use crate::db::{Params, Timestamp, Type, column};
use crate::error::Result;
use crate::oauth::TokenEndpoint;
use crate::refresh::{Claimed, Row, Stopwatch, Token};
use crate::store::table::Shape;

/// Which rows are wanted.
pub(super) struct Due<'a> {
    /// Those with no more than this left.
    pub(super) within_ms: u64,
    /// Of these providers.
    pub(super) providers: &'a [&'a str],
    /// At most so many.
    pub(super) rows: usize,
    /// None of these.
    pub(super) failed: Vec<Key>,
    /// None that runs out before.
    pub(super) from: Option<Timestamp>,
    /// How long the run has taken: none that was refreshed in that time.
    pub(super) took: Duration,
}

/// A row that was claimed, or what stands in the way of reading it.
pub(super) struct Claim {
    pub(super) key: Key,
    pub(super) expires_at: Timestamp,
    row: Result<Row<Record>>,
    lease: Timestamp,
    clock: Stopwatch,
}

// Where CLAIM gives the expiry, and the lease.
const EXPIRY_COLUMN: usize = 4;
const LEASE_COLUMN: usize = 8;

impl Integration {
    /// Leases the rows that are due and free.
    pub(super) async fn claim(&self, due: Due<'_>) -> Result<Vec<Claim>> {
        if due.providers.is_empty() {
            return Ok(Vec::new());
        }
        let table = self.table()?;
        let clock = self.engine.stopwatch();
        let users: Vec<&str> = due.failed.iter().map(|key| key.user_id.as_str()).collect();
        let providers: Vec<&str> = due.failed.iter().map(|key| key.provider.as_str()).collect();
        #[allow(clippy::cast_precision_loss)] // as below
        let refreshed_ms = due.took.as_secs_f64() * 1_000.0 + self.shared_refresh_ms as f64;
        #[allow(clippy::cast_precision_loss)] // years of milliseconds are below 2^53
        let params: Params<'_> = &[
            (&(due.within_ms as f64), Type::FLOAT8),
            (&due.providers, Type::TEXT_ARRAY),
            (&i64::try_from(due.rows).unwrap_or(i64::MAX), Type::INT8),
            (&users, Type::TEXT_ARRAY),
            (&providers, Type::TEXT_ARRAY),
            (&refreshed_ms, Type::FLOAT8),
            (&due.from, Type::TIMESTAMPTZ),
        ];
        let sql = table.named(CLAIM);
        let rows = table.write("claim integration tokens", &sql, params).await?;
        rows.iter()
            .map(|row| {
                Ok(Claim {
                    key: IntegrationShape::key(row)?,
                    expires_at: column(row, EXPIRY_COLUMN)?,
                    row: IntegrationShape::decode(row),
                    lease: column(row, LEASE_COLUMN)?,
                    clock,
                })
            })
            .collect()
    }

    /// Refreshes a claimed row. One that cannot be read is given back: the others are none the worse.
    pub(super) async fn refresh_claim<E: TokenEndpoint>(
        &self,
        claim: Claim,
        slot: Slot,
        endpoints: &Endpoints<E>,
    ) -> Result<Token<Record>> {
        let Claim { key, row, lease, clock, .. } = claim;
        let ready = row.and_then(|row| Ok((row, endpoint_of(endpoints, &key)?)));
        match ready {
            Ok((row, endpoint)) => {
                let claimed = Claimed { key: self.scope.of(key), row, lease, clock };
                self.engine.refresh_claimed(claimed, InSlot::new(endpoint, slot)).await
            }
            Err(error) => {
                self.table()?.release(&key, lease).await?;
                Err(error)
            }
        }
    }
}
