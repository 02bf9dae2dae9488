//! Steps 8 and 9: a failed attempt releases the lease, unless its outcome is unknown (9a), and is
//! remembered.

use std::time::Duration;

use super::lease::Lease;
use super::{
    Attempt, Failure, Next, Outcome, RowVersion, Runtime, Shared, Table, TaskKey, TaskOf, policy,
    task_key,
};
use crate::error::Error;
use crate::oauth::{TokenEndpoint, Verdict};

impl<T: Table, R: Runtime, E: TokenEndpoint> Attempt<'_, T, R, E> {
    /// Every failure except a rejected grant.
    pub(super) async fn failed(&self, lease: &Lease, verdict: Verdict) -> Next<T> {
        let Shared { table, config, breakers, .. } = self.shared;
        if !policy::leaves_outcome_unknown(&verdict, self.endpoint) {
            lease.release(table, self.key).await;
        }
        let lasting = matches!(verdict, Verdict::Refused(_));
        let (error, retry_after) = match verdict {
            Verdict::Transient(error, retry_after) => (error, retry_after),
            Verdict::ClientRejected(error) => {
                breakers.open(self.endpoint.login(), &error);
                (error, None)
            }
            Verdict::Ambiguous(error) | Verdict::Refused(error) => (error, None),
            Verdict::Granted(_) | Verdict::InvalidGrant(_) => {
                return Next::Done(Err(Error::internal("a verdict has no rule")));
            }
        };
        let pause_max = policy::refusal_pause_max(&error, &config.limits);
        let failure =
            Failure { lasting, pause_max, ..Failure::passing(&error, self.endpoint.client()) };
        self.remember(&self.read.row.version, failure, retry_after);
        Next::Done(Err(error))
    }

    /// Remembers a failure of the row at `version`.
    pub(super) fn remember(
        &self,
        version: &RowVersion,
        failure: Failure,
        retry_after: Option<Duration>,
    ) {
        let task_key = task_key::<T>(self.key, self.endpoint);
        self.shared.failures.remember(&task_key, version, failure, retry_after);
    }
}

impl<T: Table, R: Runtime> Shared<T, R> {
    /// Answers the callers of a task. Then, while nobody waits, tells the table about the failure of
    /// the row that was attempted.
    pub(super) async fn settle(
        &self,
        key: &T::Key,
        attempted: Option<(&TaskKey<T>, &RowVersion)>,
        outcome: Outcome<T>,
        task: &TaskOf<T>,
    ) {
        task.answer(outcome);
        let Some((task_key, version)) = attempted else { return };
        let failure = self.failures.take_unwritten(task_key, version);
        // A failure of the database says nothing about the tokens.
        let Some(failure) = failure.filter(|failure| failure.error.is_of_provider()) else {
            return;
        };
        if let Some(pause) = self.table.note_failure(key, version, &failure).await {
            self.failures.extend(task_key, version, pause);
        }
    }
}
