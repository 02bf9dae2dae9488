//! Refreshes tokens that expire soon. Any number of workers share the rows; each row is refreshed by one
//! (docs/internals/stores.md, integration: Refreshing ahead of time).

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::claim::{Claim, Due, FOUND_MAX, Found, Next};
use super::concurrency::{Health, LimitedEndpoint, Permit, Permits};
use super::counts::{Counts, Summary};
use super::provider_queue::{ProviderQueue, ProviderQueues, Stage};
use super::rate_limit::RateLimit;
use super::{Integration, Key};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;

/// The options of a run.
#[derive(Debug, Clone, Copy)]
pub struct Expiring {
    /// Tokens that expire within this time.
    pub expires_within_ms: u64,
    /// How many refreshes run at once.
    pub concurrency: usize,
    /// The most rows to try; `None`: all.
    pub limit: Option<u64>,
    /// The most requests to one provider per second; `None`: no limit.
    pub per_second: Option<f64>,
}

/// The endpoints by the provider's name.
pub(super) type Endpoints<E> = HashMap<String, Arc<E>>;

/// The result for a row.
type Finished = (Key, Result<bool>);

/// The rows that are being refreshed, and the counts of the others.
#[derive(Default)]
struct Running<'a> {
    rows: FuturesUnordered<BoxFuture<'a, Finished>>,
    counts: Counts,
}

impl Integration {
    /// Refreshes every token that expires soon, of the providers with an endpoint. Each row is tried at most
    /// once. The run ends when no due row is left, or at its limit.
    ///
    /// # Errors
    /// [`Error::Database`] and other database errors; a refresh that fails is counted.
    pub async fn refresh_expiring<E: TokenEndpoint>(
        &self,
        options: Expiring,
        endpoints: Endpoints<E>,
    ) -> Result<Summary> {
        self.base.table()?.mapping.tokens.sealing.check()?;
        let rate_limit = RateLimit::new(options.per_second);
        let permits = Permits::new(rate_limit.concurrency(options.concurrency));
        let table = self.base.table()?;
        let clients = endpoints.values().map(|endpoint| table.client_prints(endpoint.client()));
        let clients: Vec<String> = clients.flatten().collect();
        let (rate_limit, permits, endpoints) = (&rate_limit, &permits, &endpoints);
        let run = Run { store: self, options, endpoints, clients: &clients, rate_limit, permits };
        let mut running = Running::default();
        let result = run.all(&mut running).await;
        // Claimed rows are refreshed even if a later claim has failed.
        running.finish().await;
        result?;
        let skipped = run.skipped(&running.counts).await;
        Ok(running.counts.summary(skipped))
    }
}

impl Running<'_> {
    /// The result of `work`. Refreshes that finish in the meantime are counted.
    async fn while_running<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return result,
                Some((key, outcome)) = self.rows.next() => self.counts.add(&key, &outcome),
            }
        }
    }

    async fn finish(&mut self) {
        while let Some((key, outcome)) = self.rows.next().await {
            self.counts.add(&key, &outcome);
        }
    }
}

/// A run.
struct Run<'a, E> {
    store: &'a Integration,
    options: Expiring,
    endpoints: &'a Endpoints<E>,
    /// The fingerprints of the endpoints' clients.
    clients: &'a [String],
    rate_limit: &'a RateLimit,
    permits: &'a Arc<Permits>,
}

impl<'a, E: TokenEndpoint> Run<'a, E> {
    /// Claims rows, with one statement as many as the provider has free permits, while rows that were claimed
    /// before are refreshed.
    async fn all(&self, running: &mut Running<'a>) -> Result<()> {
        let mut left = self.options.limit.unwrap_or(u64::MAX);
        let mut queues = ProviderQueues::new(self.endpoints.keys().map(String::as_str));
        let mut changes = self.permits.changes();
        left -= self.first(&mut queues, left, running).await?;
        while left > 0 {
            changes.borrow_and_update();
            queues.advance(self.permits);
            running.while_running(self.find(&mut queues)).await?;
            if queues.are_done() {
                break;
            }
            match queues.next(self.permits, self.rate_limit) {
                Some((index, rows)) => {
                    let rows = rows.min(usize::try_from(left).unwrap_or(usize::MAX));
                    left -= self.proceed(&mut queues, index, rows, running).await?;
                }
                None => {
                    let rate_limited =
                        self.rate_limit.wait_for_any(queues.rate_limited(self.permits));
                    let wait = async {
                        tokio::select! {
                            _ = changes.changed() => {}
                            () = rate_limited => {}
                        }
                    };
                    running.while_running(wait).await;
                }
            }
        }
        Ok(())
    }

