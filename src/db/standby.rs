//! Whether a connection leads to a standby, or takes no writes: what a standby shows may be old.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{Either, select};
use tokio_postgres::{Client, Error, Row};

use super::connect::Opened;
use super::primary::query;

const IS_STANDBY: &str = "SELECT pg_is_in_recovery()";

/// Asked as a statement: Pgpool-II has SHOW answered by a standby.
const IS_READ_ONLY: &str = "SELECT current_setting('transaction_read_only') = 'on'";

/// What the servers from PostgreSQL 14 on tell whoever connects.
const TOLD: &str = "in_hot_standby";

/// Refuses connections to standbys, unless any server will do.
#[derive(Debug, Clone)]
pub(super) struct Standbys {
    are_refused: bool,
    must_check: Arc<AtomicBool>,
}

impl Standbys {
    pub(super) fn new(are_refused: bool) -> Self {
        Self { are_refused, must_check: Arc::default() }
    }

    /// A connection broke, or a write was refused as on a standby: servers may have changed their parts. The
    /// next connections are asked, whatever they tell: a pooler tells what was so when it connected itself.
    pub(super) fn require_check(&self) {
        self.must_check.store(true, Ordering::Relaxed);
    }

    /// Whether a new connection leads to one that is refused. Costs a round trip only where something says so.
    pub(super) async fn has_opened(&self, opened: &mut Opened) -> Result<bool, Error> {
        let (client, connection) = opened;
        let is_told = connection.parameter(TOLD) == Some("on");
        if !self.are_refused || !(is_told || self.must_check.load(Ordering::Relaxed)) {
            return Ok(false);
        }
        driven(self.is_behind(client), connection).await
    }

    /// Asks a connection that was used before whether it is there, and whether it now leads to one that is
    /// refused.
    pub(super) async fn is_behind(&self, client: &Client) -> Result<bool, Error> {
        if !self.are_refused {
            return client.batch_execute("").await.map(|()| false);
        }
        let is_standby = match query(client, IS_STANDBY, &[]).await {
            Ok(rows) => is_true(&rows)?,
            // A server that does not know of standbys is none.
            Err(error) if error.as_db_error().is_some() && !client.is_closed() => false,
            Err(error) => return Err(error),
        };
        self.must_check.store(is_standby, Ordering::Relaxed);
        Ok(is_standby)
    }
}

/// Asks a server that nobody else uses yet whether it takes no writes.
pub(super) async fn is_read_only((client, connection): &mut Opened) -> Result<bool, Error> {
    let asking = async { is_true(&query(client, IS_READ_ONLY, &[]).await?) };
    driven(asking, connection).await
}

/// What comes of asking on a connection that nobody else drives yet.
async fn driven(
    asking: impl Future<Output = Result<bool, Error>>,
    connection: &mut (impl Future<Output = Result<(), Error>> + Unpin),
) -> Result<bool, Error> {
    match select(pin!(asking), connection).await {
        Either::Left((answer, _)) => answer,
        Either::Right((Ok(()), asking)) => asking.await,
        Either::Right((Err(error), _)) => Err(error),
    }
}

fn is_true(rows: &[Row]) -> Result<bool, Error> {
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}
