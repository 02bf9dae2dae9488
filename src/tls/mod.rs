//! TLS for the database and providers: trusted authorities and certificate checks.

mod authorities;
mod identity;
mod verifier;

use std::sync::Arc;

pub use self::authorities::Authorities;
pub use self::identity::Identity;
use self::verifier::{AnyCertificate, AnyName};
use crate::error::{Error, Result};
pub use rustls::ClientConfig;
pub use rustls::{CertificateError, Error as Failure};

/// The checks of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checks {
    /// It is signed by a trusted authority and valid for the host name.
    Everything,
    /// It is signed by a trusted authority, for any host name.
    Authority,
    /// No checks, so an attacker in the network can read and change everything.
    Nothing,
}

/// The oldest allowed version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

static TLS13_ONLY: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// A client configuration.
///
/// # Errors
/// [`Error::Configuration`] if the identity's key does not match its certificate; [`Error::Internal`] if TLS
/// cannot be set up.
pub fn client(
    authorities: &Authorities,
    checks: Checks,
    min_version: MinVersion,
    identity: Option<Identity>,
) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(match min_version {
            MinVersion::Tls12 => rustls::DEFAULT_VERSIONS,
            MinVersion::Tls13 => TLS13_ONLY,
        })
        .map_err(|_| Error::internal("TLS has no protocol versions"))?;
    let roots = authorities.roots();
    let builder = match checks {
        Checks::Everything => builder.with_root_certificates(roots),
        Checks::Authority => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyName::new(roots, &provider)?)),
        Checks::Nothing => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate::new(&provider))),
    };
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(Identity { certificates, key }) => builder
            .with_client_auth_cert(certificates, key)
            .map_err(|_| Error::configuration("sslkey", "does not match the certificate sslcert")),
    }
}