    fn due<'b>(&self, providers: &'b [&'b str]) -> Due<'b>
    where
        'a: 'b,
    {
        let expires_within_ms = self.options.expires_within_ms;
        let elapsed = self.rate_limit.elapsed();
        Due { expires_within_ms, providers, clients: self.clients, elapsed }
    }

    /// Claims the first rows of all providers together. No provider has a due row that expires earlier, so
    /// each can start there: index entries before it, of rows that cannot be refreshed, are read once.
    async fn first(
        &self,
        queues: &mut ProviderQueues<'a>,
        left: u64,
        running: &mut Running<'a>,
    ) -> Result<u64> {
        let providers: Vec<&str> = queues.queues.iter().map(|queue| queue.provider).collect();
        if providers.len() < 2 {
            return Ok(0);
        }
        let rows = self.permits.quarter().min(usize::try_from(left).unwrap_or(usize::MAX));
        let next = Next { rows, done: &[], from: None };
        let claims = self.store.claim(self.due(&providers), next).await?;
        let first = claims.iter().map(|claim| claim.expires_at).min();
        for queue in &mut queues.queues {
            queue.stage = match first {
                Some(_) => Stage::Free { from: first, done: Vec::new() },
                None => Stage::Failing(None),
            };
        }
        self.start(queues, claims, running).await.map(|(started, _)| started)
    }

    /// Searches rows for the providers that are at a later stage.
    async fn find(&self, queues: &mut ProviderQueues<'a>) -> Result<()> {
        for is_leased in [false, true] {
            let all = queues.unsearched(is_leased);
            if all.is_empty() {
                continue;
            }
            let found = self.found(&all, is_leased).await?;
            if found.len() < FOUND_MAX {
                queues.add(&all, found);
                continue;
            }
            // One provider may have filled the result: search for each alone.
            for one in all {
                let found = self.found(&[one], is_leased).await?;
                queues.add(&[one], found);
            }
        }
        Ok(())
    }

    async fn found(&self, providers: &[&str], is_leased: bool) -> Result<Vec<Found>> {
        match is_leased {
            true => self.store.leased(self.due(providers)).await,
            false => self.store.failing(self.due(providers)).await,
        }
    }

    /// Starts refreshes of a provider, at most `rows`; returns how many.
    async fn proceed(
        &self,
        queues: &mut ProviderQueues<'a>,
        queue: usize,
        rows: usize,
        running: &mut Running<'a>,
    ) -> Result<u64> {
        let Some(ProviderQueue { provider, stage, .. }) = queues.queues.get_mut(queue) else {
            return Ok(0);
        };
        let providers = [*provider];
        let due = self.due(&providers);
        match stage {
            Stage::Free { from, done } => {
                let next = Next { rows, done, from: *from };
                let claims = running.while_running(self.store.claim(due, next)).await?;
                let last = claims.iter().map(|claim| claim.expires_at).max();
                if last > *from {
                    done.clear();
                    *from = last;
                }
                if last.is_none() {
                    *stage = Stage::Failing(None);
                }
                let (started, again) = self.start(queues, claims, running).await?;
                if let Some(ProviderQueue { stage: Stage::Free { done, .. }, .. }) =
                    queues.queues.get_mut(queue)
                {
                    done.extend(again);
                }
                Ok(started)
            }
            Stage::Failing(Some(found)) => {
                let failing = found.take(rows);
                match running.while_running(self.store.claim_failing(due, &failing)).await {
                    Ok(claims) => {
                        self.start(queues, claims, running).await.map(|(started, _)| started)
                    }
                    // Each alone, so that one row does not stop the others.
                    Err(error) if error.may_be_of_one_row() => {
                        Ok(self.start_alone(queues, failing, running))
                    }
                    Err(error) => Err(error),
                }
            }
            Stage::Leased(Some(found)) => {
                let leased = found.take(rows);
                Ok(self.start_alone(queues, leased, running))
            }
            Stage::Failing(None) | Stage::Leased(None) | Stage::Done => Ok(0),
        }
    }

    /// Refreshes claimed rows; returns how many, and the keys of those that this run had started before.
    async fn start(
        &self,
        queues: &mut ProviderQueues<'a>,
        claims: Vec<Claim>,
        running: &mut Running<'a>,
    ) -> Result<(u64, Vec<Key>)> {
        let (mut started, mut again) = (0, Vec::new());
        for claim in claims {
            if queues.start(&claim.key) {
                started += 1;
                running.rows.push(self.refresh(claim));
            } else {
                // It failed, but not at the provider, so its row does not say that it failed.
                running.while_running(self.store.release(&claim)).await?;
                again.push(claim.key);
            }
        }
        Ok((started, again))
    }

    /// Refreshes rows that were not claimed, each with a statement of its own; returns how many.
    fn start_alone(
        &self,
        queues: &mut ProviderQueues<'a>,
        rows: Vec<Found>,
        running: &mut Running<'a>,
    ) -> u64 {
        let mut started = 0;
        for Found { key, .. } in rows {
            if queues.start(&key) {
                started += 1;
                running.rows.push(self.wait_for(key));
            }
        }
        started
    }

    fn refresh(&self, claim: Claim) -> BoxFuture<'a, Finished> {
        let &Self { store, endpoints, rate_limit, permits, .. } = self;
        let (turn, permit) = self.turn_and_permit(&claim.key);
        Box::pin(async move {
            rate_limit.until(turn).await;
            let key = claim.key.clone();
            let outcome = store.refresh_claim(claim, permit, endpoints).await;
            finished(permits, key, outcome.map(|()| true))
        })
    }

