//! Step 7: the answer may be the only copy of a refresh token. It is sealed once, stored under the
//! version check, and retried for as long as the database fails.

use std::sync::Arc;
use std::time::Duration;

use super::lease::Lease;
use super::policy::commit_pause;
use super::read::Reading;
use super::{
    Attempt, Commit, Credentials, EventKind, Next, Row, RowVersion, Runtime, Sealed, Shared,
    Stopwatch, Table, TaskOf, Token, expires_at,
};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::oauth::TokenResponse;

/// Stores the answer of the provider.
pub(super) struct Committer<'a, T: Table, R: Runtime> {
    shared: &'a Shared<T, R>,
    key: &'a T::Key,
    /// The row as it was read in step 1.
    row: &'a Row<T::Record>,
    /// The tokens of that row.
    sent: &'a Credentials,
    lease: &'a Lease,
    response: &'a TokenResponse,
    task: &'a TaskOf<T>,
}

/// What is to be written, and over which version of the row.
struct Draft {
    over: RowVersion,
    credentials: Arc<Credentials>,
    sealed: Sealed,
    expires_at: Option<Timestamp>,
}

/// What the row tells when a commit matched none (7b).
enum Found {
    /// The row holds what an earlier try wrote: the index of that draft, and the expiry as stored.
    Mine(usize, Option<Timestamp>),
    /// The answer no longer belongs in the row: an error, or back to step 1.
    Elsewhere(Option<Error>),
    /// The refresh token was not spent since: commit again, the same draft or a new one.
    Retry(Option<Draft>),
}

impl<'a, T: Table, R: Runtime> Committer<'a, T, R> {
    pub(super) fn new<E>(
        attempt: &'a Attempt<'_, T, R, E>,
        lease: &'a Lease,
        response: &'a TokenResponse,
    ) -> Self {
        let Attempt { shared, key, read, task, sent, .. } = attempt;
        Self { shared, key, row: &read.row, sent, lease, response, task }
    }

    pub(super) async fn commit(&self) -> Next<T> {
        let Shared { table, runtime, config, .. } = self.shared;
        let events = self.shared.events(self.key);
        let budget = Duration::from_millis(config.limits.commit_budget_ms);
        let mut drafts = match self.first_draft().await {
            Ok(draft) => vec![draft],
            Err(error) => return Next::Done(Err(error)),
        };
        // A suspended process tries nothing, so each try counts at most for its own limits.
        let longest_try = Duration::from_millis(config.limits.takeover_grace_ms);
        let mut tried = Duration::ZERO;
        let mut tries = 0;
        loop {
            let clock = Stopwatch::start(runtime);
            let draft = &drafts[drafts.len() - 1];
            let failure = match self.write(draft).await {
                Ok(Some(stored)) => {
                    if stored != draft.expires_at {
                        events.tell(EventKind::LeaseLost, None);
                    }
                    return Next::Done(Ok(self.token(draft, stored)));
                }
                // 7b. No row matched.
                Ok(None) => match self.reread(&drafts).await {
                    Ok(Found::Mine(index, stored)) => {
                        return Next::Done(Ok(self.token(&drafts[index], stored)));
                    }
                    Ok(Found::Elsewhere(outcome)) => {
                        events.tell(EventKind::RowDropped, None);
                        self.lease.release(table, self.key).await;
                        return outcome.map_or(Next::Again, |error| Next::Done(Err(error)));
                    }
                    // The row is unchanged, and yet it was not written: a failure of the database.
                    Ok(Found::Retry(None)) => table.write_blocker().await,
                    Ok(Found::Retry(again)) => {
                        drafts.extend(again);
                        None
                    }
                    Err(error) => Some(error),
                },
                Err(error) => Some(error),
            };
            // 7c. The database fails: keep the answer, answer the callers, retry.
            let draft = &drafts[drafts.len() - 1];
            if let Some(error) = &failure {
                events.tell(EventKind::CommitRetry, Some(error.code()));
            }
            if failure.is_some() || tries > 0 {
                self.task.answer_unstored(&draft.over, Ok(self.token(draft, draft.expires_at)));
            }
            if tried >= budget {
                let never_settled = || Error::internal("a commit found no end");
                return Next::Done(Err(failure.unwrap_or_else(never_settled)));
            }
            let pause = commit_pause(tries, runtime.random(), &config.limits);
            tries += 1;
            runtime.sleep(pause).await;
            tried += clock.elapsed(runtime).min(longest_try);
        }
    }

