//! Step 10: a token is judged at the moment when it is returned.

use std::sync::Arc;
use std::time::Duration;

use super::ended::may_have_ended;
use super::read::Read;
use super::{EndpointOf, Outcome, RefreshOptions, Runtime, Shared, Table, Token};
use crate::error::Error;
use crate::oauth::TokenEndpoint;

impl<T: Table, R: Runtime> Shared<T, R> {
    /// The stored tokens, opened.
    pub(super) async fn to_token(&self, key: &T::Key, read: &Read<T>) -> Outcome<T> {
        Ok(Token {
            record: Arc::clone(&read.row.record),
            credentials: Arc::new(self.table.open(key, &read.row).await?),
            expires_at: read.row.expires_at,
            sealed_with: None,
            reading: read.reading(),
        })
    }

    /// The stored tokens, while they are usable.
    pub(super) async fn usable(&self, key: &T::Key, read: &Read<T>) -> Option<Outcome<T>> {
        if self.is_usable(read) { Some(self.to_token(key, read).await) } else { None }
    }

    /// The usable token in place of an error, except for a forced refresh and an error that ends the
    /// connection.
    pub(super) async fn or_usable(
        &self,
        key: &T::Key,
        read: &Read<T>,
        options: RefreshOptions,
        error: Error,
    ) -> Outcome<T> {
        if options.force || error.ends_connection() {
            return Err(error);
        }
        self.usable(key, read).await.unwrap_or(Err(error))
    }

    /// Whether no refresh is needed: the token is fresh and no refresh is forced, or somebody has just
    /// refreshed it. Not while another refresh may have ended it.
    pub(super) fn is_enough<E: TokenEndpoint>(
        &self,
        read: &Read<T>,
        options: RefreshOptions,
        endpoint: &EndpointOf<T, E>,
    ) -> bool {
        let is_fresh = !options.force && read.has_left(options.fresh_ms, &self.runtime);
        (is_fresh || self.is_just_refreshed(read, endpoint)) && !may_have_ended(read, endpoint)
    }

    /// Whether another refresh would bring no more, as the tokens of some providers are never fresh, or
    /// might be one too many for the provider.
    fn is_just_refreshed<E: TokenEndpoint>(
        &self,
        read: &Read<T>,
        endpoint: &EndpointOf<T, E>,
    ) -> bool {
        let age = read.refreshed_ms_ago().and_then(|ms| u64::try_from(ms).ok());
        let Some(age) = age.map(Duration::from_millis) else { return false };
        let shared = Duration::from_millis(self.config.limits.shared_refresh_ms);
        let is_within_gap =
            || endpoint(&read.row.record).is_ok_and(|endpoint| age < endpoint.refresh_gap());
        read.has_left(0, &self.runtime) && (age < shared || is_within_gap())
    }

    pub(super) fn is_usable(&self, read: &Read<T>) -> bool {
        read.has_left(self.config.limits.usable_ms, &self.runtime)
    }
}
