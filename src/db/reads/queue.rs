//! The keys that wait, and who waits for them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::Lookup;
use crate::config::{READ_BATCH_MAX_KEYS, READ_BATCH_MAX_SCOPES, READS_IN_FLIGHT_MAX};
use crate::db::{ContextKey, RlsContext};
use crate::error::Result;

/// Up to this many keys go into one query even when another query could take a share of them.
const SHARE_MIN_KEYS: usize = 8;

pub(super) type Answer<L> = Result<Option<Arc<<L as Lookup>::Row>>>;

pub(super) type Sender<L> = oneshot::Sender<Answer<L>>;

pub(super) type Senders<L> = Vec<Sender<L>>;

/// The keys of one query.
pub(super) struct Batch<L: Lookup> {
    pub(super) rls: RlsContext,
    pub(super) senders: HashMap<L::Key, Senders<L>>,
}

/// What waits in one row-security context.
pub(super) struct Lane<L: Lookup> {
    /// The keys that the next query may ask for, each once.
    keys: VecDeque<L::Key>,
    waiting: HashMap<L::Key, Senders<L>>,
    /// The keys that a query is asking for. Who comes later must not be given its answer: the row
    /// may have changed since it was sent.
    queried: HashSet<L::Key>,
}

impl<L: Lookup> Default for Lane<L> {
    fn default() -> Self {
        Self { keys: VecDeque::new(), waiting: HashMap::new(), queried: HashSet::new() }
    }
}

pub(super) struct Queue<L: Lookup> {
    /// A query is for one context only: the database is told whose rows it is about.
    pub(super) lanes: HashMap<RlsContext, Lane<L>>,
    /// The scopes that have keys for a query, in their turn.
    pub(super) turns: VecDeque<RlsContext>,
    pub(super) in_flight: usize,
}

impl<L: Lookup> Queue<L> {
    pub(super) fn new() -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), in_flight: 0 }
    }

    /// Gives whether a worker is to be started: not for a key that one is at work on, who goes on
    /// with it.
    pub(super) fn add(
        &mut self,
        ContextKey { rls, key }: ContextKey<L::Key>,
        sender: Sender<L>,
    ) -> bool {
        let lane = self.lanes.entry(rls.clone()).or_default();
        let senders = lane.waiting.entry(key.clone()).or_default();
        senders.push(sender);
        if senders.len() > 1 || lane.queried.contains(&key) {
            return false;
        }
        if lane.keys.is_empty() {
            self.turns.push_back(rls);
        }
        lane.keys.push_back(key);
        let start = self.in_flight < READS_IN_FLIGHT_MAX;
        self.in_flight += usize::from(start);
        start
    }

    /// The next queries: one outside of any row-security context, or those of several contexts. None: no key waits.
    pub(super) fn take(&mut self) -> Vec<Batch<L>> {
        let share = self.turns.len().div_ceil(READS_IN_FLIGHT_MAX);
        let first = self.take_one();
        let most = match &first {
            Some(batch) if !batch.rls.is_empty() => share.min(READ_BATCH_MAX_SCOPES) - 1,
            _ => 0,
        };
        let mut batches: Vec<_> = first.into_iter().collect();
        for _ in 0..most {
            // Reads outside of any row-security context wait for a turn of their own.
            match self.turns.front() {
                Some(rls) if !rls.is_empty() => batches.extend(self.take_one()),
                _ => break,
            }
        }
        batches
    }

    fn take_one(&mut self) -> Option<Batch<L>> {
        let rls = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&rls)?;
        let share = lane.keys.len().div_ceil(READS_IN_FLIGHT_MAX).max(SHARE_MIN_KEYS);
        let count = share.min(READ_BATCH_MAX_KEYS).min(lane.keys.len());
        let (waiting, queried) = (&mut lane.waiting, &mut lane.queried);
        let senders = lane.keys.drain(..count).map(|key| {
            queried.insert(key.clone());
            let senders = waiting.remove(&key).unwrap_or_default();
            (key, senders)
        });
        let senders = senders.collect();
        if !lane.keys.is_empty() {
            self.turns.push_back(rls.clone());
        }
        Some(Batch { rls, senders })
    }

    /// A query has ended: whoever came for its keys meanwhile waits for the next one.
    pub(super) fn answered(&mut self, Batch { rls, senders }: &Batch<L>) {
        let Some(lane) = self.lanes.get_mut(rls) else { return };
        let had_turn = !lane.keys.is_empty();
        for key in senders.keys() {
            lane.queried.remove(key);
            if lane.waiting.contains_key(key) {
                lane.keys.push_back(key.clone());
            }
        }
        if !had_turn && !lane.keys.is_empty() {
            self.turns.push_back(rls.clone());
        }
        if lane.keys.is_empty() && lane.waiting.is_empty() && lane.queried.is_empty() {
            self.lanes.remove(rls);
        }
    }
}
