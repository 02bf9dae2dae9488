//! Refreshing ahead of time: tokens that run out soon, by any number of workers, each row by one.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::claim::{Claim, Due, Found, LOOK_MAX, Next};
use super::lane::{Lane, Lanes, Stage};
use super::pace::Pace;
use super::slot::{Answers, InSlot, Slot, Slots};
use super::tally::{Summary, Tally};
use super::{Integration, Key};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;

/// What a run is told.
#[derive(Debug, Clone, Copy)]
pub struct Expiring {
    /// Tokens with no more than this left.
    pub within_ms: u64,
    /// How many refreshes are under way at once.
    pub concurrency: usize,
    /// How many rows are tried at most; `None`: all.
    pub limit: Option<u64>,
    /// How many requests a provider is sent in a second at most; `None`: any number.
    pub per_second: Option<f64>,
}

/// The endpoints by the provider's name.
pub(super) type Endpoints<E> = HashMap<String, Arc<E>>;

/// What came of a row.
type Ended = (Key, Result<bool>);

/// Rows that are being refreshed, and what the others have come to.
#[derive(Default)]
struct UnderWay<'a> {
    rows: FuturesUnordered<BoxFuture<'a, Ended>>,
    tally: Tally,
}

impl Integration {
    /// Refreshes every token that runs out soon, of the providers that there are endpoints for. Each row
    /// is tried at most once; the run ends when nothing that is due is left, or its limit is reached.
    ///
    /// # Errors
    /// [`Error::Database`] and its kin; a refresh that fails is counted.
    pub async fn refresh_expiring<E: TokenEndpoint>(
        &self,
        options: Expiring,
        endpoints: Endpoints<E>,
    ) -> Result<Summary> {
        self.base.table()?.mapping.tokens.sealing.check()?;
        let pace = Pace::new(options.per_second);
        let slots = Slots::new(pace.slots(options.concurrency));
        let table = self.base.table()?;
        let clients = endpoints.values().map(|endpoint| table.client_prints(endpoint.client()));
        let clients: Vec<String> = clients.flatten().collect();
        let (pace, slots, endpoints) = (&pace, &slots, &endpoints);
        let run = Run { store: self, options, endpoints, clients: &clients, pace, slots };
        let mut under_way = UnderWay::default();
        let result = run.all(&mut under_way).await;
        // What is claimed is refreshed also where a later claim has failed.
        under_way.finish().await;
        result?;
        let skipped = run.skipped(&under_way.tally).await;
        Ok(under_way.tally.summary(skipped))
    }
}

impl UnderWay<'_> {
    /// What `wait` comes to; what ends meanwhile is counted.
    async fn meanwhile<T>(&mut self, wait: impl Future<Output = T>) -> T {
        let mut wait = pin!(wait);
        loop {
            tokio::select! {
                come = &mut wait => return come,
                Some((key, outcome)) = self.rows.next() => self.tally.add(&key, &outcome),
            }
        }
    }

    async fn finish(&mut self) {
        while let Some((key, outcome)) = self.rows.next().await {
            self.tally.add(&key, &outcome);
        }
    }
}

/// A run.
struct Run<'a, E> {
    store: &'a Integration,
    options: Expiring,
    endpoints: &'a Endpoints<E>,
    /// The fingerprints of their clients.
    clients: &'a [String],
    pace: &'a Pace,
    slots: &'a Arc<Slots>,
}

impl<'a, E: TokenEndpoint> Run<'a, E> {
    /// Claims rows by one statement for as many as their provider has free slots, while what was claimed
    /// before goes on.
    async fn all(&self, under_way: &mut UnderWay<'a>) -> Result<()> {
        let mut left = self.options.limit.unwrap_or(u64::MAX);
        let mut lanes = Lanes::new(self.endpoints.keys().map(String::as_str));
        let mut changes = self.slots.changes();
        left -= self.first(&mut lanes, left, under_way).await?;
        while left > 0 {
            changes.borrow_and_update();
            lanes.advance(self.slots);
            under_way.meanwhile(self.find(&mut lanes)).await?;
            if lanes.are_done() {
                break;
            }
            match lanes.turn(self.slots, self.pace) {
                Some((lane, rows)) => {
                    let rows = rows.min(usize::try_from(left).unwrap_or(usize::MAX));
                    left -= self.proceed(&mut lanes, lane, rows, under_way).await?;
                }
                None => {
                    let paced = self.pace.soonest(lanes.paced(self.slots));
                    let wait = async {
                        tokio::select! {
                            _ = changes.changed() => {}
                            () = paced => {}
                        }
                    };
                    under_way.meanwhile(wait).await;
                }
            }
        }
        Ok(())
    }

