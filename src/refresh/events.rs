//! What the engine tells whoever operates it. No payload holds a secret.

use std::sync::Arc;

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
    /// An answer was dropped, or a row ended, since its grant is gone.
    RowDropped,
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
