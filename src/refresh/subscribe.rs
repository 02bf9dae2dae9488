//! Step 2: joining the refresh task of a row, and waiting for what comes of it.

use std::sync::Arc;
use std::time::Duration;

use super::registry::{Joined, Subscription, outcome_for};
use super::runtime::timeout;
use super::{
    EndpointOf, Outcome, Read, RefreshOptions, RowVersion, Runtime, Shared, Table, Token, task_key,
};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;
use crate::secret::AccessToken;

/// Whether this caller has started the refresh task, and its subscription.
pub(super) type Subscribed<T> = (bool, Subscription<Outcome<T>>);

/// What a caller needs of a refresh task that it joins.
#[derive(Clone, Copy)]
pub(super) struct Needs<'a> {
    /// The version of the row that it has read.
    pub(super) seen: &'a RowVersion,
    /// The token that it does not want.
    pub(super) unwanted: Option<&'a AccessToken>,
    /// How much of the token must be left.
    pub(super) fresh_ms: u64,
}

impl<T: Table, R: Runtime> Shared<T, R> {
    /// Joins the refresh task of this row, or starts one; gives whether it was started. Refused while
    /// an earlier failure is young.
    pub(super) fn subscribe<E: TokenEndpoint>(
        self: &Arc<Self>,
        key: &T::Key,
        read: &Read<T>,
        endpoint: &Arc<impl EndpointOf<T, E>>,
        options: RefreshOptions,
    ) -> Result<Subscribed<T>> {
        let task_key = task_key::<T>(key, endpoint(&read.row.record)?.as_ref());
        if !self.registry.is_under_way(&task_key) {
            if self.registry.is_closed() {
                return Err(Error::Closed);
            }
            if let Some(error) = self.failures.recent(&task_key, &read.row.version, &self.runtime) {
                return Err(error);
            }
        }
        match self.registry.join(task_key) {
            Joined::Shared(subscription) => Ok((false, subscription)),
            Joined::Started(subscription, task) => {
                let first = Read { row: read.row.clone(), reading: read.reading };
                let endpoint = Arc::clone(endpoint);
                let task = Arc::clone(self).run(key.clone(), first, endpoint, options, task);
                self.runtime.spawn(task);
                Ok((true, subscription))
            }
        }
    }

    /// What comes of the refresh task, for a caller with these needs; `None` when its time is over.
    /// `Some(None)`: the refresh task was dropped.
    pub(super) async fn wait(
        &self,
        (mut started, mut subscription): Subscribed<T>,
        needs: Needs<'_>,
        subscribe: impl Fn() -> Result<Subscribed<T>>,
        left: impl Fn() -> Duration,
    ) -> Option<Option<Outcome<T>>> {
        let first_reread = Duration::from_millis(self.config.limits.poll_min_ms);
        let mut accepts_short = false;
        loop {
            let outcome =
                timeout(&self.runtime, left(), outcome_for(subscription, needs.seen)).await;
            let again = match &outcome {
                // It had waited since before this caller came, whose time is not over.
                Some(Some(Err(Error::RefreshTimeout { .. }))) => true,
                // It was under way when this caller came, for an older version of the row.
                Some(Some(Ok(token))) => {
                    let given = &token.credentials.access_token;
                    !started && needs.unwanted.is_some_and(|unwanted| given.is_same(unwanted))
                }
                _ => false,
            };
            // Or for somebody who had asked for less, and has sent nothing: that is found out once.
            let is_short = match &outcome {
                Some(Some(Ok(token))) => token.is_stored() && self.is_short(token, needs),
                _ => false,
            };
            let once_more = is_short && !started && !std::mem::replace(&mut accepts_short, true);
            if !(again || once_more) || left().is_zero() {
                return outcome.filter(|_| !again);
            }
            // That refresh task may not have left the registry yet.
            self.runtime.sleep(left().min(first_reread)).await;
            match subscribe() {
                Ok(subscribed) => (started, subscription) = subscribed,
                Err(error) => return Some(Some(Err(error))),
            }
        }
    }

    /// Whether less is left of a token than this caller has asked for.
    fn is_short(&self, token: &Token<T::Record>, needs: Needs<'_>) -> bool {
        self.left_ms(token) <= i64::try_from(needs.fresh_ms).unwrap_or(i64::MAX)
    }

    /// Whether the row holds what a forced refresh is to replace: the token that it has seen first. Who
    /// was faster has replaced it, too; who has sealed it anew has not.
    pub(super) async fn is_unwanted(
        &self,
        key: &T::Key,
        read: &Read<T>,
        options: RefreshOptions,
        unwanted: &mut Option<AccessToken>,
    ) -> Result<bool> {
        if !options.force {
            return Ok(false);
        }
        let stored = self.table.open(key, &read.row).await?.access_token;
        Ok(unwanted.get_or_insert(stored.clone()).is_same(&stored))
    }
}
