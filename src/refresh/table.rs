//! What the engine needs of a store's table.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use super::state::{Failure, RefreshState, RowClient};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::oauth::{Refusal, TokenResponse};
use crate::secret::{AccessToken, RefreshToken};

/// The pair of stored texts. Every write by us seals both anew, so it names one version of the
/// row, and every conditional write compares it: the version check.
#[derive(Clone, PartialEq, Eq)]
pub struct RowVersion {
    /// The refresh column, as stored.
    pub refresh: Option<Arc<str>>,
    /// The access column, as stored.
    pub access: Option<Arc<str>>,
}

/// What is stored may be plaintext still.
impl Debug for RowVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowVersion(redacted)")
    }
}

/// A row as it was read.
#[derive(Debug)]
pub struct Row<Record> {
    /// Its version.
    pub version: RowVersion,
    /// Until when the access token is valid; `None`: for ever. A store decides what NULL means.
    pub expires_at: Option<Timestamp>,
    /// The lease, live or expired.
    pub refreshing_at: Option<Timestamp>,
    /// When the row was last written; only mixed fleets ask.
    pub updated_at: Timestamp,
    /// When it was last refreshed, where the store knows that; only forced refreshes ask.
    pub refreshed_at: Option<Timestamp>,
    /// The database's clock at the read.
    pub now: Timestamp,
    /// Set when the row is marked revoked: what a caller is told.
    pub revoked: Option<Error>,
    /// What else the store hands out.
    pub record: Arc<Record>,
}

impl<Record> Clone for Row<Record> {
    fn clone(&self) -> Self {
        Self {
            version: self.version.clone(),
            revoked: self.revoked.clone(),
            record: Arc::clone(&self.record),
            ..*self
        }
    }
}

/// The opened tokens of a row.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token, when one is stored.
    pub refresh_token: Option<RefreshToken>,
}

/// Sealed tokens, ready to be written.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The texts.
    pub version: RowVersion,
    /// The key that sealed them.
    pub key_version: i32,
}

/// The conditions of step 3.
#[derive(Debug, Clone, Copy)]
pub struct LeaseRequest {
    /// Only while no more than this is left of the access token; `None`: forced.
    pub unless_fresh_ms: Option<u64>,
    /// The expired value that this process has watched, and may replace.
    pub watched: Option<Timestamp>,
}

/// What step 7 writes.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The tokens.
    pub sealed: &'a Sealed,
    /// The expiry, `None` for a token that never expires.
    pub expires_at: Option<Timestamp>,
    /// Whether the provider gave a new refresh token.
    pub rotated: bool,
    /// The lease that the answer was asked for under.
    pub lease: Timestamp,
    /// The answer itself, for what else a store keeps of it.
    pub response: &'a TokenResponse,
}

/// What step 7 has written.
#[derive(Debug, Clone, Copy)]
pub struct Committed {
    /// The expiry as stored: of a late answer earlier than asked for.
    pub expires_at: Option<Timestamp>,
}

