//! Events for operators. None of them holds a secret.

use std::sync::Arc;
use std::time::Duration;

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
    /// A holder ran out of time, or its lease belonged to somebody else when it committed.
    LeaseLost,
    /// A commit failed in the database and is retried.
    CommitRetry,
    /// An answer was dropped because it no longer belongs in the row, or the row was marked revoked.
    RowDropped,
    /// The provider rejected a grant, but the client is not proven (step 9c).
    ClientUnproven,
    /// A user connected another account than before.
    AccountChanged,
    /// A token was deleted here, but the provider could not be told.
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
    /// The store's name.
    pub store: &'static str,
    /// The row's key, as [`Table::describe`] prints it.
    pub key: String,
    /// The time from lease to outcome, for the end of a refresh.
    pub duration_ms: Option<u64>,
    /// The error's code, if there was an error.
    pub code: Option<&'static str>,
    /// Details that the code does not tell.
    pub reason: Option<&'static str>,
}

/// Receives events. Called from the engine's tasks, so it must not block.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn tell(&self, event: Event);

    /// True before a request is sent, false when its answer is stored or the refresh has failed. In
    /// between the process should not end: it may hold the only copy of a refresh token.
    fn hold(&self, held: bool);
}

/// Ignores all events.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn tell(&self, _: Event) {}
    fn hold(&self, _: bool) {}
}

/// Keeps the process alive from sending until the end of the commit.
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

/// The events of one row.
pub(super) struct RowEvents<'a, T: Table> {
    observer: &'a dyn Observer,
    table: &'a T,
    key: &'a T::Key,
}

impl<T: Table, R: Runtime> Shared<T, R> {
    pub(super) fn events<'a>(&'a self, key: &'a T::Key) -> RowEvents<'a, T> {
        RowEvents { observer: self.observer.as_ref(), table: &self.table, key }
    }
}

impl<T: Table> RowEvents<'_, T> {
    /// Something happened; `code` is that of the error, if there was one.
    pub(super) fn tell(&self, kind: EventKind, code: Option<&'static str>) {
        self.observer.tell(Event { code, ..self.event(kind) });
    }

    /// An attempt has ended after `took`. One that goes back to step 1 has told why already.
    pub(super) fn tell_outcome(&self, next: &Next<T>, took: Duration) {
        let duration_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        let (kind, code) = match next {
            Next::Done(Ok(_)) => (EventKind::RefreshEnd, None),
            Next::Done(Err(error)) => (EventKind::RefreshFail, Some(error.code())),
            Next::Again => return,
        };
        self.observer.tell(Event { code, duration_ms, ..self.event(kind) });
    }

    /// Step 9c: the client is not believed.
    pub(super) fn tell_unproven(&self, why: Unproven) {
        let (kind, code) = (EventKind::ClientUnproven, Error::ClientUnproven { why }.code());
        let (code, reason) = (Some(code), Some(why.name()));
        self.observer.tell(Event { code, reason, ..self.event(kind) });
    }

    fn event(&self, kind: EventKind) -> Event {
        Event {
            kind,
            store: self.table.store(),
            key: self.table.describe(self.key),
            duration_ms: None,
            code: None,
            reason: None,
        }
    }
}
