//! What is to be sent, and step 6: asking the provider within the HTTP budget.

use std::time::Duration;

use super::runtime::{Stopwatch, timeout};
use super::{Credentials, Read, Runtime, Shared, Table, TaskOf, policy};
use crate::error::{Error, Result};
use crate::oauth::{TokenEndpoint, Verdict};
use crate::secret::RefreshToken;

/// A process that is continued after a stop finds the timer due while the answer waits in the
/// socket: the HTTP client is given a moment to read it, and longer the later the timer came.
const UNREAD_MIN: Duration = Duration::from_millis(50);

impl<T: Table, R: Runtime> Shared<T, R> {
    /// What is to be sent; an error where it is known that nothing would come of it.
    pub(super) async fn prepare<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        read: &Read<T>,
        endpoint: &E,
    ) -> Result<(Credentials, RefreshToken)> {
        if let Some(refusal) = self.breakers.refusal(endpoint.login(), &self.runtime) {
            return Err(refusal);
        }
        let sent = self.table.open(key, &read.row).await?;
        let refresh_token = sent.refresh_token.clone().ok_or(Error::RefreshTokenMissing)?;
        self.table.check_seal()?;
        Ok((sent, refresh_token))
    }

    /// Retries count against the budget. A refreshFn is called once; after the budget its callers are
    /// answered, and the task goes on to commit a late answer.
    pub(super) async fn send<E: TokenEndpoint>(
        &self,
        endpoint: &E,
        refresh_token: &RefreshToken,
        task: &TaskOf<T>,
    ) -> Verdict {
        let limits = &self.config.limits;
        let budget = Duration::from_millis(limits.http_budget_ms);
        let late = || Error::OutcomeUnknown { reason: "no answer in time".into() };
        let clock = Stopwatch::start(&self.runtime);
        let mut sent = 0;
        loop {
            let began = clock.elapsed(&self.runtime);
            let left = budget.saturating_sub(began);
            let mut request = Box::pin(endpoint.refresh(refresh_token, left, self.runtime.wall()));
            let verdict = match timeout(&self.runtime, left, &mut request).await {
                Some(verdict) => verdict,
                None if endpoint.is_repeatable() => {
                    let late_by = clock.elapsed(&self.runtime).saturating_sub(budget);
                    let moment = late_by.clamp(UNREAD_MIN, budget.max(UNREAD_MIN));
                    let unread = timeout(&self.runtime, moment, &mut request).await;
                    unread.unwrap_or_else(|| Verdict::Ambiguous(late()))
                }
                None => {
                    task.answer(Err(late()));
                    task.detach();
                    let more = Duration::from_millis(limits.commit_budget_ms);
                    match timeout(&self.runtime, more, &mut request).await {
                        // What failed so late may have been sent all the same.
                        Some(Verdict::Transient(error @ Error::RefreshFn { .. }, _)) => {
                            Verdict::Ambiguous(error)
                        }
                        Some(verdict) => verdict,
                        None => Verdict::Ambiguous(late()),
                    }
                }
            };
            sent += 1;
            let now = clock.elapsed(&self.runtime);
            let (took, left) = (now.saturating_sub(began), budget.saturating_sub(now));
            let request = policy::Request { sent, took, left };
            let random = self.runtime.random();
            let pause = policy::resend_after(&verdict, endpoint, &request, random, limits);
            let Some(pause) = pause else { return verdict };
            if timeout(&self.runtime, pause, self.registry.closing()).await.is_some() {
                return verdict;
            }
        }
    }
}
