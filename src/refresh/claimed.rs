//! Rows that are refreshed before they expire (`refreshExpiring`). One statement leases many free rows,
//! and steps 4 to 9 follow for each; a row that somebody else has leased goes through all steps. No
//! caller waits for a token here: what counts is what is stored.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::lease::Lease;
use super::read::Read;
use super::subscribe::Call;
use super::{
    Attempt, Engine, Failure, Next, Outcome, RefreshOptions, Row, Runtime, Shared, Stopwatch,
    Table, TaskOf, task_key,
};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;

/// A row that was free, and is now leased to this process.
#[derive(Debug)]
pub struct Claimed<T: Table> {
    /// The row's key.
    pub key: T::Key,
    /// The row as it was when it was claimed.
    pub row: Row<T::Record>,
    /// The lease, as stored.
    pub lease: Timestamp,
    /// Started before the statement was sent (3a).
    pub clock: Stopwatch,
}

impl<T: Table, R: Runtime> Engine<T, R> {
    /// A stopwatch of the engine's clocks, to be started before rows are claimed.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start(&self.shared.runtime)
    }

    /// Refreshes a claimed row. Callers of this process who need it meanwhile share the outcome.
    /// Returns when new tokens are stored, by this process or a faster one, or when the failure is
    /// stored.
    ///
    /// # Errors
    /// Those of the refresh.
    pub async fn refresh_claimed<E: TokenEndpoint>(
        &self,
        claimed: Claimed<T>,
        endpoint: Arc<E>,
    ) -> Outcome<T> {
        let shared = Arc::clone(&self.shared);
        let task_key = task_key::<T>(&claimed.key, endpoint.as_ref());
        // A task that is running already waits for this lease, and will find its outcome.
        let (_, task) = shared.registry.subscribe(task_key.clone());
        let task = task.unwrap_or_else(|| shared.registry.detached(task_key));
        let (ended, end) = oneshot::channel();
        self.shared.runtime.spawn(async move {
            // The run may have been dropped meanwhile.
            let _ = ended.send(shared.run_claimed(claimed, endpoint, task).await);
        });
        end.await.unwrap_or_else(|_| Err(Error::internal("a refresh ended without an outcome")))
    }

    /// Refreshes a row that somebody else has leased: waits for them, and takes over an expired lease.
    /// Returns whether new tokens were stored meanwhile; false if the stored token is valid for longer
    /// than `fresh_ms` already.
    ///
    /// # Errors
    /// Those of the refresh, even if a usable token is stored.
    pub async fn refresh_leased<E: TokenEndpoint>(
        &self,
        key: T::Key,
        endpoint: impl Fn(&T::Record) -> Result<Arc<E>> + Send + Sync + 'static,
        fresh_ms: u64,
    ) -> Result<bool> {
        let shared = &self.shared;
        let options = RefreshOptions { fresh_ms, wait_ms: 0, usable_at_once: false, force: false };
        let read = shared.read(&key).await?;
        if shared.is_enough(&read, options, &endpoint) {
            return Ok(false);
        }
        let before = shared.table.open(&key, &read.row).await?.access_token;
        let subscription = {
            let endpoint = Arc::new(endpoint);
            let clock = Stopwatch::start(&shared.runtime);
            Call { shared, key: &key, read, endpoint, options, clock }.subscribe()?.subscription
        };
        let dropped = || Err(Error::internal("a refresh ended without an outcome"));
        let token = subscription.final_outcome().await.unwrap_or_else(dropped)?;
        Ok(!token.is_stored() || !token.credentials.access_token.is_same(&before))
    }
}

impl<T: Table, R: Runtime> Shared<T, R> {
    async fn run_claimed<E: TokenEndpoint>(
        self: Arc<Self>,
        claimed: Claimed<T>,
        endpoint: Arc<E>,
        task: TaskOf<T>,
    ) -> Outcome<T> {
        let Claimed { key, row, lease, clock } = claimed;
        let lease = Lease { at: lease, clock, in_doubt: None };
        let read = Read { row: Arc::new(row), since: clock };
        let next = match Attempt::prepare(&self, &key, &read, endpoint.as_ref(), &task).await {
            Ok(attempt) => attempt.refresh(&lease).await,
            Err(error) => {
                lease.release(&self.table, &key).await;
                self.note_unsent(&key, &read, endpoint.as_ref(), &error).await;
                Next::Done(Err(error))
            }
        };
        let outcome = match next {
            Next::Done(outcome) => outcome,
            Next::Again => match self.read(&key).await {
                // The lease left no time to send.
                Ok(now) if now.row.version == read.row.version => {
                    let waited = clock.elapsed(&self.runtime).as_millis();
                    let waited_ms = u64::try_from(waited).unwrap_or(u64::MAX);
                    Err(Error::RefreshTimeout { waited_ms })
                }
                // Somebody was faster: the stored token is the outcome.
                Ok(now) => self.to_token(&key, &now).await,
                Err(error) => Err(error),
            },
        };
        let attempted = task_key::<T>(&key, endpoint.as_ref());
        let attempted = Some((&attempted, &read.row.version));
        self.settle(&key, attempted, outcome.clone(), &task).await;
        outcome
    }

    /// A row that cannot be sent is noted as failed, so that it does not come first in every run.
    async fn note_unsent<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        read: &Read<T>,
        endpoint: &E,
        error: &Error,
    ) {
        let failure = Failure::passing(error, endpoint.client());
        self.table.note_failure(key, &read.row.version, &failure).await;
    }
}
