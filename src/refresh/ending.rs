//! Step 9: the provider says `invalid_grant`. Before a row ends it must be certain that nobody
//! holds a newer refresh token.

use super::lease::Lease;
use super::{EventKind, Next, Runtime, Shared, Table};
use crate::error::Error;
use crate::secret::RefreshToken;

impl<T: Table, R: Runtime> Shared<T, R> {
    pub(super) async fn invalid_grant(
        &self,
        key: &T::Key,
        sent: &RefreshToken,
        lease: &Lease,
        may_rotate: bool,
    ) -> Next<T> {
        let next = self.arbitrate(key, sent, lease, may_rotate).await;
        // Whoever goes back, or leaves the row as it is, gives the lease back.
        if !matches!(next, Next::Done(Err(Error::Revoked { .. }))) {
            self.release(key, lease).await;
        }
        next
    }

    async fn arbitrate(
        &self,
        key: &T::Key,
        sent: &RefreshToken,
        lease: &Lease,
        may_rotate: bool,
    ) -> Next<T> {
        let done = |error| Next::Done(Err(error));
        let row = match self.table.read(key).await {
            Err(error) => return done(error),
            // a. No row: revoked.
            Ok(None) => return done(self.table.revoked()),
            Ok(Some(row)) => row,
        };
        if let Some(error) = row.ended {
            return done(error);
        }
        let stored = match self.table.open(key, &row) {
            Ok(stored) => stored.refresh_token,
            Err(error) => return done(error),
        };
        // a. Other credentials: reuse may have killed their family, so the next call proves them.
        if !stored.is_some_and(|stored| stored.is_same(sent)) {
            if may_rotate {
                // What fails here only puts the proof off until the token has run out.
                let _ = self.table.suspect(key, &row.stamp).await;
            }
            return Next::Again;
        }
        // b. In doubt somebody may still hold the successor and be about to store it.
        if let Some(doubt) = lease.doubt
            && may_rotate
        {
            let limit_ms = i64::try_from(self.behaviour.limits.doubt_limit_ms).unwrap_or(i64::MAX);
            if row.now.ms_since(doubt) < limit_ms {
                let reason = "an earlier attempt may have rotated the refresh token".into();
                let error = Error::OutcomeUnknown { reason };
                let (runtime, limits) = (&self.runtime, &self.behaviour.limits);
                self.failures.remember(key, &row.stamp, &error, None, runtime, limits);
                return done(error);
            }
        }
        // c. The store's ending.
        match self.table.end(key, &row.stamp, lease.at).await {
            Ok(true) => {
                self.tell(EventKind::RowDropped, key, None, Some(self.table.revoked().code()));
                done(self.table.revoked())
            }
            Ok(false) => Next::Again,
            Err(error) => done(error),
        }
    }
}
