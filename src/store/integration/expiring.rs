//! Refreshing ahead of time: tokens that run out soon, by any number of workers, each row by one.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::pace::Pace;
use super::sql::{CLAIM, LEASED};
use super::{Integration, IntegrationShape, Key, Record};
use crate::db::{Params, Timestamp, Type, column};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;
use crate::refresh::{Claimed, Row, Stopwatch, Table, Token, Want};
use crate::store::table::Shape;

/// What a run is told.
#[derive(Debug, Clone, Copy)]
pub struct Expiring {
    /// Tokens with no more than this left.
    pub within_ms: u64,
    /// How many refreshes are under way at once.
    pub concurrency: usize,
    /// How many rows are refreshed at most; `None`: all.
    pub limit: Option<u64>,
    /// How many requests a provider is sent in a second at most; `None`: any number.
    pub per_second: Option<f64>,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Refreshed, by this worker or by whom it waited for.
    pub refreshed: u64,
    /// Not refreshed, for another reason than a dead grant; tried again by a later run.
    pub failed: u64,
    /// Grants that are dead: the users must connect again.
    pub revoked: u64,
}

/// A run that has failed for so many rows ends: something is wrong that more requests do not mend.
const FAILED_MAX: u64 = 1_000;

/// A row that was claimed, or what stands in the way of reading it.
struct Claim {
    key: Key,
    row: Result<Row<Record>>,
    lease: Timestamp,
    clock: Stopwatch,
}

/// Where [`CLAIM`] gives the lease.
const LEASE_COLUMN: usize = 8;

/// The endpoints by the provider's name.
type Endpoints<E> = HashMap<String, Arc<E>>;

impl Integration {
    /// Refreshes every token that runs out soon, of the providers that there are endpoints for.
    ///
    /// # Errors
    /// [`Error::Database`] and its kin; a refresh that fails is counted.
    pub async fn refresh_expiring<E: TokenEndpoint>(
        &self,
        ask: Expiring,
        endpoints: Endpoints<E>,
    ) -> Result<Counts> {
        self.table()?.shape.tokens.sealing.check()?;
        let mut counts = Counts::default();
        self.refresh_free(ask, &endpoints, &mut counts).await?;
        self.wait_for_leased(ask, &endpoints, &mut counts).await?;
        Ok(counts)
    }

    /// Rows that are free: claimed by one statement for as many as there are free slots.
    async fn refresh_free<E: TokenEndpoint>(
        &self,
        ask: Expiring,
        endpoints: &Endpoints<E>,
        counts: &mut Counts,
    ) -> Result<()> {
        let pace = Pace::new(ask.per_second);
        let slots = pace.slots(ask.concurrency);
        let mut left = ask.limit.unwrap_or(u64::MAX);
        let mut had: Vec<Key> = Vec::new();
        let mut under_way = FuturesUnordered::new();
        // Nothing more is claimed after a failure, but what is claimed is refreshed.
        let mut more = Ok(true);
        loop {
            let free = u64::try_from(slots - under_way.len()).unwrap_or(u64::MAX).min(left);
            if more == Ok(true) && free > 0 {
                let claimed = self.claim(ask, endpoints, free, &had).await;
                let enough = counts.failed + counts.revoked >= FAILED_MAX;
                more =
                    claimed.as_ref().map(|rows| !rows.is_empty() && !enough).map_err(Clone::clone);
                for claimed in claimed.into_iter().flatten() {
                    left -= 1;
                    let pace = &pace;
                    under_way.push(async move {
                        let key = claimed.key.clone();
                        pace.wait(key.provider_name()).await;
                        (key, self.refresh_claim(claimed, endpoints).await)
                    });
                }
            }
            let Some((key, outcome)) = under_way.next().await else { return more.map(drop) };
            // What has failed, or still runs out soon, is not for this run any more.
            if !outcome.as_ref().is_ok_and(|token| token.lasts(ask.within_ms)) {
                had.push(key);
            }
            counts.add(&outcome);
        }
    }

