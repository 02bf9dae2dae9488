//! Single flight: one refresh per row and process, in its own task, shared by all callers. A
//! caller that goes away never cancels it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::table::Stamp;

/// What a flight tells its callers.
#[derive(Debug, Clone)]
pub(super) enum News<Outcome> {
    /// Somebody else holds the lease: the flight looks on.
    LooksOn,
    /// An answer that is not stored yet: only for callers who have seen this version of the row,
    /// since the user may have connected anew.
    Unstored(Stamp, Outcome),
    /// The outcome.
    Landed(Outcome),
}

/// What waits for a flight's news.
pub(super) type Seat<Outcome> = watch::Receiver<Option<News<Outcome>>>;

/// The outcome for a caller who has read the row at `seen`; `None` when the flight was dropped.
pub(super) async fn landing<Outcome: Clone>(
    mut seat: Seat<Outcome>,
    seen: &Stamp,
) -> Option<Outcome> {
    let is_for_us = |news: &Option<News<_>>| match news {
        Some(News::Landed(_)) => true,
        Some(News::Unstored(over, _)) => over == seen,
        Some(News::LooksOn) | None => false,
    };
    match seat.wait_for(is_for_us).await.as_deref() {
        Ok(Some(News::Landed(outcome) | News::Unstored(_, outcome))) => Some(outcome.clone()),
        _ => None,
    }
}

/// The outcome that nothing follows, and so never of an answer that is not stored yet; `None` when the
/// flight was dropped.
pub(super) async fn landed<Outcome: Clone>(mut seat: Seat<Outcome>) -> Option<Outcome> {
    let is_last = |news: &Option<News<_>>| matches!(news, Some(News::Landed(_)));
    match seat.wait_for(is_last).await.as_deref() {
        Ok(Some(News::Landed(outcome))) => Some(outcome.clone()),
        _ => None,
    }
}

/// Waits for the first news; gives whether the flight looks on while somebody else refreshes.
pub(super) async fn looks_on<Outcome>(mut seat: Seat<Outcome>) -> bool {
    matches!(seat.wait_for(Option::is_some).await.as_deref(), Ok(Some(News::LooksOn)))
}

struct Board<Key, Outcome> {
    flights: HashMap<Key, (u64, Seat<Outcome>)>,
    next: u64,
}

/// The flights that can be joined, and how many are under way, joinable or not.
pub(super) struct Flights<Key, Outcome> {
    board: Mutex<Board<Key, Outcome>>,
    under_way: watch::Sender<usize>,
    closed: watch::Sender<bool>,
}

/// Whether the caller shares a flight or has to run the one that it started.
pub(super) enum Joined<Key: Eq + Hash, Outcome> {
    /// A flight of somebody else.
    Shared(Seat<Outcome>),
    /// A new one.
    Started(Seat<Outcome>, Flight<Key, Outcome>),
}

impl<Key: Eq + Hash + Clone, Outcome> Flights<Key, Outcome> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            board: Mutex::new(Board { flights: HashMap::new(), next: 0 }),
            under_way: watch::Sender::new(0),
            closed: watch::Sender::new(false),
        })
    }

    /// Joins the flight of `key`, or starts one.
    pub(super) fn join(self: &Arc<Self>, key: Key) -> Joined<Key, Outcome> {
        let mut board = self.lock();
        if let Some((_, seat)) = board.flights.get(&key) {
            return Joined::Shared(seat.clone());
        }
        let (outcome, seat) = watch::channel(None);
        board.next += 1;
        let number = board.next;
        board.flights.insert(key.clone(), (number, seat.clone()));
        drop(board);
        self.under_way.send_modify(|count| *count += 1);
        Joined::Started(seat, Flight { flights: Arc::clone(self), key, number, outcome })
    }

    /// A flight that nobody can join.
    pub(super) fn alone(self: &Arc<Self>, key: Key) -> (Seat<Outcome>, Flight<Key, Outcome>) {
        let (outcome, seat) = watch::channel(None);
        self.under_way.send_modify(|count| *count += 1);
        (seat, Flight { flights: Arc::clone(self), key, number: 0, outcome })
    }

    /// Whether a flight of `key` can be joined.
    pub(super) fn is_under_way(&self, key: &Key) -> bool {
        self.lock().flights.contains_key(key)
    }

    /// From here on flights that have sent nothing end; those that have go on.
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

    /// Ends when no flight is under way.
    pub(super) async fn landed(&self) {
        let _ = self.under_way.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl<Key: Eq + Hash, Outcome> Flights<Key, Outcome> {
    fn lock(&self) -> MutexGuard<'_, Board<Key, Outcome>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of a flight that its task holds. Leaves the board when dropped, panics included.
pub(super) struct Flight<Key: Eq + Hash, Outcome> {
    flights: Arc<Flights<Key, Outcome>>,
    key: Key,
    number: u64,
    outcome: watch::Sender<Option<News<Outcome>>>,
}

impl<Key: Eq + Hash, Outcome> Flight<Key, Outcome> {
    /// Answers the callers who have seen this version of the row, also those that join later.
    pub(super) fn answer_unstored(&self, over: &Stamp, outcome: Outcome) {
        self.outcome.send_replace(Some(News::Unstored(over.clone(), outcome)));
    }

    /// Answers all callers, also those that join later while the task goes on.
    pub(super) fn answer(&self, outcome: Outcome) {
        self.outcome.send_replace(Some(News::Landed(outcome)));
    }

    /// Tells that the lease was refused, unless there is an outcome already.
    pub(super) fn looks_on(&self) {
        self.outcome.send_if_modified(|news| {
            let first = news.is_none();
            *news = news.take().or(Some(News::LooksOn));
            first
        });
    }

    /// Lets the next caller start a flight of its own while this task goes on.
    pub(super) fn leave_board(&self) {
        let mut board = self.flights.lock();
        if board.flights.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            board.flights.remove(&self.key);
        }
    }
}

impl<Key: Eq + Hash, Outcome> Drop for Flight<Key, Outcome> {
    fn drop(&mut self) {
        self.leave_board();
        self.flights.under_way.send_modify(|count| *count -= 1);
    }
}