    /// Whether the provider gave a new refresh token.
    fn rotated(&self) -> bool {
        let old = self.sent.refresh_token.as_ref();
        let new = self.response.refresh_token.as_ref();
        new.is_some_and(|new| old.is_none_or(|old| !new.is_same(old)))
    }

    /// The expiry counts from the lease: however late the commit is, no token is stored as valid for
    /// longer than it is.
    fn expires_at(&self) -> Timestamp {
        expires_at(self.response.expiry, self.lease.at)
    }

    /// The token of a draft that is, or will be, stored with this expiry.
    fn token(&self, draft: &Draft, expires_at: Option<Timestamp>) -> Token<T::Record> {
        Token {
            record: self.shared.table.recorded(&self.row.record, self.response),
            credentials: Arc::clone(&draft.credentials),
            expires_at,
            sealed_with: Some(draft.sealed.key_version),
            reading: Reading { now: self.lease.at, since: self.lease.clock },
        }
    }

    /// The answer over the row as it was read. A missing refresh token keeps the old one.
    async fn first_draft(&self) -> Result<Draft> {
        let TokenResponse { access_token, refresh_token, .. } = self.response;
        let refresh_token = refresh_token.as_ref().or(self.sent.refresh_token.as_ref()).cloned();
        let credentials = Credentials { access_token: access_token.clone(), refresh_token };
        self.draft(self.row.version.clone(), credentials, Some(self.expires_at())).await
    }

    async fn draft(
        &self,
        over: RowVersion,
        credentials: Credentials,
        expires_at: Option<Timestamp>,
    ) -> Result<Draft> {
        let sealed = self.shared.table.seal(self.key, &credentials).await?;
        Ok(Draft { over, credentials: Arc::new(credentials), sealed, expires_at })
    }

    /// The expiry as stored; `None`: the version check matched no row.
    async fn write(&self, draft: &Draft) -> Result<Option<Option<Timestamp>>> {
        let commit = Commit {
            sealed: &draft.sealed,
            expires_at: draft.expires_at,
            rotated: self.rotated(),
            lease: self.lease.at,
            response: self.response,
        };
        let committed = self.shared.table.commit(self.key, &draft.over, commit).await?;
        Ok(committed.map(|committed| committed.expires_at))
    }

    /// Step 7b: why no row matched. A row that does not open is an error, like a database that fails.
    async fn reread(&self, drafts: &[Draft]) -> Result<Found> {
        let table = &self.shared.table;
        let Some(row) = table.read_for_commit(self.key).await? else {
            return Ok(Found::Elsewhere(Some(table.not_connected(self.key))));
        };
        let mut mine = drafts.iter().map(|draft| &draft.sealed.version);
        if let Some(index) = mine.position(|version| *version == row.version) {
            return Ok(Found::Mine(index, row.expires_at));
        }
        if let Some(error) = row.revoked.clone() {
            return Ok(Found::Elsewhere(Some(error)));
        }
        if drafts.last().is_some_and(|draft| draft.over == row.version) {
            return Ok(Found::Retry(None));
        }
        let stored = table.open(self.key, &row).await?;
        let unspent = match (&stored.refresh_token, &self.sent.refresh_token) {
            (Some(stored), Some(sent)) => stored.is_same(sent),
            _ => false,
        };
        // Another refresh token than the one that was sent: somebody was faster.
        if !unspent {
            return Ok(Found::Elsewhere(None));
        }
        Ok(match self.merge(row, stored).await? {
            Some(again) => Found::Retry(Some(again)),
            None => Found::Elsewhere(None),
        })
    }

    /// A draft over a row that was sealed again, or that holds another access token, with the refresh
    /// token that was sent. It takes the new refresh token if there is one. It takes access token and
    /// expiry only if they last longer than the stored ones, or if the stored access token is the one
    /// read in step 1. `None`: nothing remains to be written.
    async fn merge(&self, row: Row<T::Record>, stored: Credentials) -> Result<Option<Draft>> {
        let ours = self.expires_at();
        let newer = stored.access_token.is_same(&self.sent.access_token)
            || row.expires_at.is_some_and(|stored| ours > stored);
        if !newer && !self.rotated() {
            return Ok(None);
        }
        let TokenResponse { access_token, refresh_token, .. } = self.response;
        let credentials = Credentials {
            access_token: if newer { access_token.clone() } else { stored.access_token },
            refresh_token: refresh_token.clone().or(stored.refresh_token),
        };
        let expires_at = if newer { Some(ours) } else { row.expires_at };
        self.draft(row.version, credentials, expires_at).await.map(Some)
    }
}
