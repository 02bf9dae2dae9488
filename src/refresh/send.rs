//! What an attempt sends, and step 6: the requests within the HTTP budget.

use std::time::Duration;

use super::lease::Lease;
use super::read::Read;
use super::runtime::{Stopwatch, timeout};
use super::{Attempt, Runtime, Shared, Table, TaskOf, policy};
use crate::error::{Error, Result};
use crate::oauth::{TokenEndpoint, Verdict};

/// When a process resumes from a stop, the timer is due although the answer waits in the socket. The
/// HTTP client gets at least this long to read it, and longer the later the timer came.
const UNREAD_MIN: Duration = Duration::from_millis(50);

impl<'a, T: Table, R: Runtime, E: TokenEndpoint> Attempt<'a, T, R, E> {
    /// What must hold before a lease is requested: the breaker is closed, the tokens open, there is a
    /// refresh token, and the store can seal.
    pub(super) async fn prepare(
        shared: &'a Shared<T, R>,
        key: &'a T::Key,
        read: &'a Read<T>,
        endpoint: &'a E,
        task: &'a TaskOf<T>,
    ) -> Result<Self> {
        if let Some(rejection) = shared.breakers.rejection(endpoint.login()) {
            return Err(rejection);
        }
        let sent = shared.table.open(key, &read.row).await?;
        let refresh_token = sent.refresh_token.clone().ok_or(Error::RefreshTokenMissing)?;
        shared.table.check_seal()?;
        Ok(Self { shared, key, read, endpoint, task, sent, refresh_token })
    }

    /// Step 6: repeated requests count against the budget. Once the token may be spent, only an answer
    /// with tokens says more than that. A `refreshFn` runs once; after the budget its callers are
    /// answered, and the task goes on to commit a late answer.
    pub(super) async fn send(&self, lease: &Lease) -> Verdict {
        let Shared { runtime, config, registry, .. } = self.shared;
        let (limits, endpoint) = (&config.limits, self.endpoint);
        let budget = Duration::from_millis(limits.http_budget_ms);
        let late = || Error::OutcomeUnknown { reason: "no answer in time".into() };
        let grace = policy::spent_token_grace(endpoint, lease.in_doubt.is_some());
        let clock = Stopwatch::start(runtime);
        let mut sent = 0;
        let mut lost: Option<Verdict> = None;
        loop {
            let began = clock.elapsed(runtime);
            let left = budget.saturating_sub(began);
            let mut request = Box::pin(endpoint.refresh(&self.refresh_token, left, runtime.wall()));
            let verdict = match timeout(runtime, left, &mut request).await {
                Some(verdict) => verdict,
                None if endpoint.is_repeatable() => {
                    let late_by = clock.elapsed(runtime).saturating_sub(budget);
                    let moment = late_by.clamp(UNREAD_MIN, budget.max(UNREAD_MIN));
                    let unread = timeout(runtime, moment, &mut request).await;
                    unread.unwrap_or_else(|| Verdict::Ambiguous(late()))
                }
                None => {
                    self.task.answer(Err(late()));
                    self.task.detach();
                    let more = Duration::from_millis(limits.commit_budget_ms);
                    match timeout(runtime, more, &mut request).await {
                        // A failure this late may have come after the request was sent.
                        Some(Verdict::Transient(error @ Error::RefreshFn { .. }, _)) => {
                            Verdict::Ambiguous(error)
                        }
                        Some(verdict) => verdict,
                        None => Verdict::Ambiguous(late()),
                    }
                }
            };
            sent += 1;
            let now = clock.elapsed(runtime);
            let (took, mut left) = (now.saturating_sub(began), budget.saturating_sub(now));
            if policy::leaves_outcome_unknown(&verdict, endpoint) {
                lost.get_or_insert_with(|| verdict.clone());
            }
            if lost.is_some() {
                left = left.min(grace.saturating_sub(now));
            }
            let request = policy::Request { sent, took, left };
            let pause =
                policy::resend_after(&verdict, endpoint, &request, runtime.random(), limits);
            let verdict = match &lost {
                Some(lost) if !matches!(verdict, Verdict::Granted(_)) => lost.clone(),
                _ => verdict,
            };
            let Some(pause) = pause else { return verdict };
            let is_closing = timeout(runtime, pause, registry.closing()).await.is_some();
            // A process that was stopped meanwhile has missed its time.
            if is_closing || clock.elapsed(runtime) >= now + left {
                return verdict;
            }
        }
    }
}
