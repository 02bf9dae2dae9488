//! Who we are to the other side: a certificate and its key.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::authorities::{is_pem, read};
use crate::error::{Error, Result};

/// A client's certificate.
pub struct Identity {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Both as a file's path or as its text.
    ///
    /// # Errors
    /// [`Error::Configuration`] when one of them cannot be read, or is none.
    pub fn of(certificate: &str, key: &str) -> Result<Self> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem("sslcert", certificate)?)
            .filter_map(std::result::Result::ok)
            .collect();
        if certificates.is_empty() {
            return Err(Error::configuration("sslcert", "has no certificate in PEM form"));
        }
        let key = PrivateKeyDer::from_pem_slice(&pem("sslkey", key)?).map_err(|_| {
            let reason = "has no key in PEM form, or one with a password, which is not supported";
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
