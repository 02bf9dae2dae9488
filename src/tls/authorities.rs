//! Trusted certificate authorities.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{Error, Result};

/// The files of trusted authorities of Debian and Alpine, Fedora and RHEL, openSUSE, macOS and FreeBSD.
const SYSTEM_FILES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Trusted authorities.
#[derive(Debug, Clone)]
pub struct Authorities(RootCertStore);

impl Authorities {
    /// The authorities of Mozilla's root programme, which Node uses, too. Compiled in.
    #[must_use]
    pub fn mozilla() -> Self {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Self(roots)
    }

    /// The authorities of this machine.
    ///
    /// # Errors
    /// [`Error::Configuration`] for `option` if it has none.
    pub fn of_system(option: &'static str) -> Result<Self> {
        let found = SYSTEM_FILES.iter().find(|path| fs::exists(path).unwrap_or(false));
        let missing = || {
            let reason = "is system, but this machine has no file of certificate authorities (ca-certificates)";
            Error::configuration(option, reason)
        };
        Self(RootCertStore::empty()).and_file(option, found.ok_or_else(missing)?)
    }

    /// Only the authorities in `given`, a file's path or its text.
    ///
    /// # Errors
    /// [`Error::Configuration`] for `option` if it contains none.
    pub fn of(option: &'static str, given: &str) -> Result<Self> {
        let none = Self(RootCertStore::empty());
        match is_pem(given) {
            true => none.and_pem(option, given.as_bytes()),
            false => none.and_file(option, given),
        }
    }

    /// Adds the authorities in these files. Like Node, ignores invalid files.
    #[must_use]
    pub fn and_files(self, paths: &[String]) -> Self {
        paths.iter().fold(self, |known, path| {
            known.clone().and_file("NODE_EXTRA_CA_CERTS", path).unwrap_or(known)
        })
    }

    fn and_file(self, option: &'static str, path: &str) -> Result<Self> {
        self.and_pem(option, &read(option, path)?)
    }

    fn and_pem(mut self, option: &'static str, pem: &[u8]) -> Result<Self> {
        let certificates = CertificateDer::pem_slice_iter(pem).filter_map(std::result::Result::ok);
        let (added, _) = self.0.add_parsable_certificates(certificates);
        match added {
            0 => Err(Error::configuration(option, "contains no certificate in PEM format")),
            _ => Ok(self),
        }
    }

    pub(super) fn roots(&self) -> Arc<RootCertStore> {
        Arc::new(self.0.clone())
    }
}

/// Whether it is PEM text rather than a path.
pub(super) fn is_pem(given: &str) -> bool {
    given.contains("-----BEGIN")
}

/// Reads a file that an option names.
pub(super) fn read(option: &'static str, path: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::NotFound => "names a file that does not exist",
            ErrorKind::PermissionDenied => "names a file that this process may not read",
            _ => "names a file that cannot be read",
        };
        Error::configuration(option, reason)
    })
}
