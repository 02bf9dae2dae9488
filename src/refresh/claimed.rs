//! Rows that are refreshed ahead of time. Their lease was taken by one statement for many: steps 4 to 9
//! for each of them; or somebody else holds it. Nobody waits for a token here: what counts is what is
//! stored.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::lease::Lease;
use super::registry::{Joined, final_outcome};
use super::token::Reading;
use super::{
    Engine, Failure, Next, Outcome, Read, RefreshOptions, Row, Runtime, Shared, Stopwatch, Table,
    TaskOf, task_key,
};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;

/// A row that was free, and is leased to this process now.
#[derive(Debug)]
pub struct Claimed<T: Table> {
    /// Whose.
    pub key: T::Key,
    /// As it was when it was claimed.
    pub row: Row<T::Record>,
    /// The lease, as stored.
    pub lease: Timestamp,
    /// Started before the statement was sent (3a).
    pub clock: Stopwatch,
}

impl<T: Table, R: Runtime> Engine<T, R> {
    /// The engine's clocks: one is to be started before rows are claimed.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start(&self.shared.runtime)
    }

    /// Refreshes a claimed row; callers of this process who want it meanwhile share the outcome. Ends
    /// when new tokens are stored, by this process or by one that was faster, or when it is noted what
    /// has failed.
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
        // A refresh task that is under way waits for this lease already, and finds its outcome.
        let task = match shared.registry.join(task_key.clone()) {
            Joined::Started(_, task) => task,
            Joined::Shared(_) => shared.registry.alone(task_key).1,
        };
        let (ended, end) = oneshot::channel();
        self.shared.runtime.spawn(async move {
            // Nobody is left to be told where the run was dropped.
            let _ = ended.send(shared.run_claimed(claimed, endpoint, task).await);
        });
        end.await.unwrap_or_else(|_| Err(Error::internal("a refresh ended without an outcome")))
    }

    /// Has a row refreshed that somebody else refreshes, or has not finished: waits for them, and takes
    /// an expired lease over. Gives whether new tokens were stored meanwhile; false where what is
    /// stored is good for longer than `fresh_ms` already.
    ///
    /// # Errors
    /// Those of the refresh, also where a usable token is stored.
    pub async fn refresh_leased<E: TokenEndpoint>(
        &self,
        key: T::Key,
        endpoint: Arc<E>,
        fresh_ms: u64,
    ) -> Result<bool> {
        let shared = &self.shared;
        let options = RefreshOptions { fresh_ms, wait_ms: 0, usable_at_once: false, force: false };
        let read = shared.read(&key).await?;
        if shared.is_enough(&read, options) {
            return Ok(false);
        }
        let before = shared.table.open(&key, &read.row).await?.access_token;
        let endpoint = Arc::new(move |_: &T::Record| Ok(Arc::clone(&endpoint)));
        let (_, subscription) = shared.subscribe(&key, &read, &endpoint, options)?;
        drop(endpoint);
        let lost = || Err(Error::internal("a refresh ended without an outcome"));
        let token = final_outcome(subscription).await.unwrap_or_else(lost)?;
        Ok(token.sealed_with.is_some() || !token.credentials.access_token.is_same(&before))
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
        let read = Read { reading: Reading { now: row.now, since: clock }, row };
        let outcome: Outcome<T> =
            match self.refresh_claim(&key, &read, lease, &endpoint, &task).await {
                Next::Done(outcome) => outcome,
                Next::Again => match self.read(&key).await {
                    // What was claimed came too late to be sent under this lease.
                    Ok(now) if now.row.version == read.row.version => {
                        let waited = clock.elapsed(&self.runtime).as_millis();
                        let waited_ms = u64::try_from(waited).unwrap_or(u64::MAX);
                        Err(Error::RefreshTimeout { waited_ms })
                    }
                    // Somebody was faster: what is stored now is the outcome.
                    Ok(now) => self.to_token(&key, &now).await,
                    Err(error) => Err(error),
                },
            };
        let attempted = (task_key::<T>(&key, endpoint.as_ref()), read.row.version);
        self.settle(&key, Some(&attempted), outcome.clone(), &task).await;
        outcome
    }

    async fn refresh_claim<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        read: &Read<T>,
        lease: Lease,
        endpoint: &Arc<E>,
        task: &TaskOf<T>,
    ) -> Next<T> {
        match self.prepare(key, read, endpoint.as_ref()).await {
            Ok((sent, refresh_token)) => {
                let endpoint = endpoint.as_ref();
                self.refresh_under(key, read, &sent, &refresh_token, lease, endpoint, task).await
            }
            Err(error) => {
                self.release(key, &lease).await;
                // What cannot be sent does not come first in every run.
                let client = endpoint.client().map(str::to_owned);
                let noted = error.clone();
                let failure = Failure { error: noted, client, lasting: false, pause_max: None };
                self.table.note_failure(key, &read.row.version, &failure).await;
                Next::Done(Err(error))
            }
        }
    }
}
