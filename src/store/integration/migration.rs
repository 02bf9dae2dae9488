//! The table of the integration store.

use crate::config::{TEXT_MAX_BYTES, TOKEN_MAX_BYTES};
use crate::db::{Column, ColumnUse, Migration, Unique};

const TEXT: &[&str] = &["text", "varchar"];
const MOMENT: &[&str] = &["timestamptz"];

/// The table `integration_tokens`.
pub const MIGRATION: Migration = Migration {
    store: "integration",
    version: 8,
    sql: &[
        include_str!("../../../migrations/0006_integration.sql"),
        include_str!("../../../migrations/0005_oauth.sql"),
        include_str!("../../../migrations/0007_refresh_state.sql"),
        include_str!("../../../migrations/0008_integration.sql"),
    ],
    table: "integration_tokens",
    keys: &[Unique { columns: &["user_id", "provider"], predicate: None }],
    columns: &[
        Column {
            max_bytes: TEXT_MAX_BYTES,
            usage: ColumnUse::NOT_UPDATED,
            ..Column::required("user_id", TEXT)
        },
        Column {
            max_bytes: TEXT_MAX_BYTES,
            usage: ColumnUse::NOT_UPDATED,
            ..Column::required("provider", TEXT)
        },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required("access_token", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::optional("refresh_token", TEXT) },
        Column::required("expires_at", MOMENT),
        Column::required("scopes", &["_text"]),
        Column {
            added: true,
            usage: ColumnUse::NOT_INSERTED,
            ..Column::optional("refreshing_at", MOMENT)
        },
        Column {
            added: true,
            usage: ColumnUse::NOT_INSERTED,
            ..Column::optional("invalid_since", MOMENT)
        },
        Column {
            added: true,
            max_bytes: 255,
            usage: ColumnUse::NOT_INSERTED,
            ..Column::optional("invalid_reason", TEXT)
        },
        Column {
            added: true,
            usage: ColumnUse::NOT_INSERTED,
            ..Column::optional("last_refreshed_at", MOMENT)
        },
        Column {
            added: true,
            max_bytes: 255,
            usage: ColumnUse { read: false, inserted: false, updated: true },
            ..Column::optional("last_error_code", TEXT)
        },
        Column {
            added: true,
            usage: ColumnUse::NOT_INSERTED,
            ..Column::required("failure_count", &["int4"])
        },
        Column { added: true, ..Column::optional("metadata", &["jsonb"]) },
        Column { usage: ColumnUse::INSERT_ONLY, ..Column::required("created_at", MOMENT) },
        Column::required("updated_at", MOMENT),
    ],
};
