//! The settings of a database and its pool, from a URL, options and variables. `Debug` prints no secret.

use std::collections::HashMap;
use std::time::Duration;

use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::ZeroizeOnDrop;

use super::password::PasswordSource;
use super::transport::{TlsParameters, Transport};
use super::url::{Login, parse, refused};
use crate::config::{
    KEEPALIVE_IDLE_MS, KEEPALIVE_INTERVAL_MS, KEEPALIVE_RETRIES, POOL_CONNECT_MS,
    POOL_DEFAULT_CONNECTIONS, POOL_WAIT_MS,
};
use crate::error::{Error, Result};

/// The TLS connector.
pub(super) type Connector = MakeRustlsConnect;

/// The settings of a database. Instances with equal settings share a pool.
#[derive(Clone, PartialEq, Eq, Hash, ZeroizeOnDrop)]
pub struct DatabaseSettings {
    login: Login,
    needs_primary: bool,
    refuses_standby: bool,
    schema: Option<String>,
    /// Supplies the password of each new connection, instead of the URL.
    #[zeroize(skip)]
    pub password_source: Option<PasswordSource>,
    /// Whether and how TLS is used.
    #[zeroize(skip)]
    pub transport: Transport,
    /// The maximum number of connections in the pool.
    pub max_connections: usize,
    /// Whether statements are prepared on direct connections.
    pub prepares_statements: bool,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a caller waits for a connection, in milliseconds.
    pub wait_timeout_ms: u64,
}

impl std::fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseSettings(redacted, {} connections)", self.max_connections)
    }
}

impl DatabaseSettings {
    /// Parses a `postgres://` URL as node-postgres does; `defaults` supply missing parts. The URL parameter
    /// `schema` applies unless the argument `schema` is given. Unknown parameters are ignored.
    ///
    /// # Errors
    /// [`Error::Configuration`], which never contains a part of the URL.
    pub fn new(url: &str, schema: Option<&str>, defaults: &Login) -> Result<Self> {
        Self::with_variables(url, schema, defaults, &HashMap::new())
    }

    /// Like [`DatabaseSettings::new`], with libpq's variables for TLS and the connect timeout, by name. Each
    /// applies if the URL lacks its parameter.
    ///
    /// # Errors
    /// Like [`DatabaseSettings::new`].
    pub fn with_variables(
        url: &str,
        schema: Option<&str>,
        defaults: &Login,
        variables: &HashMap<String, String>,
    ) -> Result<Self> {
        let (mut login, parameters) = parse(url)?;
        login.complete(defaults);
        let mut wanted = TlsParameters::default();
        let mut named = schema.map(str::to_owned);
        let mut target = None;
        let mut seconds = None;
        let mut prepares_statements = true;
        for (name, value) in parameters {
            match name {
                "schema" if named.is_none() => named = Some(value.to_string()),
                "connect_timeout" => {
                    seconds = connect_timeout("connect_timeout", &value)
                        .map_err(|error| wanted.sources.name(error))?;
                }
                // Prisma's sign that a pooler does not support them.
                "pgbouncer" => prepares_statements = value.as_str() != "true",
                "target_session_attrs" => target = Some(parse_target_session_attrs(&value)?),
                _ => {
                    let taken = wanted.take(name, &value);
                    taken.map_err(|error| wanted.sources.name(error))?;
                }
            }
        }
        wanted.complete(variables);
        let sources = wanted.sources.clone();
        if seconds.is_none() {
            let variable = variables.get("PGCONNECT_TIMEOUT").map_or("", String::as_str);
            seconds = connect_timeout("PGCONNECT_TIMEOUT", variable)?;
        }
        if let Some(name) = &named
            && (name.is_empty() || name.len() > 63 || name.contains('\0'))
        {
            return Err(Error::configuration("schema", "must be a name of 1 to 63 bytes"));
        }
        // At most one of several servers accepts writes, and the others may be behind.
        let hosts = login.host.as_deref().unwrap_or_default().split(',').count();
        let has_several = hosts > 1;
        let settings = Self {
            login,
            needs_primary: target.unwrap_or(has_several),
            refuses_standby: target.unwrap_or(true),
            schema: named,
            password_source: None,
            transport: wanted.transport().map_err(|error| sources.name(error))?,
            max_connections: POOL_DEFAULT_CONNECTIONS,
            prepares_statements,
            // libpq applies its timeout to each host.
            connect_timeout_ms: seconds
                .filter(|seconds| *seconds > 0)
                .map_or(POOL_CONNECT_MS, |seconds| seconds.saturating_mul(1_000 * hosts as u64)),
            wait_timeout_ms: POOL_WAIT_MS,
        };
        settings.driver()?;
        Ok(settings)
    }

