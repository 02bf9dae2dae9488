//! The statements of the zoho store. Its time columns have no zone and hold UTC, as drizzle writes
//! them: each comparison and each write says so.

use crate::store::table::{Sql, as_asked};

/// The columns that a migration adds, and NULLs of their types.
pub(super) const ADDED: [&str; 2] = [
    "refreshing_at, invalid_since, invalid_reason",
    "NULL::timestamptz, NULL::timestamptz, NULL::text",
];

macro_rules! columns {
    () => {
        "client_id, provider, access_token, refresh_token, token_expiry AT TIME ZONE 'UTC',
        updated_at AT TIME ZONE 'UTC', clock_timestamp(), metadata ->> 'accounts_server', {added}"
    };
}

const READ_ONE: &str =
    concat!("SELECT ", columns!(), " FROM {table} WHERE client_id = $1[1] AND provider = $1[2]");

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

/// A grant that was marked dead, and that nobody has written since. An application's own code does
/// not know the mark and leaves it, but each of its writes sets `updated_at`. Not to the moment: the
/// column may be rounded.
macro_rules! is_dead {
    () => {
        "(invalid_since IS NOT NULL
        AND updated_at AT TIME ZONE 'UTC' <= invalid_since + interval '1 second')"
    };
}

/// Overwrites everything but the accounts server, which a token response does not name again; ends
/// any refresh under way and revives a dead grant. `{reset}` is left out of a table that lacks the
/// columns.
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

/// What a table with the added columns is told beside.
pub(super) const RESET: &str = ",
        refreshing_at = NULL, invalid_since = NULL, invalid_reason = NULL";

/// The refresh token of the environment, where there is no row; of many callers one wins.
pub(super) const SEED: &str = concat!(
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

/// Another refresh token of the environment for a grant that is dead; under the check of what was read.
pub(super) const REVIVE: &str = concat!(
    "
    UPDATE {table} SET
        refresh_token = $3, access_token = NULL, token_expiry = NULL,
        refreshing_at = NULL, invalid_since = NULL, invalid_reason = NULL,
        updated_at = clock_timestamp() AT TIME ZONE 'UTC'
    WHERE client_id = $1 AND provider = $2 AND refresh_token = $4
      AND invalid_reason IS NOT DISTINCT FROM $5 AND ",
    is_dead!()
);

/// Step 3. Without an access token or an expiry the row is never fresh.
const LEASE: &str = concat!(
    "
    UPDATE {table} SET refreshing_at = clock_timestamp()
    WHERE client_id = $1[1] AND provider = $1[2]
      AND refresh_token = $2 AND access_token IS NOT DISTINCT FROM $3
      AND ($4::float8 IS NULL OR coalesce(access_token, '') = '' OR token_expiry IS NULL
        OR token_expiry AT TIME ZONE 'UTC' <= clock_timestamp() + $4 * interval '1 millisecond')
      AND (refreshing_at IS NULL OR refreshing_at = $5) AND NOT ",
    is_dead!(),
    "
    RETURNING refreshing_at, ",
    as_asked!(
        "client_id = $1[1] COLLATE \"C\" AND provider = $1[2] COLLATE \"C\"
        AND refresh_token = $2 COLLATE \"C\"
        AND access_token IS NOT DISTINCT FROM $3 COLLATE \"C\" AND refreshing_at IS NOT NULL"
    )
);

/// Step 7. Late (the lease $9 expired, or is no longer ours) and rotated ($8): no fresher than the
/// refresh buffer ($11), so that the next call proves the token. Merges `api_domain` ($13).
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
            ELSE $7 END AT TIME ZONE 'UTC',
        metadata = CASE
            WHEN $13::text IS NULL THEN metadata
            WHEN metadata IS NULL OR jsonb_typeof(metadata) = 'object'
            THEN coalesce(metadata, '{}') || jsonb_build_object('api_domain', $13::text)
            ELSE metadata END,
        refreshing_at = NULL, invalid_since = NULL, invalid_reason = NULL,
        updated_at = clock.now AT TIME ZONE 'UTC'
    FROM clock
    WHERE client_id = $1[1] AND provider = $1[2]
      AND refresh_token = $2 AND access_token IS NOT DISTINCT FROM $3
    RETURNING token_expiry AT TIME ZONE 'UTC', ",
    as_asked!(
        "client_id = $1[1] COLLATE \"C\" AND provider = $1[2] COLLATE \"C\"
        AND refresh_token = $4 COLLATE \"C\"
        AND access_token IS NOT DISTINCT FROM $5 COLLATE \"C\""
    )
);

/// Step 8. By the lease alone: a row that was sealed anew meanwhile is released, too.
const RELEASE: &str = "
    UPDATE {table} SET refreshing_at = $3
    WHERE client_id = $1[1] AND provider = $1[2] AND refreshing_at = $2";

/// Step 9a.
const EXPIRE_EARLY: &str = "
    UPDATE {table} SET token_expiry = LEAST(token_expiry,
        (clock_timestamp() + $4 * interval '1 millisecond') AT TIME ZONE 'UTC')
    WHERE client_id = $1[1] AND provider = $1[2]
      AND refresh_token = $2 AND access_token IS NOT DISTINCT FROM $3
      AND token_expiry IS NOT NULL";

/// Step 9d: the row stays, and says since when and why it needs the user.
const MARK_REVOKED: &str = "
    UPDATE {table} SET
        invalid_since = clock_timestamp(), invalid_reason = $5, refreshing_at = NULL,
        updated_at = clock_timestamp() AT TIME ZONE 'UTC'
    WHERE client_id = $1[1] AND provider = $1[2]
      AND refresh_token = $2 AND access_token IS NOT DISTINCT FROM $3 AND refreshing_at = $4
    RETURNING client_id";

/// Marked rows become rows to be tried again.
pub(super) const REVIVE_MARKED: &str = "
    UPDATE {table} AS stored SET invalid_since = NULL, invalid_reason = NULL
    FROM (SELECT client_id, provider FROM {table}
        WHERE invalid_since >= coalesce($1, '-infinity') AND invalid_since <= $2
        LIMIT $3 FOR UPDATE) AS marked
    WHERE stored.client_id = marked.client_id AND stored.provider = marked.provider
    RETURNING stored.client_id";

/// Rows with a sealed value, some at a time.
pub(super) const SEALED: &str = "
    SELECT client_id, provider, access_token, refresh_token FROM {table}
    WHERE access_token LIKE 'tk1.%' OR refresh_token LIKE 'tk1.%'
    ORDER BY client_id, provider LIMIT $1";

/// The same tokens in another form: no new version of the row to anybody but the version check.
pub(super) const REWRITE: &str = "
    UPDATE {table} SET access_token = $4, refresh_token = $5
    WHERE client_id = $1[1] AND provider = $1[2]
      AND access_token IS NOT DISTINCT FROM $2 AND refresh_token = $3
    RETURNING client_id";

const VERSION_CHECK: &str = "r.client_id = $1[1] AND r.provider = $1[2]
    AND r.refresh_token = $2 AND r.access_token IS NOT DISTINCT FROM $3";

pub(super) const SQL: Sql = Sql {
    read_one: READ_ONE,
    read_many: READ_MANY,
    read_product: Some(READ_PRODUCT),
    lease: LEASE,
    commit: COMMIT,
    release: RELEASE,
    expire_early: EXPIRE_EARLY,
    mark_revoked: MARK_REVOKED,
    version_check: VERSION_CHECK,
};
