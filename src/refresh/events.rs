//! What the engine tells whoever operates it. No payload holds a secret.

use std::sync::Arc;

use super::lease::Lease;
use super::{Next, Runtime, Shared, Table};
use crate::error::{Error, Unproven};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A refresh is about to be sent.
    RefreshStart,
    /// A refresh was committed.
    RefreshEnd,
    /// A refresh failed.
    RefreshFail,
    /// A holder noticed that its lease was no longer its own.
    LeaseLost,
    /// A commit failed in the database and is tried again.
    CommitRetry,
    /// An answer was dropped, or a row marked revoked, since its grant is gone.
    RowDropped,
    /// A provider called a grant dead, and the client is not believed.
    ClientUnproven,
    /// A user connected another account than before.
    AccountChanged,
    /// A token was deleted here, and its provider could not be told.
    RevokeUnconfirmed,
}

impl EventKind {
    /// The event's name in JavaScript.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RefreshStart => "refresh.start",
            Self::RefreshEnd => "refresh.end",
            Self::RefreshFail => "refresh.fail",
            Self::LeaseLost => "lease.lost",
            Self::CommitRetry => "commit.retry",
            Self::RowDropped => "row.dropped",
            Self::ClientUnproven => "client.unproven",
            Self::AccountChanged => "account.changed",
            Self::RevokeUnconfirmed => "revoke.unconfirmed",
        }
    }
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// In which store.
    pub store: &'static str,
    /// To which row.
    pub key: String,
    /// How long it took, where that means something.
    pub duration_ms: Option<u64>,
    /// The error's code, where there is one.
    pub code: Option<&'static str>,
    /// What the code leaves open, where it does.
    pub reason: Option<&'static str>,
}

/// Whoever listens. Called from the engine's tasks: must not block.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn tell(&self, event: Event);

    /// A request is about to be sent, or its answer has been dealt with: in between the process
    /// should not end, since it may hold the only copy of a refresh token.
    fn hold(&self, held: bool);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn tell(&self, _: Event) {}
    fn hold(&self, _: bool) {}
}

/// Holds the process from sending until the commit, however that ends.
pub(super) struct Hold(Arc<dyn Observer>);

impl Hold {
    pub(super) fn new(observer: &Arc<dyn Observer>) -> Self {
        observer.hold(true);
        Self(Arc::clone(observer))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.hold(false);
    }
}

impl<T: Table, R: Runtime> Shared<T, R> {
    pub(super) fn tell_outcome(&self, key: &T::Key, next: &Next<T>, lease: &Lease) {
        let passed = lease.clock.elapsed_monotonic(&self.runtime).as_millis();
        let duration_ms = Some(u64::try_from(passed).unwrap_or(u64::MAX));
        match next {
            Next::Done(Ok(_)) => self.tell(EventKind::RefreshEnd, key, duration_ms, None),
            Next::Done(Err(error)) => {
                self.tell(EventKind::RefreshFail, key, duration_ms, Some(error.code()));
            }
            // Told where it was noticed.
            Next::Again => {}
        }
    }

    pub(super) fn tell(
        &self,
        kind: EventKind,
        key: &T::Key,
        duration_ms: Option<u64>,
        code: Option<&'static str>,
    ) {
        let (store, key) = (self.table.store(), self.table.describe(key));
        self.observer.tell(Event { kind, store, key, duration_ms, code, reason: None });
    }

    pub(super) fn tell_unproven(&self, key: &T::Key, why: Unproven) {
        let (kind, code) = (EventKind::ClientUnproven, Error::ClientUnproven { why }.code());
        let (store, key) = (self.table.store(), self.table.describe(key));
        let (code, reason) = (Some(code), Some(why.name()));
        self.observer.tell(Event { kind, store, key, duration_ms: None, code, reason });
    }
}
