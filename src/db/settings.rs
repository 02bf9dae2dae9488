//! Which database, and how much of it: read from a URL and options, comparable, never printed.

use std::collections::HashMap;
use std::time::Duration;

use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::ZeroizeOnDrop;

use super::password::PasswordSource;
use super::transport::{Transport, Wanted};
use super::url::{Login, parse, refused};
use crate::config::{
    KEEPALIVE_IDLE_MS, KEEPALIVE_INTERVAL_MS, KEEPALIVE_RETRIES, POOL_CONNECT_MS,
    POOL_DEFAULT_CONNECTIONS, POOL_WAIT_MS,
};
use crate::error::{Error, Result};

/// What encrypts a connection.
pub(super) type Connector = MakeRustlsConnect;

/// Two instances with equal settings share one pool.
#[derive(Clone, PartialEq, Eq, Hash, ZeroizeOnDrop)]
pub struct DatabaseSettings {
    login: Login,
    needs_primary: bool,
    refuses_standby: bool,
    schema: Option<String>,
    /// Gives the password of each new connection, in the place of the URL's.
    #[zeroize(skip)]
    pub password_source: Option<PasswordSource>,
    /// How the server is reached.
    #[zeroize(skip)]
    pub transport: Transport,
    /// The most connections of the pool.
    pub max_connections: usize,
    /// How long connecting may take.
    pub connect_timeout_ms: u64,
    /// How long a caller waits for a connection.
    pub wait_timeout_ms: u64,
}

impl std::fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseSettings(redacted, {} connections)", self.max_connections)
    }
}

impl DatabaseSettings {
    /// Reads a `postgres://` URL as node-postgres does; `defaults` count where it names nothing. The
    /// parameter `schema` names the schema of the tables, unless `schema` is given; parameters that are
    /// not known are left out.
    ///
    /// # Errors
    /// [`Error::Configuration`] that never prints the URL.
    pub fn new(url: &str, schema: Option<&str>, defaults: &Login) -> Result<Self> {
        Self::with_variables(url, schema, defaults, &HashMap::new())
    }

    /// The same with libpq's variables about TLS, by their names, each of which counts where the URL does
    /// not name its parameter.
    ///
    /// # Errors
    /// As [`DatabaseSettings::new`].
    pub fn with_variables(
        url: &str,
        schema: Option<&str>,
        defaults: &Login,
        variables: &HashMap<String, String>,
    ) -> Result<Self> {
        let (mut login, parameters) = parse(url)?;
        login.complete(defaults);
        let mut wanted = Wanted::default();
        let mut named = schema.map(str::to_owned);
        let mut target = None;
        let mut seconds = None;
        for (name, value) in parameters {
            match name {
                "schema" if named.is_none() => named = Some(value.to_string()),
                "connect_timeout" => {
                    seconds = connect_timeout("connect_timeout", &value).map_err(of_url)?;
                }
                "target_session_attrs" => target = Some(session_attributes(&value)?),
                _ => drop(wanted.take(name, &value).map_err(of_url)?),
            }
        }
        wanted.complete(variables);
        if seconds.is_none() {
            let variable = variables.get("PGCONNECT_TIMEOUT").map_or("", String::as_str);
            seconds = connect_timeout("PGCONNECT_TIMEOUT", variable)?;
        }
        if let Some(name) = &named
            && (name.is_empty() || name.len() > 63 || name.contains('\0'))
        {
            return Err(Error::configuration("schema", "must be a name of 1 to 63 bytes"));
        }
        // Of several servers at most one takes writes, and the others may be behind.
        let hosts = login.host.as_deref().unwrap_or_default().split(',').count();
        let has_several = hosts > 1;
        let settings = Self {
            login,
            needs_primary: target.unwrap_or(has_several),
            refuses_standby: target.unwrap_or(true),
            schema: named,
            password_source: None,
            transport: wanted.transport().map_err(of_url)?,
            max_connections: POOL_DEFAULT_CONNECTIONS,
            // libpq's counts for each host.
            connect_timeout_ms: seconds
                .filter(|seconds| *seconds > 0)
                .map_or(POOL_CONNECT_MS, |seconds| seconds.saturating_mul(1_000 * hosts as u64)),
            wait_timeout_ms: POOL_WAIT_MS,
        };
        settings.driver()?;
        Ok(settings)
    }

