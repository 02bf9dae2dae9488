//! The table of the zoho store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, ColumnUse, Migration, Unique};

const TEXT: &[&str] = &["text", "varchar"];
/// Without a zone: UTC.
const TIME: &[&str] = &["timestamp"];
const MOMENT: &[&str] = &["timestamptz"];

/// The table `oauth_tokens`.
pub const MIGRATION: Migration = Migration {
    store: "zoho",
    version: 7,
    sql: &[
        include_str!("../../../migrations/0002_zoho.sql"),
        include_str!("../../../migrations/0007_refresh_state.sql"),
    ],
    table: "oauth_tokens",
    keys: &[Unique { columns: &["client_id", "provider"], predicate: None }],
    columns: &[
        Column {
            max_bytes: 255,
            usage: ColumnUse::NOT_UPDATED,
            ..Column::required("client_id", TEXT)
        },
        Column {
            max_bytes: 50,
            usage: ColumnUse::NOT_UPDATED,
            ..Column::required("provider", TEXT)
        },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::optional("access_token", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required("refresh_token", TEXT) },
        Column::optional("token_expiry", TIME),
        Column::optional("scopes", TEXT),
        Column::optional("metadata", &["jsonb"]),
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
        Column { usage: ColumnUse::INSERT_ONLY, ..Column::required("created_at", TIME) },
        Column::required("updated_at", TIME),
    ],
};
