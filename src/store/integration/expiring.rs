//! Refreshing ahead of time: tokens that run out soon, by any number of workers, each row by one.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::claim::Due;
use super::pace::Pace;
use super::slot::Slots;
use super::sql::LEASED;
use super::{Integration, Key, Record};
use crate::db::{Params, Type, column};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;
use crate::refresh::{Token, Want};

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

/// The endpoints by the provider's name.
pub(super) type Endpoints<E> = HashMap<String, Arc<E>>;

/// What a run has come to so far.
#[derive(Default)]
struct Run {
    counts: Counts,
    /// Rows that are not for this run any more.
    failed: Vec<Key>,
}

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
        let mut run = Run::default();
        self.refresh_free(ask, &endpoints, &mut run).await?;
        self.wait_for_leased(ask, &endpoints, &mut run).await?;
        Ok(run.counts)
    }

    /// Rows that are free: claimed by one statement for as many as there are free slots, while what was
    /// claimed before goes on.
    async fn refresh_free<E: TokenEndpoint>(
        &self,
        ask: Expiring,
        endpoints: &Endpoints<E>,
        run: &mut Run,
    ) -> Result<()> {
        let pace = Pace::new(ask.per_second);
        let slots = Slots::new(pace.slots(ask.concurrency));
        let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
        let mut left = ask.limit.unwrap_or(u64::MAX);
        let mut from = None;
        let mut under_way = FuturesUnordered::new();
        let result = loop {
            if left == 0 || run.counts.failed + run.counts.revoked >= FAILED_MAX {
                break Ok(());
            }
            let free = run.meanwhile(&mut under_way, slots.free(left)).await;
            let providers = pace.soon(&names);
            let due = Due {
                within_ms: ask.within_ms,
                providers: &providers,
                rows: free.len(),
                failed: run.failed.clone(),
                from,
                took: pace.elapsed(),
            };
            let claims = match run.meanwhile(&mut under_way, self.claim(due)).await {
                Ok(claims) => claims,
                // What is claimed is refreshed all the same.
                Err(error) => break Err(error),
            };
            let last = claims.iter().map(|claim| claim.expires_at).max();
            if last.is_none() && from.is_none() {
                if providers.len() == names.len() {
                    break Ok(());
                }
                run.meanwhile(&mut under_way, pace.more_than(providers.len(), &names)).await;
            }
            // At the end once more from the beginning: for what another worker has given back.
            from = last;
            for (claim, slot) in claims.into_iter().zip(free) {
                left -= 1;
                let (pace, turn) = (&pace, pace.turn(claim.key.provider_name()));
                under_way.push(async move {
                    pace.until(turn).await;
                    let key = claim.key.clone();
                    (key, self.refresh_claim(claim, slot, endpoints).await)
                });
            }
        };
        while let Some((key, outcome)) = under_way.next().await {
            run.add(key, &outcome);
        }
        result
    }

    /// Rows that another worker is refreshing, or died over: each through the ordinary flight, which
    /// waits, and takes an expired lease over.
    async fn wait_for_leased<E: TokenEndpoint>(
        &self,
        ask: Expiring,
        endpoints: &Endpoints<E>,
        run: &mut Run,
    ) -> Result<()> {
        let left = ask.limit.map(|limit| limit.saturating_sub(run.counts.all()));
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
        let leased = table.read_rows(step, &sql, params).await?;
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
                self.engine.valid(self.scope.of(key), endpoint, want).await
            })
            .buffer_unordered(ask.concurrency);
        while let Some(outcome) = waiting.next().await {
            run.counts.add(&outcome);
        }
        Ok(())
    }
}

pub(super) fn endpoint_of<E>(endpoints: &Endpoints<E>, key: &Key) -> Result<Arc<E>> {
    let missing = || Error::internal("a row of a provider that was not asked for");
    endpoints.get(key.provider_name()).cloned().ok_or_else(missing)
}

impl Run {
    /// What `wait` comes to; what ends meanwhile is counted.
    async fn meanwhile<T>(
        &mut self,
        under_way: &mut FuturesUnordered<impl Future<Output = (Key, Result<Token<Record>>)>>,
        wait: impl Future<Output = T>,
    ) -> T {
        let mut wait = pin!(wait);
        loop {
            tokio::select! {
                come = &mut wait => return come,
                Some((key, outcome)) = under_way.next() => self.add(key, &outcome),
            }
        }
    }

    fn add(&mut self, key: Key, outcome: &Result<Token<Record>>) {
        self.counts.add(outcome);
        if outcome.is_err() {
            self.failed.push(key);
        }
    }
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
