//! The table of the calendar store.

use crate::config::TOKEN_MAX_BYTES;
use crate::db::{Column, ColumnUse, Migration, Unique};

const TEXT: &[&str] = &["text", "varchar"];
const TIME: &[&str] = &["timestamptz"];

/// The table `google_calendar_tokens`.
pub const MIGRATION: Migration = Migration {
    store: "calendar",
    version: 7,
    sql: &[
        include_str!("../../../migrations/0004_calendar.sql"),
        include_str!("../../../migrations/0005_oauth.sql"),
        include_str!("../../../migrations/0007_refresh_state.sql"),
    ],
    table: "google_calendar_tokens",
    keys: &[Unique { columns: &["user_id"], predicate: None }],
    columns: &[
        Column { usage: ColumnUse::NOT_UPDATED, ..Column::required("user_id", &["uuid"]) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required("access_token", TEXT) },
        Column { max_bytes: 2 * TOKEN_MAX_BYTES, ..Column::required("refresh_token", TEXT) },
        Column::optional("token_expiry", TIME),
        Column::optional("scopes", &["_text"]),
        Column {
            added: true,
            usage: ColumnUse::NOT_INSERTED,
            ..Column::optional("refreshing_at", TIME)
        },
        // The old table allows NULL; tokenkeep never writes it.
        Column::optional("updated_at", TIME),
    ],
};
