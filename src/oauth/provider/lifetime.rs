//! The lifetime of an access token.

use serde::{Deserialize, Deserializer};

/// A lifetime in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// So many seconds.
    Seconds(u64),
    /// It never expires.
    Never,
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::Seconds(3_600)
    }
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map_or(Self::Never, Self::Seconds))
    }
}
