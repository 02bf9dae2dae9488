//! The statements of the zoho store. Its time columns have no time zone and hold UTC, as drizzle writes
//! them: each comparison and each write says so. Numbers in brackets are sections of
//! docs/internals/refresh-protocol.md.

use crate::store::revoked_mark::{mark_holds, marked_between};
use crate::store::sql::late_expiry;
use crate::store::table::{Sql, as_asked};

/// The columns that a migration adds, and NULLs of their types.
pub(super) const ADDED: [&str; 2] = [
    "refreshing_at, invalid_since, invalid_reason",
    "NULL::timestamptz, NULL::timestamptz, NULL::text",
];

/// The row of the key `$1`.
macro_rules! key {
    () => {
        "r.client_id = $1[1] AND r.provider = $1[2]"
    };
}

/// The same, while its tokens are `$2` and `$3`.
macro_rules! version_check {
    () => {
        concat!(
            key!(),
            "
    AND r.refresh_token = $2 AND r.access_token IS NOT DISTINCT FROM $3"
        )
    };
}

/// In RETURNING: the written row has this key and these tokens.
macro_rules! as_written {
    ($refresh:literal, $access:literal $(, $also:literal)?) => {
        as_asked!(concat!(
            "r.client_id = $1[1] COLLATE \"C\" AND r.provider = $1[2] COLLATE \"C\"
        AND r.refresh_token = ",
            $refresh,
            " COLLATE \"C\" AND r.access_token IS NOT DISTINCT FROM ",
            $access,
            " COLLATE \"C\"",
            $($also)?
        ))
    };
}

/// The row is marked revoked.
macro_rules! is_revoked {
    () => {
        mark_holds!("updated_at AT TIME ZONE 'UTC'")
    };
}

macro_rules! columns {
    () => {
        "client_id, provider, access_token, refresh_token, token_expiry AT TIME ZONE 'UTC',
        updated_at AT TIME ZONE 'UTC', clock_timestamp(), metadata ->> 'accounts_server', {added}"
    };
}

const READ_ONE: &str = concat!("SELECT ", columns!(), " FROM {table} AS r WHERE ", key!());

const READ_MANY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM {table} JOIN unnest($1, $2) AS wanted (wanted_client_id, wanted_provider)
        ON client_id = wanted_client_id AND provider = wanted_provider"
);

const READ_PRODUCT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM {table} WHERE client_id = ANY($1) AND provider = ANY($2)"
);

/// Replaces everything but the accounts server, which a token response does not repeat. Frees the lease and
/// removes the mark. `{reset}` is left out for a table that lacks the columns.
pub(super) const STORE: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    INSERT INTO {table} AS stored
        (client_id, provider, access_token, refresh_token, token_expiry, scopes, metadata, created_at, updated_at)
    SELECT $1, $2, $3, $4, (now + $5 * interval '1 second') AT TIME ZONE 'UTC', $6, $7::text::jsonb,
        now AT TIME ZONE 'UTC', now AT TIME ZONE 'UTC' FROM clock
    ON CONFLICT (client_id, provider) DO UPDATE SET
        access_token = EXCLUDED.access_token,
        refresh_token = EXCLUDED.refresh_token,
        token_expiry = EXCLUDED.token_expiry,
        scopes = EXCLUDED.scopes,
        metadata = CASE
            WHEN coalesce(stored.metadata ->> 'accounts_server', '') = '' THEN EXCLUDED.metadata
            ELSE jsonb_build_object('accounts_server', stored.metadata -> 'accounts_server')
                || coalesce(EXCLUDED.metadata, '{}') END,
        updated_at = EXCLUDED.updated_at{reset}
    RETURNING stored.client_id, ",
    as_asked!(
        "stored.client_id = $1 COLLATE \"C\" AND stored.provider = $2 COLLATE \"C\"
        AND stored.access_token IS NOT DISTINCT FROM $3 COLLATE \"C\"
        AND stored.refresh_token = $4 COLLATE \"C\""
    )
);

/// What is written besides into a table with the added columns.
pub(super) const RESET: &str = ",
        refreshing_at = NULL, invalid_since = NULL, invalid_reason = NULL";