    /// The settings for the driver.
    pub(super) fn driver(&self) -> Result<tokio_postgres::Config> {
        let Login { host, port, user, password, database, application_name, options } = &self.login;
        let mut config = tokio_postgres::Config::new();
        for host in host.as_deref().unwrap_or("localhost").split(',') {
            if host.is_empty() {
                return Err(refused("has an empty host"));
            }
            if host.trim() != host {
                return Err(refused("or PGHOST has a host with leading or trailing white space"));
            }
            config.host(host);
        }
        for port in port.iter().flat_map(|ports| ports.split(',')) {
            let number = if port.is_empty() { Ok(PORT) } else { port.trim().parse() };
            config.port(number.map_err(|_| refused("has an invalid port"))?);
        }
        if ![0, 1, config.get_hosts().len()].contains(&config.get_ports().len()) {
            return Err(refused("must have one port, or one for each host"));
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

    /// The driver's settings for each server, in the order in which they are tried.
    pub(super) fn drivers(&self) -> Result<Vec<tokio_postgres::Config>> {
        self.servers().iter().map(|server| server.settings.driver()).collect()
    }

    /// The TLS connector. Reads the files that the parameters name.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a file is invalid.
    pub(super) fn connector(&self) -> Result<Connector> {
        self.transport.client().map(MakeRustlsConnect::new)
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

    /// Whether both may lead to the same tables: database name and schema are equal. Host and role may change
    /// while the database stays the same.
    #[must_use]
    pub fn is_same_database(&self, other: &Self) -> bool {
        let name = |settings: &Self| {
            let Login { user, database, .. } = &settings.login;
            database.clone().or_else(|| user.clone())
        };
        name(self) == name(other) && self.schema == other.schema
    }

    /// Whether read-only servers are skipped.
    #[must_use]
    pub fn needs_primary(&self) -> bool {
        self.needs_primary
    }

    /// Whether connections to a standby are rejected.
    pub(super) fn refuses_standby(&self) -> bool {
        self.refuses_standby
    }

    /// The schema of the tables; `None`: the role's `search_path` decides.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// `table`, qualified with the schema if there is one.
    #[must_use]
    pub fn qualified(&self, table: &str) -> String {
        match &self.schema {
            Some(schema) => format!("\"{}\".{table}", schema.replace('"', "\"\"")),
            None => table.to_owned(),
        }
    }
}

/// One server of a connection string.
#[derive(Debug)]
pub struct Server {
    /// Its name, its address, or the directory of its Unix socket.
    pub host: String,
    /// Its port.
    pub port: String,
    /// The settings for this server only, read-only or not.
    pub settings: DatabaseSettings,
}

/// PostgreSQL's default port.
const PORT: u16 = 5432;

/// Whether a server must accept writes.
fn parse_target_session_attrs(value: &str) -> Result<bool> {
    match value {
        "any" => Ok(false),
        "read-write" | "primary" => Ok(true),
        _ => Err(refused("target_session_attrs must be any, read-write or primary")),
    }
}

/// A timeout in seconds, as libpq parses it; `None` if absent. 0 or less, no limit in libpq, becomes 0, which
/// stands for the default.
fn connect_timeout(option: &'static str, value: &str) -> Result<Option<u64>> {
    if value.is_empty() {
        return Ok(None);
    }
    let seconds = value.trim().parse::<i32>();
    let seconds =
        seconds.map_err(|_| Error::configuration(option, "must be a whole number of seconds"))?;
    Ok(Some(u64::try_from(seconds).unwrap_or(0)))
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
