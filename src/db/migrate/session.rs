//! The connection of a migration.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client, Row};

use crate::db::connect::Servers;
use crate::db::error::{connect_error, from_driver, no_answer};
use crate::db::pool::Params;
use crate::db::primary::query;
use crate::db::query::Query;
use crate::db::settings::DatabaseSettings;
use crate::error::Result;

/// A connection outside the pool that collects the server's notices.
pub(super) struct Session {
    client: Client,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Session {
    pub(super) async fn connect(settings: &DatabaseSettings) -> Result<Self> {
        let step = "connect for a migration";
        let servers = Servers::of(settings, settings.connector()?)?;
        let limit = Duration::from_millis(settings.connect_timeout_ms);
        let (client, mut connection) = timeout(limit, servers.connect())
            .await
            .map_err(|_| no_answer(step))?
            .map_err(|error| connect_error(step, &error))?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&notices);
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notice(notice) = message
                    && let Some(text) = notice.message().strip_prefix("tokenkeep: ")
                {
                    collected.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
                }
            }
        });
        Ok(Self { client, notices })
    }

    /// The notices so far.
    pub(super) fn notices(&self) -> Vec<String> {
        std::mem::take(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn run(&self, step: &'static str, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|error| from_driver(step, &error))
    }
}

impl Query for Session {
    async fn rows(&self, step: &'static str, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        query(&self.client, sql, params).await.map_err(|error| from_driver(step, &error))
    }
}
