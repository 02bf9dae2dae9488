//! How many requests are under way at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::oauth::{TokenEndpoint, Verdict};
use crate::secret::RefreshToken;

/// So many slots.
pub(super) struct Slots(Arc<Semaphore>);

/// The right to one request, until it is dropped.
pub(super) type Slot = OwnedSemaphorePermit;

impl Slots {
    pub(super) fn new(slots: usize) -> Self {
        Self(Arc::new(Semaphore::new(slots)))
    }

    /// Waits until one is free; takes all that are, but no more than `most`.
    pub(super) async fn free(&self, most: u64) -> Vec<Slot> {
        let first = Arc::clone(&self.0).acquire_owned().await;
        let others = std::iter::from_fn(|| Arc::clone(&self.0).try_acquire_owned().ok());
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        first.into_iter().chain(others).take(most).collect()
    }
}

/// An endpoint that is asked in a slot, which is free again once tokens have come: while they are
/// stored the next request is sent.
pub(super) struct InSlot<E> {
    endpoint: Arc<E>,
    slot: Mutex<Option<Slot>>,
}

impl<E> InSlot<E> {
    pub(super) fn new(endpoint: Arc<E>, slot: Slot) -> Arc<Self> {
        Arc::new(Self { endpoint, slot: Mutex::new(Some(slot)) })
    }
}

impl<E: TokenEndpoint> TokenEndpoint for InSlot<E> {
    fn client(&self) -> Option<&str> {
        self.endpoint.client()
    }

    fn login(&self) -> Option<&str> {
        self.endpoint.login()
    }

    fn may_rotate(&self) -> bool {
        self.endpoint.may_rotate()
    }

    fn is_repeatable(&self) -> bool {
        self.endpoint.is_repeatable()
    }

    async fn refresh(&self, token: &RefreshToken, budget: Duration, wall: Duration) -> Verdict {
        let verdict = self.endpoint.refresh(token, budget, wall).await;
        if matches!(verdict, Verdict::Granted(_)) {
            self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        verdict
    }
}
