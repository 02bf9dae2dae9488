//! What a failed refresh leaves behind: the lease is given back, and the failure is remembered.

use super::lease::Lease;
use super::{Failure, Next, Read, Runtime, Shared, Table, policy, task_key};
use crate::error::Error;
use crate::oauth::{TokenEndpoint, Verdict};

impl<T: Table, R: Runtime> Shared<T, R> {
    /// What every failure but `invalid_grant` leaves behind.
    pub(super) async fn fail<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        read: &Read<T>,
        endpoint: &E,
        verdict: Verdict,
        lease: &Lease,
    ) -> Next<T> {
        let limits = &self.config.limits;
        if !policy::leaves_outcome_unknown(&verdict, endpoint) {
            self.release(key, lease).await;
        }
        let lasting = matches!(verdict, Verdict::Refused(_));
        let (error, retry_after) = match verdict {
            Verdict::Transient(error, retry_after) => (error, retry_after),
            Verdict::ClientRejected(error) => {
                self.breakers.open(endpoint.login(), &error, &self.runtime, limits);
                (error, None)
            }
            Verdict::Ambiguous(error) | Verdict::Refused(error) => (error, None),
            Verdict::Granted(_) | Verdict::InvalidGrant(_) => {
                return Next::Done(Err(Error::internal("a verdict has no rule")));
            }
        };
        let client = endpoint.client().map(str::to_owned);
        let pause_max = policy::refusal_pause_max(&error, limits);
        let failure = Failure { error: error.clone(), client, lasting, pause_max };
        let (task_key, version) = (task_key::<T>(key, endpoint), &read.row.version);
        self.failures.remember(&task_key, version, failure, retry_after, &self.runtime, limits);
        Next::Done(Err(error))
    }
}
