//! Whether the connection is encrypted, and what is checked: `sslmode` and its like.

use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};

use crate::error::{Error, Result};
use crate::tls::{self, Authorities, Checks, ClientConfig, Identity};

/// How the server is reached.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Transport {
    mode: Mode,
    /// Whether a parameter has named the mode.
    is_named: bool,
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

impl Transport {
    /// Takes a parameter of a URL, or of libpq's variables; gives whether it is one of these.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a value that none of them has.
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<bool> {
        let text = || (!value.is_empty()).then(|| value.to_owned());
        match name {
            "sslmode" | "ssl" => self.take_mode(value)?,
            "sslrootcert" => self.root = text(),
            "sslcert" => self.certificate = text(),
            "sslkey" => self.key = text(),
            "sslnegotiation" => {
                self.is_direct = match value {
                    "postgres" => false,
                    "direct" => true,
                    _ => return Err(refused("sslnegotiation", "must be postgres or direct")),
                }
            }
            "channel_binding" => {
                self.binding = match value {
                    "disable" => Binding::Disable,
                    "prefer" => Binding::Prefer,
                    "require" => Binding::Require,
                    _ => {
                        let reason = "must be disable, prefer or require";
                        return Err(refused("channel_binding", reason));
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// As node-postgres takes them; `verify-ca`, `allow` and `prefer` as libpq does.
    fn take_mode(&mut self, value: &str) -> Result<()> {
        let mode = match value {
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
        };
        if self.is_named && self.mode != mode {
            return Err(refused("sslmode", "is given twice, with two meanings"));
        }
        (self.mode, self.is_named) = (mode, true);
        Ok(())
    }

    /// What is asked for is made of all parameters: their order does not matter.
    ///
    /// # Errors
    /// [`Error::Configuration`] where they contradict each other.
    pub(super) fn settled(mut self) -> Result<Self> {
        let needs_tls = self.is_direct || self.binding == Binding::Require;
        if !self.is_named && (needs_tls || self.root.is_some() || self.certificate.is_some()) {
            self.mode = Mode::Tls(Checks::Everything);
        }
        if self.certificate.is_some() != self.key.is_some() {
            return Err(refused("sslkey", "and sslcert are given together, or neither"));
        }
        if needs_tls && !self.is_required() {
            let reason = "allows no encryption, which channel_binding=require and sslnegotiation=direct need";
            return Err(refused("sslmode", reason));
        }
        Ok(self)
    }

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
        let mut client = tls::client(&authorities, checks, identity)?;
        if self.is_direct {
            client.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(client)
    }
}

fn refused(option: &'static str, reason: &'static str) -> Error {
    Error::configuration(option, reason)
}
