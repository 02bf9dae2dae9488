//! The table of the zoho store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, Migration, Unique};

const TEXT: &[&str] = &["text", "varchar"];
/// Without a zone: UTC.
const TIME: &[&str] = &["timestamp"];
const MOMENT: &[&str] = &["timestamptz"];

const fn column(name: &'static str, types: &'static [&'static str]) -> Column {
    Column { name, types, nullable: false, max_bytes: 0, added: false, by_default: false }
}

const fn optional(name: &'static str, types: &'static [&'static str]) -> Column {
    Column { nullable: true, ..column(name, types) }
}

/// The table `oauth_tokens`.
pub const MIGRATION: Migration = Migration {
    store: "zoho",
    version: 2,
    sql: include_str!("../../migrations/0002_zoho.sql"),
    table: "oauth_tokens",
    keys: &[Unique { columns: &["client_id", "provider"], predicate: None }],
    columns: &[
        Column { max_bytes: 255, ..column("client_id", TEXT) },
        Column { max_bytes: 50, ..column("provider", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..optional("access_token", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..column("refresh_token", TEXT) },
        optional("token_expiry", TIME),
        optional("scopes", TEXT),
        optional("metadata", &["jsonb"]),
        Column { added: true, ..optional("refreshing_at", MOMENT) },
        Column { added: true, ..optional("invalid_since", MOMENT) },
        Column { added: true, max_bytes: 255, ..optional("invalid_reason", TEXT) },
        column("created_at", TIME),
        column("updated_at", TIME),
    ],
};
