//! The refresh state of a row (`src/store/states`), by the fingerprints of its store.

use std::sync::Arc;
use std::time::Duration;

use super::StoreTable;
use super::mapping::RowMapping;
use crate::error::Result;
use crate::refresh::{Failure, RefreshState, RowVersion};
use crate::store::states::{Parts, Prints};

impl<S: RowMapping> StoreTable<S> {
    fn owned(key: &S::Key) -> Parts {
        S::parts(key).into_iter().map(|part| part.map(str::to_owned)).collect()
    }

    /// The fingerprints of a client; none for `None`, a `refreshFn`, whose client is not known.
    pub(in crate::store) fn client_prints(&self, client: Option<&str>) -> Prints {
        let print = |client| self.mapping.fingerprints(&format!("oauth client\0{client}"));
        client.map(print).unwrap_or_default()
    }

    /// The fingerprints under which failures and revocations are stored: all `refreshFn`s count as one
    /// client.
    fn refresher_prints(&self, client: Option<&str>) -> Prints {
        match client {
            Some(client) => self.client_prints(Some(client)),
            None => self.mapping.fingerprints("refreshFn"),
        }
    }

    fn token_prints(&self, version: &RowVersion) -> Prints {
        let text = version.refresh.as_deref().unwrap_or_default();
        self.mapping.fingerprints(&format!("refresh token\0{text}"))
    }

    /// The table's schema.
    pub(in crate::store) async fn schema(&self) -> Result<&str> {
        self.states.schema().await
    }

    pub(super) async fn state(
        &self,
        key: &S::Key,
        version: &RowVersion,
        client: Option<&str>,
    ) -> Result<RefreshState> {
        let (client, token) = (self.refresher_prints(client), self.token_prints(version));
        let state = self.states.read(&Self::owned(key), &client, &token).await;
        state.map_err(|error| error.of_store(S::STORE))
    }

    pub(super) fn refreshed(&self, key: &S::Key, client: Option<&str>) {
        let print = self.client_prints(client).into_iter().next();
        let refresher = self.refresher_prints(client).into_iter().next();
        self.states.note_refreshed(Self::owned(key), print, refresher);
    }

    /// Notes that the row was stored for this client; `None`: the client is not known.
    pub(in crate::store) fn stored(&self, key: &S::Key, client: Option<&str>) {
        let print = self.client_prints(client).into_iter().next();
        self.states.note_stored(Self::owned(key), print);
    }

    /// Notes that the row was deleted.
    pub(in crate::store) fn deleted(&self, key: &S::Key) {
        self.states.note_stored(Self::owned(key), None);
    }

    pub(super) async fn failed(
        &self,
        key: &S::Key,
        version: &RowVersion,
        failure: &Failure,
    ) -> Option<Duration> {
        // A failure that passes matters only to a store with `refreshExpiring`.
        if !failure.lasting && S::NOTE_FAILURE.is_none() {
            return None;
        }
        let token = self.token_prints(version).into_iter().next()?;
        let client = self.refresher_prints(failure.client.as_deref()).into_iter().next();
        let key = Self::owned(key);
        self.states.note_failure(&key, &token, client.as_deref(), failure).await
    }

    /// Ends the pauses of refused rows.
    pub(in crate::store) async fn forget_pause(&self) -> Result<()> {
        self.states.forget_pause().await
    }

    pub(super) async fn may_mark(&self, client: Option<&str>) -> Result<bool> {
        let print = self.refresher_prints(client).into_iter().next();
        let Some(print) = print else { return Ok(true) };
        self.states.admit_mark(&print).await
    }
}

/// An endpoint's client, if the endpoint is configured.
pub(in crate::store) fn client_of<E: crate::oauth::TokenEndpoint>(
    endpoint: &Result<Arc<E>>,
) -> Option<&str> {
    endpoint.as_ref().ok().and_then(|endpoint| endpoint.client())
}
