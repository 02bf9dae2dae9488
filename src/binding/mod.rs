//! The only code that knows Node exists: arguments in, promises out. No SQL, no HTTP, no cipher,
//! no decision about tokens.

mod bridge;
mod calendar;
mod connect;
mod crypto;
mod database_password;
mod doctor;
mod fetch;
mod gmail;
mod instance;
mod integration;
mod message;
mod migrate;
mod options;
mod providers;
mod refresh_fn;
mod remarks;
mod revive;
mod runtime;
mod sealing;
mod stores;
mod vault;
mod zoho;

use napi_derive::napi;

use crate::error::{Error, Kind};

/// A code that an error can carry. Without `retryable`, each error says it for itself.
#[napi(object, object_from_js = false)]
pub struct ErrorCode {
    pub code: &'static str,
    pub retryable: Option<bool>,
}

/// Every code that an error can carry.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<ErrorCode> {
    let told = |Kind { code, retryable }| ErrorCode { code, retryable };
    Error::KINDS.into_iter().map(told).collect()
}

/// What a synchronous export throws: a plain error with our code, from which the JavaScript API builds the
/// class.
pub struct Code(&'static str);

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.0
    }
}

impl From<napi::Status> for Code {
    fn from(_: napi::Status) -> Self {
        Self(Error::internal("Node-API").code())
    }
}

impl From<Error> for napi::Error<Code> {
    fn from(error: Error) -> Self {
        Self::new(Code(error.code()), error.to_string())
    }
}
