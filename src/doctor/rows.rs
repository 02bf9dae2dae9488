//! The newest rows: whether the keys open them. Only counts leave this file.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Keys;
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

/// How many rows are looked at.
const ROWS: i64 = 100;
/// A value of the vault may take a derivation, which is tens of milliseconds.
const VAULT_ROWS: i64 = 20;

const GMAIL: &str = "
    SELECT to_jsonb(t) ->> 'key_version', ARRAY[]::text[],
        encrypted_access_token::text, encrypted_refresh_token::text
    FROM {table} t ORDER BY updated_at DESC LIMIT $1";

const VAULT: &str = "
    SELECT NULL::text, ARRAY[]::text[], encrypted_value::text, NULL::text
    FROM {table} ORDER BY updated_at DESC LIMIT $1";

const ZOHO: &str = "
    SELECT NULL::text, ARRAY[client_id, provider]::text[], access_token::text, refresh_token::text
    FROM {table} ORDER BY updated_at DESC LIMIT $1";

const CALENDAR: &str = "
    SELECT NULL::text, ARRAY[user_id]::text[], access_token::text, refresh_token::text
    FROM {table} ORDER BY updated_at DESC NULLS LAST LIMIT $1";

const INTEGRATION: &str = "
    SELECT NULL::text, ARRAY[user_id, provider]::text[], access_token::text, refresh_token::text
    FROM {table} ORDER BY updated_at DESC LIMIT $1";

/// Looks at the rows of a store's table; `table` is as SQL names it.
pub(super) async fn inspect(
    inspection: &Inspection,
    store: &str,
    table: &str,
    keys: &Keys,
) -> Result<Sample> {
    let (sql, limit) = match store {
        "gmail" => (GMAIL, ROWS),
        "vault" => (VAULT, VAULT_ROWS),
        "zoho" => (ZOHO, ROWS),
        "calendar" => (CALENDAR, ROWS),
        _ => (INTEGRATION, ROWS),
    };
    let sql = sql.replace("{table}", table);
    let rows = inspection.rows("read the newest rows", &sql, &[(&limit, Type::INT8)]).await?;
    let has_key = match store {
        "gmail" => keys.gmail.is_ok(),
        "vault" => keys.vault.is_ok(),
        _ => keys.sealing.ring().is_ok(),
    };
    let mut sample = Sample { unopened: has_key.then_some(0), ..Sample::default() };
    for row in &rows {
        let seen = one(row, store, keys).await?;
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

async fn one(row: &Row, store: &str, keys: &Keys) -> Result<Seen> {
    let hint: Option<&str> = column(row, 0)?;
    let key: Vec<&str> = column(row, 1)?;
    let mut seen = Seen { version: hint.and_then(|hint| hint.parse().ok()), ..Seen::default() };
    for (index, name) in [(2, "access_token"), (3, "refresh_token")] {
        let stored: Option<&str> = column(row, index)?;
        let Some(stored) = stored.filter(|stored| !stored.is_empty()) else { continue };
        let opened = match store {
            "gmail" => match &keys.gmail {
                Ok(format) => format.open(stored, seen.version).map(drop),
                Err(_) => Ok(()),
            },
            "vault" => match &keys.vault {
                Ok(format) => format.open(stored).await.map(drop),
                Err(_) => Ok(()),
            },
            _ if !is_sealed(stored) => {
                seen.is_plaintext = true;
                continue;
            }
            _ => {
                seen.version = version_of(stored).or(seen.version);
                keys.sealing.open(stored, Place { store, column: name, key: &key }).map(drop)
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
