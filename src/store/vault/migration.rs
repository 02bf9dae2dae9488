//! The table of the vault store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, Migration, Unique, Used};

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
            used: Used { read: true, inserted: false, updated: false },
            ..Column::required("id", &["uuid"])
        },
        Column { used: Used::FIXED, ..Column::required("tenant_id", &["uuid"]) },
        Column { used: Used::FIXED, ..Column::required("provider", &["token_provider"]) },
        Column { used: Used::FIXED, ..Column::required("token_type", &["token_type"]) },
        Column { max_bytes: 255, used: Used::FIXED, ..Column::optional("identifier", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required("encrypted_value", TEXT) },
        Column::optional("expires_at", TIME),
        Column { used: Used::LATER, ..Column::optional("last_used_at", TIME) },
        Column { used: Used::TOLD, ..Column::optional("last_refreshed_at", TIME) },
        // 'unknown' is the longest.
        Column { max_bytes: 7, ..Column::required("is_valid", TEXT) },
        Column { max_bytes: 255, used: Used::LATER, ..Column::optional("last_error", TEXT) },
        Column { added: true, used: Used::LATER, ..Column::optional("refreshing_at", TIME) },
        Column { used: Used::MADE, ..Column::required("created_at", TIME) },
        Column::required("updated_at", TIME),
    ],
};