/// Creates a missing row from `ZOHO_REFRESH_TOKEN`. Of many callers one wins.
pub(super) const INSERT_MISSING: &str = concat!(
    "
    INSERT INTO {table} (client_id, provider, refresh_token, created_at, updated_at)
    SELECT $1, $2, $3, now AT TIME ZONE 'UTC', now AT TIME ZONE 'UTC'
    FROM (SELECT clock_timestamp() AS now) AS clock
    ON CONFLICT (client_id, provider) DO NOTHING
    RETURNING client_id, ",
    as_asked!(
        "client_id = $1 COLLATE \"C\" AND provider = $2 COLLATE \"C\"
        AND refresh_token = $3 COLLATE \"C\""
    )
);

/// Stores `ZOHO_REFRESH_TOKEN` in a row that is marked revoked, if the row is still the one that was read.
pub(super) const REVIVE: &str = concat!(
    "
    UPDATE {table} SET
        refresh_token = $3, access_token = NULL, token_expiry = NULL,
        refreshing_at = NULL, invalid_since = NULL, invalid_reason = NULL,
        updated_at = clock_timestamp() AT TIME ZONE 'UTC'
    WHERE client_id = $1 AND provider = $2 AND refresh_token = $4
      AND invalid_reason IS NOT DISTINCT FROM $5 AND ",
    is_revoked!()
);

/// Takes the lease (3). A row without an access token or an expiry is never fresh.
const LEASE: &str = concat!(
    "
    UPDATE {table} AS r SET refreshing_at = clock_timestamp()
    WHERE ",
    version_check!(),
    "
      AND ($4::float8 IS NULL OR coalesce(r.access_token, '') = '' OR r.token_expiry IS NULL
        OR r.token_expiry AT TIME ZONE 'UTC' <= clock_timestamp() + $4 * interval '1 millisecond')
      AND (r.refreshing_at IS NULL OR r.refreshing_at = $5) AND NOT ",
    is_revoked!(),
    "
    RETURNING r.refreshing_at, ",
    as_written!("$2", "$3", " AND r.refreshing_at IS NOT NULL")
);

/// Commits (7). Merges `api_domain`, `$13`.
const COMMIT: &str = concat!(
    "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    UPDATE {table} AS r SET
        refresh_token = $4,
        access_token = $5,
        token_expiry = ",
    late_expiry!(),
    " AT TIME ZONE 'UTC',
        metadata = CASE
            WHEN $13::text IS NULL THEN metadata
            WHEN metadata IS NULL OR jsonb_typeof(metadata) = 'object'
            THEN coalesce(metadata, '{}') || jsonb_build_object('api_domain', $13::text)
            ELSE metadata END,
        refreshing_at = NULL, invalid_since = NULL, invalid_reason = NULL,
        updated_at = clock.now AT TIME ZONE 'UTC'
    FROM clock
    WHERE ",
    version_check!(),
    "
    RETURNING r.token_expiry AT TIME ZONE 'UTC', ",
    as_written!("$4", "$5")
);

/// Expires the token early (9a).
const EXPIRE_EARLY: &str = concat!(
    "
    UPDATE {table} AS r SET token_expiry = LEAST(r.token_expiry,
        (clock_timestamp() + $4 * interval '1 millisecond') AT TIME ZONE 'UTC')
    WHERE ",
    version_check!(),
    " AND r.token_expiry IS NOT NULL"
);

/// Marks the row revoked (9d): it stays, and says since when and why it needs the user.
const MARK_REVOKED: &str = concat!(
    "
    UPDATE {table} AS r SET
        invalid_since = clock_timestamp(), invalid_reason = $5, refreshing_at = NULL,
        updated_at = clock_timestamp() AT TIME ZONE 'UTC'
    WHERE ",
    version_check!(),
    " AND r.refreshing_at = $4 RETURNING r.client_id"
);

/// Removes marks, so that the rows are tried again.
pub(super) const REVIVE_MARKED: &str = concat!(
    "
    UPDATE {table} AS stored SET invalid_since = NULL, invalid_reason = NULL
    FROM (SELECT client_id, provider FROM {table}
        WHERE ",
    marked_between!(),
    ") AS marked
    WHERE stored.client_id = marked.client_id AND stored.provider = marked.provider
    RETURNING stored.client_id"
);

pub(super) const SQL: Sql = Sql {
    key: key!(),
    read_one: READ_ONE,
    read_many: READ_MANY,
    read_product: Some(READ_PRODUCT),
    lease: LEASE,
    commit: COMMIT,
    commit_metadata: None,
    expire_early: EXPIRE_EARLY,
    mark_revoked: MARK_REVOKED,
    version_check: version_check!(),
};
