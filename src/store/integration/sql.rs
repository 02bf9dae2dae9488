//! The statements of the integration store. Numbers in brackets are sections of
//! docs/internals/refresh-protocol.md.

use crate::store::revoked_mark::{mark_holds, marked_between};
use crate::store::sql::{expire_early, late_expiry};
use crate::store::table::{Sql, as_asked};

/// The columns that migrations add; without what the last one adds, and without all.
pub(super) const ADDED: [&str; 3] = [
    "refreshing_at, invalid_since, invalid_reason, last_refreshed_at, metadata::text",
    "refreshing_at, invalid_since, invalid_reason, last_refreshed_at, NULL::text",
    "NULL::timestamptz, NULL::timestamptz, NULL::text, NULL::timestamptz, NULL::text",
];

/// The row of the key `$1`.
macro_rules! key {
    () => {
        "r.user_id = $1[1] AND r.provider = $1[2]"
    };
}

/// The same, while its tokens are `$2` and `$3`.
macro_rules! version_check {
    () => {
        concat!(
            key!(),
            "
    AND r.refresh_token = $2 AND r.access_token = $3"
        )
    };
}

/// In RETURNING: the written row has this key and these tokens.
macro_rules! as_written {
    ($refresh:literal, $access:literal $(, $also:literal)?) => {
        as_asked!(concat!(
            "r.user_id = $1[1] COLLATE \"C\" AND r.provider = $1[2] COLLATE \"C\"
        AND r.refresh_token = ",
            $refresh,
            " COLLATE \"C\" AND r.access_token = ",
            $access,
            " COLLATE \"C\"",
            $($also)?
        ))
    };
}

