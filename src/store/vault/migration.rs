//! The table of the vault store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, Migration, Unique};

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
        // A unique constraint takes NULL identifiers for different ones.
        Unique {
            columns: &["tenant_id", "provider", "token_type"],
            predicate: Some("identifier IS NULL"),
        },
    ],
    columns: &[
        Column { by_default: true, ..Column::required("id", &["uuid"]) },
        Column::required("tenant_id", &["uuid"]),
        Column::required("provider", &["token_provider"]),
        Column::required("token_type", &["token_type"]),
        Column { max_bytes: 255, ..Column::optional("identifier", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required("encrypted_value", TEXT) },
        Column::optional("expires_at", TIME),
        Column::optional("last_used_at", TIME),
        Column::optional("last_refreshed_at", TIME),
        // 'unknown' is the longest.
        Column { max_bytes: 7, ..Column::required("is_valid", TEXT) },
        Column { max_bytes: 255, ..Column::optional("last_error", TEXT) },
        Column { added: true, ..Column::optional("refreshing_at", TIME) },
        Column::required("created_at", TIME),
        Column::required("updated_at", TIME),
    ],
};
