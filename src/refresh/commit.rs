//! Step 7: the answer may be the only copy of a refresh token. Seal once, commit under the version check,
//! and keep trying for as long as the database is away.

use std::sync::Arc;
use std::time::Duration;

use super::lease::Lease;
use super::policy::commit_pause;
use super::{
    Commit, Credentials, EventKind, Next, Read, Reading, Row, RowVersion, Runtime, Sealed, Shared,
    Stopwatch, Table, TaskOf, Token,
};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::oauth::{Expiry, TokenResponse};

/// An answer that is to be stored, and the question that it answers.
pub(super) struct Answer<'a> {
    pub(super) sent: &'a Credentials,
    pub(super) lease: &'a Lease,
    pub(super) response: &'a TokenResponse,
}

impl Answer<'_> {
    /// Whether the provider gave a new refresh token.
    fn rotated(&self) -> bool {
        let old = self.sent.refresh_token.as_ref();
        let new = self.response.refresh_token.as_ref();
        new.is_some_and(|new| old.is_none_or(|old| !new.is_same(old)))
    }

    /// Counted from the lease: however late the commit, a token is never stored as fresher than
    /// it is.
    fn expires_at(&self) -> Timestamp {
        match self.response.expiry {
            Expiry::In(lifetime) => self.lease.at.plus(lifetime),
            Expiry::AtMs(ms) => Timestamp::from_ms(ms),
        }
    }
}

/// One version of what is to be written, and over which version of the row.
struct Draft {
    over: RowVersion,
    credentials: Arc<Credentials>,
    sealed: Sealed,
    expires_at: Option<Timestamp>,
}

/// What a second read of the row after a commit that matched nothing tells.
enum Found {
    /// The row holds what an earlier try wrote: that draft's number, and the expiry as stored.
    Mine(usize, Option<Timestamp>),
    /// Nothing of ours belongs there: the outcome, or back to step 1.
    Elsewhere(Option<Error>),
    /// Nobody spent a token since: commit again, the same or a new draft.
    Retry(Option<Draft>),
}

impl<T: Table, R: Runtime> Shared<T, R> {
    pub(super) async fn commit(
        &self,
        key: &T::Key,
        read: &Read<T>,
        answer: Answer<'_>,
        task: &TaskOf<T>,
    ) -> Next<T> {
        let budget = Duration::from_millis(self.config.limits.commit_budget_ms);
        let first = Credentials {
            access_token: answer.response.access_token.clone(),
            refresh_token: answer
                .response
                .refresh_token
                .as_ref()
                .or(answer.sent.refresh_token.as_ref())
                .cloned(),
        };
        let over = read.row.version.clone();
        let mut drafts = match self.draft(key, over, first, Some(answer.expires_at())).await {
            Ok(draft) => vec![draft],
            Err(error) => return Next::Done(Err(error)),
        };
        let reading = Reading { now: answer.lease.at, since: answer.lease.clock };
        let token = |draft: &Draft, expires_at| Token {
            record: self.table.recorded(&read.row.record, answer.response),
            credentials: Arc::clone(&draft.credentials),
            expires_at,
            sealed_with: Some(draft.sealed.key_version),
            reading,
        };
        // A process that was stopped has not tried meanwhile: each try counts for what it may take.
        let longest_try = Duration::from_millis(self.config.limits.takeover_grace_ms);
        let mut tried = Duration::ZERO;
        let mut tries = 0;
        loop {
            let clock = Stopwatch::start(&self.runtime);
            let draft = &drafts[drafts.len() - 1];
            let failure = match self.write(key, draft, &answer).await {
                Ok(Some(stored)) => {
                    if stored != draft.expires_at {
                        self.tell(EventKind::LeaseLost, key, None, None);
                    }
                    return Next::Done(Ok(token(draft, stored)));
                }
                // 7b. No row matched.
                Ok(None) => match self.reread(key, &answer, &drafts).await {
                    Ok(Found::Mine(number, stored)) => {
                        return Next::Done(Ok(token(&drafts[number], stored)));
                    }
                    Ok(Found::Elsewhere(outcome)) => {
                        self.tell(EventKind::RowDropped, key, None, None);
                        self.release(key, answer.lease).await;
                        return outcome.map_or(Next::Again, |error| Next::Done(Err(error)));
                    }
                    // The row is as it was read, and yet was not written: like a database that fails.
                    Ok(Found::Retry(None)) => self.table.hindrance().await,
                    Ok(Found::Retry(again)) => {
                        drafts.extend(again);
                        None
                    }
                    Err(error) => Some(error),
                },
                Err(error) => Some(error),
            };
            // 7c. The database fails: keep the answer, answer the callers, try again.
            let draft = &drafts[drafts.len() - 1];
            if let Some(error) = &failure {
                self.tell(EventKind::CommitRetry, key, None, Some(error.code()));
            }
            if failure.is_some() || tries > 0 {
                task.answer_unstored(&draft.over, Ok(token(draft, draft.expires_at)));
            }
            if tried >= budget {
                let never_settled = || Error::internal("a commit found no end");
                return Next::Done(Err(failure.unwrap_or_else(never_settled)));
            }
            let pause = commit_pause(tries, self.runtime.random(), &self.config.limits);
            tries += 1;
            self.runtime.sleep(pause).await;
            tried += clock.elapsed(&self.runtime).min(longest_try);
        }
    }

