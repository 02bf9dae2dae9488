//! Which database, and how much of it: read from a URL and options, comparable, never printed.

use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::config::SslMode;
use zeroize::ZeroizeOnDrop;

use crate::config::{POOL_CONNECT_MS, POOL_DEFAULT_CONNECTIONS, POOL_WAIT_MS};
use crate::error::{Error, Result};

/// Two instances with equal settings share one pool.
#[derive(Clone, PartialEq, Eq, Hash, ZeroizeOnDrop)]
pub struct DatabaseSettings {
    url: String,
    schema: Option<String>,
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
    /// Reads a `postgres://` URL. The parameter `schema` names the schema of the tables, unless
    /// `schema` is given; parameters that are not known are left out.
    ///
    /// # Errors
    /// [`Error::Configuration`] that never prints the URL.
    pub fn new(url: &str, schema: Option<&str>) -> Result<Self> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut kept: Vec<&str> = Vec::new();
        let mut named = schema.map(str::to_owned);
        for parameter in query.split('&').filter(|text| !text.is_empty()) {
            match parameter.split_once('=') {
                Some((name, value)) if asks_for_tls(name, value) => return Err(no_tls()),
                Some(("schema", value)) if named.is_none() => named = Some(value.to_owned()),
                Some((name, _)) if KNOWN.contains(&name) => kept.push(parameter),
                _ => {}
            }
        }
        if let Some(name) = &named
            && (name.is_empty() || name.len() > 63 || name.contains('\0'))
        {
            return Err(Error::configuration("schema", "must be a name of 1 to 63 bytes"));
        }
        let url = match kept.is_empty() {
            true => base.to_owned(),
            false => format!("{base}?{}", kept.join("&")),
        };
        let settings = Self {
            url,
            schema: named,
            max_connections: POOL_DEFAULT_CONNECTIONS,
            connect_timeout_ms: POOL_CONNECT_MS,
            wait_timeout_ms: POOL_WAIT_MS,
        };
        settings.driver()?;
        Ok(settings)
    }

    /// The driver's own form of these settings.
    pub(super) fn driver(&self) -> Result<tokio_postgres::Config> {
        let refused = |reason: &'static str| Error::configuration("DATABASE_URL", reason);
        // The driver's parse error may quote the URL, and with it a password.
        let mut config = tokio_postgres::Config::from_str(&self.url).map_err(|_| {
            refused("is not a URL of the form postgres://user:password@host:5432/name")
        })?;
        if config.get_hosts().is_empty() {
            return Err(refused("names no host"));
        }
        config.ssl_mode(SslMode::Disable);
        config.connect_timeout(Duration::from_millis(self.connect_timeout_ms));
        if config.get_application_name().is_none() {
            config.application_name("tokenkeep");
        }
        Ok(config)
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

/// Whether a parameter of libpq or node-postgres asks for a connection that is more than plain.
/// Without TLS in this version it must not be served in clear text.
fn asks_for_tls(name: &str, value: &str) -> bool {
    match name {
        "sslmode" => !["disable", "allow", "prefer"].contains(&value),
        "ssl" => !["false", "0", "off"].contains(&value),
        "channel_binding" => value == "require",
        _ => name.starts_with("ssl"),
    }
}

fn no_tls() -> Error {
    let reason = "asks for TLS (sslmode, ssl or the like), which this version does not have yet. Use a private network or a local proxy, and sslmode=disable";
    Error::configuration("DATABASE_URL", reason)
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
    fn a_url_that_asks_for_tls_is_never_served_in_clear_text() {
        for query in [
            "sslmode=require",
            "sslmode=verify-full",
            "sslmode=no-verify",
            "sslmode=REQUIRE",
            "ssl=true",
            "ssl=1",
            "ssl=no-verify",
            "sslrootcert=/x",
            "sslnegotiation=direct",
            "channel_binding=require",
        ] {
            let url = format!("postgres://u:hunter2@h/d?{query}");
            let error = DatabaseSettings::new(&url, None).expect_err("is refused").to_string();
            assert!(error.contains("TLS") && !error.contains("hunter2"), "{query}: {error}");
        }
        for query in ["sslmode=disable", "sslmode=prefer", "sslmode=allow", "ssl=false"] {
            let url = format!("postgres://u:hunter2@h/d?{query}");
            assert!(DatabaseSettings::new(&url, None).is_ok(), "{query}");
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
