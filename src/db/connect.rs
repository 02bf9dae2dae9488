//! Connecting: one server after the other, each within its share of the time; and the connections that
//! the pool keeps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config, Connection, Error, Socket};

use super::cancel::cancel;
use super::password::{NoPassword, Passwords};
use super::settings::{Connector, DatabaseSettings};
use super::standby::{Standbys, is_read_only};
use crate::error::Result;

pub(super) type Opened =
    (Client, Connection<Socket, <Connector as MakeTlsConnect<Socket>>::Stream>);

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Unconnected {
    /// What the driver, or the server, says.
    Driver(Error),
    /// The application gave no password.
    Password(NoPassword),
    /// The database's texts are in another encoding.
    Encoding(String),
    /// The server is a standby.
    Standby,
    /// None of the servers takes writes.
    ReadOnly,
}

impl From<Error> for Unconnected {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

/// The one encoding that holds every text that is stored. `SQL_ASCII` is none: the server then knows
/// nothing of what its texts mean.
const ENCODING: &str = "UTF8";

/// The servers that settings name.
pub(super) struct Servers {
    each: Vec<Config>,
    connector: Connector,
    passwords: Option<Passwords>,
    share: Duration,
    /// Of those that are asked whether they take writes the one that did: the next connection begins
    /// there. Otherwise their order counts.
    primary: Option<AtomicUsize>,
    pub(super) standbys: Standbys,
}

impl Servers {
    /// # Errors
    /// [`crate::error::Error::Configuration`] when the settings cannot be used.
    pub(super) fn of(settings: &DatabaseSettings, connector: Connector) -> Result<Self> {
        let each = settings.drivers()?;
        let count = u32::try_from(each.len()).unwrap_or(u32::MAX).max(1);
        let limit = Duration::from_millis(settings.connect_timeout_ms);
        let source = settings.password_source.clone();
        Ok(Self {
            share: limit / count,
            passwords: source.map(|source| Passwords::of(source, limit)),
            primary: settings.needs_primary().then(AtomicUsize::default),
            standbys: Standbys::new(settings.refuses_standby()),
            each,
            connector,
        })
    }

    /// A connection to the first server that will do. The driver's own timeout ends with the TCP
    /// connection; one that does not answer then must leave time for the next. For the last one there
    /// is only the limit of whoever calls. When none will do, what a server has said counts more than
    /// silence.
    pub(super) async fn connect(&self) -> std::result::Result<Opened, Unconnected> {
        let password = match &self.passwords {
            Some(passwords) => Some(passwords.next().await.map_err(Unconnected::Password)?),
            None => None,
        };
        let password = password.as_ref().map(|password| password.as_bytes());
        let opened = self.connect_with(password).await.map_err(|error| match error {
            // The next one that the application gives may be taken: they rotate.
            Unconnected::Driver(error)
                if password.is_some() && error.code() == Some(&SqlState::INVALID_PASSWORD) =>
            {
                Unconnected::Password(NoPassword {
                    reason: "gave a password that the server refused",
                    cause_id: None,
                })
            }
            error => error,
        });
        if opened.is_err() {
            self.standbys.require_check();
        }
        let mut opened = opened?;
        if self.standbys.has_opened(&mut opened).await? {
            return Err(Unconnected::Standby);
        }
        // A pooler may not tell it.
        match opened.1.parameter("server_encoding") {
            Some(encoding) if encoding != ENCODING => {
                Err(Unconnected::Encoding(encoding.to_owned()))
            }
            _ => Ok(opened),
        }
    }

    async fn connect_with(
        &self,
        password: Option<&[u8]>,
    ) -> std::result::Result<Opened, Unconnected> {
        let count = self.each.len();
        let begin = self.primary.as_ref().map_or(0, |primary| primary.load(Ordering::Relaxed));
        let last = (begin + count - 1) % count;
        let mut said = None;
        for index in (begin..begin + count - 1).map(|index| index % count) {
            match timeout(self.share, self.connect_to(index, password)).await {
                Ok(Ok(opened)) => return Ok(self.found(index, opened)),
                Ok(Err(error)) if error.is_said() => said = said.or(Some(error)),
                _ => {}
            }
        }
        match self.connect_to(last, password).await {
            Ok(opened) => Ok(self.found(last, opened)),
            Err(error) if error.is_said() => Err(error),
            Err(error) => Err(said.unwrap_or(error)),
        }
    }

    async fn connect_to(
        &self,
        index: usize,
        password: Option<&[u8]>,
    ) -> std::result::Result<Opened, Unconnected> {
        let mut server = self.each[index].clone();
        if let Some(password) = password {
            server.password(password);
        }
        let mut opened = server.connect(self.connector.clone()).await?;
        match self.primary.is_some() && is_read_only(&mut opened).await? {
            true => Err(Unconnected::ReadOnly),
            false => Ok(opened),
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

impl Unconnected {
    /// Whether the server has said it.
    fn is_said(&self) -> bool {
        matches!(self, Self::Driver(error) if error.as_db_error().is_some())
    }
}

impl Manager for Servers {
    type Type = ClientWrapper;
    type Error = Unconnected;

    async fn create(&self) -> std::result::Result<ClientWrapper, Unconnected> {
        let (client, connection) = Servers::connect(self).boxed().await?;
        // Its end is told to whoever asks next.
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(ClientWrapper::new(client, task))
    }

    async fn recycle(&self, client: &mut ClientWrapper, _: &Metrics) -> RecycleResult<Unconnected> {
        match client.is_closed() {
            true => {
                self.standbys.require_check();
                Err(RecycleError::message("the connection is closed"))
            }
            false => Ok(()),
        }
    }
}
