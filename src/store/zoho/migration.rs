//! The table of the zoho store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, Migration, Unique, Used};

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
        Column { max_bytes: 255, used: Used::FIXED, ..Column::required("client_id", TEXT) },
        Column { max_bytes: 50, used: Used::FIXED, ..Column::required("provider", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::optional("access_token", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required("refresh_token", TEXT) },
        Column::optional("token_expiry", TIME),
        Column::optional("scopes", TEXT),
        Column::optional("metadata", &["jsonb"]),
        Column { added: true, used: Used::LATER, ..Column::optional("refreshing_at", MOMENT) },
        Column { added: true, used: Used::LATER, ..Column::optional("invalid_since", MOMENT) },
        Column {
            added: true,
            max_bytes: 255,
            used: Used::LATER,
            ..Column::optional("invalid_reason", TEXT)
        },
        Column { used: Used::MADE, ..Column::required("created_at", TIME) },
        Column::required("updated_at", TIME),
    ],
};
