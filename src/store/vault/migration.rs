//! The table of the vault store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, ColumnUse, Migration, Unique};

const TEXT: &[&str] = &["text", "varchar"];
const TIME: &[&str] = &["timestamptz"];

/// The table `token_vault`.
pub const MIGRATION: Migration = Migration {
    store: "vault",
    version: 7,
    sql: &[
        include_str!("../../../migrations/0003_vault.sql"),
        include_str!("../../../migrations/0007_refresh_state.sql"),
    ],
    table: "token_vault",
    keys: &[
        Unique { columns: &["tenant_id", "provider", "token_type", "identifier"], predicate: None },
        // In a unique constraint, NULL identifiers are different from each other.
        Unique {
            columns: &["tenant_id", "provider", "token_type"],
            predicate: Some("identifier IS NULL"),
        },
    ],
    columns: &[
        Column {
            usage: ColumnUse { read: true, inserted: false, updated: false },
            ..Column::required("id", &["uuid"])
        },
        Column { usage: ColumnUse::NOT_UPDATED, ..Column::required("tenant_id", &["uuid"]) },
        Column {
            usage: ColumnUse::NOT_UPDATED,
            ..Column::required("provider", &["token_provider"])
        },
        Column { usage: ColumnUse::NOT_UPDATED, ..Column::required("token_type", &["token_type"]) },
        Column {
            max_bytes: 255,
            usage: ColumnUse::NOT_UPDATED,
            ..Column::optional("identifier", TEXT)
        },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required("encrypted_value", TEXT) },
        Column::optional("expires_at", TIME),
        Column { usage: ColumnUse::NOT_INSERTED, ..Column::optional("last_used_at", TIME) },
        Column { usage: ColumnUse::WRITE_ONLY, ..Column::optional("last_refreshed_at", TIME) },
        // 'unknown' is the longest.
        Column { max_bytes: 7, ..Column::required("is_valid", TEXT) },
        Column {
            max_bytes: 255,
            usage: ColumnUse::NOT_INSERTED,
            ..Column::optional("last_error", TEXT)
        },
        Column {
            added: true,
            usage: ColumnUse::NOT_INSERTED,
            ..Column::optional("refreshing_at", TIME)
        },
        Column { usage: ColumnUse::INSERT_ONLY, ..Column::required("created_at", TIME) },
        Column::required("updated_at", TIME),
    ],
};
