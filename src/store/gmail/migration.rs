//! The table of the gmail store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, ColumnUse, Migration, Unique};

const TEXT: &[&str] = &["text", "varchar"];
const TIME: &[&str] = &["timestamptz"];

/// A text that tokenkeep may write: at least a UUID must fit.
const fn text(name: &'static str) -> Column {
    Column { max_bytes: 36, ..Column::required(name, TEXT) }
}

/// A sealed token: two hex digits per byte.
const fn sealed(name: &'static str) -> Column {
    Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required(name, TEXT) }
}

/// The table `gmail_tokens`.
pub const MIGRATION: Migration = Migration {
    store: "gmail",
    version: 7,
    sql: &[
        include_str!("../../../migrations/0001_gmail.sql"),
        include_str!("../../../migrations/0007_refresh_state.sql"),
    ],
    table: "gmail_tokens",
    keys: &[Unique { columns: &["user_id"], predicate: None }],
    columns: &[
        Column { usage: ColumnUse::NOT_UPDATED, ..text("id") },
        Column { usage: ColumnUse::NOT_UPDATED, ..text("tenant_id") },
        Column { usage: ColumnUse::NOT_UPDATED, ..text("user_id") },
        sealed("encrypted_access_token"),
        sealed("encrypted_refresh_token"),
        Column::required("expires_at", TIME),
        text("scope"),
        Column { added: true, ..Column::required("key_version", &["int4"]) },
        Column { added: true, nullable: true, ..Column::required("refreshing_at", TIME) },
        Column { usage: ColumnUse::NOT_UPDATED, ..Column::required("connected_at", TIME) },
        Column::required("updated_at", TIME),
    ],
};
