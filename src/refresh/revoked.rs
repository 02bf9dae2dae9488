//! Steps 9a, 9c and 9d: the provider has rejected the grant. The row is marked revoked only if it is
//! certain that nobody holds a newer refresh token, and if the client is proven.

use super::lease::Lease;
use super::{Attempt, EventKind, Failure, Next, Row, Runtime, Table};
use crate::error::{Error, Result};
use crate::oauth::{Refusal, TokenEndpoint};

impl<T: Table, R: Runtime, E: TokenEndpoint> Attempt<'_, T, R, E> {
    /// The provider has rejected the grant.
    pub(super) async fn revoked(&self, lease: &Lease, refusal: &Refusal) -> Next<T> {
        let (table, key) = (&self.shared.table, self.key);
        let row = match table.read(key).await {
            // 9a. No row: revoked.
            Ok(None) => return Next::Done(Err(table.revoked(refusal))),
            Ok(Some(row)) => row,
            Err(error) => {
                lease.release(table, key).await;
                return Next::Done(Err(error));
            }
        };
        match self.mark_if_revoked(&row, lease, refusal).await {
            Ok(true) => Next::Done(Err(table.revoked(refusal))),
            Ok(false) => {
                lease.release(table, key).await;
                Next::Again
            }
            Err(error) => {
                lease.release(table, key).await;
                let limits = &self.shared.config.limits;
                let failure = Failure {
                    // The provider has rejected this very token, and would reject it again.
                    lasting: error.is_of_provider(),
                    // Until the outcome has been unknown for long enough to mark the row.
                    pause_max: lease.unknown_outcome_left(row.now, limits),
                    ..Failure::passing(&error, self.endpoint.client())
                };
                self.remember(&row.version, failure, None);
                Next::Done(Err(error))
            }
        }
    }

    /// Whether the row, read after the rejection, was marked revoked; false: back to step 1.
    async fn mark_if_revoked(
        &self,
        row: &Row<T::Record>,
        lease: &Lease,
        refusal: &Refusal,
    ) -> Result<bool> {
        let (table, key, sent) = (&self.shared.table, self.key, &self.sent);
        let may_rotate = self.endpoint.may_rotate();
        if let Some(error) = row.revoked.clone() {
            return Err(error);
        }
        let stored = table.open(key, row).await?;
        let same_grant = match (&stored.refresh_token, &sent.refresh_token) {
            (Some(stored), Some(sent)) => stored.is_same(sent),
            _ => false,
        };
        // 9a. Another refresh token: the reuse may have killed its family, so it must be proved soon.
        if !same_grant && may_rotate {
            // If this fails, the token is proved when it expires.
            let _ = table.expire_early(key, &row.version).await;
        }
        // 9a. Other credentials than the ones sent.
        if !same_grant || !stored.access_token.is_same(&sent.access_token) {
            return Ok(false);
        }
        // 9a. Somebody may hold the successor of the refresh token and still store it.
        let limits = &self.shared.config.limits;
        if may_rotate && lease.unknown_outcome_left(row.now, limits).is_some() {
            let reason = "an earlier attempt may have rotated the refresh token".into();
            return Err(Error::OutcomeUnknown { reason });
        }
        // 9c. Providers reject every token of another client in the same words.
        if let Some(why) = self.unproven(&row.version).await? {
            self.shared.events(key).tell_unproven(why);
            return Err(Error::ClientUnproven { why });
        }
        // 9d. Revoked grant.
        let marked = table.mark_revoked(key, &row.version, lease.at, refusal).await?;
        if !marked && self.is_unchanged(row, lease).await? {
            // Another attempt would end in the same way.
            return table.write_blocker().await.map_or(Ok(false), Err);
        }
        if marked {
            let code = table.revoked(refusal).code();
            self.shared.events(key).tell(EventKind::RowDropped, Some(code));
        }
        Ok(marked)
    }

    /// Whether the row has not changed, and the lease is still ours.
    async fn is_unchanged(&self, row: &Row<T::Record>, lease: &Lease) -> Result<bool> {
        let now = self.shared.table.read(self.key).await?;
        Ok(now.is_some_and(|now| {
            now.revoked.is_none()
                && now.version == row.version
                && now.refreshing_at == Some(lease.at)
        }))
    }
}