    async fn claim<E: TokenEndpoint>(
        &self,
        ask: Expiring,
        endpoints: &Endpoints<E>,
        rows: u64,
        had: &[Key],
    ) -> Result<Vec<Claim>> {
        let table = self.table()?;
        let clock = self.engine.stopwatch();
        let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
        let users: Vec<&str> = had.iter().map(|key| key.user_id.as_str()).collect();
        let providers: Vec<&str> = had.iter().map(|key| key.provider.as_str()).collect();
        #[allow(clippy::cast_precision_loss)] // years of milliseconds are below 2^53
        let params: Params<'_> = &[
            (&(ask.within_ms as f64), Type::FLOAT8),
            (&names, Type::TEXT_ARRAY),
            (&i64::try_from(rows).unwrap_or(i64::MAX), Type::INT8),
            (&users, Type::TEXT_ARRAY),
            (&providers, Type::TEXT_ARRAY),
            (&(self.shared_refresh_ms as f64), Type::FLOAT8),
        ];
        let sql = table.named(CLAIM);
        let rows = table.write("claim integration tokens", &sql, params).await?;
        rows.iter()
            .map(|row| {
                let (key, lease) = (IntegrationShape::key(row)?, column(row, LEASE_COLUMN)?);
                Ok(Claim { key, row: IntegrationShape::decode(row), lease, clock })
            })
            .collect()
    }

    /// Refreshes a claimed row. One that cannot be read is given back: the others are none the worse.
    async fn refresh_claim<E: TokenEndpoint>(
        &self,
        claim: Claim,
        endpoints: &Endpoints<E>,
    ) -> Result<Token<Record>> {
        let Claim { key, row, lease, clock } = claim;
        let ready = row.and_then(|row| Ok((row, endpoint_of(endpoints, &key)?)));
        match ready {
            Ok((row, endpoint)) => {
                let claimed = Claimed { key, row, lease, clock };
                self.engine.refresh_claimed(claimed, endpoint).await
            }
            Err(error) => {
                self.table()?.release(&key, lease, None).await?;
                Err(error)
            }
        }
    }

    /// Rows that another worker is refreshing, or died over: each through the ordinary flight, which
    /// waits, and takes an expired lease over.
    async fn wait_for_leased<E: TokenEndpoint>(
        &self,
        ask: Expiring,
        endpoints: &Endpoints<E>,
        counts: &mut Counts,
    ) -> Result<()> {
        let left = ask.limit.map(|limit| limit.saturating_sub(counts.all()));
        let rows = left.map_or(i64::MAX, |left| i64::try_from(left).unwrap_or(i64::MAX));
        let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
        let table = self.table()?;
        #[allow(clippy::cast_precision_loss)] // years of milliseconds are below 2^53
        let params: Params<'_> = &[
            (&(ask.within_ms as f64), Type::FLOAT8),
            (&names, Type::TEXT_ARRAY),
            (&rows, Type::INT8),
        ];
        let (sql, step) = (table.named(LEASED), "look for leased integration tokens");
        let leased = table.database.read(step, &sql, params, table.usual()).await?;
        let keys: Vec<Key> = leased
            .iter()
            .map(|row| Ok(Key { user_id: column(row, 0)?, provider: column(row, 1)? }))
            .collect::<Result<_>>()?;
        let want = Want {
            fresh_ms: ask.within_ms,
            wait_ms: self.patience_ms,
            usable_at_once: false,
            force: false,
        };
        let mut waiting = futures_util::stream::iter(keys)
            .map(|key| async move {
                let endpoint = endpoint_of(endpoints, &key);
                let endpoint = move |_: &Record| endpoint.clone();
                self.engine.valid(key, endpoint, want).await
            })
            .buffer_unordered(ask.concurrency);
        while let Some(outcome) = waiting.next().await {
            counts.add(&outcome);
        }
        Ok(())
    }
}

fn endpoint_of<E>(endpoints: &Endpoints<E>, key: &Key) -> Result<Arc<E>> {
    let missing = || Error::internal("a row of a provider that was not asked for");
    endpoints.get(key.provider_name()).cloned().ok_or_else(missing)
}

impl Counts {
    fn add<T>(&mut self, outcome: &Result<T>) {
        match outcome {
            Ok(_) => self.refreshed += 1,
            Err(Error::Revoked { .. }) => self.revoked += 1,
            // Disconnected meanwhile: there is nothing left to refresh.
            Err(Error::NotConnected { .. }) => {}
            Err(_) => self.failed += 1,
        }
    }

    fn all(&self) -> u64 {
        self.refreshed + self.failed + self.revoked
    }
}
