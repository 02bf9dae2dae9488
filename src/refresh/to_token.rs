//! Step 10: a token is judged at the moment when it is returned.

use std::sync::Arc;

use super::{
    Outcome, Read, RefreshOptions, RowVersion, Runtime, Shared, Table, TaskKey, TaskOf, Token,
};
use crate::error::Error;

impl<T: Table, R: Runtime> Shared<T, R> {
    /// The stored token, while it is usable.
    pub(super) async fn usable(&self, key: &T::Key, read: &Read<T>) -> Option<Outcome<T>> {
        if self.is_usable(read) { Some(self.to_token(key, read).await) } else { None }
    }

    /// Answers the callers; then, off their path, tells the table what has failed.
    pub(super) async fn settle(
        &self,
        key: &T::Key,
        attempted: Option<&(TaskKey<T>, RowVersion)>,
        outcome: Outcome<T>,
        task: &TaskOf<T>,
    ) {
        task.answer(outcome);
        let Some((task_key, version)) = attempted else { return };
        let failure = self.failures.take_unwritten(task_key, version);
        // What failed in the database says nothing of the tokens.
        let Some(failure) = failure.filter(|failure| failure.error.is_of_provider()) else {
            return;
        };
        if let Some(pause) = self.table.note_failure(key, version, &failure).await {
            self.failures.extend(task_key, version, pause, &self.runtime);
        }
    }

    /// The usable token in the place of an error, unless the connection is gone, or another token was
    /// asked for.
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

    pub(super) async fn to_token(&self, key: &T::Key, read: &Read<T>) -> Outcome<T> {
        Ok(Token {
            record: Arc::clone(&read.row.record),
            credentials: Arc::new(self.table.open(key, &read.row).await?),
            expires_at: read.row.expires_at,
            sealed_with: None,
            reading: read.reading,
        })
    }

    /// Whether nothing has to be refreshed: the token is fresh, where that is the question, or somebody
    /// has refreshed it just now.
    pub(super) fn is_enough(&self, read: &Read<T>, options: RefreshOptions) -> bool {
        (!options.force && self.has_left(read, options.fresh_ms)) || self.is_just_refreshed(read)
    }

    /// Whether another refresh would bring no more: a provider may give tokens that are never fresh.
    fn is_just_refreshed(&self, read: &Read<T>) -> bool {
        let shared_ms = i64::try_from(self.config.limits.shared_refresh_ms).unwrap_or(i64::MAX);
        let age_ms = read.row.refreshed_at.map(|at| read.row.now.ms_since(at));
        age_ms.is_some_and(|age| (0..shared_ms).contains(&age)) && self.has_left(read, 0)
    }

    /// Whether a usable token is enough while somebody else refreshes: not for who has asked for more
    /// than the refresh buffer.
    pub(super) fn takes_usable(&self, options: RefreshOptions) -> bool {
        options.usable_at_once && !options.force && options.fresh_ms <= self.config.limits.fresh_ms
    }

    pub(super) fn is_usable(&self, read: &Read<T>) -> bool {
        self.has_left(read, self.config.limits.usable_ms)
    }

    fn has_left(&self, read: &Read<T>, ms: u64) -> bool {
        let left = read.reading.left_ms(read.row.expires_at, &self.runtime);
        left > i64::try_from(ms).unwrap_or(i64::MAX)
    }

    pub(super) fn left_ms(&self, token: &Token<T::Record>) -> i64 {
        token.reading.left_ms(token.expires_at, &self.runtime)
    }
}