/// A store's table. Every write is one statement, READ COMMITTED, on the primary. Times are the
/// database's. `None` means "no row", or "the version check failed"; every failure is an `Err`.
pub trait Table: Send + Sync + 'static {
    /// The row's natural key.
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    /// What a row holds beside tokens.
    type Record: Send + Sync + 'static;

    /// The store's name, in events.
    fn store(&self) -> &'static str;

    /// The key as events print it.
    fn describe(&self, key: &Self::Key) -> String;

    /// What a caller is told when there is no row.
    fn not_connected(&self, key: &Self::Key) -> Error;

    /// What a caller is told when the provider says that the grant is dead.
    fn revoked(&self, refusal: &Refusal) -> Error {
        let Refusal { status, code } = refusal.clone();
        Error::Revoked { store: self.store(), status, reason: code.into() }
    }

    /// What else the store hands out, once `response` is stored.
    fn recorded(&self, record: &Arc<Self::Record>, _: &TokenResponse) -> Arc<Self::Record> {
        Arc::clone(record)
    }

    /// What earlier refreshes have left behind, for this client (`None`: that of a refreshFn) and the refresh
    /// token at `version`. A table that remembers nothing trusts everybody.
    fn refresh_state(
        &self,
        _: &Self::Key,
        _: &RowVersion,
        _: Option<&str>,
    ) -> impl Future<Output = Result<RefreshState>> + Send {
        let trusted = RefreshState { client: RowClient::Same, ..RefreshState::default() };
        std::future::ready(Ok(trusted))
    }

    /// Notes, off the caller's path, that this client has refreshed the row.
    fn note_refreshed(&self, _: &Self::Key, _: Option<&str>) {}

    /// Notes that a refresh of the tokens at `version` has failed; gives how long the provider is not
    /// asked again, where the table says so.
    fn note_failure(
        &self,
        _: &Self::Key,
        _: &RowVersion,
        _: &Failure,
    ) -> impl Future<Output = Option<Duration>> + Send {
        std::future::ready(None)
    }

    /// Step 9c: counts one more row to be marked revoked on this client's word; false when so many were since
    /// it last refreshed one that users cannot be the reason.
    fn admit_mark(
        &self,
        _: &Self::Key,
        _: Option<&str>,
    ) -> impl Future<Output = Result<bool>> + Send {
        std::future::ready(Ok(true))
    }

    /// Whether the row at `version` stays as it is whatever is written, and no error says so. Asked when a
    /// lease that was free is refused again: somebody else may have had it twice.
    fn swallows_writes(
        &self,
        _: &Self::Key,
        _: &RowVersion,
    ) -> impl Future<Output = Result<bool>> + Send {
        std::future::ready(Ok(false))
    }

    /// Asked when a write has changed nothing though the row is as it was: the error that names what may
    /// swallow writes; `None` where there is no such thing, and somebody was faster.
    fn hindrance(&self) -> impl Future<Output = Option<Error>> + Send {
        std::future::ready(None)
    }

    /// Ends when all that was noted is written, or has failed to be.
    fn noted(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Step 1.
    fn read(
        &self,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Option<Row<Self::Record>>>> + Send;

    /// Opens both tokens; a key may have to be derived first.
    fn open(
        &self,
        key: &Self::Key,
        row: &Row<Self::Record>,
    ) -> impl Future<Output = Result<Credentials>> + Send;

    /// Whether tokens can be sealed, as far as that is known before there are any: asked before
    /// anything is sent, since an answer that cannot be sealed would be lost.
    fn check_seal(&self) -> Result<()> {
        Ok(())
    }

    /// Seals both tokens anew; a key may have to be derived first.
    fn seal(
        &self,
        key: &Self::Key,
        credentials: &Credentials,
    ) -> impl Future<Output = Result<Sealed>> + Send;

    /// Step 3: the lease's value as stored, or `None` when refused.
    fn take_lease(
        &self,
        key: &Self::Key,
        version: &RowVersion,
        request: LeaseRequest,
    ) -> impl Future<Output = Result<Option<Timestamp>>> + Send;

    /// Step 7: what was stored, or `None` when the version check matched no row.
    fn commit(
        &self,
        key: &Self::Key,
        version: &RowVersion,
        commit: Commit<'_>,
    ) -> impl Future<Output = Result<Option<Committed>>> + Send;

    /// Step 7b: a read of its own, within the limits of step 7. A row that a refresher has marked is
    /// not an error here: a late answer revives it.
    fn read_for_commit(
        &self,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Option<Row<Self::Record>>>> + Send;

    /// Step 8: puts `restore` in the place of `lease`.
    fn release(
        &self,
        key: &Self::Key,
        lease: Timestamp,
        restore: Option<Timestamp>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Step 9a: at most the refresh buffer is left of a token that may be worthless.
    fn expire_early(
        &self,
        key: &Self::Key,
        version: &RowVersion,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Step 9d: marks the row revoked, or deletes it; false when the version check or the lease failed.
    fn mark_revoked(
        &self,
        key: &Self::Key,
        version: &RowVersion,
        lease: Timestamp,
        refusal: &Refusal,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// Where the tokens of a row are refreshed: asked when a refresh is needed, since it may depend on
/// what the row says.
pub trait EndpointOf<T: Table, E>:
    Fn(&T::Record) -> Result<Arc<E>> + Send + Sync + 'static
{
}

impl<T: Table, E, F> EndpointOf<T, E> for F where
    F: Fn(&T::Record) -> Result<Arc<E>> + Send + Sync + 'static
{
}
