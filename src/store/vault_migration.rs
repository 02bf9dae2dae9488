//! The table of the vault store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, Migration, Unique};

const TEXT: &[&str] = &["text", "varchar"];
const TIME: &[&str] = &["timestamptz"];

const fn column(name: &'static str, types: &'static [&'static str]) -> Column {
    Column { name, types, nullable: false, max_bytes: 0, added: false, by_default: false }
}

const fn optional(name: &'static str, types: &'static [&'static str]) -> Column {
    Column { nullable: true, ..column(name, types) }
}

/// The table `token_vault`.
pub const MIGRATION: Migration = Migration {
    store: "vault",
    version: 3,
    sql: include_str!("../../migrations/0003_vault.sql"),
    table: "token_vault",
    keys: &[
        Unique { columns: &["tenant_id", "provider", "token_type", "identifier"], predicate: None },
        // A unique constraint takes NULL identifiers for different ones.
        Unique {
            columns: &["tenant_id", "provider", "token_type"],
            predicate: Some("identifier IS NULL"),
        },
    ],
    columns: &[
        Column { by_default: true, ..column("id", &["uuid"]) },
        column("tenant_id", &["uuid"]),
        column("provider", &["token_provider"]),
        column("token_type", &["token_type"]),
        Column { max_bytes: 255, ..optional("identifier", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..column("encrypted_value", TEXT) },
        optional("expires_at", TIME),
        optional("last_used_at", TIME),
        optional("last_refreshed_at", TIME),
        // 'unknown' is the longest.
        Column { max_bytes: 7, ..column("is_valid", TEXT) },
        Column { max_bytes: 255, ..optional("last_error", TEXT) },
        Column { added: true, ..optional("refreshing_at", TIME) },
        column("created_at", TIME),
        column("updated_at", TIME),
    ],
};
