//! The statements of the calendar store. Numbers in brackets are sections of
//! docs/internals/refresh-protocol.md.

use crate::store::sql::{delete_revoked, expire_early, late_expiry};
use crate::store::table::{Sql, as_asked};

/// The columns that a migration adds, and NULLs of their types.
pub(super) const ADDED: [&str; 2] = ["r.refreshing_at", "NULL::timestamptz"];

/// The row of the key `$1`.
macro_rules! key {
    () => {
        "r.user_id = $1[1]::uuid"
    };
}

/// The same, while its tokens are `$2` and `$3`.
macro_rules! version_check {
    () => {
        concat!(key!(), " AND r.refresh_token = $2 AND r.access_token = $3")
    };
}

/// In RETURNING: the written row has this key and these tokens.
macro_rules! as_written {
    ($refresh:literal, $access:literal $(, $also:literal)?) => {
        as_asked!(concat!(
            "r.user_id = $1[1]::uuid AND r.refresh_token = ",
            $refresh,
            " COLLATE \"C\" AND r.access_token = ",
            $access,
            " COLLATE \"C\"",
            $($also)?
        ))
    };
}

macro_rules! columns {
    () => {
        "user_id::text, access_token, refresh_token, token_expiry, scopes,
        coalesce(updated_at, 'epoch'), clock_timestamp(), {added}"
    };
}

const READ_ONE: &str = concat!("SELECT ", columns!(), " FROM {table} AS r WHERE ", key!());

const READ_MANY: &str =
    concat!("SELECT ", columns!(), " FROM {table} AS r WHERE user_id = ANY($1::uuid[])");

/// A reconnect replaces everything and frees the lease. `{reset}` is left out for a table that lacks the
/// column.
pub(super) const SAVE: &str = concat!(
    "
    INSERT INTO {table} AS stored
        (user_id, access_token, refresh_token, token_expiry, scopes, updated_at)
    VALUES ($1::uuid, $2, $3, $4, $5, clock_timestamp())
    ON CONFLICT (user_id) DO UPDATE SET
        access_token = EXCLUDED.access_token,
        refresh_token = EXCLUDED.refresh_token,
        token_expiry = EXCLUDED.token_expiry,
        scopes = EXCLUDED.scopes,
        updated_at = EXCLUDED.updated_at{reset}
    RETURNING stored.user_id, ",
    as_asked!(
        "stored.user_id = $1::uuid AND stored.access_token = $2 COLLATE \"C\"
        AND stored.refresh_token = $3 COLLATE \"C\""
    )
);

pub(super) const RESET: &str = ", refreshing_at = NULL";

pub(super) const DELETE: &str = "DELETE FROM {table} WHERE user_id = $1::uuid";

/// Deletes the row and returns what was stored.
pub(super) const DISCONNECT: &str = concat!(
    "DELETE FROM {table} AS r WHERE ",
    key!(),
    " RETURNING r.access_token, r.refresh_token"
);

/// A consent without a refresh token: the stored one stays, and so does the lease.
pub(super) const KEEP: &str = concat!(
    "
    UPDATE {table} AS r SET access_token = $3, token_expiry = $4, scopes = $5,
        updated_at = clock_timestamp()
    WHERE ",
    key!(),
    " AND r.refresh_token = $2 RETURNING r.user_id"
);

/// Takes the lease (3). A token without an expiry is fresh; a row without a token is not.
const LEASE: &str = concat!(
    "
    UPDATE {table} AS r SET refreshing_at = clock_timestamp()
    WHERE ",
    version_check!(),
    "
      AND ($4::float8 IS NULL OR r.access_token = ''
        OR r.token_expiry <= clock_timestamp() + $4 * interval '1 millisecond')
      AND (r.refreshing_at IS NULL OR r.refreshing_at = $5)
    RETURNING r.refreshing_at, ",
    as_written!("$2", "$3", " AND r.refreshing_at IS NOT NULL")
);

/// Commits (7).
const COMMIT: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    UPDATE {table} AS r SET
        refresh_token = $4,
        access_token = $5,
        token_expiry = ",
    late_expiry!(),
    ",
        refreshing_at = NULL,
        updated_at = clock.now
    FROM clock
    WHERE ",
    version_check!(),
    "
    RETURNING r.token_expiry, ",
    as_written!("$4", "$5")
);

pub(super) const SQL: Sql = Sql {
    key: key!(),
    read_one: READ_ONE,
    read_many: READ_MANY,
    read_product: None,
    lease: LEASE,
    commit: COMMIT,
    commit_metadata: None,
    expire_early: expire_early!("token_expiry", version_check!()),
    mark_revoked: delete_revoked!(version_check!()),
    version_check: version_check!(),
};
