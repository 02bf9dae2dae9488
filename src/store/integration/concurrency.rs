//! How many requests run at once, and how many of them at one provider.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::watch;

use crate::error::Result;
use crate::oauth::{RotationGrace, TokenEndpoint, Verdict};
use crate::refresh::{Runtime, Tokio};
use crate::secret::RefreshToken;

/// An answer is late after this fraction of the HTTP budget.
const LATE_AFTER: u32 = 4;
/// The fraction of the permits for a provider that is not known to be healthy, and the fraction that a
/// healthy one leaves to the others.
const QUARTER: usize = 4;

/// The permits of a run, shared by its providers.
pub(super) struct Permits {
    total: usize,
    shares: Mutex<HashMap<String, Share>>,
    changed: watch::Sender<()>,
}

/// One provider.
#[derive(Default)]
struct Share {
    /// How many permits it has.
    taken: usize,
    health: Health,
}

/// How a provider has answered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Health {
    /// Not yet.
    #[default]
    Unknown,
    /// In time, with tokens or a refusal.
    Healthy,
    /// Late, not at all, or with a failure of its own.
    Unhealthy,
    /// It has rejected the client: no row can be refreshed there. Stays so for the whole run.
    ClientRejected,
}

/// Whether other providers have due rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// They have none.
    None,
    /// They have some.
    Some,
    /// They have some, which come first.
    First,
}

impl Permits {
    pub(super) fn new(total: usize) -> Arc<Self> {
        let (shares, changed) = (Mutex::default(), watch::Sender::new(()));
        Arc::new(Self { total, shares, changed })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Share>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A quarter of all, at least one.
    pub(super) fn quarter(&self) -> usize {
        (self.total / QUARTER).max(1)
    }

    /// How many permits this provider may take now. A healthy one leaves a quarter to the others. Any other
    /// gets at most a quarter, and all unhealthy ones together at most half: their requests may hang while
    /// the others go on.
    pub(super) fn free(&self, provider: &str, others: Others) -> usize {
        let shares = self.lock();
        let (mut taken, mut unhealthy) = (0, 0);
        for share in shares.values() {
            taken += share.taken;
            unhealthy += if share.health == Health::Unhealthy { share.taken } else { 0 };
        }
        let (mine, health) =
            shares.get(provider).map_or((0, Health::Unknown), |share| (share.taken, share.health));
        let quarter = self.quarter();
        let most = match (health, others) {
            (Health::ClientRejected, _) => 0,
            (Health::Healthy, Others::None) => self.total,
            (Health::Healthy, Others::Some) => self.total.saturating_sub(quarter).max(1),
            _ => quarter,
        };
        let half = match health {
            Health::Unhealthy => (self.total / 2).max(1).saturating_sub(unhealthy),
            _ => self.total,
        };
        most.saturating_sub(mine).min(half).min(self.total.saturating_sub(taken))
    }

    /// Its health, and how many permits it has.
    pub(super) fn of(&self, provider: &str) -> (Health, usize) {
        let shares = self.lock();
        shares.get(provider).map_or((Health::Unknown, 0), |share| (share.health, share.taken))
    }

    /// Takes a permit; [`free`](Self::free) says whether there is one.
    pub(super) fn take(self: &Arc<Self>, provider: &str) -> Permit {
        self.lock().entry(provider.to_owned()).or_default().taken += 1;
        Permit { permits: Arc::clone(self), provider: provider.to_owned() }
    }

    /// Records how a provider has answered.
    pub(super) fn record(&self, provider: &str, health: Health) {
        {
            let mut shares = self.lock();
            let share = shares.entry(provider.to_owned()).or_default();
            if share.health != Health::ClientRejected {
                share.health = health;
            }
        }
        self.changed.send_replace(());
    }

    /// Is told of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

/// The right to one request. Dropping it gives it back.
pub(super) struct Permit {
    permits: Arc<Permits>,
    provider: String,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(share) = self.permits.lock().get_mut(&self.provider) {
            share.taken = share.taken.saturating_sub(1);
        }
        self.permits.changed.send_replace(());
    }
}

/// An endpoint for one request. The permit is given back when the answer is there: the next request is sent
/// while the tokens are being stored.
pub(super) struct LimitedEndpoint<E> {
    endpoint: Arc<E>,
    permits: Arc<Permits>,
    provider: String,
    permit: Arc<Mutex<Option<Permit>>>,
}

impl<E> LimitedEndpoint<E> {
    pub(super) fn new(endpoint: Arc<E>, permit: Permit) -> Arc<Self> {
        let (permits, provider) = (Arc::clone(&permit.permits), permit.provider.clone());
        Arc::new(Self { endpoint, permits, provider, permit: Arc::new(Mutex::new(Some(permit))) })
    }
}

impl<E: TokenEndpoint> TokenEndpoint for LimitedEndpoint<E> {
    fn client(&self) -> Option<&str> {
        self.endpoint.client()
    }

