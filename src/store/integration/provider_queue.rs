//! The rows that a run has still to refresh, by provider, and which provider is next.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;

use super::Key;
use super::claim::{FOUND_MAX, Found};
use super::concurrency::{Health, Others, Permits};
use super::rate_limit::RateLimit;
use crate::db::Timestamp;

/// What is done with the rows of a provider, in this order.
pub(super) enum Stage {
    /// Rows whose last refresh has not failed, in the order of their expiry.
    Free {
        /// All rows that expire before this are done.
        from: Option<Timestamp>,
        /// Rows that expire at that time and are done.
        done: Vec<Key>,
    },
    /// Rows whose last refresh has failed; `None`: not searched for yet.
    Failing(Option<Rows>),
    /// Rows that another worker has leased, or held locked; `None` as above.
    Leased(Option<Rows>),
    /// Nothing is left.
    Done,
}

/// Rows that a query has found.
pub(super) struct Rows {
    rows: VecDeque<Found>,
    /// Whether the table may hold more than it has found.
    may_be_more: bool,
}

impl Rows {
    /// The next ones, at most `rows`.
    pub(super) fn take(&mut self, rows: usize) -> Vec<Found> {
        let rows = rows.min(self.rows.len());
        self.rows.drain(..rows).collect()
    }
}

/// One provider.
pub(super) struct ProviderQueue<'a> {
    pub(super) provider: &'a str,
    pub(super) stage: Stage,
    last_turn: u64,
}

/// The providers of a run, and the rows that it has started.
pub(super) struct ProviderQueues<'a> {
    pub(super) queues: Vec<ProviderQueue<'a>>,
    /// Their hashes: a run may have millions.
    started: HashSet<u64>,
    hasher: RandomState,
    turns: u64,
}

impl ProviderQueue<'_> {
    fn rank(&self) -> u8 {
        match self.stage {
            Stage::Free { .. } => 0,
            Stage::Failing(_) => 1,
            Stage::Leased(_) => 2,
            Stage::Done => 3,
        }
    }

    /// Goes to the next stage when the rows that were found for this one are done.
    fn advance(&mut self) {
        let rows = match &mut self.stage {
            Stage::Failing(rows) | Stage::Leased(rows) => rows,
            Stage::Free { .. } | Stage::Done => return,
        };
        let Some(Rows { may_be_more, .. }) = rows.take_if(|found| found.rows.is_empty()) else {
            return;
        };
        if !may_be_more {
            self.next_stage();
        }
    }

    /// Goes to the next stage.
    fn next_stage(&mut self) {
        self.stage = match self.stage {
            Stage::Free { .. } => Stage::Failing(None),
            Stage::Failing(_) => Stage::Leased(None),
            Stage::Leased(_) | Stage::Done => Stage::Done,
        };
    }
}

impl<'a> ProviderQueues<'a> {
    pub(super) fn new(providers: impl Iterator<Item = &'a str>) -> Self {
        let free = || Stage::Free { from: None, done: Vec::new() };
        Self {
            queues: providers
                .map(|provider| ProviderQueue { provider, stage: free(), last_turn: 0 })
                .collect(),
            started: HashSet::new(),
            hasher: RandomState::new(),
            turns: 0,
        }
    }

    /// Remembers that a row is started; false: it was before.
    pub(super) fn start(&mut self, key: &Key) -> bool {
        self.started.insert(self.hasher.hash_one(key))
    }

    /// Ends the queues of providers that have rejected the client, and stages without rows.
    pub(super) fn advance(&mut self, permits: &Permits) {
        for queue in &mut self.queues {
            match permits.of(queue.provider).0 {
                Health::ClientRejected => queue.stage = Stage::Done,
                _ => queue.advance(),
            }
        }
    }

    /// The providers whose rows must be searched for.
    pub(super) fn unsearched(&self, is_leased: bool) -> Vec<&'a str> {
        let is_wanted = |queue: &&ProviderQueue<'_>| match queue.stage {
            Stage::Failing(None) => !is_leased,
            Stage::Leased(None) => is_leased,
            _ => false,
        };
        self.queues.iter().filter(is_wanted).map(|queue| queue.provider).collect()
    }

    /// Adds the rows that were found of these providers. One without new rows goes to its next stage.
    pub(super) fn add(&mut self, providers: &[&str], found: Vec<Found>) {
        let may_be_more = found.len() >= FOUND_MAX;
        let (hasher, started) = (&self.hasher, &self.started);
        let mut by_provider: HashMap<String, VecDeque<Found>> = HashMap::new();
        for found in found {
            if !started.contains(&hasher.hash_one(&found.key)) {
                let provider = found.key.provider_name().to_owned();
                by_provider.entry(provider).or_default().push_back(found);
            }
        }
        for queue in &mut self.queues {
            if !providers.contains(&queue.provider) {
                continue;
            }
            let rows = by_provider.remove(queue.provider).map(|rows| Rows { rows, may_be_more });
            match (&mut queue.stage, rows) {
                (Stage::Failing(none) | Stage::Leased(none), Some(rows)) => *none = Some(rows),
                _ => queue.next_stage(),
            }
        }
    }

    /// The index of the provider that is next, and for how many rows: earlier stages first, then healthy
    /// providers, then those with the fewest running requests.
    pub(super) fn next(
        &mut self,
        permits: &Permits,
        rate_limit: &RateLimit,
    ) -> Option<(usize, usize)> {
        let ready = self.queues.iter().enumerate().filter_map(|(index, queue)| {
            let rows = self.capacity(queue, permits);
            let is_ready = rows > 0 && rate_limit.is_soon(queue.provider);
            let (health, taken) = permits.of(queue.provider);
            let order = (queue.rank(), health == Health::Unhealthy, taken, queue.last_turn);
            is_ready.then_some((order, index, rows))
        });
        let (_, index, rows) = ready.min_by_key(|(order, ..)| *order)?;
        self.turns += 1;
        self.queues.get_mut(index)?.last_turn = self.turns;
        Some((index, rows))
    }

    /// How many rows of this provider can be started now.
    fn capacity(&self, queue: &ProviderQueue<'_>, permits: &Permits) -> usize {
        let rows = match &queue.stage {
            Stage::Free { .. } => usize::MAX,
            Stage::Failing(rows) | Stage::Leased(rows) => {
                rows.as_ref().map_or(0, |rows| rows.rows.len())
            }
            Stage::Done => 0,
        };
        let others = || self.queues.iter().filter(|other| other.provider != queue.provider);
        let others = match queue.stage {
            Stage::Leased(_) if others().any(|other| other.rank() < 2) => Others::First,
            _ if others().any(|other| other.rank() < 3) => Others::Some,
            _ => Others::None,
        };
        permits.free(queue.provider, others).min(rows)
    }

    /// The providers that only the rate limit holds up.
    pub(super) fn rate_limited(&self, permits: &Permits) -> impl Iterator<Item = &'a str> {
        self.queues
            .iter()
            .filter(|queue| self.capacity(queue, permits) > 0)
            .map(|queue| queue.provider)
    }

    pub(super) fn are_done(&self) -> bool {
        self.queues.iter().all(|queue| matches!(queue.stage, Stage::Done))
    }
}
