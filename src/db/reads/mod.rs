//! Combined reads: keys that callers request while queries run are collected for the next query. A single call
//! never waits for others. Nothing is cached between queries.

mod queue;

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use self::queue::{Batch, Queue};
use super::rls_context::{ContextKey, RlsContext};
use crate::error::{Error, Result};

/// A key and its row, or the error of reading it.
pub type Fetched<L> = (<L as Lookup>::Key, Result<<L as Lookup>::Row>);

/// The keys of one query.
pub struct Keys<Key> {
    /// The RLS context.
    pub rls: RlsContext,
    /// Each key once.
    pub keys: Vec<Key>,
}

/// Queries a table for several keys.
pub trait Lookup: Send + Sync + 'static {
    /// The row's natural key.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// The decoded row.
    type Row: Send + Sync + 'static;

    /// For each query, the existing rows of its keys; other rows are ignored. A row that cannot be decoded is an
    /// error for its callers only. So is a key that makes the query fail, as the query is then repeated with
    /// halves of its keys. `queries` is either one query without RLS context, or several with one each.
    fn fetch(
        &self,
        queries: Vec<Keys<Self::Key>>,
    ) -> impl Future<Output = Vec<Result<Vec<Fetched<Self>>>>> + Send;
}

/// The combined reads of one table.
pub struct CombinedReads<L: Lookup> {
    lookup: L,
    queue: Mutex<Queue<L>>,
}

impl<L: Lookup> CombinedReads<L> {
    /// Combines the reads of `lookup`.
    pub fn new(lookup: L) -> Arc<Self> {
        Arc::new(Self { lookup, queue: Mutex::new(Queue::new()) })
    }

    /// The current row of `key`; `None` if there is none. Callers that request the same row in the same context
    /// before its query is sent share the result.
    ///
    /// # Errors
    /// The error of the query.
    pub async fn get(self: &Arc<Self>, key: ContextKey<L::Key>) -> Result<Option<Arc<L::Row>>> {
        let (sender, receiver) = oneshot::channel();
        let start = self.lock().add(key, sender);
        if start {
            tokio::spawn(Worker { reads: Arc::clone(self), has_slot: true }.run());
        }
        receiver.await.map_err(|_| Error::internal("a combined read ended without an answer"))?
    }

    fn lock(&self) -> MutexGuard<'_, Queue<L>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs one query at a time until no key is waiting.
struct Worker<L: Lookup> {
    reads: Arc<CombinedReads<L>>,
    has_slot: bool,
}

impl<L: Lookup> Drop for Worker<L> {
    /// After a panic, releases the worker's slot and drops all waiting senders, whose callers get an error.
    fn drop(&mut self) {
        if self.has_slot {
            let mut queue = self.reads.lock();
            let in_flight = queue.in_flight - 1;
            *queue = Queue { in_flight, ..Queue::new() };
        }
    }
}

impl<L: Lookup> Worker<L> {
    async fn run(mut self) {
        // Let calls of the same burst add their keys first.
        tokio::task::yield_now().await;
        loop {
            let batches = self.take();
            if batches.is_empty() {
                return;
            }
            self.answer(batches).await;
        }
    }

    /// The next keys. If there are none, releases the slot under the same lock, so that the next key starts a
    /// worker.
    fn take(&mut self) -> Vec<Batch<L>> {
        let mut queue = self.reads.lock();
        let batches = queue.take();
        if batches.is_empty() {
            queue.in_flight -= 1;
            self.has_slot = false;
        }
        batches
    }

    async fn answer(&self, batches: Vec<Batch<L>>) {
        let queries = batches.iter().map(Batch::keys).collect();
        let answers = self.reads.lookup.fetch(queries).await;
        {
            let mut queue = self.reads.lock();
            batches.iter().for_each(|batch| queue.answered(batch));
        }
        let mut failed = Vec::new();
        for (batch, answer) in batches.into_iter().zip(answers) {
            match answer {
                Err(error) if batch.is_worth_halving(&error) => failed.push(batch),
                answer => batch.answer(answer),
            }
        }
        for batch in failed {
            self.answer_by_halves(batch).await;
        }
    }

