//! What the doctor knows about each store. A new store is one entry here.

use crate::error::{Error, Result};

/// What is examined of one store's table.
pub(super) struct StoreFacts {
    pub(super) store: &'static str,
    /// The newest rows, at most `$1`: the version of the sealing key, the parts of the key, and the texts of
    /// the access and the refresh token. `{table}` is the table.
    pub(super) newest_rows: &'static str,
    /// How many rows are read.
    pub(super) rows: i64,
    /// What opens the texts.
    pub(super) opened_with: OpenedWith,
    /// Whether `updated_at` says that a mark of a revoked grant no longer holds: a trigger must not set it.
    pub(super) dates_marks: bool,
    /// Indexes that the migration makes besides the unique keys: their names and their first columns.
    pub(super) indexes: &'static [(&'static str, &'static [&'static str])],
    /// Foreign keys that the migration makes where it can.
    pub(super) links: &'static [WantedLink],
}

/// The keys that open a store's values.
#[derive(Clone, Copy)]
pub(super) enum OpenedWith {
    /// `GMAIL_ENCRYPTION_KEY`.
    Gmail,
    /// `ENCRYPTION_SECRET`.
    Vault,
    /// `TOKENKEEP_KEY`.
    Sealing,
}

/// A foreign key that a migration makes where it can.
pub(super) struct WantedLink {
    pub(super) column: &'static str,
    /// The schema of the other table; `None`: that of the store's table.
    pub(super) schema: Option<&'static str>,
    pub(super) other: &'static str,
    pub(super) id_type: &'static str,
}

const ROWS: i64 = 100;
/// Opening a value of the vault may derive a key, which takes tens of milliseconds.
const VAULT_ROWS: i64 = 20;

static STORES: [StoreFacts; 5] = [
    StoreFacts {
        store: "gmail",
        newest_rows: "
            SELECT to_jsonb(t) ->> 'key_version', ARRAY[]::text[],
                encrypted_access_token::text, encrypted_refresh_token::text
            FROM {table} t ORDER BY updated_at DESC LIMIT $1",
        rows: ROWS,
        opened_with: OpenedWith::Gmail,
        dates_marks: false,
        indexes: &[("user_id", &["user_id"]), ("tenant_id", &["tenant_id"])],
        links: &[
            WantedLink { column: "tenant_id", schema: None, other: "tenants", id_type: "text" },
            WantedLink { column: "user_id", schema: None, other: "users", id_type: "text" },
        ],
    },
    StoreFacts {
        store: "zoho",
        newest_rows: "
            SELECT NULL::text, ARRAY[client_id, provider]::text[], access_token::text,
                refresh_token::text
            FROM {table} ORDER BY updated_at DESC LIMIT $1",
        rows: ROWS,
        opened_with: OpenedWith::Sealing,
        dates_marks: true,
        indexes: &[],
        links: &[],
    },
    StoreFacts {
        store: "vault",
        newest_rows: "
            SELECT NULL::text, ARRAY[]::text[], encrypted_value::text, NULL::text
            FROM {table} ORDER BY updated_at DESC LIMIT $1",
        rows: VAULT_ROWS,
        opened_with: OpenedWith::Vault,
        dates_marks: false,
        indexes: &[
            ("tenant_id, provider", &["tenant_id", "provider"]),
            ("expires_at", &["expires_at"]),
        ],
        links: &[WantedLink {
            column: "tenant_id",
            schema: None,
            other: "tenants",
            id_type: "uuid",
        }],
    },
    StoreFacts {
        store: "calendar",
        newest_rows: "
            SELECT NULL::text, ARRAY[user_id]::text[], access_token::text, refresh_token::text
            FROM {table} ORDER BY updated_at DESC NULLS LAST LIMIT $1",
        rows: ROWS,
        opened_with: OpenedWith::Sealing,
        dates_marks: false,
        indexes: &[],
        links: &[WantedLink {
            column: "user_id",
            schema: Some("auth"),
            other: "users",
            id_type: "uuid",
        }],
    },
    StoreFacts {
        store: "integration",
        newest_rows: "
            SELECT NULL::text, ARRAY[user_id, provider]::text[], access_token::text,
                refresh_token::text
            FROM {table} ORDER BY updated_at DESC LIMIT $1",
        rows: ROWS,
        opened_with: OpenedWith::Sealing,
        dates_marks: true,
        indexes: &[("expires_at", &["expires_at"])],
        links: &[],
    },
];

/// What is known about a store.
///
/// # Errors
/// [`Error::Internal`] for a store without an entry.
pub(super) fn facts(store: &str) -> Result<&'static StoreFacts> {
    let found = STORES.iter().find(|facts| facts.store == store);
    found.ok_or_else(|| Error::internal("the doctor does not know this store"))
}
