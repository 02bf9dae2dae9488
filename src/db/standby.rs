//! Whether a connection leads to a standby: it takes no writes, and what it shows may be old.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{Either, select};
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::connect::Opened;

/// Answered by the server itself. Pgpool-II would have a standby of its own answer without the comment.
const IS_STANDBY: &str = "/*NO LOAD BALANCE*/ SELECT pg_is_in_recovery()";

/// What the servers from PostgreSQL 14 on tell whoever connects.
const TOLD: &str = "in_hot_standby";

/// Refuses connections to standbys, unless any server will do.
#[derive(Debug, Clone)]
pub(super) struct Standbys {
    are_refused: bool,
    suspected: Arc<AtomicBool>,
}

impl Standbys {
    pub(super) fn new(are_refused: bool) -> Self {
        Self { are_refused, suspected: Arc::default() }
    }

    /// A connection broke, or a write was refused as on a standby: servers may have changed their parts. The
    /// next connections are asked, whatever they tell: a pooler tells what was so when it connected itself.
    pub(super) fn suspect(&self) {
        self.suspected.store(true, Ordering::Relaxed);
    }

    /// Whether a new connection leads to one that is refused. Costs a round trip only where something says so.
    pub(super) async fn has_opened(&self, opened: &mut Opened) -> Result<bool, Error> {
        let (client, connection) = opened;
        let is_told = connection.parameter(TOLD) == Some("on");
        if !self.are_refused || !(is_told || self.suspected.load(Ordering::Relaxed)) {
            return Ok(false);
        }
        // Nobody else drives the connection yet.
        match select(pin!(self.is_behind(client)), &mut *connection).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, asked)) => asked.await,
        }
    }

    /// Asks a connection that was used before whether it is there, and whether it now leads to one that is
    /// refused.
    pub(super) async fn is_behind(&self, client: &Client) -> Result<bool, Error> {
        if !self.are_refused {
            return client.batch_execute("").await.map(|()| false);
        }
        let is_standby = match client.simple_query(IS_STANDBY).await {
            Ok(answer) => answer.iter().any(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0) == Some("t"),
                _ => false,
            }),
            // A server that does not know of standbys is none.
            Err(error) if error.as_db_error().is_some() && !client.is_closed() => false,
            Err(error) => return Err(error),
        };
        self.suspected.store(is_standby, Ordering::Relaxed);
        Ok(is_standby)
    }
}
