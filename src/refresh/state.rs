//! What earlier refreshes have left behind: which client a row is known by, whether the provider has
//! refused its refresh token, and for how long it is not asked again.

use std::time::Duration;

use super::{RowVersion, Runtime, Shared, Table, task_key};
use crate::error::{Error, Unproven};
use crate::oauth::TokenEndpoint;

/// What the table remembers of a row, as one client sees it.
#[derive(Debug, Clone, Default)]
pub struct RefreshState {
    /// Whose client the row is known by.
    pub client: RowClient,
    /// Whether this client has refreshed any row of the store at this endpoint.
    pub has_refreshed: bool,
    /// How this client was last refused with this very refresh token.
    pub refused: Option<Refused>,
}

/// The client that has stored or last refreshed a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowClient {
    /// The one that asks now.
    Same,
    /// Another client id, or the same at another token endpoint.
    Other,
    /// Nobody knows: an old service has stored the row, or a `refreshFn` has refreshed it.
    #[default]
    Unknown,
}

/// A refusal that stays.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What a caller is told.
    pub error: Error,
    /// How long the provider is not asked again.
    pub left: Duration,
}

impl Refused {
    /// Whether it is over once the client has refreshed another row.
    #[must_use]
    pub fn ends_when_proven(&self) -> bool {
        is_of_unproven_client(&self.error)
    }
}

/// Whether the client's word was not enough for what another row could show.
pub(super) fn is_of_unproven_client(error: &Error) -> bool {
    matches!(error, Error::ClientUnproven { why: Unproven::NeverRefreshed | Unproven::TooMany })
}

/// A failed refresh, to be remembered.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What came of it.
    pub error: Error,
    /// The client that asked; `None` for a refreshFn.
    pub client: Option<String>,
    /// Whether the provider has refused this refresh token, and would again.
    pub lasting: bool,
    /// The longest time until the next try; `None`: what the limits say.
    pub pause_max: Option<Duration>,
}

impl<T: Table, R: Runtime> Shared<T, R> {
    /// The refusal that is still too young to ask again, by any process. A database that does not
    /// answer keeps nobody from asking.
    pub(super) async fn refused<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        version: &RowVersion,
        endpoint: &E,
    ) -> Option<Error> {
        let state = self.table.refresh_state(key, version, endpoint.client()).await.ok()?;
        let Refused { error, left } = state.refused?;
        if left.is_zero() {
            return None;
        }
        let task_key = task_key::<T>(key, endpoint);
        self.failures.remember_for(&task_key, version, &error, left, &self.runtime);
        Some(error)
    }

    /// Why a row must not be marked revoked on this client's word; `None`: it may.
    pub(super) async fn unproven<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        version: &RowVersion,
        endpoint: &E,
    ) -> crate::error::Result<Option<Unproven>> {
        let client = endpoint.client();
        // The client of a refreshFn is not known here: only numbers speak against it.
        if let Some(client) = client {
            let state = self.table.refresh_state(key, version, Some(client)).await?;
            let is_known = state.has_refreshed || self.clients.has_refreshed(client);
            match state.client {
                RowClient::Other => return Ok(Some(Unproven::OtherClient)),
                RowClient::Unknown if !is_known => return Ok(Some(Unproven::NeverRefreshed)),
                RowClient::Unknown | RowClient::Same => {}
            }
        }
        let may_mark = self.table.admit_mark(key, client).await?;
        Ok((!may_mark).then_some(Unproven::TooMany))
    }
}
