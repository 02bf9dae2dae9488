//! Single-flight: one refresh task per row and login in this process, shared by all its callers. A
//! caller that leaves never cancels it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::RowVersion;

/// What a refresh task tells its callers.
#[derive(Debug, Clone)]
enum Update<Outcome> {
    /// Somebody else holds the lease, and the task polls.
    Polls,
    /// An answer that is not stored yet. It is only for callers who have read this version of the row:
    /// meanwhile the user may have connected again.
    Unstored(RowVersion, Outcome),
    /// The final outcome.
    Final(Outcome),
}

/// A caller's wait for the result of a refresh task.
#[derive(Clone)]
pub(super) struct Subscription<Outcome> {
    updates: watch::Receiver<Option<Update<Outcome>>>,
}

impl<Outcome: Clone> Subscription<Outcome> {
    /// The outcome for a caller who has read the row at `seen`; `None` if the task was dropped.
    pub(super) async fn outcome_for(mut self, seen: &RowVersion) -> Option<Outcome> {
        let is_for_us = |update: &Option<Update<_>>| match update {
            Some(Update::Final(_)) => true,
            Some(Update::Unstored(over, _)) => over == seen,
            Some(Update::Polls) | None => false,
        };
        match self.updates.wait_for(is_for_us).await.as_deref() {
            Ok(Some(Update::Final(outcome) | Update::Unstored(_, outcome))) => {
                Some(outcome.clone())
            }
            _ => None,
        }
    }

    /// The final outcome, never an answer that is not stored yet; `None` if the task was dropped.
    pub(super) async fn final_outcome(mut self) -> Option<Outcome> {
        let is_final = |update: &Option<Update<_>>| matches!(update, Some(Update::Final(_)));
        match self.updates.wait_for(is_final).await.as_deref() {
            Ok(Some(Update::Final(outcome))) => Some(outcome.clone()),
            _ => None,
        }
    }

    /// Waits for the first update. Returns whether the task polls because somebody else refreshes.
    pub(super) async fn starts_polling(mut self) -> bool {
        matches!(self.updates.wait_for(Option::is_some).await.as_deref(), Ok(Some(Update::Polls)))
    }
}

struct Tasks<Key, Outcome> {
    by_key: HashMap<Key, (u64, Subscription<Outcome>)>,
    last_number: u64,
}

/// The refresh tasks of this process: those that callers can subscribe to, and how many run at all.
pub(super) struct Registry<Key, Outcome> {
    tasks: Mutex<Tasks<Key, Outcome>>,
    running: watch::Sender<usize>,
    closed: watch::Sender<bool>,
}

impl<Key: Eq + Hash + Clone, Outcome: Clone> Registry<Key, Outcome> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            tasks: Mutex::new(Tasks { by_key: HashMap::new(), last_number: 0 }),
            running: watch::Sender::new(0),
            closed: watch::Sender::new(false),
        })
    }

    /// Subscribes to the refresh task of `key`. If there is none, a new one is returned, too, which
    /// the caller must run.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        key: Key,
    ) -> (Subscription<Outcome>, Option<RefreshTask<Key, Outcome>>) {
        let mut tasks = self.lock();
        if let Some((_, subscription)) = tasks.by_key.get(&key) {
            return (subscription.clone(), None);
        }
        let (updates, receiver) = watch::channel(None);
        let subscription = Subscription { updates: receiver };
        tasks.last_number += 1;
        let number = tasks.last_number;
        tasks.by_key.insert(key.clone(), (number, subscription.clone()));
        drop(tasks);
        (subscription, Some(self.start(key, number, updates)))
    }

    /// A refresh task that nobody can subscribe to.
    pub(super) fn detached(self: &Arc<Self>, key: Key) -> RefreshTask<Key, Outcome> {
        self.start(key, 0, watch::Sender::new(None))
    }

    fn start(
        self: &Arc<Self>,
        key: Key,
        number: u64,
        updates: watch::Sender<Option<Update<Outcome>>>,
    ) -> RefreshTask<Key, Outcome> {
        self.running.send_modify(|count| *count += 1);
        RefreshTask { registry: Arc::clone(self), key, number, updates }
    }

    /// Whether callers can subscribe to a refresh task of `key`.
    pub(super) fn has_task(&self, key: &Key) -> bool {
        self.lock().by_key.contains_key(key)
    }

    /// From now on refresh tasks that have sent nothing end; the others go on.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Waits until [`close`](Self::close) is called.
    pub(super) async fn closing(&self) {
        // The sender lives as long as the registry, so the wait cannot fail.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Waits until no refresh task is running.
    pub(super) async fn wait_idle(&self) {
        let _ = self.running.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl<Key: Eq + Hash, Outcome> Registry<Key, Outcome> {
    fn lock(&self) -> MutexGuard<'_, Tasks<Key, Outcome>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task's own side. Leaves the registry when it is dropped, also by a panic.
pub(super) struct RefreshTask<Key: Eq + Hash, Outcome> {
    registry: Arc<Registry<Key, Outcome>>,
    key: Key,
    number: u64,
    updates: watch::Sender<Option<Update<Outcome>>>,
}

impl<Key: Eq + Hash, Outcome> RefreshTask<Key, Outcome> {
    /// Answers the callers who have read this version of the row, also those that subscribe later.
    pub(super) fn answer_unstored(&self, over: &RowVersion, outcome: Outcome) {
        self.updates.send_replace(Some(Update::Unstored(over.clone(), outcome)));
    }

    /// Answers all callers, also those that subscribe later while the task goes on.
    pub(super) fn answer(&self, outcome: Outcome) {
        self.updates.send_replace(Some(Update::Final(outcome)));
    }

    /// Tells that the lease was refused, unless there is an outcome already.
    pub(super) fn polls(&self) {
        self.updates.send_if_modified(|update| {
            let first = update.is_none();
            *update = update.take().or(Some(Update::Polls));
            first
        });
    }

    /// Lets the next caller start another refresh task while this one goes on.
    pub(super) fn detach(&self) {
        let mut tasks = self.registry.lock();
        if tasks.by_key.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            tasks.by_key.remove(&self.key);
        }
    }
}

impl<Key: Eq + Hash, Outcome> Drop for RefreshTask<Key, Outcome> {
    fn drop(&mut self) {
        self.detach();
        self.registry.running.send_modify(|count| *count -= 1);
    }
}
