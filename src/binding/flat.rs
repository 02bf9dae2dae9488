//! The flat array in which results cross to the JavaScript thread: many results at once, without objects.

use napi::bindgen_prelude::{Env, Function, JsValuesTupleIntoVec, Null, Result, ToNapiValue};
use napi::{JsValue, sys};
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::db::Timestamp;
use crate::secret::{AccessToken, RefreshToken};

/// How many arguments a function gets: they are on the stack.
const ARGUMENTS_MAX: usize = 4_096;

/// How many elements a message usually has.
const ELEMENTS_USUAL: usize = 16;

/// The function that makes the array of its arguments, which costs less than to set each element.
pub(super) type Collect<'env> = Function<'env, Arguments, ()>;

/// Arguments of a function.
pub struct Arguments(Vec<sys::napi_value>);

impl JsValuesTupleIntoVec for Arguments {
    fn into_vec(self, _: sys::napi_env) -> Result<Vec<sys::napi_value>> {
        Ok(self.0)
    }
}

/// The array, while it is filled on the JavaScript thread.
pub(super) struct Flat<'env> {
    pub(super) env: &'env Env,
    collect: Collect<'env>,
    values: Vec<sys::napi_value>,
}

impl<'env> Flat<'env> {
    /// An empty array, with room for `messages` of the usual size.
    pub(super) fn new(env: &'env Env, collect: Collect<'env>, messages: usize) -> Self {
        let room = ARGUMENTS_MAX.min(messages * ELEMENTS_USUAL);
        Self { env, collect, values: Vec::with_capacity(room) }
    }

    /// Appends a value.
    pub(super) fn put(&mut self, value: impl Put) -> Result<()> {
        value.put(self)
    }

    fn push(&mut self, value: &impl JsValue<'env>) -> Result<()> {
        if self.values.len() == ARGUMENTS_MAX {
            self.hand_over()?;
        }
        self.values.push(value.raw());
        Ok(())
    }

    /// Gives `collect` what was appended since the last time.
    pub(super) fn hand_over(&mut self) -> Result<()> {
        self.collect.call(Arguments(std::mem::take(&mut self.values)))
    }
}

/// A value that can be appended to the array. Most take one element.
pub(super) trait Put {
    fn put(self, flat: &mut Flat<'_>) -> Result<()>;
}

/// Values that Node-API converts by itself.
macro_rules! put_as_is {
    ($($type:ty),*) => {
        $(impl Put for $type {
            fn put(self, flat: &mut Flat<'_>) -> Result<()> {
                flat.push(&self.into_unknown(flat.env)?)
            }
        })*
    };
}

put_as_is!((), Null, bool, u32, f64, Vec<String>, Failure<'_>);

impl Put for &str {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        // Latin-1 is copied, UTF-8 decoded.
        let string = match self.is_ascii() {
            true => flat.env.create_string_latin1(self),
            false => flat.env.create_string(self),
        };
        flat.push(&string?)
    }
}

impl Put for String {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        self.as_str().put(flat)
    }
}

/// `None` is `null`.
impl<T: Put> Put for Option<T> {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        match self {
            Some(value) => value.put(flat),
            None => Null.put(flat),
        }
    }
}

/// Secrets stay in types that wipe themselves until JavaScript has its copy.
impl Put for AccessToken {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        self.expose().put(flat)
    }
}

impl Put for RefreshToken {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        self.expose().put(flat)
    }
}

impl Put for Zeroizing<String> {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        self.as_str().put(flat)
    }
}

/// Milliseconds since 1970.
impl Put for Timestamp {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        self.as_ms().put(flat)
    }
}

impl Put for i32 {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        f64::from(self).put(flat)
    }
}

impl Put for i64 {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        number(self).put(flat)
    }
}

impl Put for u64 {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        count(self).put(flat)
    }
}

/// JavaScript has no 64-bit integers outside BigInt; times in milliseconds fit into 53 bits.
#[allow(clippy::cast_precision_loss)]
fn number(value: i64) -> f64 {
    value as f64
}

/// A count or a duration as JavaScript has it.
pub(super) fn count(value: u64) -> f64 {
    number(i64::try_from(value).unwrap_or(i64::MAX))
}
