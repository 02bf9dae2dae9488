//! Explains why a TLS connection to the database failed, and what to change.

use std::error::Error as _;

use crate::error::Error;
use crate::tls::{CertificateError, Failure};

/// The error, if TLS is the cause; `None` for any other cause.
pub(super) fn tls_error(error: &tokio_postgres::Error) -> Option<Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        // The source of an I/O error skips its inner error.
        let io = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let failure = io.and_then(|io| io.downcast_ref::<Failure>());
        if let Some(failure) = failure.or_else(|| inner.downcast_ref::<Failure>()) {
            return Some(Error::Tls { reason: reason(failure) });
        }
        // The driver identifies it by its text only.
        if inner.to_string() == "server does not support TLS" {
            return Some(Error::Tls { reason: NO_TLS });
        }
        cause = inner.source();
    }
    None
}

const NO_TLS: &str = "the server does not support TLS. Enable it there (ssl = on), or set sslmode=disable if you trust the network";

fn reason(failure: &Failure) -> &'static str {
    match failure {
        Failure::InvalidCertificate(certificate) => of_certificate(certificate),
        Failure::AlertReceived(_) => {
            "the server rejected the handshake. If it requires a client certificate, set sslcert and sslkey"
        }
        Failure::NoCertificatesPresented => "the server presented no certificate",
        _ => "the server's TLS is not compatible: TLS 1.2 or 1.3 is required",
    }
}

fn of_certificate(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => {
            "the server's certificate is not signed by a trusted authority. Set the authority with sslrootcert (a file, its text, or system) or NODE_EXTRA_CA_CERTS"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host name. Use that name in DATABASE_URL, or set sslmode=verify-ca, which does not check it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired. Renew it on the server"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet. Check the clocks of both machines"
        }
        CertificateError::Revoked => "the server's certificate has been revoked",
        CertificateError::Other(_) => {
            "the server's certificate is that of an authority, or its form is not supported. Have an authority sign a certificate for the server, and set the authority with sslrootcert"
        }
        _ => "the server's certificate is invalid",
    }
}