    /// Repeats the query with halves of the keys, until only the keys that cause the error fail.
    async fn answer_by_halves(&self, batch: Batch<L>) {
        let mut left: Vec<_> = batch.halves().into();
        while let Some(batch) = left.pop() {
            let mut answers = self.reads.lookup.fetch(vec![batch.keys()]).await;
            match answers.pop() {
                Some(Err(error)) if batch.is_worth_halving(&error) => left.extend(batch.halves()),
                Some(answer) => batch.answer(answer),
                // The senders are dropped, so the callers get an error.
                None => {}
            }
        }
    }
}

impl<L: Lookup> Batch<L> {
    fn keys(&self) -> Keys<L::Key> {
        Keys { rls: self.rls.clone(), keys: self.senders.keys().cloned().collect() }
    }

    fn is_worth_halving(&self, error: &Error) -> bool {
        self.senders.len() > 1 && error.may_be_of_one_row()
    }

    fn halves(self) -> [Self; 2] {
        let Self { rls, senders } = self;
        let half = senders.len() / 2;
        let mut senders = senders.into_iter();
        let first = senders.by_ref().take(half).collect();
        [Self { rls: rls.clone(), senders: first }, Self { rls, senders: senders.collect() }]
    }

    fn answer(self, answer: Result<Vec<Fetched<L>>>) {
        let mut senders = self.senders;
        match answer {
            Ok(rows) => {
                for (key, row) in rows {
                    let row = row.map(|row| Some(Arc::new(row)));
                    for sender in senders.remove(&key).into_iter().flatten() {
                        // The caller may have been dropped.
                        let _ = sender.send(row.clone());
                    }
                }
                for sender in senders.into_values().flatten() {
                    let _ = sender.send(Ok(None));
                }
            }
            Err(error) => {
                for sender in senders.into_values().flatten() {
                    let _ = sender.send(Err(error.clone()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    struct Recorder(Mutex<Vec<(RlsContext, Vec<u32>)>>);

    fn plain(key: u32) -> ContextKey<u32> {
        RlsContext::default().of(key)
    }

    impl Lookup for Arc<Recorder> {
        type Key = u32;
        type Row = u32;

        async fn fetch(&self, queries: Vec<Keys<u32>>) -> Vec<Result<Vec<(u32, Result<u32>)>>> {
            assert!(queries.len() == 1 || queries.iter().all(|queries| !queries.rls.is_empty()));
            for Keys { rls, keys } in &queries {
                self.0.lock().expect("not poisoned").push((rls.clone(), keys.clone()));
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            queries.into_iter().map(|queries| self.rows(queries.keys)).collect()
        }
    }

    /// The server's error for a value that it cannot convert.
    fn unconvertible() -> Error {
        Error::Database {
            step: "read",
            sqlstate: Some("22P05".into()),
            constraint: None,
            silence: "",
            retryable: false,
        }
    }

    impl Recorder {
        fn rows(&self, keys: Vec<u32>) -> Result<Vec<(u32, Result<u32>)>> {
            if keys.contains(&77) {
                return Err(unconvertible());
            }
            if keys.contains(&13) {
                return Err(Error::internal("thirteen"));
            }
            assert!(!keys.contains(&99), "a defect");
            Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, Ok(key * 10))).collect())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_asked_once_a_batch_and_everybody_gets_their_own_answer() {
        let recorder = Arc::new(Recorder(Mutex::default()));
        let reads = CombinedReads::new(Arc::clone(&recorder));
        let calls = (0..200_u32).map(|call| {
            let reads = Arc::clone(&reads);
            tokio::spawn(async move { (call % 10, reads.get(plain(call % 10)).await) })
        });
        for call in calls.collect::<Vec<_>>() {
            let (key, answer) = call.await.expect("does not panic");
            let expected = (key % 2 == 0).then_some(key * 10);
            assert_eq!(answer.expect("reads").as_deref().copied(), expected);
        }
        let batches = recorder.0.lock().expect("not poisoned");
        assert!(batches.len() <= 10, "{} queries for 200 calls", batches.len());
        for (_, batch) in batches.iter() {
            let mut unique = batch.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), batch.len(), "a key was named twice: {batch:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_batch_fails_its_callers_and_no_later_one() {
        let reads = CombinedReads::new(Arc::new(Recorder(Mutex::default())));
        let tenant = |name: &str, key| {
            let (reads, rls) = (Arc::clone(&reads), RlsContext::of_tenant(name));
            tokio::spawn(async move { reads.get(rls.of(key)).await })
        };
        let calls =
            [tenant("a", 2), tenant("b", 13), tenant("c", 4), tenant("d", 6), tenant("e", 2)];
        let mut failed = Vec::new();
        for call in calls {
            failed.push(call.await.expect("does not panic").is_err());
        }
        assert_eq!(failed, [false, true, false, false, false]);
        assert!(reads.get(plain(13)).await.is_err());
        assert_eq!(reads.get(plain(2)).await.expect("reads").as_deref(), Some(&20));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_cannot_be_converted_fails_its_own_callers_only() {
        for rls in [RlsContext::default(), RlsContext::of_tenant("a")] {
            let recorder = Arc::new(Recorder(Mutex::default()));
            let reads = CombinedReads::new(Arc::clone(&recorder));
            let calls = (50..100_u32).filter(|key| *key != 99).map(|key| {
                let (reads, key) = (Arc::clone(&reads), rls.of(key));
                tokio::spawn(async move { (key.key, reads.get(key).await) })
            });
            for call in calls.collect::<Vec<_>>() {
                let (key, answer) = call.await.expect("does not panic");
                match answer {
                    Err(error) => assert_eq!((key, error.may_be_of_one_row()), (77, true)),
                    Ok(row) => {
                        assert_eq!(row.as_deref().copied(), (key % 2 == 0).then_some(key * 10));
                    }
                }
            }
            let queries = recorder.0.lock().expect("not poisoned").len();
            assert!(queries < 25, "{queries} queries for 49 keys");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_that_everybody_wants_is_read_once_and_anew_for_who_comes_later() {
        let recorder = Arc::new(Recorder(Mutex::default()));
        let reads = CombinedReads::new(Arc::clone(&recorder));
        let get = || {
            let reads = Arc::clone(&reads);
            tokio::spawn(async move { reads.get(plain(2)).await })
        };
        let mut calls: Vec<_> = (0..64).map(|_| get()).collect();
        // A query takes 5 ms: these arrive while it runs, and must not get its result.
        for _ in 0..3 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            calls.extend((0..64).map(|_| get()));
        }
        for call in calls {
            let answer = call.await.expect("does not panic").expect("reads");
            assert_eq!(answer.as_deref(), Some(&20));
        }
        let queried = [(RlsContext::default(), vec![2]), (RlsContext::default(), vec![2])];
        assert_eq!(*recorder.0.lock().expect("not poisoned"), queried);
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_that_panics_leaves_nobody_waiting() {
        let reads = CombinedReads::new(Arc::new(Recorder(Mutex::default())));
        let get = || {
            let reads = Arc::clone(&reads);
            tokio::spawn(async move { reads.get(plain(99)).await })
        };
        let first = get();
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let second = get();
        for call in [first, second] {
            assert!(call.await.expect("is answered").is_err());
        }
        assert!(reads.get(plain(99)).await.is_err());
        assert_eq!(reads.get(plain(2)).await.expect("reads").as_deref(), Some(&20));
    }

    #[tokio::test(start_paused = true)]
    async fn keys_of_two_tenants_never_share_a_query() {
        let recorder = Arc::new(Recorder(Mutex::default()));
        let reads = CombinedReads::new(Arc::clone(&recorder));
        let tenants =
            [RlsContext::default(), RlsContext::of_tenant("a"), RlsContext::of_tenant("b")];
        let calls = (0..300_u32).map(|call| {
            let (reads, rls) = (Arc::clone(&reads), tenants[call as usize % 3].clone());
            tokio::spawn(async move { reads.get(rls.of(100 + call % 50)).await })
        });
        for (call, answer) in calls.collect::<Vec<_>>().into_iter().enumerate() {
            let answer = answer.await.expect("does not panic").expect("reads");
            let key = 100 + u32::try_from(call).expect("is small") % 50;
            assert_eq!(answer.as_deref().copied(), (key % 2 == 0).then_some(key * 10));
        }
        let queried = recorder.0.lock().expect("not poisoned").clone();
        for tenant in tenants {
            let keys = queried.iter().filter(|(rls, _)| *rls == tenant).flat_map(|(_, keys)| keys);
            let asked_for = keys.collect::<HashSet<_>>().len();
            assert_eq!(asked_for, 50, "each tenant asks for its keys itself");
        }
        assert!(reads.lock().contexts.is_empty(), "tenants that are gone are forgotten");
    }
}
