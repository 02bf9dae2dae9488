//! Which database, and how much of it: read from a URL and options, comparable, never printed.

use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::transport::Transport;
use crate::config::{POOL_CONNECT_MS, POOL_DEFAULT_CONNECTIONS, POOL_WAIT_MS};
use crate::error::{Error, Result};

/// Two instances with equal settings share one pool.
#[derive(Clone, PartialEq, Eq, Hash, ZeroizeOnDrop)]
pub struct DatabaseSettings {
    url: String,
    schema: Option<String>,
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
    /// Reads a `postgres://` URL as node-postgres does. The parameter `schema` names the schema of the
    /// tables, unless `schema` is given; parameters that are not known are left out.
    ///
    /// # Errors
    /// [`Error::Configuration`] that never prints the URL.
    pub fn new(url: &str, schema: Option<&str>) -> Result<Self> {
        let (login, rest) = split_login(url)?;
        let login = Zeroizing::new(login.replace('@', "%40"));
        let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut transport = Transport::default();
        let mut kept: Vec<&str> = Vec::new();
        let mut named = schema.map(str::to_owned);
        for parameter in query.split('&').filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // The driver would decode it, or it is the second half of a password.
            if !is_word(name) {
                return Err(unescaped());
            }
            match name {
                "schema" if named.is_none() => named = Some(decoded(value)?),
                _ if transport.take(name, &decoded(value)?).map_err(of_url)? => {}
                _ if KNOWN.contains(&name) => kept.push(parameter),
                _ => {}
            }
        }
        if let Some(name) = &named
            && (name.is_empty() || name.len() > 63 || name.contains('\0'))
        {
            return Err(Error::configuration("schema", "must be a name of 1 to 63 bytes"));
        }
        let mark = if kept.is_empty() { "" } else { "?" };
        let kept = Zeroizing::new(kept.join("&"));
        let url = [login.as_str(), base, mark, kept.as_str()].concat();
        let settings = Self {
            url,
            schema: named,
            transport: transport.settled().map_err(of_url)?,
            max_connections: POOL_DEFAULT_CONNECTIONS,
            connect_timeout_ms: POOL_CONNECT_MS,
            wait_timeout_ms: POOL_WAIT_MS,
        };
        settings.driver()?;
        Ok(settings)
    }

    /// The driver's own form of these settings.
    pub(super) fn driver(&self) -> Result<tokio_postgres::Config> {
        // The driver's parse error may quote the URL, and with it a password.
        let mut config =
            tokio_postgres::Config::from_str(&self.url).map_err(|_| refused(NO_URL))?;
        if config.get_hosts().is_empty() {
            return Err(refused("names no host"));
        }
        self.transport.configure(&mut config);
        config.connect_timeout(Duration::from_millis(self.connect_timeout_ms));
        if config.get_application_name().is_none() {
            config.application_name("tokenkeep");
        }
        Ok(config)
    }

    /// What encrypts a connection; reads the files that the parameters name.
    ///
    /// # Errors
    /// [`Error::Configuration`] when one of them is no use.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect> {
        self.transport.client().map(MakeRustlsConnect::new).map_err(of_url)
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

const NO_URL: &str = "is not a URL of the form postgres://user:password@host:5432/name";

fn refused(reason: &'static str) -> Error {
    Error::configuration("DATABASE_URL", reason)
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

/// Scheme, user and password; and the rest, from the @ on. The driver would take the first @ of the
/// text for the one before the host; and it reads other forms than URLs, whose TLS is not seen here.
fn split_login(url: &str) -> Result<(&str, &str)> {
    let scheme = ["postgres://", "postgresql://"].into_iter().find(|text| url.starts_with(text));
    let start = scheme.ok_or_else(|| refused(NO_URL))?.len();
    let end = url[start..].find(['/', '?']).map_or(url.len(), |end| start + end);
    let path = url[end..].split('?').next().unwrap_or_default();
    match url[..end].rfind('@') {
        Some(at) if !path.contains('@') => Ok(url.split_at(at)),
        None if !url.contains('@') => Ok(url.split_at(start)),
        _ => Err(unescaped()),
    }
}

fn is_word(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

fn unescaped() -> Error {
    refused(
        "cannot be read in one way only. Write / as %2F, ? as %3F and @ as %40 in user, password and values; names of parameters as they are",
    )
}

/// A parameter's value.
fn decoded(value: &str) -> Result<String> {
    let value = percent_decode_str(value).decode_utf8().map_err(|_| unescaped())?;
    Ok(value.into_owned())
}

const KNOWN: [&str; 8] = [
    "application_name",
    "options",
    "host",
    "port",
    "user",
    "password",
    "dbname",
    "target_session_attrs",
];

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_printing_it() {
        for url in [
            "mysql://u:hunter2@h/d",
            "postgres://u:hunter2@:x/d",
            "postgres://u:hunter2@h/d?schema=",
        ] {
            let error = DatabaseSettings::new(url, None).expect_err("is refused");
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
            let driver = DatabaseSettings::new(url, None).and_then(|settings| settings.driver());
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
            assert!(DatabaseSettings::new(url, None).is_err(), "{url}");
        }
    }

    #[test]
    fn extras_of_other_clients_are_left_out_and_a_schema_is_taken() {
        let url = "postgres://u:hunter2@h/d?schema=app&pgbouncer=true&connection_limit=1";
        let settings = DatabaseSettings::new(url, None).expect("parses");
        assert_eq!(settings.qualified("gmail_tokens"), "\"app\".gmail_tokens");
        assert!(!format!("{settings:?}").contains("hunter2"));
        let named = DatabaseSettings::new(url, Some("o\"dd")).expect("parses");
        assert_eq!(named.qualified("t"), "\"o\"\"dd\".t");
    }
}
