//! The waiting keys and their callers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::Lookup;
use crate::config::{READ_BATCH_MAX_CONTEXTS, READ_BATCH_MAX_KEYS, READS_IN_FLIGHT_MAX};
use crate::db::{ContextKey, RlsContext};
use crate::error::Result;

/// Up to this many keys go into one query, even if another query could take a share of them.
const SHARE_MIN_KEYS: usize = 8;

pub(super) type Answer<L> = Result<Option<Arc<<L as Lookup>::Row>>>;

pub(super) type Sender<L> = oneshot::Sender<Answer<L>>;

pub(super) type Senders<L> = Vec<Sender<L>>;

/// The keys of one query.
pub(super) struct Batch<L: Lookup> {
    pub(super) rls: RlsContext,
    pub(super) senders: HashMap<L::Key, Senders<L>>,
}

/// The waiting keys of one RLS context.
pub(super) struct ContextQueue<L: Lookup> {
    /// The keys for the next query, each once.
    keys: VecDeque<L::Key>,
    waiting: HashMap<L::Key, Senders<L>>,
    /// The keys of running queries. Later callers must not get their results, as the row may have changed since
    /// the query was sent.
    queried: HashSet<L::Key>,
}

impl<L: Lookup> Default for ContextQueue<L> {
    fn default() -> Self {
        Self { keys: VecDeque::new(), waiting: HashMap::new(), queried: HashSet::new() }
    }
}

pub(super) struct Queue<L: Lookup> {
    /// By context: a query runs in one context only.
    pub(super) contexts: HashMap<RlsContext, ContextQueue<L>>,
    /// The contexts with keys for a query, in order.
    pub(super) turns: VecDeque<RlsContext>,
    pub(super) in_flight: usize,
}

impl<L: Lookup> Queue<L> {
    pub(super) fn new() -> Self {
        Self { contexts: HashMap::new(), turns: VecDeque::new(), in_flight: 0 }
    }

    /// Adds a caller; returns whether to start a worker. A key that a running query asks for needs none: its
    /// worker continues.
    pub(super) fn add(
        &mut self,
        ContextKey { rls, key }: ContextKey<L::Key>,
        sender: Sender<L>,
    ) -> bool {
        let queue = self.contexts.entry(rls.clone()).or_default();
        let senders = queue.waiting.entry(key.clone()).or_default();
        senders.push(sender);
        if senders.len() > 1 || queue.queried.contains(&key) {
            return false;
        }
        if queue.keys.is_empty() {
            self.turns.push_back(rls);
        }
        queue.keys.push_back(key);
        let start = self.in_flight < READS_IN_FLIGHT_MAX;
        self.in_flight += usize::from(start);
        start
    }

    /// The next queries: one without RLS context, or several with one each. Empty if no key is waiting.
    pub(super) fn take(&mut self) -> Vec<Batch<L>> {
        let share = self.turns.len().div_ceil(READS_IN_FLIGHT_MAX);
        let first = self.take_one();
        let most = match &first {
            Some(batch) if !batch.rls.is_empty() => share.min(READ_BATCH_MAX_CONTEXTS) - 1,
            _ => 0,
        };
        let mut batches: Vec<_> = first.into_iter().collect();
        for _ in 0..most {
            // A read without RLS context is a query of its own.
            match self.turns.front() {
                Some(rls) if !rls.is_empty() => batches.extend(self.take_one()),
                _ => break,
            }
        }
        batches
    }

    fn take_one(&mut self) -> Option<Batch<L>> {
        let rls = self.turns.pop_front()?;
        let queue = self.contexts.get_mut(&rls)?;
        let share = queue.keys.len().div_ceil(READS_IN_FLIGHT_MAX).max(SHARE_MIN_KEYS);
        let count = share.min(READ_BATCH_MAX_KEYS).min(queue.keys.len());
        let (waiting, queried) = (&mut queue.waiting, &mut queue.queried);
        let senders = queue.keys.drain(..count).map(|key| {
            queried.insert(key.clone());
            let senders = waiting.remove(&key).unwrap_or_default();
            (key, senders)
        });
        let senders = senders.collect();
        if !queue.keys.is_empty() {
            self.turns.push_back(rls.clone());
        }
        Some(Batch { rls, senders })
    }

    /// Records that a query has ended; its keys that were requested meanwhile wait for the next query.
    pub(super) fn answered(&mut self, Batch { rls, senders }: &Batch<L>) {
        let Some(queue) = self.contexts.get_mut(rls) else { return };
        let had_turn = !queue.keys.is_empty();
        for key in senders.keys() {
            queue.queried.remove(key);
            if queue.waiting.contains_key(key) {
                queue.keys.push_back(key.clone());
            }
        }
        if !had_turn && !queue.keys.is_empty() {
            self.turns.push_back(rls.clone());
        }
        if queue.keys.is_empty() && queue.waiting.is_empty() && queue.queried.is_empty() {
            self.contexts.remove(rls);
        }
    }
}
