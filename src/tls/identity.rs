//! A client certificate and its key.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::authorities::{is_pem, read};
use crate::error::{Error, Result};

/// A client certificate with its key.
pub struct Identity {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads certificate and key, each a file's path or its text.
    ///
    /// # Errors
    /// [`Error::Configuration`] if one of them cannot be read or is invalid.
    pub fn of(certificate: &str, key: &str) -> Result<Self> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem("sslcert", certificate)?)
            .filter_map(std::result::Result::ok)
            .collect();
        if certificates.is_empty() {
            return Err(Error::configuration("sslcert", "contains no certificate in PEM format"));
        }
        let key = PrivateKeyDer::from_pem_slice(&pem("sslkey", key)?).map_err(|_| {
            let reason =
                "contains no key in PEM format, or an encrypted one, which is not supported";
            Error::configuration("sslkey", reason)
        })?;
        Ok(Self { certificates, key })
    }
}

fn pem(option: &'static str, given: &str) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    let bytes = match is_pem(given) {
        true => given.as_bytes().to_vec(),
        false => read(option, given)?,
    };
    Ok(zeroize::Zeroizing::new(bytes))
}
