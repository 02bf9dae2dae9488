//! A failure as JavaScript is told of it, by a promise or by a synchronous function alike.

use napi::JsString;
use napi::bindgen_prelude::{Either, Env, Object, Result};
use napi_derive::napi;

use super::flat::count;
use crate::error::{Error, FieldValue, Kind};

/// A code that an error can carry, and the class that it becomes.
#[napi(object, object_from_js = false)]
pub struct ErrorCode {
    pub code: &'static str,
    /// The name of the class.
    pub class: &'static str,
    /// Without it, each error says for itself whether it is retryable.
    pub retryable: Option<bool>,
}

/// Every code that an error can carry. JavaScript asks once, at load.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<ErrorCode> {
    let told = |&Kind { code, class, retryable }: &Kind| ErrorCode { code, class, retryable };
    let mut codes: Vec<_> = Error::KINDS.iter().map(told).collect();
    // Two variants may become one class.
    codes.dedup_by_key(|known| known.code);
    codes
}

/// What `errorOf` in `ts/errors/failure.ts` makes an error of.
#[napi(object, object_from_js = false)]
pub struct Failure<'env> {
    pub code: &'static str,
    pub message: String,
    pub retryable: bool,
    /// The fields of the class.
    pub details: Object<'env>,
}

/// What JavaScript is told of an error.
pub(super) fn failure<'env>(env: &'env Env, error: &Error) -> Result<Failure<'env>> {
    let mut details = Object::new(env)?;
    for (name, value) in error.fields() {
        match value {
            FieldValue::Text(text) => details.set(name, text)?,
            FieldValue::Number(number) => details.set(name, count(number))?,
        }
    }
    let (code, message, retryable) = (error.code(), error.to_string(), error.is_retryable());
    Ok(Failure { code, message, retryable, details })
}

/// What a synchronous function gives: its value, or why there is none. It does not throw, since an error
/// that Node-API makes has no fields; the JavaScript API throws.
pub(super) type Outcome<'env, T> = Result<Either<T, Failure<'env>>>;

/// The outcome as JavaScript is told of it.
pub(super) fn outcome<'env, T>(
    env: &'env Env,
    outcome: crate::error::Result<T>,
) -> Outcome<'env, T> {
    match outcome {
        Ok(value) => Ok(Either::A(value)),
        Err(error) => failure(env, &error).map(Either::B),
    }
}

/// A string of JavaScript's. Made here, so that no further copy of a secret is.
pub(super) fn string<'env>(env: &'env Env, text: &str) -> crate::error::Result<JsString<'env>> {
    env.create_string(text).map_err(|_| Error::internal("no string could be made"))
}
