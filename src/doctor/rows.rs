//! The newest rows: whether the keys open them. Only counts leave this file.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Keys;
use super::stores::{OpenedWith, StoreFacts, facts};
use crate::crypto::{Place, is_sealed};
use crate::db::{Inspection, Row, Type, column};
use crate::error::{Error, Result};

/// What was found in the newest rows.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sample {
    rows: u32,
    /// Rows with a sealed value.
    sealed: u32,
    /// Of these, those that did not open; `None`: there is no key to try.
    unopened: Option<u32>,
    /// Rows with a value that stands there as it is.
    plaintext: u32,
    /// How many rows name the key of this version.
    versions: BTreeMap<i32, u32>,
}

/// Looks at the rows of a store's table; `table` is as SQL names it.
pub(super) async fn inspect(
    inspection: &Inspection,
    store: &str,
    table: &str,
    keys: &Keys,
) -> Result<Sample> {
    let facts = facts(store)?;
    let sql = facts.newest_rows.replace("{table}", table);
    let rows = inspection.rows("read the newest rows", &sql, &[(&facts.rows, Type::INT8)]).await?;
    let has_key = match facts.opened_with {
        OpenedWith::Gmail => keys.gmail.is_ok(),
        OpenedWith::Vault => keys.vault.is_ok(),
        OpenedWith::Sealing => keys.sealing.ring().is_ok(),
    };
    let mut sample = Sample { unopened: has_key.then_some(0), ..Sample::default() };
    for row in &rows {
        let seen = one(row, facts, keys).await?;
        sample.rows += 1;
        sample.sealed += u32::from(seen.is_sealed);
        sample.plaintext += u32::from(seen.is_plaintext);
        if let Some(unopened) = &mut sample.unopened {
            *unopened += u32::from(seen.is_unopened);
        }
        if let Some(version) = seen.version {
            *sample.versions.entry(version).or_default() += 1;
        }
    }
    Ok(sample)
}

/// What a row holds.
#[derive(Default)]
struct Seen {
    is_sealed: bool,
    is_unopened: bool,
    is_plaintext: bool,
    version: Option<i32>,
}

async fn one(row: &Row, facts: &StoreFacts, keys: &Keys) -> Result<Seen> {
    let hint: Option<&str> = column(row, 0)?;
    let key: Vec<&str> = column(row, 1)?;
    let mut seen = Seen { version: hint.and_then(|hint| hint.parse().ok()), ..Seen::default() };
    for (index, name) in [(2, "access_token"), (3, "refresh_token")] {
        let stored: Option<&str> = column(row, index)?;
        let Some(stored) = stored.filter(|stored| !stored.is_empty()) else { continue };
        let opened = match facts.opened_with {
            OpenedWith::Gmail => match &keys.gmail {
                Ok(format) => format.open(stored, seen.version).map(drop),
                Err(_) => Ok(()),
            },
            OpenedWith::Vault => match &keys.vault {
                Ok(format) => format.open(stored).await.map(drop),
                Err(_) => Ok(()),
            },
            OpenedWith::Sealing if !is_sealed(stored) => {
                seen.is_plaintext = true;
                continue;
            }
            OpenedWith::Sealing => {
                seen.version = version_of(stored).or(seen.version);
                keys.sealing
                    .open(stored, Place { store: facts.store, column: name, key: &key })
                    .map(drop)
            }
        };
        seen.is_sealed = true;
        seen.is_unopened |= matches!(opened, Err(Error::Decryption));
    }
    Ok(seen)
}

/// The version that a value of our own format names: `tk1.<version>.…`
fn version_of(stored: &str) -> Option<i32> {
    stored.split('.').nth(1)?.parse().ok()
}
