//! Detects standbys, whose data may be outdated, and read-only servers.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{Either, select};
use tokio_postgres::{Client, Error, Row};

use super::connect::Opened;
use super::primary::query;

const IS_STANDBY: &str = "SELECT pg_is_in_recovery()";

/// A SELECT, because Pgpool-II may send SHOW to a standby.
const IS_READ_ONLY: &str = "SELECT current_setting('transaction_read_only') = 'on'";

/// A parameter that servers since PostgreSQL 14 report to each new connection.
const IN_HOT_STANDBY: &str = "in_hot_standby";

/// Rejects connections to standbys, unless `target_session_attrs=any`.
#[derive(Debug, Clone)]
pub(super) struct StandbyCheck {
    is_enabled: bool,
    is_check_required: Arc<AtomicBool>,
}

impl StandbyCheck {
    pub(super) fn new(is_enabled: bool) -> Self {
        Self { is_enabled, is_check_required: Arc::default() }
    }

    /// Requires that the next connections are checked with a query. Called after a lost connection or a write
    /// that a standby rejected, as there may have been a failover. A pooler reports outdated parameters.
    pub(super) fn require_check(&self) {
        self.is_check_required.store(true, Ordering::Relaxed);
    }

    /// Whether to reject a new connection. Sends a query only if there is a reason for it.
    pub(super) async fn refuses(&self, opened: &mut Opened) -> Result<bool, Error> {
        let (client, connection) = opened;
        let reports_standby = connection.parameter(IN_HOT_STANDBY) == Some("on");
        let is_required = reports_standby || self.is_check_required.load(Ordering::Relaxed);
        if !self.is_enabled || !is_required {
            return Ok(false);
        }
        drive(self.is_standby(client), connection).await
    }

    /// Checks that a pooled connection responds; returns whether it now leads to a standby that is rejected.
    pub(super) async fn is_standby(&self, client: &Client) -> Result<bool, Error> {
        if !self.is_enabled {
            return client.batch_execute("").await.map(|()| false);
        }
        let is_standby = match query(client, IS_STANDBY, &[]).await {
            Ok(rows) => is_true(&rows)?,
            // A server without the function has no standbys.
            Err(error) if error.as_db_error().is_some() && !client.is_closed() => false,
            Err(error) => return Err(error),
        };
        self.is_check_required.store(is_standby, Ordering::Relaxed);
        Ok(is_standby)
    }
}

/// Returns whether the server of a new connection is read-only.
pub(super) async fn is_read_only((client, connection): &mut Opened) -> Result<bool, Error> {
    let asking = async { is_true(&query(client, IS_READ_ONLY, &[]).await?) };
    drive(asking, connection).await
}

/// Runs a query on a new connection, whose I/O no task drives yet.
async fn drive(
    query: impl Future<Output = Result<bool, Error>>,
    connection: &mut (impl Future<Output = Result<(), Error>> + Unpin),
) -> Result<bool, Error> {
    match select(pin!(query), connection).await {
        Either::Left((answer, _)) => answer,
        Either::Right((Ok(()), query)) => query.await,
        Either::Right((Err(error), _)) => Err(error),
    }
}

fn is_true(rows: &[Row]) -> Result<bool, Error> {
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}
