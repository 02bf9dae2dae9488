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

/// The stored texts of both tokens. Every write of tokenkeep seals both with fresh nonces, so the pair
/// identifies one version of the row. Every conditional write compares it: the version check.
#[derive(Clone, PartialEq, Eq)]
pub struct RowVersion {
    /// The refresh column, as stored.
    pub refresh: Option<Arc<str>>,
    /// The access column, as stored.
    pub access: Option<Arc<str>>,
}

/// The stored texts may be plaintext.
impl Debug for RowVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowVersion(redacted)")
    }
}

/// A row, decoded, with its tokens still sealed. It is decoded once, and shared by all callers of a
/// combined read.
#[derive(Debug)]
pub struct Row<Record> {
    /// The row version.
    pub version: RowVersion,
    /// When the access token expires; `None`: never. The store decides what NULL means.
    pub expires_at: Option<Timestamp>,
    /// The lease, live or expired; `None`: free.
    pub refreshing_at: Option<Timestamp>,
    /// When the row was last written.
    pub updated_at: Timestamp,
    /// When the row was last refreshed, if the store knows that.
    pub refreshed_at: Option<Timestamp>,
    /// The database's clock when the row was read.
    pub now: Timestamp,
    /// The error for callers, if the row is marked revoked.
    pub revoked: Option<Error>,
    /// What the row holds besides tokens and times. Tokens keep it after the row is dropped.
    pub record: Arc<Record>,
}

/// The opened tokens of a row.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token, if one is stored.
    pub refresh_token: Option<RefreshToken>,
}

/// Sealed tokens, ready to be written.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The texts.
    pub version: RowVersion,
    /// The version of the key that sealed them.
    pub key_version: i32,
}

/// The conditions of a lease, besides the version check (step 3).
#[derive(Debug, Clone, Copy)]
pub struct LeaseRequest {
    /// Only if the access token is valid for no more than this; `None`: a forced refresh.
    pub unless_fresh_ms: Option<u64>,
    /// The expired value that this process has watched and may replace (3c).
    pub watched: Option<Timestamp>,
}

/// What step 7 writes.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The tokens.
    pub sealed: &'a Sealed,
    /// The expiry; `None` for a token that never expires.
    pub expires_at: Option<Timestamp>,
    /// Whether the provider gave a new refresh token.
    pub rotated: bool,
    /// The lease under which the request was sent.
    pub lease: Timestamp,
    /// The answer, for what else the store keeps of it.
    pub response: &'a TokenResponse,
}

/// What step 7 has written.
#[derive(Debug, Clone, Copy)]
pub struct Committed {
    /// The expiry as stored: earlier than requested for a late answer (7a).
    pub expires_at: Option<Timestamp>,
}