    /// The driver's own form of these settings.
    pub(super) fn driver(&self) -> Result<tokio_postgres::Config> {
        let Login { host, port, user, password, database, application_name, options } = &self.login;
        let mut config = tokio_postgres::Config::new();
        for host in host.as_deref().unwrap_or("localhost").split(',') {
            if host.is_empty() {
                return Err(refused("names no host"));
            }
            if host.trim() != host {
                return Err(refused("or PGHOST names a host with white space around it"));
            }
            config.host(host);
        }
        for port in port.iter().flat_map(|ports| ports.split(',')) {
            let number = if port.is_empty() { Ok(PORT) } else { port.trim().parse() };
            config.port(number.map_err(|_| refused("has a port that is no number of one"))?);
        }
        if ![0, 1, config.get_hosts().len()].contains(&config.get_ports().len()) {
            return Err(refused("has another number of ports than of hosts"));
        }
        if let Some(user) = user {
            config.user(user);
        }
        if let Some(password) = password {
            config.password(password);
        }
        if let Some(database) = database {
            config.dbname(database);
        }
        if let Some(options) = options {
            config.options(options);
        }
        self.transport.configure(&mut config);
        config.connect_timeout(Duration::from_millis(self.connect_timeout_ms));
        config.keepalives_idle(Duration::from_millis(KEEPALIVE_IDLE_MS));
        config.keepalives_interval(Duration::from_millis(KEEPALIVE_INTERVAL_MS));
        config.keepalives_retries(KEEPALIVE_RETRIES);
        config.application_name(application_name.as_deref().unwrap_or("tokenkeep"));
        Ok(config)
    }

    /// The driver's form of each server, in the order in which they are tried.
    pub(super) fn drivers(&self) -> Result<Vec<tokio_postgres::Config>> {
        self.servers().iter().map(|server| server.settings.driver()).collect()
    }

    /// What encrypts a connection; reads the files that the parameters name.
    ///
    /// # Errors
    /// [`Error::Configuration`] when one of them is no use.
    pub(super) fn connector(&self) -> Result<Connector> {
        self.transport.client().map(MakeRustlsConnect::new).map_err(of_url)
    }

    /// The servers, in the order in which they are tried.
    #[must_use]
    pub fn servers(&self) -> Vec<Server> {
        let hosts = self.login.host.as_deref().unwrap_or("localhost").split(',');
        let ports: Vec<&str> = self.login.port.iter().flat_map(|all| all.split(',')).collect();
        let server = |(index, host): (usize, &str)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or_default();
            let port = if port.is_empty() { PORT.to_string() } else { port.to_owned() };
            let mut settings = self.clone();
            settings.login.host = Some(host.to_owned());
            settings.login.port = Some(port.clone());
            settings.needs_primary = false;
            settings.refuses_standby = false;
            Server { host: host.to_owned(), port, settings }
        };
        hosts.enumerate().map(server).collect()
    }

    /// Whether both may lead to the same tables: the database has the same name. Host and role do not
    /// matter, since either may be replaced while the database stays.
    #[must_use]
    pub fn is_same_database(&self, other: &Self) -> bool {
        let name = |settings: &Self| {
            let Login { user, database, .. } = &settings.login;
            database.clone().or_else(|| user.clone())
        };
        name(self) == name(other) && self.schema == other.schema
    }

    /// Whether a server that takes no writes is passed over.
    #[must_use]
    pub fn needs_primary(&self) -> bool {
        self.needs_primary
    }

    /// Whether a connection that leads to a standby is refused: unless any server will do.
    pub(super) fn refuses_standby(&self) -> bool {
        self.refuses_standby
    }

    /// The schema that the tables live in; `None`: where the role's own `search_path` finds them.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// `table` as our SQL names it.
    #[must_use]
    pub fn qualified(&self, table: &str) -> String {
        match &self.schema {
            Some(schema) => format!("\"{}\".{table}", schema.replace('"', "\"\"")),
            None => table.to_owned(),
        }
    }
}

/// One of the servers that settings name.
#[derive(Debug)]
pub struct Server {
    /// Its name, its address, or the folder of its socket.
    pub host: String,
    /// Its port.
    pub port: String,
    /// The settings that lead there and nowhere else, whether it takes writes or not.
    pub settings: DatabaseSettings,
}

/// PostgreSQL's own.
const PORT: u16 = 5432;

