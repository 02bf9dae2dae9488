//! The places of `tk1.` values, for applications that write a row themselves.

use super::registry::{About, SealedKey};
use super::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN};
use super::uuid::uuid;
use crate::crypto::Place;
use crate::error::{Error, Result};

const COLUMNS: [&str; 2] = [ACCESS_TOKEN, REFRESH_TOKEN];

/// The place of a value.
///
/// # Errors
/// [`Error::InvalidArgument`] when no store keeps a sealed value there.
pub fn place<'a>(store: &'a str, column: &'a str, key: &'a [&'a str]) -> Result<Place<'a>> {
    let unknown = || About::unknown(|about| about.sealed_key.is_some());
    let sealed_key = About::named(store).and_then(|about| about.sealed_key);
    let SealedKey { parts, is_uuid } = sealed_key.ok_or_else(unknown)?;
    if !COLUMNS.contains(&column) {
        let names = COLUMNS.join(", ");
        return Err(Error::invalid("column", format!("must be one of: {names}")));
    }
    if key.len() != parts || key.iter().any(|part| part.is_empty()) {
        let reason = format!("must have {parts} parts, none of them empty ({store})");
        return Err(Error::invalid("key", reason));
    }
    if is_uuid && key[0] != uuid("key", key[0])? {
        return Err(Error::invalid("key", "must be a UUID as PostgreSQL prints it, in lower case"));
    }
    Ok(Place { store, column, key })
}
