//! The statements of the gmail store. `{table}` is replaced by the table's qualified name.

use crate::store::table::{Sql, as_asked};

macro_rules! columns {
    () => {
        "user_id, id, tenant_id, encrypted_access_token, encrypted_refresh_token, expires_at, scope,
        key_version, refreshing_at, connected_at, updated_at, clock_timestamp()"
    };
}

const READ_ONE: &str = concat!("SELECT ", columns!(), " FROM {table} WHERE user_id = $1[1]");

const READ_MANY: &str = concat!("SELECT ", columns!(), " FROM {table} WHERE user_id = ANY($1)");

/// Reconnect: overwrites everything, frees the lease. In a mixed fleet it leaves a live one behind, $9 ms old,
/// so that an old instance that has read but not locked waits and reads again.
pub(super) const UPSERT: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    INSERT INTO {table} AS stored (id, tenant_id, user_id, encrypted_access_token,
        encrypted_refresh_token, expires_at, scope, key_version, refreshing_at, connected_at, updated_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, 
        now() - $9::float8 * interval '1 millisecond', now, now FROM clock
    ON CONFLICT (user_id) DO UPDATE SET
        encrypted_access_token = EXCLUDED.encrypted_access_token,
        encrypted_refresh_token = EXCLUDED.encrypted_refresh_token,
        expires_at = EXCLUDED.expires_at,
        scope = EXCLUDED.scope,
        key_version = EXCLUDED.key_version,
        refreshing_at = EXCLUDED.refreshing_at,
        updated_at = EXCLUDED.updated_at
    WHERE stored.tenant_id = EXCLUDED.tenant_id
    RETURNING stored.id, ",
    as_asked!(
        "stored.user_id = $3 COLLATE \"C\" AND stored.tenant_id = $2 COLLATE \"C\"
        AND stored.encrypted_access_token = $4 COLLATE \"C\"
        AND stored.encrypted_refresh_token = $5 COLLATE \"C\""
    )
);

pub(super) const DELETE: &str =
    "DELETE FROM {table} WHERE user_id = $1 AND user_id = $1 COLLATE \"C\"";

/// Step 3. The value that was watched ($5), being equal, is still that one. In a mixed fleet a
/// lease that is older than the last write by $6 ms or more is a leftover, free once it has expired ($7). The
/// clock is read when the row is locked, not before.
const LEASE: &str = concat!(
    "
    UPDATE {table} SET refreshing_at = clock_timestamp()
    WHERE user_id = $1[1] AND encrypted_refresh_token = $2 AND encrypted_access_token = $3
      AND ($4::float8 IS NULL OR expires_at <= clock_timestamp() + $4 * interval '1 millisecond')
      AND (refreshing_at IS NULL
        OR refreshing_at = $5
        OR (refreshing_at <= updated_at - $6::float8 * interval '1 millisecond'
          AND refreshing_at < clock_timestamp() - $7 * interval '1 millisecond'))
    RETURNING refreshing_at, ",
    as_asked!(
        "user_id = $1[1] COLLATE \"C\" AND encrypted_refresh_token = $2 COLLATE \"C\"
        AND encrypted_access_token = $3 COLLATE \"C\" AND refreshing_at IS NOT NULL"
    )
);

/// Step 7. Late (the lease $9 expired, or is no longer ours) and rotated ($8): no fresher than the
/// refresh buffer ($11), so that the next call proves the token. In a mixed fleet it leaves a lease behind, $12 ms
/// older than the transaction: a trigger on `updated_at` writes when that began.
const COMMIT: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    UPDATE {table} SET
        encrypted_refresh_token = $4,
        encrypted_access_token = $5,
        key_version = $6,
        expires_at = CASE
            WHEN $8 AND (refreshing_at IS DISTINCT FROM $9
                OR refreshing_at < clock.now - $10 * interval '1 millisecond')
            THEN LEAST($7, clock.now + $11 * interval '1 millisecond')
            ELSE $7 END,
        refreshing_at = now() - $12::float8 * interval '1 millisecond',
        updated_at = clock.now
    FROM clock
    WHERE user_id = $1[1] AND encrypted_refresh_token = $2 AND encrypted_access_token = $3
    RETURNING expires_at, ",
    as_asked!(
        "user_id = $1[1] COLLATE \"C\" AND encrypted_refresh_token = $4 COLLATE \"C\"
        AND encrypted_access_token = $5 COLLATE \"C\""
    )
);

/// Step 8. By the lease alone: a row that was sealed anew meanwhile is released, too.
const RELEASE: &str = "
    UPDATE {table} SET refreshing_at = $3 WHERE user_id = $1[1] AND refreshing_at = $2";

/// Step 9a.
const EXPIRE_EARLY: &str = "
    UPDATE {table} SET expires_at = LEAST(expires_at, clock_timestamp() + $4 * interval '1 millisecond')
    WHERE user_id = $1[1] AND encrypted_refresh_token = $2 AND encrypted_access_token = $3";

/// Step 9d.
const MARK_REVOKED: &str = "
    DELETE FROM {table}
    WHERE user_id = $1[1] AND encrypted_refresh_token = $2 AND encrypted_access_token = $3
      AND refreshing_at = $4
    RETURNING id";

const VERSION_CHECK: &str =
    "r.user_id = $1[1] AND r.encrypted_refresh_token = $2 AND r.encrypted_access_token = $3";

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
