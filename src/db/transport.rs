//! Whether the connection is encrypted, and what is checked: `sslmode` and its like, parameter by
//! parameter as libpq: the URL's, else the variable's, else the default.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};

use crate::error::{Error, Result};
use crate::tls::{self, Authorities, Checks, ClientConfig, Identity, Oldest};

/// How the server is reached.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Transport {
    mode: Mode,
    /// TLS 1.3, and nothing older.
    is_newest: bool,
    /// TLS begins with the first byte (PostgreSQL 17).
    is_direct: bool,
    binding: Binding,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    /// Files of authorities beside: `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`.
    pub extra_authorities: Vec<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Mode {
    #[default]
    Plain,
    /// TLS where the server has it, and then with everything checked.
    Offered,
    Tls(Checks),
}

/// Whether the password's proof is bound to the TLS connection (SCRAM-SHA-256-PLUS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Binding {
    Disable,
    #[default]
    Prefer,
    Require,
}

/// Parameters of TLS, and libpq's variable of each.
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

/// Whether `name` is one of these parameters, or node-postgres' own name for `sslmode`.
pub(super) fn is_of_transport(name: &str) -> bool {
    name == "ssl" || PARAMETERS.iter().any(|(known, _)| *known == name)
}

/// What is asked for, by the parameters' names.
#[derive(Default)]
pub(super) struct Wanted(BTreeMap<&'static str, String>);

impl Wanted {
    /// Takes a parameter of a URL; gives whether it is one of these.
    ///
    /// # Errors
    /// [`Error::Configuration`] for one that is given twice, with two meanings.
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<bool> {
        let name = if name == "ssl" { "sslmode" } else { name };
        let Some((name, _)) = PARAMETERS.iter().find(|(known, _)| *known == name) else {
            return Ok(false);
        };
        let before = self.0.insert(name, value.to_owned());
        let is_same = |before: &str| {
            before == value || (*name == "sslmode" && mode(before).ok() == mode(value).ok())
        };
        match before {
            Some(before) if !is_same(&before) => {
                Err(refused(name, "is given twice, with two meanings"))
            }
            _ => Ok(true),
        }
    }

    /// Each of libpq's variables counts for itself, where nothing else names its parameter. An empty one
    /// is none.
    pub(super) fn complete(&mut self, variables: &HashMap<String, String>) {
        let said = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        for (parameter, variable) in PARAMETERS {
            if let Some(value) = said(variable) {
                self.0.entry(parameter).or_insert_with(|| value.clone());
            }
        }
        // The older one, of which libpq looks at the first character.
        if said("PGREQUIRESSL").is_some_and(|value| value.starts_with('1')) {
            self.0.entry("sslmode").or_insert_with(|| "require".to_owned());
        }
    }

    /// What is made of all of them: their order does not matter.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a value that none of them has, where they contradict each other, and
    /// for one that asks for a check that is not made here.
    pub(super) fn transport(mut self) -> Result<Transport> {
        let mut take = |name| self.0.remove(name).filter(|value: &String| !value.is_empty());
        for name in ["sslcrl", "sslcrldir", "require_auth", "requirepeer"] {
            if take(name).is_some() {
                return Err(refused(name, UNCHECKED));
            }
        }
        let is_newest = match take("ssl_min_protocol_version").as_deref() {
            None | Some("TLSv1" | "TLSv1.1" | "TLSv1.2") => false,
            Some("TLSv1.3") => true,
            _ => return Err(refused("ssl_min_protocol_version", "must be TLSv1.2 or TLSv1.3")),
        };
        match take("gssencmode").as_deref() {
            None | Some("disable" | "prefer") => {}
            _ => return Err(refused("gssencmode", "must be disable: GSSAPI is not supported")),
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
            return Err(refused("sslkey", "and sslcert are given together, or neither"));
        }
        let needs_tls = is_direct || is_newest || binding == Binding::Require;
        let named = self.0.remove("sslmode").map(|value| mode(&value)).transpose()?;
        let implied = needs_tls || root.is_some() || certificate.is_some();
        let mode = match named {
            Some(mode) => mode,
            None if implied => Mode::Tls(Checks::Everything),
            None => Mode::Plain,
        };
        if needs_tls && !matches!(mode, Mode::Tls(_)) {
            let reason = "allows no encryption, which channel_binding=require, sslnegotiation=direct and ssl_min_protocol_version=TLSv1.3 need";
            return Err(refused("sslmode", reason));
        }
        // Anybody gets a certificate of some public authority.
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
            is_newest,
            is_direct,
            binding,
            root,
            certificate,
            key,
            extra_authorities,
        })
    }
}

const UNCHECKED: &str = "asks for a check that is not made here. Leave it out";

/// As node-postgres takes them; `verify-ca`, `allow` and `prefer` as libpq does.
fn mode(value: &str) -> Result<Mode> {
    Ok(match value {
        "disable" | "false" | "0" | "off" => Mode::Plain,
        "allow" | "prefer" => Mode::Offered,
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
    /// Whether nothing is sent before the connection is encrypted.
    #[must_use]
    pub fn is_required(&self) -> bool {
        matches!(self.mode, Mode::Tls(_))
    }

    /// What is asked for, by its name in a URL.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Plain => "disable",
            Mode::Offered => "prefer",
            Mode::Tls(Checks::Everything) => "verify-full",
            Mode::Tls(Checks::Authority) => "verify-ca",
            Mode::Tls(Checks::Nothing) => "no-verify",
        }
    }

    /// Tells the driver.
    pub(super) fn configure(&self, config: &mut tokio_postgres::Config) {
        config.ssl_mode(match self.mode {
            Mode::Plain => SslMode::Disable,
            Mode::Offered => SslMode::Prefer,
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

    /// The configuration of TLS; reads the files that are named.
    ///
    /// # Errors
    /// [`Error::Configuration`] when one of them is no use.
    pub(super) fn client(&self) -> Result<ClientConfig> {
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
            Mode::Plain | Mode::Offered => Checks::Everything,
        };
        let oldest = if self.is_newest { Oldest::Tls13 } else { Oldest::Tls12 };
        let mut client = tls::client(&authorities, checks, oldest, identity)?;
        if self.is_direct {
            client.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(client)
    }
}

fn refused(option: &'static str, reason: &'static str) -> Error {
    Error::configuration(option, reason)
}
