//! TLS of a database connection: `sslmode` and related parameters. Each is read from the URL, or else from
//! libpq's variable, or else has libpq's default.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};

use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};

use crate::error::{Error, Result};
use crate::tls::{self, Authorities, Checks, ClientConfig, Identity, MinVersion};

/// Whether and how TLS is used.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Transport {
    mode: Mode,
    /// Whether TLS 1.2 is excluded.
    requires_tls13: bool,
    /// Whether TLS starts without negotiation (PostgreSQL 17).
    is_direct: bool,
    binding: Binding,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    /// Files with additional authorities: `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`.
    pub extra_authorities: Vec<String>,
    sources: Sources,
}

/// Which parameters come from libpq's variables, and from which: errors name these.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(BTreeMap<&'static str, &'static str>);

/// Equal always: transports are the same if they do the same, whatever the parameters came from.
impl PartialEq for Sources {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Sources {}

impl Hash for Sources {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Sources {
    /// The error about a parameter as one about its variable, else about the URL.
    pub(super) fn name(&self, error: Error) -> Error {
        let Error::Configuration { option, reason } = error else { return error };
        match self.0.get(&*option) {
            Some(variable) => Error::configuration(*variable, reason),
            None => Error::configuration("DATABASE_URL", format!("{option} {reason}")),
        }
    }
}

/// The effect of `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Mode {
    #[default]
    Disable,
    /// TLS if the server supports it, then with all checks.
    Prefer,
    Tls(Checks),
}

/// Whether authentication is bound to the TLS connection (SCRAM-SHA-256-PLUS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Binding {
    Disable,
    #[default]
    Prefer,
    Require,
}