    fn login(&self) -> Option<&str> {
        self.endpoint.login()
    }

    fn for_grant(self: &Arc<Self>, scopes: &[String], metadata: Option<&str>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            endpoint: self.endpoint.for_grant(scopes, metadata)?,
            permits: Arc::clone(&self.permits),
            provider: self.provider.clone(),
            permit: Arc::clone(&self.permit),
        }))
    }

    fn may_rotate(&self) -> bool {
        self.endpoint.may_rotate()
    }

    fn rotation_grace(&self) -> RotationGrace {
        self.endpoint.rotation_grace()
    }

    fn refresh_ends_access_token(&self) -> bool {
        self.endpoint.refresh_ends_access_token()
    }

    fn refresh_gap(&self) -> Duration {
        self.endpoint.refresh_gap()
    }

    fn is_repeatable(&self) -> bool {
        self.endpoint.is_repeatable()
    }

    /// No caller waits: the next run tries again.
    fn may_resend(&self) -> bool {
        false
    }

    async fn refresh(&self, token: &RefreshToken, budget: Duration, wall: Duration) -> Verdict {
        let runtime = Tokio::default();
        let request = pin!(self.endpoint.refresh(token, budget, wall));
        let verdict = match select(request, pin!(runtime.sleep(budget / LATE_AFTER))).await {
            Either::Left((verdict, _)) => {
                self.permits.record(&self.provider, health_of(&verdict));
                verdict
            }
            Either::Right(((), request)) => {
                self.permits.record(&self.provider, Health::Unhealthy);
                request.await
            }
        };
        self.permit.lock().unwrap_or_else(PoisonError::into_inner).take();
        verdict
    }
}

fn health_of(verdict: &Verdict) -> Health {
    match verdict {
        Verdict::Granted(_) | Verdict::InvalidGrant(_) | Verdict::Refused(_) => Health::Healthy,
        Verdict::Transient(..) | Verdict::Ambiguous(_) => Health::Unhealthy,
        Verdict::ClientRejected(_) => Health::ClientRejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_healthy_provider_leaves_a_quarter_to_the_others() {
        let permits = Permits::new(8);
        assert_eq!(permits.free("a", Others::None), 2);
        permits.record("a", Health::Healthy);
        assert_eq!(permits.free("a", Others::None), 8);
        let taken: Vec<Permit> = (0..5).map(|_| permits.take("a")).collect();
        assert_eq!(permits.free("a", Others::Some), 1);
        assert_eq!(permits.free("b", Others::Some), 2);
        drop(taken);
        assert_eq!(permits.free("a", Others::Some), 6);
        assert_eq!(permits.free("a", Others::First), 2);
    }

    #[test]
    fn unhealthy_providers_have_half_of_the_permits_together() {
        let permits = Permits::new(8);
        let names = ["a", "b", "c"];
        for name in names {
            permits.record(name, Health::Unhealthy);
        }
        let _taken: Vec<Permit> = ["a", "a", "b", "b"].map(|name| permits.take(name)).into();
        assert_eq!(names.map(|name| permits.free(name, Others::Some)), [0, 0, 0]);
        assert_eq!(permits.free("d", Others::Some), 2);
    }

    #[test]
    fn a_single_permit_is_for_every_provider_that_has_not_rejected_the_client() {
        let permits = Permits::new(1);
        for health in [Health::Unknown, Health::Healthy, Health::Unhealthy] {
            permits.record("a", health);
            assert_eq!(permits.free("a", Others::Some), 1);
        }
        permits.record("a", Health::ClientRejected);
        permits.record("a", Health::Healthy);
        assert_eq!(permits.free("a", Others::None), 0);
    }
}