/// The assignment that adds the members of a JSON text to the metadata; `$without` takes some out before.
macro_rules! with_metadata {
    ($stored:literal, $added:literal, $without:literal) => {
        concat!(
            "metadata = CASE
            WHEN ",
            $stored,
            " IS NULL OR jsonb_typeof(",
            $stored,
            ") IN ('object', 'null')
            THEN coalesce(nullif(",
            $stored,
            ", 'null'), '{}')",
            $without,
            " || coalesce(",
            $added,
            "::text::jsonb, '{}')
            ELSE ",
            $stored,
            " END"
        )
    };
}

/// The row is marked revoked.
macro_rules! is_revoked {
    () => {
        mark_holds!("updated_at")
    };
}

macro_rules! columns {
    () => {
        "user_id, provider, access_token, refresh_token, expires_at, updated_at,
        clock_timestamp(), scopes, {added}"
    };
}

const READ_ONE: &str = concat!("SELECT ", columns!(), " FROM {table} AS r WHERE ", key!());

const READ_MANY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM {table} JOIN unnest($1, $2) AS wanted (wanted_user_id, wanted_provider)
        ON user_id = wanted_user_id AND provider = wanted_provider"
);

const READ_PRODUCT: &str =
    concat!("SELECT ", columns!(), " FROM {table} WHERE user_id = ANY($1) AND provider = ANY($2)");

/// A reconnect replaces everything, frees the lease and removes the mark. Without a refresh token (`$3`) the
/// stored one stays, and so does the lease of whoever refreshes with it. `{reset}` is left out for a table
/// that lacks the columns, and so are `{column}`, `{value}` and `{merge}`, which are for metadata.
pub(super) const STORE: &str = concat!(
    "
    INSERT INTO {table} AS stored
        (user_id, provider, access_token, refresh_token, expires_at, scopes, created_at, updated_at{column})
    SELECT $1[1], $1[2], $2, $3, $4, $5, now, now{value} FROM (SELECT clock_timestamp() AS now) AS clock
    ON CONFLICT (user_id, provider) DO UPDATE SET
        access_token = EXCLUDED.access_token,
        refresh_token = coalesce(EXCLUDED.refresh_token, stored.refresh_token),
        expires_at = EXCLUDED.expires_at,
        scopes = EXCLUDED.scopes,
        updated_at = EXCLUDED.updated_at{reset}{merge}
    RETURNING stored.user_id, ",
    as_asked!(
        "stored.user_id = $1[1] COLLATE \"C\" AND stored.provider = $1[2] COLLATE \"C\"
        AND stored.access_token = $2 COLLATE \"C\"
        AND ($3::text IS NULL OR stored.refresh_token = $3 COLLATE \"C\")"
    )
);

/// What is written besides into a table with the added columns.
pub(super) const RESET: &str = ",
        refreshing_at = CASE WHEN EXCLUDED.refresh_token IS NULL THEN stored.refreshing_at END,
        invalid_since = NULL, invalid_reason = NULL, last_error_code = NULL, failure_count = 0";

/// What is written besides with metadata: `$6` replaces members of the same name and those named in `$7`. What is
/// no JSON object is the application's own, and stays.
pub(super) const COLUMN: &str = ", metadata";
pub(super) const VALUE: &str = ", $6::text::jsonb";
pub(super) const MERGE: &str =
    concat!(", ", with_metadata!("stored.metadata", "$6", " - $7::text[]"));

/// A consent without a refresh token: the stored one stays, and so does the lease. `{merge}` is for metadata.
pub(super) const KEEP: &str = "
    UPDATE {table} AS stored SET access_token = $3, expires_at = $4, scopes = $5,
        updated_at = clock_timestamp(){merge}
    WHERE stored.user_id = $1[1] AND stored.provider = $1[2]
      AND stored.refresh_token = $2 RETURNING stored.user_id";

/// Deletes the row and returns what was stored, to be revoked at the provider.
pub(super) const DELETE: &str = concat!(
    "
    DELETE FROM {table} AS r WHERE ",
    key!(),
    "
      AND r.user_id = $1[1] COLLATE \"C\" AND r.provider = $1[2] COLLATE \"C\"
    RETURNING r.access_token, r.refresh_token"
);

/// Counts a failure, for operators and for the order of `refreshExpiring`. Only of the tokens that failed:
/// newer ones have not.
pub(super) const NOTE_FAILURE: &str = concat!(
    "
    UPDATE {table} AS r SET last_error_code = $4, failure_count = failure_count + 1
    WHERE ",
    version_check!()
);

/// Takes the lease (3). A row without an access token is never fresh.
const LEASE: &str = concat!(
    "
    UPDATE {table} AS r SET refreshing_at = clock_timestamp()
    WHERE ",
    version_check!(),
    "
      AND ($4::float8 IS NULL OR r.access_token = ''
        OR r.expires_at <= clock_timestamp() + $4 * interval '1 millisecond')
      AND (r.refreshing_at IS NULL OR r.refreshing_at = $5) AND NOT ",
    is_revoked!(),
    "
    RETURNING r.refreshing_at, ",
    as_written!("$2", "$3", " AND r.refreshing_at IS NOT NULL")
);

/// Commits (7). Replaces the scopes if the response names any (`$14`).
macro_rules! commit {
    ($also:expr) => {
        concat!(
            "
    WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
    UPDATE {table} AS r SET
        refresh_token = $4,
        access_token = $5,
        expires_at = ",
            late_expiry!(),
            ",
        scopes = coalesce($14, scopes),
        refreshing_at = NULL, invalid_since = NULL, invalid_reason = NULL,
        last_refreshed_at = clock.now, last_error_code = NULL, failure_count = 0,
        updated_at = clock.now",
            $also,
            "
    FROM clock
    WHERE ",
            version_check!(),
            "
    RETURNING r.expires_at, ",
            as_written!("$4", "$5")
        )
    };
}

const COMMIT: &str = commit!("");
const COMMIT_METADATA: &str =
    commit!(concat!(",\n        ", with_metadata!("r.metadata", "$15", "")));

/// Marks the row revoked (9d): it stays, and says since when and why it needs the user.
const MARK_REVOKED: &str = concat!(
    "
    UPDATE {table} AS r SET
        invalid_since = clock_timestamp(), invalid_reason = $5, refreshing_at = NULL,
        last_error_code = 'ERR_TOKENKEEP_REVOKED', failure_count = failure_count + 1,
        updated_at = clock_timestamp()
    WHERE ",
    version_check!(),
    " AND r.refreshing_at = $4 RETURNING r.user_id"
);

/// Since when a row has failed in the same way, and the time.
pub(super) const FAILING_SINCE: &str = "
    SELECT state.failing_since, clock_timestamp()
    FROM {table} AS stored JOIN tokenkeep.refresh_state AS state
        ON state.target_schema = $2 AND state.store = 'integration'
        AND state.key = ARRAY[stored.user_id, stored.provider]
    WHERE stored.user_id = $1[1] AND stored.provider = $1[2]
      AND stored.failure_count > 0 AND state.failures > 0";

/// Removes marks, so that the rows are tried again.
pub(super) const REVIVE: &str = concat!(
    "
    UPDATE {table} AS stored SET
        invalid_since = NULL, invalid_reason = NULL, last_error_code = NULL, failure_count = 0
    FROM (SELECT user_id, provider FROM {table}
        WHERE ",
    marked_between!(),
    ") AS marked
    WHERE stored.user_id = marked.user_id AND stored.provider = marked.provider
    RETURNING stored.user_id"
);

pub(super) const SQL: Sql = Sql {
    key: key!(),
    read_one: READ_ONE,
    read_many: READ_MANY,
    read_product: Some(READ_PRODUCT),
    lease: LEASE,
    commit: COMMIT,
    commit_metadata: Some(COMMIT_METADATA),
    expire_early: expire_early!("expires_at", version_check!()),
    mark_revoked: MARK_REVOKED,
    version_check: version_check!(),
};

/// Rows of the providers `$2` that can be refreshed and whose token expires within `$1` ms.
/// `statement_timestamp()`, because `clock_timestamp()` cannot bound the search in the index.
macro_rules! is_due {
    () => {
        concat!(
            "refresh_token <> '' AND expires_at <= statement_timestamp() + $1 * interval '1 millisecond'
        AND split_part(provider, '#', 1) = ANY($2) AND NOT ",
            is_revoked!()
        )
    };
}

/// What stands for `{metadata}`: the column, or NULL for a table that an older tokenkeep has migrated.
pub(super) const METADATA: [&str; 2] = ["metadata::text", "NULL::text"];

/// Leases the rows of `due`; returns the columns of a read.
macro_rules! lease_due {
    () => {
        "
    UPDATE {table} AS stored SET refreshing_at = clock_timestamp()
    FROM due WHERE stored.user_id = due.user_id AND stored.provider = due.provider
    RETURNING stored.user_id, stored.provider, access_token, refresh_token, expires_at, updated_at,
        clock_timestamp(), scopes, refreshing_at, invalid_since, invalid_reason, last_refreshed_at,
        {metadata}"
    };
}

/// Takes the leases (3) of at most `$3` rows, in the order of their expiry; each worker gets others. Not of
/// rows whose last refresh has failed, that are named in `$4` and `$5`, or that were refreshed in the last
/// `$6` ms. Nor of rows that expire before `$7`: rows that this run has refreshed leave dead entries in the
/// index, which would be read again.
pub(super) const CLAIM: &str = concat!(
    "
    WITH due AS (
        SELECT user_id, provider FROM {table}
        WHERE ",
    is_due!(),
    " AND refreshing_at IS NULL AND failure_count = 0
          AND coalesce(last_refreshed_at, 'epoch') < clock_timestamp() - $6 * interval '1 millisecond'
          AND (user_id, provider) NOT IN (SELECT * FROM unnest($4, $5))
          AND expires_at >= coalesce($7, '-infinity')
        ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED
    )",
    lease_due!()
);

/// Takes the leases (3) of the rows named in `$3` and `$4` that have still failed `$5` times: not of rows
/// that were tried since.
pub(super) const CLAIM_FAILING: &str = concat!(
    "
    WITH due AS (
        SELECT user_id, provider FROM {table}
        JOIN unnest($3, $4, $5) AS wanted (wanted_user_id, wanted_provider, failures)
            ON user_id = wanted_user_id AND provider = wanted_provider
        WHERE ",
    is_due!(),
    " AND refreshing_at IS NULL AND failure_count = failures
        FOR UPDATE SKIP LOCKED
    )",
    lease_due!()
);

/// When a refresh has failed, and from when on it may be tried again. The second form gives NULLs, for a
/// database without the table. `$4`: the schema.
pub(super) const STATE: [&str; 2] = [
    "LEFT JOIN tokenkeep.refresh_state AS state ON state.target_schema = $4
        AND state.store = 'integration' AND state.key = ARRAY[due.user_id, due.provider]",
    ", (SELECT NULL::timestamptz AS failed_at, NULL::timestamptz AS retry_at,
        NULL::text AS refused_client) AS state",
];

/// The pause after a lasting refusal is over, or other tokens were stored since, or the refused client is not
/// one of `$6`.
macro_rules! may_be_tried {
    () => {
        "(coalesce(state.retry_at, 'epoch') <= clock_timestamp() OR updated_at > state.failed_at
        OR state.refused_client <> ALL($6))"
    };
}

/// Rows whose refresh has failed, but not in the last `$5` ms; those that failed longest ago first.
pub(super) const FAILING: &str = concat!(
    "
    SELECT user_id, provider, failure_count FROM {table} AS due {state}
    WHERE ",
    is_due!(),
    " AND refreshing_at IS NULL AND failure_count > 0
      AND coalesce(state.failed_at, 'epoch') < clock_timestamp() - $5 * interval '1 millisecond'
      AND ",
    may_be_tried!(),
    "
    ORDER BY coalesce(state.failed_at, 'epoch'), failure_count, expires_at LIMIT $3"
);

/// How many rows are in the pause after a lasting refusal that is older than `$5` ms, among the first `$3`.
pub(super) const PAUSED: &str = concat!(
    "
    SELECT name, count(*) FROM (
        SELECT split_part(provider, '#', 1) AS name FROM {table} AS due {state}
        WHERE ",
    is_due!(),
    " AND failure_count > 0
          AND state.failed_at < clock_timestamp() - $5 * interval '1 millisecond' AND NOT ",
    may_be_tried!(),
    "
        ORDER BY expires_at LIMIT $3
    ) AS paused
    GROUP BY name ORDER BY name"
);

/// Rows that another worker is refreshing, has left leased, or held locked; not those that were refreshed in
/// the last `$5` ms.
pub(super) const LEASED: &str = concat!(
    "
    SELECT user_id, provider, failure_count FROM {table} AS due {state}
    WHERE ",
    is_due!(),
    " AND (refreshing_at IS NOT NULL OR failure_count = 0)
      AND coalesce(last_refreshed_at, 'epoch') < clock_timestamp() - $5 * interval '1 millisecond'
      AND ",
    may_be_tried!(),
    "
    ORDER BY expires_at LIMIT $3"
);

/// Releases the lease `$2` of a row that cannot be read, and counts a failure: otherwise the row would come
/// first in every run.
pub(super) const GIVE_BACK: &str = "
    UPDATE {table} SET
        refreshing_at = NULL, last_error_code = $3, failure_count = failure_count + 1
    WHERE user_id = $1[1] AND provider = $1[2] AND refreshing_at = $2";

/// How many rows are due of other providers than `$2`, among the first `$3`.
pub(super) const SKIPPED: &str = concat!(
    "
    SELECT name, count(*) FROM (
        SELECT split_part(provider, '#', 1) AS name FROM {table}
        WHERE refresh_token <> ''
          AND expires_at <= statement_timestamp() + $1 * interval '1 millisecond'
          AND split_part(provider, '#', 1) <> ALL($2) AND NOT ",
    is_revoked!(),
    "
        ORDER BY expires_at LIMIT $3
    ) AS due
    GROUP BY name ORDER BY name"
);
