//! The statements of the gmail store. Numbers in brackets are sections of
//! docs/internals/refresh-protocol.md.

use crate::store::sql::{delete_revoked, expire_early, late_expiry};
use crate::store::table::{Sql, as_asked};

/// The row of the key `$1`.
macro_rules! key {
    () => {
        "r.user_id = $1[1]"
    };
}

/// The same, while its tokens are `$2` and `$3`.
macro_rules! version_check {
    () => {
        concat!(key!(), " AND r.encrypted_refresh_token = $2 AND r.encrypted_access_token = $3")
    };
}

/// In RETURNING: the written row has this key and these tokens.
macro_rules! as_written {
    ($refresh:literal, $access:literal $(, $also:literal)?) => {
        as_asked!(concat!(
            "r.user_id = $1[1] COLLATE \"C\" AND r.encrypted_refresh_token = ",
            $refresh,
            " COLLATE \"C\" AND r.encrypted_access_token = ",
            $access,
            " COLLATE \"C\"",
            $($also)?
        ))
    };
}

macro_rules! columns {
    () => {
        "user_id, id, tenant_id, encrypted_access_token, encrypted_refresh_token, expires_at, scope,
        key_version, refreshing_at, connected_at, updated_at, clock_timestamp()"
    };
}

const READ_ONE: &str = concat!("SELECT ", columns!(), " FROM {table} AS r WHERE ", key!());

const READ_MANY: &str = concat!("SELECT ", columns!(), " FROM {table} WHERE user_id = ANY($1)");

/// A reconnect replaces everything and frees the lease. In a mixed fleet it leaves a valid lease behind,
/// `$9` ms old: an old instance that has read the row and not locked it yet waits and reads again.
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

/// Takes the lease (3): a free one, or the expired value that this process has watched, `$5`. In a mixed
/// fleet, a lease that is older than the last write by `$6` ms or more is a leftover, free once it is older
/// than `$7` ms. `clock_timestamp()` is read after the row is locked.
const LEASE: &str = concat!(
    "
    UPDATE {table} AS r SET refreshing_at = clock_timestamp()
    WHERE ",
    version_check!(),
    "
      AND ($4::float8 IS NULL OR r.expires_at <= clock_timestamp() + $4 * interval '1 millisecond')
      AND (r.refreshing_at IS NULL
        OR r.refreshing_at = $5
        OR (r.refreshing_at <= r.updated_at - $6::float8 * interval '1 millisecond'
          AND r.refreshing_at < clock_timestamp() - $7 * interval '1 millisecond'))
    RETURNING r.refreshing_at, ",
    as_written!("$2", "$3", " AND r.refreshing_at IS NOT NULL")
);

/// Commits (7). In a mixed fleet it leaves a lease behind, `$12` ms older than the transaction: a trigger
/// on `updated_at` writes when the transaction began.
const COMMIT: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    UPDATE {table} AS r SET
        encrypted_refresh_token = $4,
        encrypted_access_token = $5,
        key_version = $6,
        expires_at = ",
    late_expiry!(),
    ",
        refreshing_at = now() - $12::float8 * interval '1 millisecond',
        updated_at = clock.now
    FROM clock
    WHERE ",
    version_check!(),
    "
    RETURNING r.expires_at, ",
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
    expire_early: expire_early!("expires_at", version_check!()),
    mark_revoked: delete_revoked!(version_check!()),
    version_check: version_check!(),
};
