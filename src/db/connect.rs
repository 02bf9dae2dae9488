//! Connecting: one server after the other, each within its share of the time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config, Connection, Error, Socket};

use super::cancel::cancel;
use super::settings::{Connector, DatabaseSettings};
use crate::error::Result;

type Opened = (Client, Connection<Socket, <Connector as MakeTlsConnect<Socket>>::Stream>);

/// The servers that settings name.
pub(super) struct Servers {
    each: Vec<Config>,
    connector: Connector,
    share: Duration,
    /// Of those that are asked whether they take writes the one that did: the next connection begins
    /// there. Otherwise their order counts.
    primary: Option<AtomicUsize>,
}

impl Servers {
    /// # Errors
    /// [`crate::error::Error::Configuration`] when the settings cannot be used.
    pub(super) fn of(settings: &DatabaseSettings, connector: Connector) -> Result<Self> {
        let each = settings.drivers()?;
        let count = u32::try_from(each.len()).unwrap_or(u32::MAX).max(1);
        Ok(Self {
            share: Duration::from_millis(settings.connect_timeout_ms) / count,
            primary: settings.needs_primary().then(AtomicUsize::default),
            each,
            connector,
        })
    }

    /// A connection to the first server that will do. The driver's own timeout ends with the TCP
    /// connection; one that does not answer then must leave time for the next. For the last one there
    /// is only the limit of whoever calls. When none will do, what a server has said counts more than
    /// silence.
    pub(super) async fn connect(&self) -> std::result::Result<Opened, Error> {
        let count = self.each.len();
        let begin = self.primary.as_ref().map_or(0, |primary| primary.load(Ordering::Relaxed));
        let last = (begin + count - 1) % count;
        let mut said = None;
        for index in (begin..begin + count - 1).map(|index| index % count) {
            let connecting = self.each[index].connect(self.connector.clone());
            match timeout(self.share, connecting).await {
                Ok(Ok(opened)) => return Ok(self.found(index, opened)),
                Ok(Err(error)) if error.as_db_error().is_some() => said = said.or(Some(error)),
                _ => {}
            }
        }
        match self.each[last].connect(self.connector.clone()).await {
            Ok(opened) => Ok(self.found(last, opened)),
            Err(error) if error.as_db_error().is_some() => Err(error),
            Err(error) => Err(said.unwrap_or(error)),
        }
    }

    /// Asks the server that has this statement to end it.
    pub(super) async fn cancel(&self, statement: &CancelToken) {
        join_all(self.each.iter().map(|server| cancel(statement, server, self.connector.clone())))
            .await;
    }

    fn found(&self, index: usize, opened: Opened) -> Opened {
        if let Some(primary) = &self.primary {
            primary.store(index, Ordering::Relaxed);
        }
        opened
    }
}

impl Connect for Servers {
    fn connect(
        &self,
        _: &Config,
    ) -> BoxFuture<'_, std::result::Result<(Client, JoinHandle<()>), Error>> {
        async {
            let (client, connection) = Servers::connect(self).await?;
            // Its end is told to whoever asks next.
            let task = tokio::spawn(async move { drop(connection.await) });
            Ok((client, task))
        }
        .boxed()
    }
}