/// The TLS parameters, each with libpq's variable.
const PARAMETERS: [(&str, &str); 13] = [
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    ("sslcertmode", "PGSSLCERTMODE"),
    ("gssencmode", "PGGSSENCMODE"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcrldir", "PGSSLCRLDIR"),
    ("require_auth", "PGREQUIREAUTH"),
    ("requirepeer", "PGREQUIREPEER"),
];

/// Whether `name` is a TLS parameter, or `ssl`, node-postgres' name for `sslmode`.
pub(super) fn is_tls_parameter(name: &str) -> bool {
    name == "ssl" || PARAMETERS.iter().any(|(known, _)| *known == name)
}

/// TLS parameters by name.
#[derive(Default)]
pub(super) struct TlsParameters {
    values: BTreeMap<&'static str, String>,
    pub(super) sources: Sources,
}

impl TlsParameters {
    /// Adds a parameter of the URL; returns whether it is a TLS parameter.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it occurs twice with different values.
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<bool> {
        let name = if name == "ssl" { "sslmode" } else { name };
        let Some((name, _)) = PARAMETERS.iter().find(|(known, _)| *known == name) else {
            return Ok(false);
        };
        let before = self.values.insert(name, value.to_owned());
        let is_same = |before: &str| {
            before == value || (*name == "sslmode" && mode(before).ok() == mode(value).ok())
        };
        match before {
            Some(before) if !is_same(&before) => {
                Err(refused(name, "occurs twice with different values"))
            }
            _ => Ok(true),
        }
    }

    /// Adds libpq's variables whose parameter is not set. Empty variables are ignored.
    pub(super) fn complete(&mut self, variables: &HashMap<String, String>) {
        let variable_of = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        let given =
            PARAMETERS.map(|(name, variable)| (name, variable, variable_of(variable).cloned()));
        // An obsolete variable, of which libpq reads the first character.
        let requires = variable_of("PGREQUIRESSL").is_some_and(|value| value.starts_with('1'));
        let obsolete = ("sslmode", "PGREQUIRESSL", requires.then(|| "require".to_owned()));
        for (parameter, variable, value) in given.into_iter().chain([obsolete]) {
            let Some(value) = value else { continue };
            if let Entry::Vacant(entry) = self.values.entry(parameter) {
                entry.insert(value);
                self.sources.0.insert(parameter, variable);
            }
        }
    }

    /// The resulting TLS settings.
    ///
    /// # Errors
    /// [`Error::Configuration`] for an invalid value, for contradictory parameters, and for a check that is not
    /// supported.
    pub(super) fn transport(mut self) -> Result<Transport> {
        let mut take = |name| self.values.remove(name).filter(|value: &String| !value.is_empty());
        for name in ["sslcrl", "sslcrldir", "require_auth", "requirepeer"] {
            if take(name).is_some() {
                return Err(refused(name, UNCHECKED));
            }
        }
        let requires_tls13 = match take("ssl_min_protocol_version").as_deref() {
            None | Some("TLSv1" | "TLSv1.1" | "TLSv1.2") => false,
            Some("TLSv1.3") => true,
            _ => return Err(refused("ssl_min_protocol_version", "must be TLSv1.2 or TLSv1.3")),
        };
        match take("gssencmode").as_deref() {
            None | Some("disable" | "prefer") => {}
            _ => return Err(refused("gssencmode", "must be disable, as GSSAPI is not supported")),
        }
        let shows_certificate = match take("sslcertmode").as_deref() {
            None | Some("allow") => true,
            Some("disable") => false,
            Some("require") => return Err(refused("sslcertmode", UNCHECKED)),
            _ => return Err(refused("sslcertmode", "must be disable or allow")),
        };
        let is_direct = match take("sslnegotiation").as_deref() {
            None | Some("postgres") => false,
            Some("direct") => true,
            _ => return Err(refused("sslnegotiation", "must be postgres or direct")),
        };
        let binding = match take("channel_binding").as_deref() {
            Some("disable") => Binding::Disable,
            None | Some("prefer") => Binding::Prefer,
            Some("require") => Binding::Require,
            _ => {
                return Err(refused("channel_binding", "must be disable, prefer or require"));
            }
        };
        let (root, certificate, key) = (take("sslrootcert"), take("sslcert"), take("sslkey"));
        if certificate.is_some() != key.is_some() {
            return Err(refused("sslkey", "and sslcert must be set together"));
        }
        let needs_tls = is_direct || requires_tls13 || binding == Binding::Require;
        let named = self.values.remove("sslmode").map(|value| mode(&value)).transpose()?;
        let implied = needs_tls || root.is_some() || certificate.is_some();
        let mode = match named {
            Some(mode) => mode,
            None if implied => Mode::Tls(Checks::Everything),
            None => Mode::Disable,
        };
        if needs_tls && !matches!(mode, Mode::Tls(_)) {
            let reason = "must require TLS with channel_binding=require, sslnegotiation=direct or ssl_min_protocol_version=TLSv1.3";
            return Err(refused("sslmode", reason));
        }
        // Anyone can get a certificate of a public authority for their own host name.
        if root.as_deref() == Some("system") && mode != Mode::Tls(Checks::Everything) {
            return Err(refused("sslmode", "must be verify-full with sslrootcert=system"));
        }
        let (certificate, key) = match shows_certificate {
            true => (certificate, key),
            false => (None, None),
        };
        let extra_authorities = Vec::new();
        Ok(Transport {
            mode,
            requires_tls13,
            is_direct,
            binding,
            root,
            certificate,
            key,
            extra_authorities,
            sources: self.sources,
        })
    }
}

const UNCHECKED: &str = "requests a check that is not supported. Remove it";

/// The values of node-postgres; `verify-ca`, `allow` and `prefer` as in libpq.
fn mode(value: &str) -> Result<Mode> {
    Ok(match value {
        "disable" | "false" | "0" | "off" => Mode::Disable,
        "allow" | "prefer" => Mode::Prefer,
        "verify-ca" => Mode::Tls(Checks::Authority),
        "require" | "verify-full" | "true" | "1" | "on" => Mode::Tls(Checks::Everything),
        "no-verify" => Mode::Tls(Checks::Nothing),
        _ => {
            let reason =
                "must be disable, allow, prefer, require, verify-ca, verify-full or no-verify";
            return Err(refused("sslmode", reason));
        }
    })
}

impl Transport {
    /// Whether TLS is required.
    #[must_use]
    pub fn is_required(&self) -> bool {
        matches!(self.mode, Mode::Tls(_))
    }

    /// The equivalent value of `sslmode`.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Disable => "disable",
            Mode::Prefer => "prefer",
            Mode::Tls(Checks::Everything) => "verify-full",
            Mode::Tls(Checks::Authority) => "verify-ca",
            Mode::Tls(Checks::Nothing) => "no-verify",
        }
    }

    /// Applies the settings to the driver.
    pub(super) fn configure(&self, config: &mut tokio_postgres::Config) {
        config.ssl_mode(match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Tls(_) => SslMode::Require,
        });
        if self.is_direct {
            config.ssl_negotiation(SslNegotiation::Direct);
        }
        config.channel_binding(match self.binding {
            Binding::Disable => ChannelBinding::Disable,
            Binding::Prefer => ChannelBinding::Prefer,
            Binding::Require => ChannelBinding::Require,
        });
    }

    /// The TLS configuration. Reads the files that the parameters name.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a file is invalid.
    pub(super) fn client(&self) -> Result<ClientConfig> {
        self.built().map_err(|error| self.sources.name(error))
    }

    fn built(&self) -> Result<ClientConfig> {
        let authorities = match self.root.as_deref() {
            None => Authorities::mozilla().and_files(&self.extra_authorities),
            Some("system") => Authorities::of_system("sslrootcert")?,
            Some(given) => Authorities::of("sslrootcert", given)?,
        };
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some(Identity::of(certificate, key)?),
            _ => None,
        };
        let checks = match self.mode {
            Mode::Tls(checks) => checks,
            Mode::Disable | Mode::Prefer => Checks::Everything,
        };
        let min_version = if self.requires_tls13 { MinVersion::Tls13 } else { MinVersion::Tls12 };
        let mut client = tls::client(&authorities, checks, min_version, identity)?;
        if self.is_direct {
            client.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(client)
    }
}

fn refused(option: &'static str, reason: &'static str) -> Error {
    Error::configuration(option, reason)
}