/// Whether only a server that takes writes will do.
fn session_attributes(value: &str) -> Result<bool> {
    match value {
        "any" => Ok(false),
        "read-write" | "primary" => Ok(true),
        _ => Err(refused("target_session_attrs must be any, read-write or primary")),
    }
}

/// libpq's seconds; `None`: nothing is said. There, 0 and less are no limit: here that is the usual one.
fn connect_timeout(option: &'static str, value: &str) -> Result<Option<u64>> {
    if value.is_empty() {
        return Ok(None);
    }
    let seconds = value.trim().parse::<i32>();
    let seconds =
        seconds.map_err(|_| Error::configuration(option, "must be a whole number of seconds"))?;
    Ok(Some(u64::try_from(seconds).unwrap_or(0)))
}

/// What is wrong with a parameter is wrong with the URL.
fn of_url(error: Error) -> Error {
    match error {
        Error::Configuration { option, reason } => {
            Error::configuration("DATABASE_URL", format!("{option} {reason}"))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn read(url: &str, schema: Option<&str>) -> Result<DatabaseSettings> {
        DatabaseSettings::new(url, schema, &Login::default())
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_printing_it() {
        for url in [
            "mysql://u:hunter2@h/d",
            "postgres://u:hunter2@:x/d",
            "postgres://u:hunter2@h/d?schema=",
        ] {
            let error = read(url, None).expect_err("is refused");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn an_unescaped_at_sign_never_leads_to_another_host() {
        for (url, password) in [
            ("postgres://u:p@ss@h/d", "p@ss"),
            ("postgres://u:p@ss@h?application_name=a@b", "p@ss"),
            ("postgres://u:p%40ss@h/d?application_name=a@b", "p@ss"),
        ] {
            let driver = read(url, None).and_then(|settings| settings.driver());
            let driver = driver.expect("parses");
            assert_eq!(driver.get_hosts(), [Host::Tcp("h".into())], "{url}");
            assert_eq!(driver.get_password(), Some(password.as_bytes()), "{url}");
        }
        for url in [
            "postgres://h/d?user=u&password=p@ss",
            "postgres://u:5/p@h/d",
            "postgres://u:5?p@h/d",
            "postgres://u:p@s/s@h/d",
            "postgres://u:p@s?s@h/d",
            "postgres://u:p@s?s@h/d?application_name=a",
        ] {
            assert!(read(url, None).is_err(), "{url}");
        }
    }

    #[test]
    fn the_time_to_connect_is_libpqs_for_each_host() {
        let ms = |url: &str, variable: &str| {
            let variables = HashMap::from([("PGCONNECT_TIMEOUT".to_owned(), variable.to_owned())]);
            DatabaseSettings::with_variables(url, None, &Login::default(), &variables)
                .map(|settings| settings.connect_timeout_ms)
        };
        for (url, variable, expected) in [
            ("postgres://h/d", "", POOL_CONNECT_MS),
            ("postgres://h/d?connect_timeout=30", "", 30_000),
            ("postgres://h/d", "30", 30_000),
            ("postgres://h/d?connect_timeout=2", "30", 2_000),
            ("postgres://a,b,c/d?connect_timeout=2", "", 6_000),
            ("postgres://h/d?connect_timeout=0", "30", POOL_CONNECT_MS),
            ("postgres://h/d?connect_timeout=-1", "", POOL_CONNECT_MS),
        ] {
            assert_eq!(ms(url, variable), Ok(expected), "{url} {variable}");
        }
        for (url, variable) in
            [("postgres://h/d?connect_timeout=1.5", ""), ("postgres://h/d", "99999999999")]
        {
            assert!(matches!(ms(url, variable), Err(Error::Configuration { .. })), "{url}");
        }
    }

    #[test]
    fn extras_of_other_clients_are_left_out_and_a_schema_is_taken() {
        let url = "postgres://u:hunter2@h/d?schema=app&pgbouncer=true&connection_limit=1";
        let settings = read(url, None).expect("parses");
        assert_eq!(settings.qualified("gmail_tokens"), "\"app\".gmail_tokens");
        assert!(!format!("{settings:?}").contains("hunter2"));
        let named = read(url, Some("o\"dd")).expect("parses");
        assert_eq!(named.qualified("t"), "\"o\"\"dd\".t");
    }
}
