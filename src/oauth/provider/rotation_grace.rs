//! How long a refresh token is accepted after it was used.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

const UNTIL_USED: &str = "until_used";

/// How long a used refresh token can be exchanged again, such as when the response was lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RotationGrace {
    /// It cannot, or that is not known.
    #[default]
    None,
    /// For so long after it was first used.
    For(Duration),
    /// Until the refresh token that replaced it is used.
    UntilUsed,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Seconds(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for RotationGrace {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Given::deserialize(from)? {
            Given::Seconds(0) => Self::None,
            Given::Seconds(seconds) => Self::For(Duration::from_secs(seconds)),
            Given::Text(text) if text == UNTIL_USED => Self::UntilUsed,
            Given::Text(_) => return Err(D::Error::custom("rotationGrace: unknown word")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_grace_is_never_taken_for_one() {
        let read = |text| serde_json::from_str::<RotationGrace>(text).ok();
        assert_eq!(read("0"), Some(RotationGrace::None));
        assert_eq!(read("600"), Some(RotationGrace::For(Duration::from_secs(600))));
        assert_eq!(read("\"until_used\""), Some(RotationGrace::UntilUsed));
        for odd in ["-1", "0.5", "\"600\"", "null", "true"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
