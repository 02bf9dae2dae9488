//! Finds the endpoints of an authorization server through its issuer identifier: Authorization Server Metadata
//! (RFC 8414) and OpenID Connect Discovery 1.0.

mod cache;
mod document;
mod metadata;
mod well_known;

use std::borrow::Cow;

use crate::error::Error;

pub(super) use self::cache::{CACHE, Found, LIMIT};
pub(super) use self::metadata::ServerMetadata;
pub(super) use self::well_known::check_issuer;

/// Why the metadata of an issuer is not known.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// The address that was asked, or all of them.
    url: String,
    why: Cow<'static, str>,
    kind: Kind,
}

/// What a failure means for the other addresses of the same issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There is no document. It may be at another one.
    Absent,
    /// There is a document, but it must not be used. There may be another one.
    Wrong,
    /// The server does not answer, at any of them.
    Unreachable,
}

impl Failure {
    fn new(url: &str, kind: Kind, why: impl Into<Cow<'static, str>>) -> Self {
        Self { url: url.to_owned(), why: why.into(), kind }
    }

    /// What failed, for messages. It contains no text of the server.
    pub(super) fn text(&self) -> String {
        format!("its endpoints are not known, since discovery failed at {}: {}", self.url, self.why)
    }

    /// The error of a refresh or a revocation that needs the metadata.
    pub(super) fn error(&self) -> Error {
        Error::ProviderUnavailable { status: None, reason: self.text().into() }
    }
}
