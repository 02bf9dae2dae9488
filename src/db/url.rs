//! Parses a connection string as node-postgres does.

use percent_encoding::percent_decode_str;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::transport::is_tls_parameter;
use crate::error::{Error, Result};

/// The parts of a connection string. libpq's variables supply missing ones.
#[derive(Clone, PartialEq, Eq, Hash, Default, Zeroize, ZeroizeOnDrop)]
pub struct Login {
    /// Names, addresses, or the directory of a Unix socket; several are separated by commas.
    pub host: Option<String>,
    /// One port for all hosts, or one for each, separated by commas.
    pub port: Option<String>,
    /// The role.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// The database. Default: the one with the role's name.
    pub database: Option<String>,
    /// The connection's name in `pg_stat_activity`.
    pub application_name: Option<String>,
    /// Settings of the session, such as `-c name=value`.
    pub options: Option<String>,
}

impl Login {
    /// Fills missing parts from `defaults`.
    pub(super) fn complete(&mut self, defaults: &Self) {
        let fill = |own: &mut Option<String>, default: &Option<String>| {
            if own.as_ref().is_none_or(String::is_empty) {
                own.clone_from(default);
            }
        };
        fill(&mut self.host, &defaults.host);
        fill(&mut self.port, &defaults.port);
        fill(&mut self.user, &defaults.user);
        fill(&mut self.password, &defaults.password);
        fill(&mut self.database, &defaults.database);
        fill(&mut self.application_name, &defaults.application_name);
        fill(&mut self.options, &defaults.options);
    }
}

/// Supported parameters, except those of TLS.
const KNOWN: [&str; 10] = [
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "options",
    "password",
    "port",
    "schema",
    "target_session_attrs",
    "user",
];

/// Parameters of node-postgres, libpq, Prisma and Neon that have no effect here.
const IGNORED: [&str; 23] = [
    "binary",
    "client_encoding",
    "connection_limit",
    "encoding",
    "fallback_application_name",
    "idle_in_transaction_session_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "lock_timeout",
    "max",
    "pgbouncer",
    "pool_timeout",
    "query_timeout",
    "socket_timeout",
    "ssl_max_protocol_version",
    "sslcompression",
    "sslsni",
    "statement_cache_size",
    "statement_timeout",
    "tcp_user_timeout",
    "uselibpqcompat",
];

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || IGNORED.contains(&name) || is_tls_parameter(name)
}

/// The names of unknown parameters. Empty for an invalid URL, whose parameters may be parts of a password.
#[must_use]
pub fn unknown_parameters(url: &str) -> Vec<String> {
    let Ok((_, parameters)) = parse(url) else { return Vec::new() };
    let names = parameters.into_iter().map(|(name, _)| name);
    names.filter(|name| !is_known(name)).map(str::to_owned).collect()
}

/// A parameter: its name as written, its value decoded.
pub(super) type Parameter<'a> = (&'a str, Zeroizing<String>);

/// Splits `url` into its parts.
///
/// # Errors
/// [`Error::Configuration`], which never contains a part of it.
pub(super) fn parse(url: &str) -> Result<(Login, Vec<Parameter<'_>>)> {
    let (login, rest) = split_login(trimmed(url)?)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    let (host, port) = addresses(hosts)?;
    let mut named = Login {
        host: some(host),
        port: some(port),
        user: some(decoded(user)?),
        password: password.map(decoded).transpose()?,
        database: some(decoded(database)?),
        application_name: None,
        options: None,
    };
    let mut others = Vec::new();
    for parameter in query.split('&').filter(|text| !text.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        // Such a name is probably the second half of a password.
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
            return Err(ambiguous());
        }
        // In a query, + stands for a space.
        let value = Zeroizing::new(decoded(&Zeroizing::new(value.replace('+', " ")))?);
        let field = match name {
            "host" => &mut named.host,
            "port" => &mut named.port,
            "user" => &mut named.user,
            "password" => &mut named.password,
            "application_name" => &mut named.application_name,
            "options" => &mut named.options,
            "dbname" if named.database.is_none() => &mut named.database,
            // Probably the second half of a password that contains `=`, and the host.
            _ if !is_known(name) && parameter.contains('@') => return Err(ambiguous()),
            _ => {
                others.push((name, value));
                continue;
            }
        };
        *field = Some(value.to_string());
    }
    Ok((named, others))
}

/// Removes control characters around the URL, such as a final line break, as node-postgres does. Rejects spaces
/// around it and line breaks in it, which node-postgres would keep and drop.
fn trimmed(url: &str) -> Result<&str> {
    let url = url.trim_matches(|c: char| c < ' ');
    if url.starts_with(' ') || url.ends_with(' ') {
        return Err(refused("starts or ends with a space. Remove it, or write it as %20"));
    }
    if url.contains(['\t', '\n', '\r']) {
        return Err(refused(
            "contains a line break or a tab. Remove it, or write it as %0A, %0D or %09",
        ));
    }
    Ok(url)
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Splits off user and password. Rejects a second `@`: another reading would lead to another host.
fn split_login(url: &str) -> Result<(&str, &str)> {
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
    let rest = rest.ok_or_else(|| refused(NOT_A_URL))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let path = rest[end..].split('?').next().unwrap_or_default();
    match rest[..end].rfind('@') {
        Some(at) if !path.contains('@') => Ok((&rest[..at], &rest[at + 1..])),
        None if !rest.contains('@') => Ok(("", rest)),
        _ => Err(ambiguous()),
    }
}

/// Hosts and ports, each separated by commas; ports are empty if none is given.
fn addresses(hosts: &str) -> Result<(String, String)> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',').filter(|_| !hosts.is_empty()) {
        // An IPv6 address has its colons in brackets.
        let end = host.rfind(']').map_or(0, |end| end + 1);
        let (name, port) = match host[end..].find(':') {
            Some(colon) => (&host[..end + colon], &host[end + colon + 1..]),
            None => (host, ""),
        };
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        names.push(decoded(address.unwrap_or(name))?);
        ports.push(port);
    }
    let is_named = ports.iter().any(|port| !port.is_empty());
    Ok((names.join(","), if is_named { ports.join(",") } else { String::new() }))
}

fn decoded(value: &str) -> Result<String> {
    let value = percent_decode_str(value).decode_utf8().map_err(|_| ambiguous())?;
    Ok(value.into_owned())
}

const NOT_A_URL: &str = "must be a URL of the form postgres://user:password@host:5432/name";

pub(super) fn refused(reason: &'static str) -> Error {
    Error::configuration("DATABASE_URL", reason)
}

fn ambiguous() -> Error {
    refused(
        "is ambiguous. In user, password and parameter values, write / as %2F, ? as %3F and @ as %40",
    )
}