    fn due<'b>(&self, providers: &'b [&'b str]) -> Due<'b>
    where
        'a: 'b,
    {
        let (within_ms, took) = (self.options.within_ms, self.pace.elapsed());
        Due { within_ms, providers, clients: self.clients, took }
    }

    /// The first rows of all providers together: nobody has a row that runs out before them, and so
    /// what cannot be refreshed, and stands before them, is stepped over once.
    async fn first(
        &self,
        lanes: &mut Lanes<'a>,
        left: u64,
        under_way: &mut UnderWay<'a>,
    ) -> Result<u64> {
        let providers: Vec<&str> = lanes.lanes.iter().map(|lane| lane.provider).collect();
        if providers.len() < 2 {
            return Ok(0);
        }
        let rows = self.slots.quarter().min(usize::try_from(left).unwrap_or(usize::MAX));
        let next = Next { rows, passed: &[], from: None };
        let claims = self.store.claim(self.due(&providers), next).await?;
        let first = claims.iter().map(|claim| claim.expires_at).min();
        for lane in &mut lanes.lanes {
            lane.stage = match first {
                Some(_) => Stage::Free { from: first, passed: Vec::new() },
                None => Stage::Failing(None),
            };
        }
        self.start(lanes, claims, under_way).await.map(|(started, _)| started)
    }

    /// Backoff for rows of the providers that are at a later stage.
    async fn find(&self, lanes: &mut Lanes<'a>) -> Result<()> {
        for is_leased in [false, true] {
            let all = lanes.unsearched(is_leased);
            if all.is_empty() {
                continue;
            }
            let found = self.found(&all, is_leased).await?;
            if found.len() < LOOK_MAX {
                lanes.give(&all, found);
                continue;
            }
            // So many of one that there may be others of another.
            for one in all {
                let found = self.found(&[one], is_leased).await?;
                lanes.give(&[one], found);
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

    /// Starts so many refreshes of a provider at most; gives how many.
    async fn proceed(
        &self,
        lanes: &mut Lanes<'a>,
        lane: usize,
        rows: usize,
        under_way: &mut UnderWay<'a>,
    ) -> Result<u64> {
        let Some(Lane { provider, stage, .. }) = lanes.lanes.get_mut(lane) else { return Ok(0) };
        let providers = [*provider];
        let due = self.due(&providers);
        match stage {
            Stage::Free { from, passed } => {
                let next = Next { rows, passed, from: *from };
                let claims = under_way.meanwhile(self.store.claim(due, next)).await?;
                let last = claims.iter().map(|claim| claim.expires_at).max();
                if last > *from {
                    passed.clear();
                    *from = last;
                }
                if last.is_none() {
                    *stage = Stage::Failing(None);
                }
                let (started, again) = self.start(lanes, claims, under_way).await?;
                if let Some(Lane { stage: Stage::Free { passed, .. }, .. }) =
                    lanes.lanes.get_mut(lane)
                {
                    passed.extend(again);
                }
                Ok(started)
            }
            Stage::Failing(Some(found)) => {
                let failing = found.take(rows);
                match under_way.meanwhile(self.store.claim_failing(due, &failing)).await {
                    Ok(claims) => {
                        self.start(lanes, claims, under_way).await.map(|(started, _)| started)
                    }
                    // Each alone, then: the others are none the worse.
                    Err(error) if error.may_be_of_one_row() => {
                        Ok(self.start_alone(lanes, failing, under_way))
                    }
                    Err(error) => Err(error),
                }
            }
            Stage::Leased(Some(found)) => {
                let leased = found.take(rows);
                Ok(self.start_alone(lanes, leased, under_way))
            }
            Stage::Failing(None) | Stage::Leased(None) | Stage::Done => Ok(0),
        }
    }

    /// Refreshes what was claimed; gives how many, and the others, which this run has had before.
    async fn start(
        &self,
        lanes: &mut Lanes<'a>,
        claims: Vec<Claim>,
        under_way: &mut UnderWay<'a>,
    ) -> Result<(u64, Vec<Key>)> {
        let (mut started, mut again) = (0, Vec::new());
        for claim in claims {
            if lanes.take(&claim.key) {
                started += 1;
                under_way.rows.push(self.refresh(claim));
            } else {
                // What failed for another reason than its provider, and so is not noted in its row.
                under_way.meanwhile(self.store.release(&claim)).await?;
                again.push(claim.key);
            }
        }
        Ok((started, again))
    }

    /// Refreshes rows that were not claimed, each by a statement of its own; gives how many.
    fn start_alone(
        &self,
        lanes: &mut Lanes<'a>,
        rows: Vec<Found>,
        under_way: &mut UnderWay<'a>,
    ) -> u64 {
        let mut started = 0;
        for Found { key, .. } in rows {
            if lanes.take(&key) {
                started += 1;
                under_way.rows.push(self.wait_for(key));
            }
        }
        started
    }

    fn refresh(&self, claim: Claim) -> BoxFuture<'a, Ended> {
        let &Self { store, endpoints, pace, slots, .. } = self;
        let (turn, slot) = self.turn_and_slot(&claim.key);
        Box::pin(async move {
            pace.until(turn).await;
            let key = claim.key.clone();
            let outcome = store.refresh_claim(claim, slot, endpoints).await;
            ended(slots, key, outcome.map(|()| true))
        })
    }

    /// Through the ordinary refresh task, which waits, and takes an expired lease over.
    fn wait_for(&self, key: Key) -> BoxFuture<'a, Ended> {
        let &Self { store, endpoints, pace, slots, options, .. } = self;
        let (turn, slot) = self.turn_and_slot(&key);
        Box::pin(async move {
            pace.until(turn).await;
            let outcome = match endpoint_of(endpoints, &key) {
                Ok(endpoint) => {
                    let (whose, endpoint) =
                        (store.base.rls.of(key.clone()), InSlot::new(endpoint, slot));
                    store.base.engine.refresh_leased(whose, endpoint, options.within_ms).await
                }
                Err(error) => Err(error),
            };
            ended(slots, key, outcome)
        })
    }

    fn turn_and_slot(&self, key: &Key) -> (Duration, Slot) {
        let provider = key.provider_name();
        (self.pace.turn(provider), self.slots.take(provider))
    }

    /// What is due and was not tried: of providers that are not described, of those that have refused the
    /// client, and what was refused before and waits for its time. Only told: what fails here fails no run.
    async fn skipped(&self, tally: &Tally) -> Vec<(String, u64)> {
        let names = self.endpoints.keys().map(String::as_str);
        let tried: Vec<&str> =
            names.filter(|name| self.slots.of(name).0 != Answers::Never).collect();
        let skipped = self.store.skipped(self.due(&tried)).await.unwrap_or_default();
        let without = |(provider, rows): (String, u64)| {
            let rows = rows.saturating_sub(tally.failed_of(&provider));
            (rows > 0).then_some((provider, rows))
        };
        let mut all: BTreeMap<_, _> = skipped.into_iter().filter_map(without).collect();
        for (provider, rows) in self.store.paused(self.due(&tried)).await.unwrap_or_default() {
            *all.entry(provider).or_default() += rows;
        }
        all.into_iter().collect()
    }
}

fn ended(slots: &Slots, key: Key, outcome: Result<bool>) -> Ended {
    // Also where nothing was sent because it was refused just before.
    if matches!(outcome, Err(Error::ClientRejected { .. })) {
        slots.note(key.provider_name(), Answers::Never);
    }
    (key, outcome)
}

pub(super) fn endpoint_of<E>(endpoints: &Endpoints<E>, key: &Key) -> Result<Arc<E>> {
    let missing = || Error::internal("a row of a provider that was not asked for");
    endpoints.get(key.provider_name()).cloned().ok_or_else(missing)
}
