//! Providers where a refresh invalidates the access token that was given before: the stored one may be
//! worthless, however long it seems to be valid, from when somebody sends a refresh until the answer is
//! stored.

use super::read::Read;
use super::subscribe::Call;
use super::{EndpointOf, Outcome, Runtime, Table};
use crate::error::Error;
use crate::oauth::TokenEndpoint;

/// Whether a refresh of this row ends its access token. An endpoint that is not configured ends none.
fn ends_access_token<T: Table, E: TokenEndpoint>(
    read: &Read<T>,
    endpoint: &EndpointOf<T, E>,
) -> bool {
    endpoint(&read.row.record).is_ok_and(|endpoint| endpoint.refresh_ends_access_token())
}

/// Whether the stored access token may have ended: the row is leased, or in doubt.
pub(super) fn may_have_ended<T: Table, E: TokenEndpoint>(
    read: &Read<T>,
    endpoint: &EndpointOf<T, E>,
) -> bool {
    read.row.refreshing_at.is_some() && ends_access_token(read, endpoint)
}

impl<T: Table, R: Runtime, E: TokenEndpoint> Call<'_, T, R, E> {
    /// Whether a refresh ends the access token that this caller has read.
    pub(super) fn refresh_ends_access_token(&self) -> bool {
        ends_access_token(&self.read, self.endpoint.as_ref())
    }

    /// The usable token in place of an error. If a refresh ends it, the row is read again: it is returned
    /// only while nobody refreshes and the row is not in doubt, so that no request has ended it.
    pub(super) async fn or_usable(&self, error: Error) -> Outcome<T> {
        let Self { shared, key, read, options, .. } = self;
        if !self.refresh_ends_access_token() {
            return shared.or_usable(key, read, *options, error).await;
        }
        match shared.read(key).await {
            Ok(now) if now.row.refreshing_at.is_none() => {
                shared.or_usable(key, &now, *options, error).await
            }
            _ => Err(error),
        }
    }
}