/// A store's table. Every write is one statement on the primary, in READ COMMITTED isolation. Times
/// come from the database's clock. `None` and `false` mean "no row" or "the version check failed"; every
/// failure is an error.
pub trait Table: Send + Sync + 'static {
    /// The row's natural key.
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    /// What a row holds besides tokens and times.
    type Record: Send + Sync + 'static;

    /// The store's name, in events.
    fn store(&self) -> &'static str;

    /// The key as events print it.
    fn describe(&self, key: &Self::Key) -> String;

    /// The error for a caller when there is no row.
    fn not_connected(&self, key: &Self::Key) -> Error;

    /// The error for a caller when the provider has rejected the grant.
    fn revoked(&self, refusal: &Refusal) -> Error {
        let Refusal { status, code } = refusal.clone();
        Error::Revoked { store: self.store(), status, reason: code.into() }
    }

    /// The record once `response` is stored.
    fn recorded(&self, record: &Arc<Self::Record>, _: &TokenResponse) -> Arc<Self::Record> {
        Arc::clone(record)
    }

    /// What the table remembers of the row, for this client (`None`: that of a `refreshFn`) and the
    /// refresh token at `version`. A table that remembers nothing trusts every client.
    fn refresh_state(
        &self,
        _: &Self::Key,
        _: &RowVersion,
        _: Option<&str>,
    ) -> impl Future<Output = Result<RefreshState>> + Send {
        let trusted = RefreshState { client: RowClient::Same, ..RefreshState::default() };
        std::future::ready(Ok(trusted))
    }

    /// Notes that this client has refreshed the row. Does not wait until that is written.
    fn note_refreshed(&self, _: &Self::Key, _: Option<&str>) {}

    /// Notes that a refresh of the tokens at `version` has failed. Returns how long no further request
    /// is sent, if the table decides that.
    fn note_failure(
        &self,
        _: &Self::Key,
        _: &RowVersion,
        _: &Failure,
    ) -> impl Future<Output = Option<Duration>> + Send {
        std::future::ready(None)
    }

    /// Step 9c: counts one more row that is to be marked revoked on this client's word. False: since the
    /// client last refreshed a row, too many were marked for users to be the reason.
    fn admit_mark(
        &self,
        _: &Self::Key,
        _: Option<&str>,
    ) -> impl Future<Output = Result<bool>> + Send {
        std::future::ready(Ok(true))
    }

    /// Whether a write leaves the row at `version` as it is, without an error. Called when a free lease
    /// was refused twice (3b).
    fn swallows_writes(
        &self,
        _: &Self::Key,
        _: &RowVersion,
    ) -> impl Future<Output = Result<bool>> + Send {
        std::future::ready(Ok(false))
    }

    /// The error that names the triggers, rules and policies that may swallow writes; `None`: there are
    /// none, and somebody else was faster. Called when a write has changed nothing.
    fn write_blocker(&self) -> impl Future<Output = Option<Error>> + Send {
        std::future::ready(None)
    }

    /// Waits until everything that was noted is written, or has failed.
    fn notes_written(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Step 1: the row as it is now.
    fn read(
        &self,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Option<Arc<Row<Self::Record>>>>> + Send;

    /// Opens both tokens; a key may have to be derived first.
    fn open(
        &self,
        key: &Self::Key,
        row: &Row<Self::Record>,
    ) -> impl Future<Output = Result<Credentials>> + Send;

    /// An error if the store cannot seal tokens. Called before anything is sent: an answer that cannot
    /// be sealed would be lost.
    fn check_seal(&self) -> Result<()> {
        Ok(())
    }

    /// Seals both tokens; a key may have to be derived first.
    fn seal(
        &self,
        key: &Self::Key,
        credentials: &Credentials,
    ) -> impl Future<Output = Result<Sealed>> + Send;

    /// Step 3: the lease as stored, or `None` if it was refused.
    fn take_lease(
        &self,
        key: &Self::Key,
        version: &RowVersion,
        request: LeaseRequest,
    ) -> impl Future<Output = Result<Option<Timestamp>>> + Send;

    /// Step 7: what was stored, or `None` if the version check matched no row.
    fn commit(
        &self,
        key: &Self::Key,
        version: &RowVersion,
        commit: Commit<'_>,
    ) -> impl Future<Output = Result<Option<Committed>>> + Send;

    /// Step 7b: a read that is not combined, within the limits of step 7. A row with tokenkeep's own
    /// revoked mark counts as one without: a late answer revives it.
    fn read_for_commit(
        &self,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Option<Row<Self::Record>>>> + Send;

    /// Step 8: replaces `lease` by `restore`.
    fn release(
        &self,
        key: &Self::Key,
        lease: Timestamp,
        restore: Option<Timestamp>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Step 9a: reduces the expiry of a possibly worthless token to at most the refresh buffer.
    fn expire_early(
        &self,
        key: &Self::Key,
        version: &RowVersion,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Step 9d: marks the row revoked, or deletes it; false if the version check or the lease failed.
    fn mark_revoked(
        &self,
        key: &Self::Key,
        version: &RowVersion,
        lease: Timestamp,
        refusal: &Refusal,
    ) -> impl Future<Output = Result<bool>> + Send;
}
