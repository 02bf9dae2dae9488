//! The statements of the calendar store.

use crate::store::table::{Sql, as_asked};

/// The columns that a migration adds, and NULLs of their types.
pub(super) const ADDED: [&str; 2] = ["refreshing_at", "NULL::timestamptz"];

macro_rules! columns {
    () => {
        "user_id::text, access_token, refresh_token, token_expiry, scopes,
        coalesce(updated_at, 'epoch'), clock_timestamp(), {added}"
    };
}

const READ_ONE: &str = concat!("SELECT ", columns!(), " FROM {table} WHERE user_id = $1[1]::uuid");

const READ_MANY: &str =
    concat!("SELECT ", columns!(), " FROM {table} WHERE user_id = ANY($1::uuid[])");

/// Reconnect: overwrites everything, frees the lease. `{reset}` is left out of a table that lacks the
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

/// The same, and gives what was stored.
pub(super) const DISCONNECT: &str = "
    DELETE FROM {table} WHERE user_id = $1[1]::uuid RETURNING access_token, refresh_token";

/// A consent without a refresh token: the stored one stays, and the lease with it.
pub(super) const KEEP: &str = "
    UPDATE {table} SET access_token = $3, token_expiry = $4, scopes = $5,
        updated_at = clock_timestamp()
    WHERE user_id = $1[1]::uuid AND refresh_token = $2
    RETURNING user_id";

/// Step 3. Without an expiry a token is fresh, but not without a token.
const LEASE: &str = concat!(
    "
    UPDATE {table} SET refreshing_at = clock_timestamp()
    WHERE user_id = $1[1]::uuid AND refresh_token = $2 AND access_token = $3
      AND ($4::float8 IS NULL OR access_token = ''
        OR token_expiry <= clock_timestamp() + $4 * interval '1 millisecond')
      AND (refreshing_at IS NULL OR refreshing_at = $5)
    RETURNING refreshing_at, ",
    as_asked!(
        "user_id = $1[1]::uuid AND refresh_token = $2 COLLATE \"C\"
        AND access_token = $3 COLLATE \"C\" AND refreshing_at IS NOT NULL"
    )
);

/// Step 7. Late (the lease $9 expired, or is no longer ours) and rotated ($8): no fresher than the
/// refresh buffer ($11), so that the next call proves the token.
const COMMIT: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    UPDATE {table} SET
        refresh_token = $4,
        access_token = $5,
        token_expiry = CASE
            WHEN $8 AND (refreshing_at IS DISTINCT FROM $9
                OR refreshing_at < clock.now - $10 * interval '1 millisecond')
            THEN LEAST($7, clock.now + $11 * interval '1 millisecond')
            ELSE $7 END,
        refreshing_at = NULL,
        updated_at = clock.now
    FROM clock
    WHERE user_id = $1[1]::uuid AND refresh_token = $2 AND access_token = $3
    RETURNING token_expiry, ",
    as_asked!(
        "user_id = $1[1]::uuid AND refresh_token = $4 COLLATE \"C\"
        AND access_token = $5 COLLATE \"C\""
    )
);

/// Step 8. By the lease alone: a row that was sealed anew meanwhile is released, too.
const RELEASE: &str = "
    UPDATE {table} SET refreshing_at = $3
    WHERE user_id = $1[1]::uuid AND refreshing_at = $2";

/// Step 9a. A token without an expiry gets one.
const EXPIRE_EARLY: &str = "
    UPDATE {table}
    SET token_expiry = LEAST(token_expiry, clock_timestamp() + $4 * interval '1 millisecond')
    WHERE user_id = $1[1]::uuid AND refresh_token = $2 AND access_token = $3";

/// Step 9d.
const MARK_REVOKED: &str = "
    DELETE FROM {table}
    WHERE user_id = $1[1]::uuid AND refresh_token = $2 AND access_token = $3
      AND refreshing_at = $4
    RETURNING user_id";

/// Rows with a sealed value, some at a time.
pub(super) const SEALED: &str = "
    SELECT user_id::text, access_token, refresh_token FROM {table}
    WHERE access_token LIKE 'tk1.%' OR refresh_token LIKE 'tk1.%'
    ORDER BY user_id LIMIT $1";

/// The same tokens in another form: no new version of the row to anybody but the version check.
pub(super) const REWRITE: &str = "
    UPDATE {table} SET access_token = $4, refresh_token = $5
    WHERE user_id = $1[1]::uuid AND access_token = $2 AND refresh_token = $3
    RETURNING user_id";

const VERSION_CHECK: &str =
    "r.user_id = $1[1]::uuid AND r.refresh_token = $2 AND r.access_token = $3";

pub(super) const SQL: Sql = Sql {
    read_one: READ_ONE,
    read_many: READ_MANY,
    read_product: None,
    lease: LEASE,
    commit: COMMIT,
    release: RELEASE,
    expire_early: EXPIRE_EARLY,
    mark_revoked: MARK_REVOKED,
    version_check: VERSION_CHECK,
};
