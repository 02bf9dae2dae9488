//! Rows whose lease was taken by one statement for many: steps 4 to 9 for each of them.

use std::sync::Arc;

use super::flight::{Joined, landing};
use super::lease::Lease;
use super::token::Reading;
use super::{
    Engine, FlightOf, Next, Outcome, Read, Row, Runtime, Shared, Stopwatch, Table, flight_key,
};
use crate::db::Timestamp;
use crate::error::Error;
use crate::oauth::TokenEndpoint;

/// A row that was free, and is leased to this process now.
#[derive(Debug)]
pub struct Claimed<T: Table> {
    /// Whose.
    pub key: T::Key,
    /// As it was when it was claimed.
    pub row: Row<T::Record>,
    /// The lease, as stored.
    pub lease: Timestamp,
    /// Started before the statement was sent (3a).
    pub clock: Stopwatch,
}

impl<T: Table, R: Runtime> Engine<T, R> {
    /// The engine's clocks: one is to be started before rows are claimed.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start(&self.shared.runtime)
    }

    /// Refreshes a claimed row; callers of this process who want it meanwhile share the outcome.
    ///
    /// # Errors
    /// Those of the refresh.
    pub async fn refresh_claimed<E: TokenEndpoint>(
        &self,
        claimed: Claimed<T>,
        endpoint: Arc<E>,
    ) -> Outcome<T> {
        let shared = &self.shared;
        let flight_key = flight_key::<T>(&claimed.key, endpoint.as_ref());
        // Whoever flies here already waits for this lease, and finds what comes of it.
        let (seat, flight) = match shared.flights.join(flight_key.clone()) {
            Joined::Started(seat, flight) => (seat, flight),
            Joined::Shared(_) => shared.flights.alone(flight_key),
        };
        let stamp = claimed.row.stamp.clone();
        shared.runtime.spawn(Arc::clone(shared).fly_claimed(claimed, endpoint, flight));
        let lost = || Err(Error::internal("a refresh ended without an outcome"));
        landing(seat, &stamp).await.unwrap_or_else(lost)
    }
}

impl<T: Table, R: Runtime> Shared<T, R> {
    async fn fly_claimed<E: TokenEndpoint>(
        self: Arc<Self>,
        claimed: Claimed<T>,
        endpoint: Arc<E>,
        flight: FlightOf<T>,
    ) {
        let Claimed { key, row, lease, clock } = claimed;
        let lease = Lease { at: lease, clock, doubt: None };
        let read = Read { reading: Reading { now: row.now, since: clock }, row };
        let outcome = match self.refresh_claim(&key, &read, lease, &endpoint, &flight).await {
            Next::Done(outcome) => outcome,
            Next::Again => match self.read(&key).await {
                // What was claimed came too late to be sent under this lease.
                Ok(now) if now.row.stamp == read.row.stamp => {
                    let waited = clock.elapsed(&self.runtime).as_millis();
                    let waited_ms = u64::try_from(waited).unwrap_or(u64::MAX);
                    Err(Error::RefreshTimeout { waited_ms })
                }
                // Somebody was faster: what is stored now is the outcome.
                Ok(now) => self.hand_out(&key, &now).await,
                Err(error) => Err(error),
            },
        };
        let asked = (flight_key::<T>(&key, endpoint.as_ref()), read.row.stamp);
        self.settle(&key, Some(&asked), outcome, &flight).await;
    }

    async fn refresh_claim<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        read: &Read<T>,
        lease: Lease,
        endpoint: &Arc<E>,
        flight: &FlightOf<T>,
    ) -> Next<T> {
        match self.prepare(key, read, endpoint.as_ref()).await {
            Ok((sent, refresh_token)) => {
                let endpoint = endpoint.as_ref();
                self.refresh_under(key, read, &sent, &refresh_token, lease, endpoint, flight).await
            }
            Err(error) => {
                self.release(key, &lease).await;
                Next::Done(Err(error))
            }
        }
    }
}
