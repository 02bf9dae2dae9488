//! The flat array in which results cross to the JavaScript thread: many results at once, without objects.

use napi::bindgen_prelude::{Array, Env, Null, Result};
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::db::Timestamp;
use crate::secret::{AccessToken, RefreshToken};

/// The array, while it is filled on the JavaScript thread.
pub(super) struct Flat<'env> {
    pub(super) env: &'env Env,
    array: Array<'env>,
}

impl<'env> Flat<'env> {
    pub(super) fn new(env: &'env Env) -> Result<Self> {
        Ok(Self { env, array: env.create_array(0)? })
    }

    /// Appends a value.
    pub(super) fn put(&mut self, value: impl Put) -> Result<()> {
        value.put(self)
    }

    pub(super) fn into_array(self) -> Array<'env> {
        self.array
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
                flat.array.insert(self)
            }
        })*
    };
}

put_as_is!((), Null, bool, u32, f64, &str, String, Vec<String>, Failure<'_>);

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
