//! What the table remembers of earlier refreshes: the client of a row (9c), and a refusal of its refresh
//! token with the pause until the next request (9).

use std::time::Duration;

use super::{Attempt, RowVersion, Runtime, Shared, Table, task_key};
use crate::error::{Error, Result, Unproven};
use crate::oauth::TokenEndpoint;

/// What the table remembers of a row, as one client sees it.
#[derive(Debug, Clone, Default)]
pub struct RefreshState {
    /// Whether this client has stored or last refreshed the row.
    pub client: RowClient,
    /// Whether this client has refreshed any row of the store at this endpoint.
    pub has_refreshed: bool,
    /// How this client was last refused with this very refresh token.
    pub refused: Option<Refused>,
}

/// The client that has stored or last refreshed a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowClient {
    /// This client.
    Same,
    /// Another client ID, or the same at another token endpoint.
    Other,
    /// It is not known: an old service has stored the row, or a `refreshFn` has refreshed it.
    #[default]
    Unknown,
}

/// A refusal that the provider would repeat.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What a caller is told.
    pub error: Error,
    /// How long no further request is sent.
    pub left: Duration,
}

impl Refused {
    /// Whether it ends when the client has refreshed another row.
    #[must_use]
    pub fn ends_when_proven(&self) -> bool {
        is_of_unproven_client(&self.error)
    }
}

/// Whether the client was not believed, and would be after it has refreshed another row.
pub(super) fn is_of_unproven_client(error: &Error) -> bool {
    matches!(error, Error::ClientUnproven { why: Unproven::NeverRefreshed | Unproven::TooMany })
}

/// A failed refresh, to be remembered.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The error of the attempt.
    pub error: Error,
    /// The client that sent the request; `None` for a `refreshFn`.
    pub client: Option<String>,
    /// Whether the provider has refused this refresh token and would refuse it again.
    pub lasting: bool,
    /// The longest pause until the next attempt; `None`: that of the limits.
    pub pause_max: Option<Duration>,
}

impl Failure {
    /// A failure of this client that another attempt might not meet.
    pub(super) fn passing(error: &Error, client: Option<&str>) -> Self {
        let client = client.map(str::to_owned);
        Self { error: error.clone(), client, lasting: false, pause_max: None }
    }
}

impl<T: Table, R: Runtime, E: TokenEndpoint> Attempt<'_, T, R, E> {
    /// The refusal of this refresh token that any process has met and whose pause is not over. If the
    /// database does not answer, there is none.
    pub(super) async fn refused(&self) -> Option<Error> {
        let version = &self.read.row.version;
        let state = self.shared.table.refresh_state(self.key, version, self.endpoint.client());
        let Refused { error, left } = state.await.ok()?.refused?;
        if left.is_zero() {
            return None;
        }
        let task_key = task_key::<T>(self.key, self.endpoint);
        self.shared.failures.remember_for(&task_key, version, &error, left);
        Some(error)
    }

    /// Step 9c: why this client is not proven; `None`: it is believed, and the row at `version` may be
    /// marked revoked.
    pub(super) async fn unproven(&self, version: &RowVersion) -> Result<Option<Unproven>> {
        let Shared { table, clients, .. } = self.shared;
        let client = self.endpoint.client();
        // The client of a `refreshFn` is not known: only the number of revocations speaks against it.
        if let Some(client) = client {
            let state = table.refresh_state(self.key, version, Some(client)).await?;
            let is_known = state.has_refreshed || clients.has_refreshed(client);
            match state.client {
                RowClient::Other => return Ok(Some(Unproven::OtherClient)),
                RowClient::Unknown if !is_known => return Ok(Some(Unproven::NeverRefreshed)),
                RowClient::Unknown | RowClient::Same => {}
            }
        }
        let may_mark = table.admit_mark(self.key, client).await?;
        Ok((!may_mark).then_some(Unproven::TooMany))
    }

    /// A refresh of this client was committed.
    pub(super) fn note_refreshed(&self) {
        let client = self.endpoint.client();
        self.shared.clients.remember(client);
        self.shared.failures.forget_unproven();
        self.shared.table.note_refreshed(self.key, client);
    }
}
