//! The statements of the vault store. Access and refresh token are two rows, `a` and `r`: the lease is on
//! `r`. Numbers in brackets are sections of docs/internals/refresh-protocol.md.

use crate::store::sql::late_expiry;
use crate::store::table::{Sql, as_asked};

/// The columns that a migration adds, and NULLs of their types.
pub(super) const ADDED: [&str; 2] = ["r.refreshing_at", "NULL::timestamptz"];

/// The enum value that a text names; it can use an index. NULL if the type lacks the value: then no row is
/// found. A cast would be an error, for all callers of a combined read.
macro_rules! label {
    ($column:literal, $text:literal) => {
        concat!(
            "(SELECT label FROM unnest(enum_range((NULL::{table}).",
            $column,
            ")) AS label
            WHERE label::text = ",
            $text,
            ")"
        )
    };
}

/// Whether both are equal, or both NULL. Unlike `IS NOT DISTINCT FROM` it can use an index.
macro_rules! same {
    ($column:expr, $text:literal) => {
        concat!("(", $column, " = ", $text, " OR (", $column, " IS NULL AND ", $text, " IS NULL))")
    };
}

/// The row of the key `$1` with this token type, by this name.
macro_rules! row_of {
    ($row:literal, $type:literal) => {
        concat!(
            $row,
            ".tenant_id = $1[1]::uuid AND ",
            $row,
            ".provider = ",
            label!("provider", "$1[2]"),
            " AND ",
            $row,
            ".token_type = '",
            $type,
            "' AND ",
            same!(concat!($row, ".identifier"), "$1[3]")
        )
    };
}

/// The refresh token's row of the key `$1`.
macro_rules! key {
    () => {
        row_of!("r", "refresh_token")
    };
}

/// The access token's row of the key `$1`.
macro_rules! access_row {
    () => {
        row_of!("a", "access_token")
    };
}

/// The refresh token's row, while the tokens of both rows are `$2` and `$3`.
macro_rules! version_check {
    () => {
        concat!(
            key!(),
            " AND r.encrypted_value = $2 AND (SELECT a.encrypted_value FROM {table} a WHERE ",
            access_row!(),
            ") IS NOT DISTINCT FROM $3"
        )
    };
}

/// What is read of both rows of a key.
macro_rules! pair_columns {
    () => {
        "r.encrypted_value, a.encrypted_value, a.expires_at, {added},
        coalesce(r.updated_at, a.updated_at), clock_timestamp(),
        r.is_valid, r.last_error, a.is_valid, a.id::text, a.last_used_at"
    };
}

/// Whether both rows have this identifier, not only one that a collation treats as equal.
macro_rules! wanted_token {
    ($text:literal) => {
        concat!(
            "coalesce(r.identifier, ",
            $text,
            ") IS NOT DISTINCT FROM ",
            $text,
            " COLLATE \"C\" AND coalesce(a.identifier, ",
            $text,
            ") IS NOT DISTINCT FROM ",
            $text,
            " COLLATE \"C\""
        )
    };
}

const READ_ONE: &str = concat!(
    "SELECT $1[1], $1[2], $1[3], ",
    pair_columns!(),
    " FROM (SELECT) AS key LEFT JOIN {table} r ON ",
    key!(),
    " LEFT JOIN {table} a ON ",
    access_row!(),
    " WHERE (r.id IS NOT NULL OR a.id IS NOT NULL) AND ",
    wanted_token!("$1[3]")
);

const READ_MANY: &str = concat!(
    "SELECT wanted.tenant_id, wanted.provider, wanted.identifier, ",
    pair_columns!(),
    " FROM unnest($1, $2, $3) AS wanted (tenant_id, provider, identifier)
    JOIN unnest(enum_range((NULL::{table}).provider)) AS label ON label::text = wanted.provider
    LEFT JOIN {table} r ON r.tenant_id = wanted.tenant_id::uuid AND r.provider = label
      AND r.token_type = 'refresh_token' AND ",
    same!("r.identifier", "wanted.identifier"),
    " LEFT JOIN {table} a ON a.tenant_id = wanted.tenant_id::uuid AND a.provider = label
      AND a.token_type = 'access_token' AND ",
    same!("a.identifier", "wanted.identifier"),
    " WHERE (r.id IS NOT NULL OR a.id IS NOT NULL) AND ",
    wanted_token!("wanted.identifier")
);

