//! How an error crosses to JavaScript: the same for a rejected promise and for a synchronous function.

use napi::JsString;
use napi::bindgen_prelude::{Either, Env, Object, Result};
use napi_derive::napi;

use super::flat::count;
use crate::error::{Error, FieldValue, Kind};

/// The code of an error, and its class.
#[napi(object, object_from_js = false)]
pub struct ErrorCode {
    pub code: &'static str,
    /// The name of the class.
    pub class: &'static str,
    /// `undefined`: it depends on the error.
    pub retryable: Option<bool>,
}

/// Every code of an error. Called once, at load.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<ErrorCode> {
    let exported = |&Kind { code, class, retryable }: &Kind| ErrorCode { code, class, retryable };
    let mut codes: Vec<_> = Error::KINDS.iter().map(exported).collect();
    // Two variants may share a code.
    codes.dedup_by_key(|known| known.code);
    codes
}

/// An error's data; `errorOf` in `ts/bridge/failure.ts` creates the error.
#[napi(object, object_from_js = false)]
pub struct Failure<'env> {
    pub code: &'static str,
    pub message: String,
    pub retryable: bool,
    /// The fields of the class.
    pub details: Object<'env>,
}

/// The data of an error.
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

/// What a synchronous function returns: its value, or a failure, which the JavaScript API throws. Rust does
/// not throw, since an error that Node-API creates has no fields.
pub(super) type Outcome<'env, T> = Result<Either<T, Failure<'env>>>;

/// A result as a synchronous function returns it.
pub(super) fn outcome<'env, T>(
    env: &'env Env,
    outcome: crate::error::Result<T>,
) -> Outcome<'env, T> {
    match outcome {
        Ok(value) => Ok(Either::A(value)),
        Err(error) => failure(env, &error).map(Either::B),
    }
}

/// A JavaScript string, created from the secret without another copy of it.
pub(super) fn string<'env>(env: &'env Env, text: &str) -> crate::error::Result<JsString<'env>> {
    // Bytes of ASCII are copied, others are decoded first.
    let string = match text.is_ascii() {
        true => env.create_string_latin1(text),
        false => env.create_string(text),
    };
    string.map_err(|_| Error::internal("a string could not be created"))
}