    /// Through the ordinary refresh task, which polls and takes over an expired lease.
    fn wait_for(&self, key: Key) -> BoxFuture<'a, Finished> {
        let &Self { store, endpoints, rate_limit, permits, options, .. } = self;
        let (turn, permit) = self.turn_and_permit(&key);
        Box::pin(async move {
            rate_limit.until(turn).await;
            let outcome = match endpoint_of(endpoints, &key) {
                Ok(endpoint) => {
                    let whose = store.base.rls.of(key.clone());
                    let endpoint = LimitedEndpoint::new(endpoint, permit);
                    let endpoint = move |record: &super::Record| {
                        endpoint.for_grant(&record.scopes, record.metadata.as_deref())
                    };
                    store
                        .base
                        .engine
                        .refresh_leased(whose, endpoint, options.expires_within_ms)
                        .await
                }
                Err(error) => Err(error),
            };
            finished(permits, key, outcome)
        })
    }

    fn turn_and_permit(&self, key: &Key) -> (Duration, Permit) {
        let provider = key.provider_name();
        (self.rate_limit.turn(provider), self.permits.take(provider))
    }

    /// Counts due rows that were not tried ([`Summary::skipped`]). A failure here does not fail the run.
    async fn skipped(&self, counts: &Counts) -> Vec<(String, u64)> {
        let names = self.endpoints.keys().map(String::as_str);
        let tried: Vec<&str> =
            names.filter(|name| self.permits.of(name).0 != Health::ClientRejected).collect();
        let skipped = self.store.skipped(self.due(&tried)).await.unwrap_or_default();
        let without = |(provider, rows): (String, u64)| {
            let rows = rows.saturating_sub(counts.failed_of(&provider));
            (rows > 0).then_some((provider, rows))
        };
        let mut all: BTreeMap<_, _> = skipped.into_iter().filter_map(without).collect();
        for (provider, rows) in self.store.paused(self.due(&tried)).await.unwrap_or_default() {
            *all.entry(provider).or_default() += rows;
        }
        all.into_iter().collect()
    }
}

fn finished(permits: &Permits, key: Key, outcome: Result<bool>) -> Finished {
    // Also if nothing was sent because the client was rejected just before.
    if matches!(outcome, Err(Error::ClientRejected { .. })) {
        permits.record(key.provider_name(), Health::ClientRejected);
    }
    (key, outcome)
}

pub(super) fn endpoint_of<E>(endpoints: &Endpoints<E>, key: &Key) -> Result<Arc<E>> {
    let missing = || Error::internal("a row of a provider without an endpoint");
    endpoints.get(key.provider_name()).cloned().ok_or_else(missing)
}
