//! Whether the connection is encrypted, and what is checked: `sslmode` and its like.

use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};

use crate::error::{Error, Result};
use crate::tls::{self, Authorities, Checks, ClientConfig, Identity};

/// How the server is reached.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Transport {
    /// `None`: unencrypted.
    checks: Option<Checks>,
    /// Unencrypted where the server has no TLS.
    is_optional: bool,
    /// TLS begins with the first byte (PostgreSQL 17).
    is_direct: bool,
    binding: Binding,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    /// Files of authorities beside: `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`.
    pub extra_authorities: Vec<String>,
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
            "sslmode" | "ssl" => self.mode(value)?,
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
    fn mode(&mut self, value: &str) -> Result<()> {
        (self.checks, self.is_optional) = match value {
            "disable" | "false" | "0" | "off" => (None, false),
            "allow" | "prefer" => (Some(Checks::Everything), true),
            "verify-ca" => (Some(Checks::Authority), false),
            "require" | "verify-full" | "true" | "1" | "on" => (Some(Checks::Everything), false),
            "no-verify" => (Some(Checks::Nothing), false),
            _ => {
                let reason =
                    "must be disable, allow, prefer, require, verify-ca, verify-full or no-verify";
                return Err(refused("sslmode", reason));
            }
        };
        Ok(())
    }

    /// What is asked for is made of all parameters: their order does not matter.
    ///
    /// # Errors
    /// [`Error::Configuration`] where they contradict each other.
    pub(super) fn settled(mut self, has_mode: bool) -> Result<Self> {
        let names_files = self.root.is_some() || self.certificate.is_some();
        if !has_mode && (names_files || self.is_direct || self.binding == Binding::Require) {
            self.checks = Some(Checks::Everything);
        }
        if self.certificate.is_some() != self.key.is_some() {
            return Err(refused("sslkey", "and sslcert are given together, or neither"));
        }
        let is_plain = self.checks.is_none() || self.is_optional;
        if is_plain && (self.is_direct || self.binding == Binding::Require) {
            let reason = "allows no encryption, which channel_binding=require and sslnegotiation=direct need";
            return Err(refused("sslmode", reason));
        }
        Ok(self)
    }

    /// Whether nothing is checked of whoever answers.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.checks == Some(Checks::Nothing)
    }

    /// Tells the driver.
    pub(super) fn configure(&self, config: &mut tokio_postgres::Config) {
        config.ssl_mode(match (self.checks, self.is_optional) {
            (None, _) => SslMode::Disable,
            (Some(_), true) => SslMode::Prefer,
            (Some(_), false) => SslMode::Require,
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
        let checks = self.checks.unwrap_or(Checks::Everything);
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
