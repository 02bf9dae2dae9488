//! A value of a description, or several.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    More(Vec<T>),
    One(T),
}

/// Reads `"a"` as `["a"]`.
///
/// # Errors
/// The deserializer's.
pub(super) fn one_or_more<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    Ok(match OneOrMore::deserialize(from)? {
        OneOrMore::More(values) => values,
        OneOrMore::One(value) => vec![value],
    })
}
