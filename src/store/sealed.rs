//! The columns that hold sealed values of our own, for applications that write a row themselves.

use super::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN};
use super::uuid::uuid;
use crate::crypto::Place;
use crate::error::{Error, Result};

/// A store's sealed columns, and how many parts its natural key has.
struct Sealed {
    store: &'static str,
    columns: [&'static str; 2],
    key_parts: usize,
}

const SEALED: [Sealed; 3] = [
    Sealed { store: "zoho", columns: [ACCESS_TOKEN, REFRESH_TOKEN], key_parts: 2 },
    Sealed { store: "calendar", columns: [ACCESS_TOKEN, REFRESH_TOKEN], key_parts: 1 },
    Sealed { store: "integration", columns: [ACCESS_TOKEN, REFRESH_TOKEN], key_parts: 2 },
];

/// The place of a value.
///
/// # Errors
/// [`Error::InvalidArgument`] when no store keeps a sealed value there.
pub fn place<'a>(store: &'a str, column: &'a str, key: &'a [&'a str]) -> Result<Place<'a>> {
    let Some(sealed) = SEALED.iter().find(|sealed| sealed.store == store) else {
        let names = SEALED.map(|sealed| sealed.store).join(", ");
        return Err(Error::invalid("store", format!("may be: {names}")));
    };
    if !sealed.columns.contains(&column) {
        let names = sealed.columns.join(", ");
        return Err(Error::invalid("column", format!("may be, of {store}: {names}")));
    }
    if key.len() != sealed.key_parts || key.iter().any(|part| part.is_empty()) {
        let reason = format!("must have {} parts, of {store}, none empty", sealed.key_parts);
        return Err(Error::invalid("key", reason));
    }
    if store == "calendar" && key != [uuid("key", key[0])?.as_str()] {
        return Err(Error::invalid("key", "must be a UUID as PostgreSQL prints it, in lower case"));
    }
    Ok(Place { store, column, key })
}
