//! Step 7: the answer may be the only copy of a refresh token. Seal once, commit under the fence,
//! and keep trying for as long as the database is away.

use std::sync::Arc;
use std::time::Duration;

use super::lease::Lease;
use super::policy::commit_pause;
use super::{
    Commit, Credentials, EventKind, FlightOf, Next, Outcome, Read, Reading, Row, Runtime, Sealed,
    Shared, Stamp, Stopwatch, Table, Token,
};
use crate::db::Timestamp;
use crate::error::Result;
use crate::oauth::{Expiry, TokenResponse};

/// One version of what is to be written, and over which version of the row.
struct Draft {
    over: Stamp,
    credentials: Arc<Credentials>,
    sealed: Sealed,
    expires_at: Option<Timestamp>,
}

/// What a look at the row after a commit that matched nothing tells.
enum Found {
    /// The row holds what an earlier try wrote.
    Mine,
    /// Nothing of ours belongs there: the outcome, or back to step 1.
    Elsewhere(Option<crate::error::Error>),
    /// Nobody spent a token since: commit again, over what was read.
    Retry(Option<Draft>),
}

impl<T: Table, R: Runtime> Shared<T, R> {
    pub(super) async fn commit(
        &self,
        key: &T::Key,
        read: &Read<T>,
        sent: &Credentials,
        lease: &Lease,
        response: &TokenResponse,
        flight: &FlightOf<T>,
    ) -> Next<T> {
        let limits = &self.behaviour.limits;
        let new = response.refresh_token.as_ref();
        let rotated =
            new.is_some_and(|new| sent.refresh_token.as_ref().is_none_or(|old| !new.is_same(old)));
        let credentials = Credentials {
            access_token: response.access_token.clone(),
            refresh_token: new.or(sent.refresh_token.as_ref()).cloned(),
        };
        let expires_at = match response.expiry {
            Expiry::In(lifetime) => lease.at.plus(lifetime),
            Expiry::AtMs(ms) => Timestamp::from_ms(ms),
        };
        let mut draft = match self.draft(key, read.row.stamp.clone(), credentials, Some(expires_at))
        {
            Ok(draft) => draft,
            Err(error) => return Next::Done(Err(error)),
        };
        let reading = Reading { now: lease.at, since: lease.clock };
        let token = |draft: &Draft, expires_at| Token {
            record: Arc::clone(&read.row.record),
            credentials: Arc::clone(&draft.credentials),
            expires_at,
            sealed_with: Some(draft.sealed.key_version),
            reading,
        };
        let mut mine: Vec<Stamp> = vec![draft.sealed.stamp.clone()];
        let clock = Stopwatch::start(&self.runtime);
        let mut tries = 0;
        loop {
            let commit = Commit {
                sealed: &draft.sealed,
                expires_at: draft.expires_at,
                rotated,
                lease: lease.at,
                response,
            };
            let failure = match self.table.commit(key, &draft.over, commit).await {
                Ok(Some(stored)) => {
                    if stored != draft.expires_at {
                        self.tell(EventKind::LeaseLost, key, None, None);
                    }
                    self.failures.forget(key);
                    return Next::Done(Ok(token(&draft, stored)));
                }
                // 7b. No row matched.
                Ok(None) => {
                    match self.look_again(key, sent, response, rotated, &draft, &mine).await {
                        Ok(Found::Mine) => {
                            self.failures.forget(key);
                            return Next::Done(Ok(token(&draft, draft.expires_at)));
                        }
                        Ok(Found::Elsewhere(outcome)) => {
                            self.tell(EventKind::RowDropped, key, None, None);
                            self.release(key, lease).await;
                            return outcome.map_or(Next::Again, |error| Next::Done(Err(error)));
                        }
                        Ok(Found::Retry(Some(again))) => {
                            mine.push(again.sealed.stamp.clone());
                            draft = again;
                            None
                        }
                        Ok(Found::Retry(None)) => None,
                        Err(error) => Some(error),
                    }
                }
                Err(error) => Some(error),
            };
            // 7c. The database fails: keep the answer, answer the callers, try again.
            if let Some(error) = failure {
                self.tell(EventKind::CommitRetry, key, None, Some(error.code()));
                self.answer_meanwhile(flight, token(&draft, draft.expires_at));
                if clock.elapsed(&self.runtime) >= Duration::from_millis(limits.commit_budget_ms) {
                    return Next::Done(Err(error));
                }
            }
            let pause = commit_pause(tries, self.runtime.random(), limits);
            tries += 1;
            self.runtime.sleep(pause).await;
        }
    }

    fn draft(
        &self,
        key: &T::Key,
        over: Stamp,
        credentials: Credentials,
        expires_at: Option<Timestamp>,
    ) -> Result<Draft> {
        let sealed = self.table.seal(key, &credentials)?;
        Ok(Draft { over, credentials: Arc::new(credentials), sealed, expires_at })
    }

    /// Step 7b: Re-reads. A row that cannot be opened is an error like a database that is away.
    async fn look_again(
        &self,
        key: &T::Key,
        sent: &Credentials,
        response: &TokenResponse,
        rotated: bool,
        draft: &Draft,
        mine: &[Stamp],
    ) -> Result<Found> {
        let Some(row) = self.table.read(key).await? else {
            return Ok(Found::Elsewhere(Some(self.table.not_connected())));
        };
        if mine.contains(&row.stamp) {
            return Ok(Found::Mine);
        }
        if let Some(error) = row.ended.clone() {
            return Ok(Found::Elsewhere(Some(error)));
        }
        if row.stamp == draft.over {
            return Ok(Found::Retry(None));
        }
        let stored = self.table.open(key, &row)?;
        let unspent = match (&stored.refresh_token, &sent.refresh_token) {
            (Some(stored), Some(sent)) => stored.is_same(sent),
            _ => false,
        };
        // Somebody else's answer is there, or user and provider have moved on.
        if !unspent {
            return Ok(Found::Elsewhere(None));
        }
        match self.merge(key, row, stored, response, rotated, draft)? {
            Some(again) => Ok(Found::Retry(Some(again))),
            None => Ok(Found::Elsewhere(None)),
        }
    }

    /// The row was sealed anew, or got another access token, over the refresh token that we sent:
    /// the new refresh token if there is one; access token and expiry only if they run longer.
    fn merge(
        &self,
        key: &T::Key,
        row: Row<T::Record>,
        stored: Credentials,
        response: &TokenResponse,
        rotated: bool,
        draft: &Draft,
    ) -> Result<Option<Draft>> {
        let longer = match (row.expires_at, draft.expires_at) {
            (Some(stored), Some(ours)) => ours > stored,
            (stored, ours) => stored.is_some() && ours.is_none(),
        };
        if !longer && !rotated {
            return Ok(None);
        }
        let credentials = Credentials {
            access_token: if longer { response.access_token.clone() } else { stored.access_token },
            refresh_token: response.refresh_token.clone().or(stored.refresh_token),
        };
        let expires_at = if longer { draft.expires_at } else { row.expires_at };
        self.draft(key, row.stamp, credentials, expires_at).map(Some)
    }

    /// Step 7c: The token is good although it is not stored yet.
    fn answer_meanwhile(&self, flight: &FlightOf<T>, token: Token<T::Record>) {
        let outcome: Outcome<T> = Ok(token);
        flight.answer(outcome);
    }
}
