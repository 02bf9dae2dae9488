//! Single flight: one refresh per row and process, in a task of its own that all callers share. A
//! caller that goes away never cancels it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::table::RowVersion;

/// What a refresh task tells its callers.
#[derive(Debug, Clone)]
pub(super) enum Update<Outcome> {
    /// Somebody else holds the lease: the refresh task polls.
    Polls,
    /// An answer that is not stored yet: only for callers who have seen this version of the row,
    /// since the user may have connected anew.
    Unstored(RowVersion, Outcome),
    /// The outcome.
    Ended(Outcome),
}

/// What waits for a refresh task's update.
pub(super) type Subscription<Outcome> = watch::Receiver<Option<Update<Outcome>>>;

/// The outcome for a caller who has read the row at `seen`; `None` when the refresh task was dropped.
pub(super) async fn outcome_for<Outcome: Clone>(
    mut subscription: Subscription<Outcome>,
    seen: &RowVersion,
) -> Option<Outcome> {
    let is_for_us = |update: &Option<Update<_>>| match update {
        Some(Update::Ended(_)) => true,
        Some(Update::Unstored(over, _)) => over == seen,
        Some(Update::Polls) | None => false,
    };
    match subscription.wait_for(is_for_us).await.as_deref() {
        Ok(Some(Update::Ended(outcome) | Update::Unstored(_, outcome))) => Some(outcome.clone()),
        _ => None,
    }
}

/// The outcome that nothing follows, and so never of an answer that is not stored yet; `None` when the
/// refresh task was dropped.
pub(super) async fn final_outcome<Outcome: Clone>(
    mut subscription: Subscription<Outcome>,
) -> Option<Outcome> {
    let is_last = |update: &Option<Update<_>>| matches!(update, Some(Update::Ended(_)));
    match subscription.wait_for(is_last).await.as_deref() {
        Ok(Some(Update::Ended(outcome))) => Some(outcome.clone()),
        _ => None,
    }
}

/// Waits for the first update; gives whether the refresh task polls while somebody else refreshes.
pub(super) async fn is_polling<Outcome>(mut subscription: Subscription<Outcome>) -> bool {
    matches!(subscription.wait_for(Option::is_some).await.as_deref(), Ok(Some(Update::Polls)))
}

struct Joinable<Key, Outcome> {
    tasks: HashMap<Key, (u64, Subscription<Outcome>)>,
    next: u64,
}

/// The refresh tasks that can be joined, and how many are under way, joinable or not.
pub(super) struct Registry<Key, Outcome> {
    joinable: Mutex<Joinable<Key, Outcome>>,
    under_way: watch::Sender<usize>,
    closed: watch::Sender<bool>,
}

/// Whether the caller shares a refresh task or has to run the one that it started.
pub(super) enum Joined<Key: Eq + Hash, Outcome> {
    /// A refresh task of somebody else.
    Shared(Subscription<Outcome>),
    /// A new one.
    Started(Subscription<Outcome>, RefreshTask<Key, Outcome>),
}

impl<Key: Eq + Hash + Clone, Outcome> Registry<Key, Outcome> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            joinable: Mutex::new(Joinable { tasks: HashMap::new(), next: 0 }),
            under_way: watch::Sender::new(0),
            closed: watch::Sender::new(false),
        })
    }

    /// Joins the refresh task of `key`, or starts one.
    pub(super) fn join(self: &Arc<Self>, key: Key) -> Joined<Key, Outcome> {
        let mut joinable = self.lock();
        if let Some((_, subscription)) = joinable.tasks.get(&key) {
            return Joined::Shared(subscription.clone());
        }
        let (outcome, subscription) = watch::channel(None);
        joinable.next += 1;
        let number = joinable.next;
        joinable.tasks.insert(key.clone(), (number, subscription.clone()));
        drop(joinable);
        self.under_way.send_modify(|count| *count += 1);
        Joined::Started(
            subscription,
            RefreshTask { registry: Arc::clone(self), key, number, outcome },
        )
    }

    /// A refresh task that nobody can join.
    pub(super) fn alone(
        self: &Arc<Self>,
        key: Key,
    ) -> (Subscription<Outcome>, RefreshTask<Key, Outcome>) {
        let (outcome, subscription) = watch::channel(None);
        self.under_way.send_modify(|count| *count += 1);
        (subscription, RefreshTask { registry: Arc::clone(self), key, number: 0, outcome })
    }

    /// Whether a refresh task of `key` can be joined.
    pub(super) fn is_under_way(&self, key: &Key) -> bool {
        self.lock().tasks.contains_key(key)
    }

    /// From here on refresh tasks that have sent nothing end; those that have go on.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Ends when [`close`](Self::close) is called.
    pub(super) async fn closing(&self) {
        // The sender lives as long as we do, so there is no other way to end.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Ends when no refresh task is under way.
    pub(super) async fn wait_idle(&self) {
        let _ = self.under_way.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl<Key: Eq + Hash, Outcome> Registry<Key, Outcome> {
    fn lock(&self) -> MutexGuard<'_, Joinable<Key, Outcome>> {
        self.joinable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of a refresh task that its task holds. Leaves the registry when dropped, panics included.
pub(super) struct RefreshTask<Key: Eq + Hash, Outcome> {
    registry: Arc<Registry<Key, Outcome>>,
    key: Key,
    number: u64,
    outcome: watch::Sender<Option<Update<Outcome>>>,
}

impl<Key: Eq + Hash, Outcome> RefreshTask<Key, Outcome> {
    /// Answers the callers who have seen this version of the row, also those that join later.
    pub(super) fn answer_unstored(&self, over: &RowVersion, outcome: Outcome) {
        self.outcome.send_replace(Some(Update::Unstored(over.clone(), outcome)));
    }

    /// Answers all callers, also those that join later while the task goes on.
    pub(super) fn answer(&self, outcome: Outcome) {
        self.outcome.send_replace(Some(Update::Ended(outcome)));
    }

    /// Tells that the lease was refused, unless there is an outcome already.
    pub(super) fn polls(&self) {
        self.outcome.send_if_modified(|update| {
            let first = update.is_none();
            *update = update.take().or(Some(Update::Polls));
            first
        });
    }

    /// Lets the next caller start a refresh task of its own while this task goes on.
    pub(super) fn detach(&self) {
        let mut joinable = self.registry.lock();
        if joinable.tasks.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            joinable.tasks.remove(&self.key);
        }
    }
}

impl<Key: Eq + Hash, Outcome> Drop for RefreshTask<Key, Outcome> {
    fn drop(&mut self) {
        self.detach();
        self.registry.under_way.send_modify(|count| *count -= 1);
    }
}
