//! TLS, for the database and for providers: whom we trust, and what is checked.

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

/// What is checked of the other side's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checks {
    /// That an authority vouches for it, and that it is for this host.
    Everything,
    /// That an authority vouches for it; not the name of the host.
    Authority,
    /// Nothing: whoever stands in between can read and change everything.
    Nothing,
}

/// The oldest version that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oldest {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

static NEWEST: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// The configuration of a client.
///
/// # Errors
/// [`Error::Configuration`] when the identity's key does not fit; [`Error::Internal`] when TLS cannot
/// be set up.
pub fn client(
    authorities: &Authorities,
    checks: Checks,
    oldest: Oldest,
    identity: Option<Identity>,
) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(match oldest {
            Oldest::Tls12 => rustls::DEFAULT_VERSIONS,
            Oldest::Tls13 => NEWEST,
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
            .map_err(|_| Error::configuration("sslkey", "is no key for the certificate sslcert")),
    }
}