/// Takes the lease (3). An access token is fresh if it is valid, and has no expiry or a distant one.
/// `count(*)`, because with `EXISTS` the planner may read the table from its beginning.
const LEASE: &str = concat!(
    "UPDATE {table} AS r SET refreshing_at = clock_timestamp()
    WHERE ",
    version_check!(),
    "
      AND r.is_valid <> 'false'
      AND ($4::float8 IS NULL OR 0 = (
        SELECT count(*) FROM {table} a WHERE ",
    access_row!(),
    " AND a.is_valid <> 'false'
          AND (a.expires_at IS NULL
            OR a.expires_at > clock_timestamp() + $4 * interval '1 millisecond')))
      AND (r.refreshing_at IS NULL OR r.refreshing_at = $5)
    RETURNING r.refreshing_at, ",
    as_asked!(
        "r.identifier IS NOT DISTINCT FROM $1[3] COLLATE \"C\"
        AND r.encrypted_value = $2 COLLATE \"C\" AND r.refreshing_at IS NOT NULL"
    )
);

/// Commits (7) in one statement: locks both rows, and writes both only if both are the ones that were read.
/// They are written by their ids, so that the plan does not depend on how many rows the planner expects.
const COMMIT: &str = concat!(
    "WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now),
    a AS MATERIALIZED (
      SELECT a.id, a.encrypted_value FROM {table} a WHERE ",
    access_row!(),
    " FOR UPDATE),
    r AS MATERIALIZED (
      SELECT r.id, r.tenant_id, r.provider, r.identifier, r.refreshing_at FROM {table} r
      WHERE ",
    key!(),
    "
        AND r.encrypted_value = $2 AND (SELECT a.encrypted_value FROM a) IS NOT DISTINCT FROM $3
        AND (r.is_valid <> 'false' OR r.last_error = 'tokenkeep:invalid_grant')
      FOR UPDATE),
    expiry AS MATERIALIZED (
      SELECT ",
    late_expiry!(),
    " AS at
      FROM r, clock),
    refresh AS (
      UPDATE {table} AS stored SET encrypted_value = $4, is_valid = 'true', last_error = NULL,
        refreshing_at = NULL, last_refreshed_at = clock.now, updated_at = clock.now
      FROM clock WHERE stored.id = ANY (ARRAY(SELECT id FROM r))
      RETURNING ",
    as_asked!("stored.encrypted_value = $4 COLLATE \"C\""),
    "),
    access AS (
      UPDATE {table} AS stored SET encrypted_value = $5, expires_at = expiry.at, is_valid = 'true',
        last_error = NULL, last_refreshed_at = clock.now, updated_at = clock.now
      FROM expiry, clock
      WHERE stored.id = ANY (ARRAY(SELECT id FROM a)) AND EXISTS (SELECT FROM refresh)
      RETURNING ",
    as_asked!("stored.encrypted_value = $5 COLLATE \"C\""),
    "),
    first_access AS (
      INSERT INTO {table} (tenant_id, provider, token_type, identifier, encrypted_value, expires_at,
        is_valid, last_refreshed_at, created_at, updated_at)
      SELECT r.tenant_id, r.provider, 'access_token', r.identifier, $5, expiry.at,
        'true', clock.now, clock.now, clock.now
      FROM r, expiry, clock WHERE NOT EXISTS (SELECT FROM a) AND EXISTS (SELECT FROM refresh)
      ON CONFLICT DO NOTHING)
    SELECT at FROM expiry WHERE EXISTS (SELECT FROM refresh)"
);

/// Expires the access token early (9a).
const EXPIRE_EARLY: &str = concat!(
    "UPDATE {table} AS a
    SET expires_at = LEAST(a.expires_at, clock_timestamp() + $4 * interval '1 millisecond')
    WHERE ",
    access_row!(),
    " AND a.encrypted_value = $3
      AND EXISTS (SELECT FROM {table} r
        WHERE ",
    key!(),
    " AND r.encrypted_value = $2)"
);

/// Marks the connection revoked (9d): both rows stay. A user's own mark has another `last_error`.
const MARK_REVOKED: &str = concat!(
    "UPDATE {table} AS r SET is_valid = 'false', last_error = 'tokenkeep:' || $5,
      refreshing_at = NULL, updated_at = clock_timestamp()
    WHERE ",
    version_check!(),
    "
      AND r.is_valid <> 'false' AND r.refreshing_at = $4
    RETURNING r.id::text"
);

pub(super) const SQL: Sql = Sql {
    key: key!(),
    read_one: READ_ONE,
    read_many: READ_MANY,
    read_product: None,
    lease: LEASE,
    commit: COMMIT,
    commit_metadata: None,
    expire_early: EXPIRE_EARLY,
    mark_revoked: MARK_REVOKED,
    version_check: version_check!(),
};

macro_rules! token_columns {
    () => {
        "t.tenant_id::text, t.provider::text, t.token_type::text, t.identifier, t.id::text,
        t.encrypted_value, t.expires_at, t.is_valid, t.last_used_at, clock_timestamp()"
    };
}

/// One token. A table without the unique index may have several rows: the newest.
pub(super) const TOKEN: &str = concat!(
    "SELECT ",
    token_columns!(),
    " FROM {table} t
    WHERE t.tenant_id = $1[1]::uuid AND t.provider = ",
    label!("provider", "$1[2]"),
    " AND t.token_type = ",
    label!("token_type", "$1[3]"),
    " AND ",
    same!("t.identifier", "$1[4]"),
    " ORDER BY t.updated_at DESC, t.id LIMIT 1"
);

pub(super) const TOKENS: &str = concat!(
    "SELECT ",
    token_columns!(),
    " FROM unnest($1, $2, $3, $4)
      AS wanted (tenant_id, provider, token_type, identifier)
    JOIN unnest(enum_range((NULL::{table}).provider)) AS label ON label::text = wanted.provider
    JOIN unnest(enum_range((NULL::{table}).token_type)) AS type ON type::text = wanted.token_type
    JOIN {table} t ON t.tenant_id = wanted.tenant_id::uuid AND t.provider = label
      AND t.token_type = type AND ",
    same!("t.identifier", "wanted.identifier"),
    " ORDER BY t.updated_at DESC, t.id"
);

/// Whether the stored row has this identifier and this value.
macro_rules! as_stored {
    ($row:literal) => {
        as_asked!(concat!(
            $row,
            "tenant_id = $1[1]::uuid AND ",
            $row,
            "identifier IS NOT DISTINCT FROM $1[4] COLLATE \"C\" AND ",
            $row,
            "encrypted_value = $2 COLLATE \"C\""
        ))
    };
}

/// Stores a token and frees the lease. `$4`: whether an expiry was given; otherwise the stored one stays.
/// `{target}` is the unique key that applies.
pub(super) const STORE: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    INSERT INTO {table} AS stored (tenant_id, provider, token_type, identifier, encrypted_value,
      expires_at, is_valid, created_at, updated_at)
    SELECT $1[1]::uuid, $1[2]::text::{schema}token_provider, $1[3]::text::{schema}token_type, $1[4],
      $2, $3, 'true', now, now FROM clock
    ON CONFLICT {target} DO UPDATE SET
      encrypted_value = EXCLUDED.encrypted_value,
      expires_at = CASE WHEN $4 THEN EXCLUDED.expires_at ELSE stored.expires_at END,
      is_valid = 'true', last_error = NULL, last_refreshed_at = EXCLUDED.updated_at,
      updated_at = EXCLUDED.updated_at, refreshing_at = NULL
    RETURNING stored.id::text, ",
    as_stored!("stored.")
);

pub(super) const WITH_IDENTIFIER: &str = "(tenant_id, provider, token_type, identifier)";

pub(super) const WITHOUT_IDENTIFIER: &str =
    "(tenant_id, provider, token_type) WHERE identifier IS NULL";

/// The same for a table without the added column or unique index, no better than the old service does it.
pub(super) const BARE_STORE: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now),
    updated AS (
      UPDATE {table} AS stored SET
        encrypted_value = $2,
        expires_at = CASE WHEN $4 THEN $3 ELSE stored.expires_at END,
        is_valid = 'true', last_error = NULL, last_refreshed_at = now, updated_at = now
      FROM clock
      WHERE stored.tenant_id = $1[1]::uuid AND stored.provider::text = $1[2]
        AND stored.token_type::text = $1[3] AND stored.identifier IS NOT DISTINCT FROM $1[4]
      RETURNING stored.id, ",
    as_stored!("stored."),
    "),
    inserted AS (
      INSERT INTO {table} (tenant_id, provider, token_type, identifier, encrypted_value, expires_at,
        is_valid, created_at, updated_at)
      SELECT $1[1]::uuid, $1[2]::text::{schema}token_provider, $1[3]::text::{schema}token_type, $1[4],
        $2, $3, 'true', now, now FROM clock WHERE NOT EXISTS (SELECT FROM updated)
      RETURNING id, ",
    as_stored!(""),
    ")
    SELECT id::text FROM updated UNION ALL SELECT id::text FROM inserted"
);

/// `$3`: only while this is the stored value; NULL: any value.
pub(super) const MARK_INVALID: &str = "
    UPDATE {table} SET is_valid = 'false', last_error = $2, updated_at = clock_timestamp()
    WHERE id = $1::uuid AND ($3::text IS NULL OR encrypted_value = $3)";

pub(super) const DELETE: &str = "DELETE FROM {table} WHERE id = $1::uuid";

/// Locks access tokens first, as a commit does: otherwise the two could deadlock.
pub(super) const DELETE_PROVIDER: &str = "
    WITH gone AS MATERIALIZED (
      SELECT id FROM {table} WHERE tenant_id = $1::uuid AND provider::text = $2
      ORDER BY token_type::text, id FOR UPDATE)
    DELETE FROM {table} AS t USING gone WHERE t.id = gone.id RETURNING t.id::text";

/// Also expired ones. `statement_timestamp()`, because `clock_timestamp()` cannot bound the search in the
/// index.
pub(super) const EXPIRING: &str = "
    SELECT tenant_id::text, provider::text, token_type::text, identifier FROM {table}
    WHERE is_valid = 'true' AND token_type = 'access_token'
      AND expires_at < statement_timestamp() + $1 * interval '1 minute'
      AND ($2::text IS NULL OR provider::text = $2)";

/// Removes the marks of tokenkeep, not those of users.
pub(super) const REVIVE: &str = "
    UPDATE {table} AS t SET is_valid = 'true', last_error = NULL
    FROM (SELECT id FROM {table}
        WHERE is_valid = 'false' AND last_error = 'tokenkeep:invalid_grant'
          AND token_type = 'refresh_token'
          AND updated_at >= coalesce($1, '-infinity') AND updated_at <= $2
        LIMIT $3 FOR UPDATE) AS marked
    WHERE t.id = marked.id RETURNING t.id::text";

/// Skips locked rows: the use of a token is not worth waiting for.
pub(super) const USED: &str = "
    UPDATE {table} AS t SET last_used_at = clock_timestamp()
    FROM (SELECT id FROM {table} WHERE id = ANY($1::text[]::uuid[]) FOR UPDATE SKIP LOCKED) AS free
    WHERE t.id = free.id";

/// The labels of an enum type.
pub(super) const LABELS: &str = "
    SELECT enumlabel::text FROM pg_enum WHERE enumtypid = to_regtype($1)";