    async fn draft(
        &self,
        key: &T::Key,
        over: RowVersion,
        credentials: Credentials,
        expires_at: Option<Timestamp>,
    ) -> Result<Draft> {
        let sealed = self.table.seal(key, &credentials).await?;
        Ok(Draft { over, credentials: Arc::new(credentials), sealed, expires_at })
    }

    async fn write(
        &self,
        key: &T::Key,
        draft: &Draft,
        answer: &Answer<'_>,
    ) -> Result<Option<Option<Timestamp>>> {
        let commit = Commit {
            sealed: &draft.sealed,
            expires_at: draft.expires_at,
            rotated: answer.rotated(),
            lease: answer.lease.at,
            response: answer.response,
        };
        let committed = self.table.commit(key, &draft.over, commit).await?;
        Ok(committed.map(|committed| committed.expires_at))
    }

    /// 7b. Re-reads. A row that cannot be opened is an error like a database that is away.
    async fn reread(&self, key: &T::Key, answer: &Answer<'_>, drafts: &[Draft]) -> Result<Found> {
        let Some(row) = self.table.read_for_commit(key).await? else {
            return Ok(Found::Elsewhere(Some(self.table.not_connected(key))));
        };
        let mut mine = drafts.iter().map(|draft| &draft.sealed.version);
        if let Some(number) = mine.position(|version| *version == row.version) {
            return Ok(Found::Mine(number, row.expires_at));
        }
        if let Some(error) = row.revoked.clone() {
            return Ok(Found::Elsewhere(Some(error)));
        }
        if drafts.last().is_some_and(|draft| draft.over == row.version) {
            return Ok(Found::Retry(None));
        }
        let stored = self.table.open(key, &row).await?;
        let unspent = match (&stored.refresh_token, &answer.sent.refresh_token) {
            (Some(stored), Some(sent)) => stored.is_same(sent),
            _ => false,
        };
        // Somebody else's answer is there, or user and provider have moved on.
        if !unspent {
            return Ok(Found::Elsewhere(None));
        }
        Ok(match self.merge(key, row, stored, answer).await? {
            Some(again) => Found::Retry(Some(again)),
            None => Found::Elsewhere(None),
        })
    }

    /// The row was sealed anew, or got another access token, over the refresh token that we sent:
    /// the new refresh token if there is one; access token and expiry in the place of those that we
    /// saw, and of others only if they run longer.
    async fn merge(
        &self,
        key: &T::Key,
        row: Row<T::Record>,
        stored: Credentials,
        answer: &Answer<'_>,
    ) -> Result<Option<Draft>> {
        let ours = answer.expires_at();
        let newer = stored.access_token.is_same(&answer.sent.access_token)
            || row.expires_at.is_some_and(|stored| ours > stored);
        if !newer && !answer.rotated() {
            return Ok(None);
        }
        let TokenResponse { access_token, refresh_token, .. } = answer.response;
        let credentials = Credentials {
            access_token: if newer { access_token.clone() } else { stored.access_token },
            refresh_token: refresh_token.clone().or(stored.refresh_token),
        };
        let expires_at = if newer { Some(ours) } else { row.expires_at };
        self.draft(key, row.version, credentials, expires_at).await.map(Some)
    }
}
