//! Step 9: the provider says `invalid_grant`. Before a row is marked revoked it must be certain that nobody
//! holds a newer refresh token.

use std::time::Duration;

use super::lease::Lease;
use super::{Credentials, EventKind, Failure, Next, Row, Runtime, Shared, Table, task_key};
use crate::error::{Error, Result};
use crate::oauth::{Refusal, TokenEndpoint};

/// What is known when a provider has said that a grant is dead.
struct DeadGrant<'a, E> {
    sent: &'a Credentials,
    lease: &'a Lease,
    endpoint: &'a E,
    refusal: &'a Refusal,
}

impl<T: Table, R: Runtime> Shared<T, R> {
    pub(super) async fn invalid_grant<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        sent: &Credentials,
        lease: &Lease,
        endpoint: &E,
        refusal: &Refusal,
    ) -> Next<T> {
        let row = match self.table.read(key).await {
            // a. No row: revoked.
            Ok(None) => return Next::Done(Err(self.table.revoked(refusal))),
            Ok(Some(row)) => row,
            Err(error) => {
                self.release(key, lease).await;
                return Next::Done(Err(error));
            }
        };
        let found = DeadGrant { sent, lease, endpoint, refusal };
        match self.mark_if_revoked(key, &row, found).await {
            Ok(true) => Next::Done(Err(self.table.revoked(refusal))),
            // Whoever goes back, or leaves the row as it is, gives the lease back.
            Ok(false) => {
                self.release(key, lease).await;
                Next::Again
            }
            Err(error) => {
                self.release(key, lease).await;
                let failure = Failure {
                    client: endpoint.client().map(str::to_owned),
                    // The provider has refused this very token, and would again.
                    lasting: error.is_of_provider(),
                    // Until the unknown outcome is old enough for the row to be marked.
                    pause_max: self.unknown_outcome_left(&row, lease),
                    error: error.clone(),
                };
                let (key, version) = (task_key::<T>(key, endpoint), &row.version);
                let (runtime, limits) = (&self.runtime, &self.config.limits);
                self.failures.remember(&key, version, failure, None, runtime, limits);
                Next::Done(Err(error))
            }
        }
    }

    /// Whether the row was marked revoked; false: back to step 1.
    async fn mark_if_revoked<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        row: &Row<T::Record>,
        DeadGrant { sent, lease, endpoint, refusal }: DeadGrant<'_, E>,
    ) -> Result<bool> {
        let may_rotate = endpoint.may_rotate();
        if let Some(error) = row.revoked.clone() {
            return Err(error);
        }
        let stored = self.table.open(key, row).await?;
        let same_grant = match (&stored.refresh_token, &sent.refresh_token) {
            (Some(stored), Some(sent)) => stored.is_same(sent),
            _ => false,
        };
        // a. Other credentials. With another refresh token reuse may have killed their family: so
        // that they are proved, they are not fresh.
        if !same_grant && may_rotate {
            // What fails here only puts the proof off until the token has run out.
            let _ = self.table.expire_early(key, &row.version).await;
        }
        if !same_grant || !stored.access_token.is_same(&sent.access_token) {
            return Ok(false);
        }
        // b. In doubt somebody may still hold the successor and be about to store it.
        if may_rotate && self.unknown_outcome_left(row, lease).is_some() {
            let reason = "an earlier attempt may have rotated the refresh token".into();
            return Err(Error::OutcomeUnknown { reason });
        }
        // c. Another client's refresh token is refused in the same words.
        if let Some(why) = self.unproven(key, &row.version, endpoint).await? {
            self.tell_unproven(key, why);
            return Err(Error::ClientUnproven { why });
        }
        // d. The store marks or deletes the row.
        let marked = self.table.mark_revoked(key, &row.version, lease.at, refusal).await?;
        if !marked && self.is_as_leased(key, row, lease).await? {
            // Asked again, the provider would say the same.
            return self.table.hindrance().await.map_or(Ok(false), Err);
        }
        if marked {
            let code = self.table.revoked(refusal).code();
            self.tell(EventKind::RowDropped, key, None, Some(code));
        }
        Ok(marked)
    }

    /// Whether the row is still what it was, under our lease.
    async fn is_as_leased(
        &self,
        key: &T::Key,
        row: &Row<T::Record>,
        lease: &Lease,
    ) -> Result<bool> {
        let now = self.table.read(key).await?;
        Ok(now.is_some_and(|now| {
            now.revoked.is_none()
                && now.version == row.version
                && now.refreshing_at == Some(lease.at)
        }))
    }

    /// How long somebody may still be about to store what an earlier attempt was given.
    fn unknown_outcome_left(&self, row: &Row<T::Record>, lease: &Lease) -> Option<Duration> {
        let limit_ms = i64::try_from(self.config.limits.unknown_outcome_ms).unwrap_or(i64::MAX);
        let left_ms = limit_ms.saturating_sub(row.now.ms_since(lease.in_doubt?));
        u64::try_from(left_ms).ok().filter(|ms| *ms > 0).map(Duration::from_millis)
    }
}
