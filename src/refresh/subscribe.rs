//! Step 2: a caller whose token is not fresh subscribes to the row's refresh task and waits for it.

use std::sync::Arc;
use std::time::Duration;

use super::read::Read;
use super::registry::Subscription;
use super::runtime::timeout;
use super::{
    EndpointOf, Outcome, RefreshOptions, Refresher, Runtime, Shared, Stopwatch, Table, Token,
    task_key,
};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;
use crate::secret::AccessToken;

/// A call that needs a refresh.
pub(super) struct Call<'a, T: Table, R: Runtime, E> {
    pub(super) shared: &'a Arc<Shared<T, R>>,
    pub(super) key: &'a T::Key,
    pub(super) read: Read<T>,
    pub(super) endpoint: Arc<EndpointOf<T, E>>,
    pub(super) options: RefreshOptions,
    /// Started when the call came.
    pub(super) clock: Stopwatch,
}

/// A subscription to a refresh task.
pub(super) struct Subscribed<T: Table> {
    pub(super) subscription: Subscription<Outcome<T>>,
    /// Whether this caller started the task.
    started: bool,
}

impl<T: Table, R: Runtime, E: TokenEndpoint> Call<'_, T, R, E> {
    /// Subscribes to the refresh task of this row, or starts one. Fails while a recent failure of the
    /// row is remembered.
    pub(super) fn subscribe(&self) -> Result<Subscribed<T>> {
        let Self { shared, key, read, endpoint, options, .. } = self;
        let task_key = task_key::<T>(key, endpoint(&read.row.record)?.as_ref());
        if !shared.registry.has_task(&task_key) {
            if shared.registry.is_closed() {
                return Err(Error::Closed);
            }
            if let Some(error) = shared.failures.recent(&task_key, &read.row.version) {
                return Err(error);
            }
        }
        let (subscription, task) = shared.registry.subscribe(task_key);
        let started = task.is_some();
        if let Some(task) = task {
            let refresher = Refresher {
                task,
                shared: Arc::clone(shared),
                key: T::Key::clone(key),
                endpoint: Arc::clone(endpoint),
                options: *options,
            };
            shared.runtime.spawn(refresher.run(read.clone()));
        }
        Ok(Subscribed { subscription, started })
    }

    /// The time that this caller still waits.
    fn left(&self) -> Duration {
        let wait = Duration::from_millis(self.options.wait_ms);
        wait.saturating_sub(self.clock.elapsed(&self.shared.runtime))
    }

    /// The usable token if the caller accepts it while somebody else refreshes, and no refresh ends it. The
    /// caller that started the task waits until the task polls, which means that another process refreshes.
    pub(super) async fn usable_at_once(&self, subscribed: &Subscribed<T>) -> Option<Outcome<T>> {
        let Self { shared, options, .. } = self;
        // Not for a caller that asks for more than the refresh buffer.
        let accepts_usable = options.usable_at_once
            && !options.force
            && options.fresh_ms <= shared.config.limits.fresh_ms;
        if !accepts_usable || !shared.is_usable(&self.read) || self.refresh_ends_access_token() {
            return None;
        }
        if subscribed.started {
            let starts_polling = subscribed.subscription.clone().starts_polling();
            if timeout(&shared.runtime, self.left(), starts_polling).await != Some(true) {
                return None;
            }
        }
        shared.usable(self.key, &self.read).await
    }

    /// The outcome of the refresh task; `None`: the caller's time is over. `stored` is the access token
    /// that this caller has read.
    pub(super) async fn wait(
        &self,
        subscribed: Subscribed<T>,
        stored: &AccessToken,
    ) -> Option<Outcome<T>> {
        let Subscribed { mut subscription, mut started } = subscribed;
        let runtime = &self.shared.runtime;
        let first_pause = Duration::from_millis(self.shared.config.limits.poll_min_ms);
        let mut accepts_short = false;
        loop {
            let outcome = subscription.outcome_for(&self.read.row.version);
            let outcome = timeout(runtime, self.left(), outcome).await;
            let is_useless = match &outcome {
                // The task began long before this caller, whose time is not over.
                Some(Some(Err(Error::RefreshTimeout { .. }))) => true,
                // The task refreshed an older version of the row.
                Some(Some(Ok(token))) => {
                    let given = &token.credentials.access_token;
                    !started && self.options.force && given.is_same(stored)
                }
                _ => false,
            };
            // A task that a less demanding caller started may find the stored token good enough, and
            // send nothing. One more subscription is enough to know.
            let is_short = match &outcome {
                Some(Some(Ok(token))) => token.is_stored() && self.is_short(token),
                _ => false,
            };
            let once_more = is_short && !started && !std::mem::replace(&mut accepts_short, true);
            if !(is_useless || once_more) || self.left().is_zero() {
                let dropped = || Err(Error::internal("a refresh ended without an outcome"));
                return outcome
                    .filter(|_| !is_useless)
                    .map(|outcome| outcome.unwrap_or_else(dropped));
            }
            // That task may not have left the registry yet.
            runtime.sleep(self.left().min(first_pause)).await;
            match self.subscribe() {
                Ok(subscribed) => Subscribed { subscription, started } = subscribed,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Whether the token is valid for less time than this caller asks for.
    fn is_short(&self, token: &Token<T::Record>) -> bool {
        let fresh_ms = i64::try_from(self.options.fresh_ms).unwrap_or(i64::MAX);
        token.left_ms(&self.shared.runtime) <= fresh_ms
    }

    /// Step 10: what the caller gets for the outcome of the task.
    pub(super) async fn to_token(&self, outcome: Option<Outcome<T>>) -> Outcome<T> {
        let error = match outcome {
            Some(Ok(token)) if token.left_ms(&self.shared.runtime) > 0 => return Ok(token),
            Some(Ok(_)) => {
                let reason = "it has run out already; a refreshFn's expiryDate is in milliseconds since 1970";
                Error::ProviderResponse { reason: reason.into() }
            }
            Some(Err(error)) => error,
            None => Error::RefreshTimeout { waited_ms: self.options.wait_ms },
        };
        self.or_usable(error).await
    }
}

impl<T: Table, R: Runtime, E: TokenEndpoint> Refresher<T, R, E> {
    /// Whether the row still holds the token that a forced refresh should replace: the first one that
    /// the task has read. A row that was only sealed again still holds it; a row that somebody else has
    /// refreshed does not.
    pub(super) async fn is_unwanted(
        &self,
        read: &Read<T>,
        unwanted: &mut Option<AccessToken>,
    ) -> Result<bool> {
        if !self.options.force {
            return Ok(false);
        }
        let stored = self.shared.table.open(&self.key, &read.row).await?.access_token;
        Ok(unwanted.get_or_insert(stored.clone()).is_same(&stored))
    }
}
