//! Connects to the servers in order, each within its share of the connect timeout; creates and checks the
//! connections of the pool.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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
use super::session::Session;
use super::settings::{Connector, DatabaseSettings};
use super::standby::{StandbyCheck, is_read_only};
use crate::error::Result;

pub(super) type Opened =
    (Client, Connection<Socket, <Connector as MakeTlsConnect<Socket>>::Stream>);

/// Why connecting failed.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// An error of the driver or the server.
    Driver(Error),
    /// The application gave no password.
    Password(NoPassword),
    /// The database does not use UTF-8, but this encoding.
    Encoding(String),
    /// The server is a standby.
    Standby,
    /// No server accepts writes.
    ReadOnly,
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

/// The required encoding. With `SQL_ASCII`, the server does not know the encoding of its texts.
const ENCODING: &str = "UTF8";

/// The servers of a connection string.
pub(super) struct Servers {
    each: Vec<Config>,
    connector: Connector,
    passwords: Option<Passwords>,
    share: Duration,
    /// With `needs_primary`, the index of the last server that accepted writes, which is tried first.
    primary: Option<AtomicUsize>,
    pub(super) standby_check: StandbyCheck,
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
            standby_check: StandbyCheck::new(settings.refuses_standby()),
            each,
            connector,
        })
    }

    /// Connects to the first suitable server. The driver's timeout covers only the TCP connection, so every
    /// server but the last has a time limit of its own; for the last, the caller's limit applies. If all
    /// fail, an error that a server has sent takes precedence over a network error.
    pub(super) async fn connect(&self) -> std::result::Result<Opened, ConnectError> {
        let password = match &self.passwords {
            Some(passwords) => Some(passwords.next().await.map_err(ConnectError::Password)?),
            None => None,
        };
        let password = password.as_ref().map(|password| password.as_bytes());
        let opened = self.connect_with(password).await.map_err(|error| match error {
            // Retryable: passwords rotate, so the application's next password may be valid.
            ConnectError::Driver(error)
                if password.is_some() && error.code() == Some(&SqlState::INVALID_PASSWORD) =>
            {
                ConnectError::Password(NoPassword {
                    reason: "returned a password that the server rejected",
                    cause_id: None,
                })
            }
            error => error,
        });
        if opened.is_err() {
            self.standby_check.require_check();
        }
        let mut opened = opened?;
        if self.standby_check.refuses(&mut opened).await? {
            return Err(ConnectError::Standby);
        }
        // A pooler may not send the parameter.
        match opened.1.parameter("server_encoding") {
            Some(encoding) if encoding != ENCODING => {
                Err(ConnectError::Encoding(encoding.to_owned()))
            }
            _ => Ok(opened),
        }
    }

    async fn connect_with(
        &self,
        password: Option<&[u8]>,
    ) -> std::result::Result<Opened, ConnectError> {
        let count = self.each.len();
        let begin = self.primary.as_ref().map_or(0, |primary| primary.load(Ordering::Relaxed));
        let last = (begin + count - 1) % count;
        let mut server_error = None;
        for index in (begin..begin + count - 1).map(|index| index % count) {
            match timeout(self.share, self.connect_to(index, password)).await {
                Ok(Ok(opened)) => return Ok(self.found(index, opened)),
                Ok(Err(error)) if error.is_from_server() => {
                    server_error = server_error.or(Some(error));
                }
                _ => {}
            }
        }
        match self.connect_to(last, password).await {
            Ok(opened) => Ok(self.found(last, opened)),
            Err(error) if error.is_from_server() => Err(error),
            Err(error) => Err(server_error.unwrap_or(error)),
        }
    }

    async fn connect_to(
        &self,
        index: usize,
        password: Option<&[u8]>,
    ) -> std::result::Result<Opened, ConnectError> {
        let mut server = self.each[index].clone();
        if let Some(password) = password {
            server.password(password);
        }
        let mut opened = server.connect(self.connector.clone()).await?;
        match self.primary.is_some() && is_read_only(&mut opened).await? {
            true => Err(ConnectError::ReadOnly),
            false => Ok(opened),
        }
    }

    /// Asks the servers to cancel this statement.
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

impl ConnectError {
    /// Whether the server has sent the error.
    fn is_from_server(&self) -> bool {
        matches!(self, Self::Driver(error) if error.as_db_error().is_some())
    }
}

impl Manager for Servers {
    type Type = Session;
    type Error = ConnectError;

    async fn create(&self) -> std::result::Result<Session, ConnectError> {
        let begun = Instant::now();
        let (client, connection) = Servers::connect(self).boxed().await?;
        // The client notices when the connection has ended.
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(Session::new(ClientWrapper::new(client, task), begun))
    }

    async fn recycle(&self, client: &mut Session, _: &Metrics) -> RecycleResult<ConnectError> {
        if client.is_closed() {
            self.standby_check.require_check();
            return Err(RecycleError::message("the connection is closed"));
        }
        match client.is_clean() {
            true => Ok(()),
            false => Err(RecycleError::message("a read in an RLS context was given up")),
        }
    }
}
