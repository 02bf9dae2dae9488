//! What it means that no encrypted connection came about, and what to change.

use std::error::Error as _;

use crate::error::Error;
use crate::tls::{CertificateError, Failure};

/// The error of an attempt to connect that failed over TLS; `None`: it was something else.
pub(super) fn tls_error(error: &tokio_postgres::Error) -> Option<Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        // An I/O error hands on what its own cause is the cause of.
        let io = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let failure = io.and_then(|io| io.downcast_ref::<Failure>());
        if let Some(failure) = failure.or_else(|| inner.downcast_ref::<Failure>()) {
            return Some(Error::Tls { reason: reason(failure) });
        }
        // The driver has no other word for it.
        if inner.to_string() == "server does not support TLS" {
            return Some(Error::Tls { reason: NO_TLS });
        }
        cause = inner.source();
    }
    None
}

const NO_TLS: &str = "the server offers no encryption. Turn it on there (ssl = on), or say sslmode=disable where the network is your own";

fn reason(failure: &Failure) -> &'static str {
    match failure {
        Failure::InvalidCertificate(certificate) => of_certificate(certificate),
        Failure::AlertReceived(_) => {
            "the server refused our side of it. Where it asks for a client's certificate, give one with sslcert and sslkey"
        }
        Failure::NoCertificatesPresented => "the server has shown no certificate",
        _ => "the server's TLS is not one that can be used: TLS 1.2 or 1.3 is needed",
    }
}

fn of_certificate(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => {
            "no authority that is trusted here vouches for the server's certificate. Give that authority with sslrootcert (a file, its text, or system) or NODE_EXTRA_CA_CERTS"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host name. Use the name that it is for in DATABASE_URL, or sslmode=verify-ca, which does not check it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired. Renew it there"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet. Compare the clocks of both machines"
        }
        CertificateError::Revoked => "the server's certificate was revoked",
        CertificateError::Other(_) => {
            "the server's certificate is an authority's own, or of a form that is not accepted. Let an authority sign one for the server, and give that authority with sslrootcert"
        }
        _ => "the server's certificate is not in order",
    }
}
