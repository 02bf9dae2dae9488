//! The statements of the integration store.

use crate::store::table::{Sql, as_asked};

/// The columns that a migration adds, and NULLs of their types.
pub(super) const ADDED: [&str; 2] = [
    "refreshing_at, invalid_since, invalid_reason, last_refreshed_at",
    "NULL::timestamptz, NULL::timestamptz, NULL::text, NULL::timestamptz",
];

macro_rules! columns {
    () => {
        "user_id, provider, access_token, refresh_token, expires_at, updated_at,
        clock_timestamp(), scopes, {added}"
    };
}

const READ_ONE: &str =
    concat!("SELECT ", columns!(), " FROM {table} WHERE user_id = $1[1] AND provider = $1[2]");

const READ_MANY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM {table} JOIN unnest($1, $2) AS wanted (wanted_user_id, wanted_provider)
        ON user_id = wanted_user_id AND provider = wanted_provider"
);

const READ_PRODUCT: &str =
    concat!("SELECT ", columns!(), " FROM {table} WHERE user_id = ANY($1) AND provider = ANY($2)");

/// A grant that was marked dead, and that nobody has written since: an application's own code does
/// not know the mark, but its writes set `updated_at`.
macro_rules! is_dead {
    () => {
        "(invalid_since IS NOT NULL AND updated_at <= invalid_since + interval '1 second')"
    };
}

/// Reconnect: overwrites everything, stops any refresh under way and revives a dead grant. Without a
/// refresh token ($3) the stored one stays, and with it the lease of whoever refreshes.
/// `{reset}` is left out of a table that lacks the columns.
pub(super) const STORE: &str = concat!(
    "
    INSERT INTO {table} AS stored
        (user_id, provider, access_token, refresh_token, expires_at, scopes, created_at, updated_at)
    SELECT $1[1], $1[2], $2, $3, $4, $5, now, now FROM (SELECT clock_timestamp() AS now) AS clock
    ON CONFLICT (user_id, provider) DO UPDATE SET
        access_token = EXCLUDED.access_token,
        refresh_token = coalesce(EXCLUDED.refresh_token, stored.refresh_token),
        expires_at = EXCLUDED.expires_at,
        scopes = EXCLUDED.scopes,
        updated_at = EXCLUDED.updated_at{reset}
    RETURNING stored.user_id, ",
    as_asked!(
        "stored.user_id = $1[1] COLLATE \"C\" AND stored.provider = $1[2] COLLATE \"C\"
        AND stored.access_token = $2 COLLATE \"C\"
        AND ($3::text IS NULL OR stored.refresh_token = $3 COLLATE \"C\")"
    )
);

/// What a table with the added columns is told beside.
pub(super) const RESET: &str = ",
        refreshing_at = CASE WHEN EXCLUDED.refresh_token IS NULL THEN stored.refreshing_at END,
        invalid_since = NULL, invalid_reason = NULL, last_error_code = NULL, failure_count = 0";

/// A consent without a refresh token: the stored one stays, and the lease with it.
pub(super) const KEEP: &str = "
    UPDATE {table} SET access_token = $3, expires_at = $4, scopes = $5,
        updated_at = clock_timestamp()
    WHERE user_id = $1[1] AND provider = $1[2] AND refresh_token = $2
    RETURNING user_id";

/// Gives what was stored, for the provider to be told.
pub(super) const DELETE: &str = "
    DELETE FROM {table} WHERE user_id = $1[1] AND provider = $1[2]
      AND user_id = $1[1] COLLATE \"C\" AND provider = $1[2] COLLATE \"C\"
    RETURNING access_token, refresh_token";

/// For operators; nothing depends on it. Under the version check: it is no failure of newer tokens.
pub(super) const NOTE_FAILURE: &str = "
    UPDATE {table} SET last_error_code = $4, failure_count = failure_count + 1
    WHERE user_id = $1[1] AND provider = $1[2] AND refresh_token = $2 AND access_token = $3";

/// Step 3. Without an access token the row is never fresh.
const LEASE: &str = concat!(
    "
    UPDATE {table} SET refreshing_at = clock_timestamp()
    WHERE user_id = $1[1] AND provider = $1[2]
      AND refresh_token = $2 AND access_token = $3
      AND ($4::float8 IS NULL OR access_token = ''
        OR expires_at <= clock_timestamp() + $4 * interval '1 millisecond')
      AND (refreshing_at IS NULL OR refreshing_at = $5) AND NOT ",
    is_dead!(),
    "
    RETURNING refreshing_at, ",
    as_asked!(
        "user_id = $1[1] COLLATE \"C\" AND provider = $1[2] COLLATE \"C\"
        AND refresh_token = $2 COLLATE \"C\" AND access_token = $3 COLLATE \"C\"
        AND refreshing_at IS NOT NULL"
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
        expires_at = CASE
            WHEN $8 AND (refreshing_at IS DISTINCT FROM $9
                OR refreshing_at < clock.now - $10 * interval '1 millisecond')
            THEN LEAST($7, clock.now + $11 * interval '1 millisecond')
            ELSE $7 END,
        scopes = coalesce($14, scopes),
        refreshing_at = NULL, invalid_since = NULL, invalid_reason = NULL,
        last_refreshed_at = clock.now, last_error_code = NULL, failure_count = 0,
        updated_at = clock.now
    FROM clock
    WHERE user_id = $1[1] AND provider = $1[2] AND refresh_token = $2 AND access_token = $3
    RETURNING expires_at, ",
    as_asked!(
        "user_id = $1[1] COLLATE \"C\" AND provider = $1[2] COLLATE \"C\"
        AND refresh_token = $4 COLLATE \"C\" AND access_token = $5 COLLATE \"C\""
    )
);

/// Step 8. By the lease alone: a row that was sealed anew meanwhile is released, too.
const RELEASE: &str = "
    UPDATE {table} SET refreshing_at = $3
    WHERE user_id = $1[1] AND provider = $1[2] AND refreshing_at = $2";

/// Step 9a.
const EXPIRE_EARLY: &str = "
    UPDATE {table}
    SET expires_at = LEAST(expires_at, clock_timestamp() + $4 * interval '1 millisecond')
    WHERE user_id = $1[1] AND provider = $1[2] AND refresh_token = $2 AND access_token = $3";

/// Step 9d: the row stays, and says since when and why it needs the user.
const MARK_REVOKED: &str = "
    UPDATE {table} SET
        invalid_since = clock_timestamp(), invalid_reason = $5, refreshing_at = NULL,
        last_error_code = 'ERR_TOKENKEEP_REVOKED', failure_count = failure_count + 1,
        updated_at = clock_timestamp()
    WHERE user_id = $1[1] AND provider = $1[2]
      AND refresh_token = $2 AND access_token = $3 AND refreshing_at = $4
    RETURNING user_id";

/// Since when a row has failed in the same way, and how often.
pub(super) const FAILING_SINCE: &str = "
    SELECT state.failing_since, clock_timestamp(), state.failures
    FROM {table} AS stored JOIN tokenkeep.refresh_state AS state
        ON state.target_schema = $2 AND state.store = 'integration'
        AND state.key = ARRAY[stored.user_id, stored.provider]
    WHERE stored.user_id = $1[1] AND stored.provider = $1[2]
      AND stored.failure_count > 0 AND state.failures > 0";

/// Marked rows become rows to be tried again.
pub(super) const REVIVE: &str = "
    UPDATE {table} AS stored SET
        invalid_since = NULL, invalid_reason = NULL, last_error_code = NULL, failure_count = 0
    FROM (SELECT user_id, provider FROM {table}
        WHERE invalid_since >= coalesce($1, '-infinity') AND invalid_since <= $2
        LIMIT $3 FOR UPDATE) AS marked
    WHERE stored.user_id = marked.user_id AND stored.provider = marked.provider
    RETURNING stored.user_id";

/// Rows with a sealed value, some at a time.
pub(super) const SEALED: &str = "
    SELECT user_id, provider, access_token, refresh_token FROM {table}
    WHERE access_token LIKE 'tk1.%' OR refresh_token LIKE 'tk1.%'
    ORDER BY user_id, provider LIMIT $1";

/// The same tokens in another form: no new version of the row to anybody but the version check.
pub(super) const REWRITE: &str = "
    UPDATE {table} SET access_token = $4, refresh_token = $5
    WHERE user_id = $1[1] AND provider = $1[2]
      AND access_token = $2 AND refresh_token IS NOT DISTINCT FROM $3
    RETURNING user_id";

const VERSION_CHECK: &str = "r.user_id = $1[1] AND r.provider = $1[2]
    AND r.refresh_token = $2 AND r.access_token = $3";

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

/// Rows whose token runs out within $1 ms, of the providers $2, that can be refreshed at all. The
/// statement's own time bounds the search in the index; `clock_timestamp()` would not.
macro_rules! is_due {
    () => {
        concat!(
            "refresh_token <> '' AND expires_at <= statement_timestamp() + $1 * interval '1 millisecond'
        AND split_part(provider, '#', 1) = ANY($2) AND NOT ",
            is_dead!()
        )
    };
}

/// Leases what `due` names; the columns are those of a read.
macro_rules! lease_due {
    () => {
        "
    UPDATE {table} AS stored SET refreshing_at = clock_timestamp()
    FROM due WHERE stored.user_id = due.user_id AND stored.provider = due.provider
    RETURNING stored.user_id, stored.provider, access_token, refresh_token, expires_at, updated_at,
        clock_timestamp(), scopes, refreshing_at, invalid_since, invalid_reason, last_refreshed_at"
    };
}

/// Step 3 for at most $3 rows at once, in the order of their expiry; of several workers each gets
/// others. Not those whose last refresh has failed, nor those of $4 and $5, which were given back, nor
/// what was refreshed in the last $6 ms, nor what runs out before $7: what this run has refreshed leaves
/// dead entries in the index, and many of them to step over.
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

/// Step 3 for the rows of $3 and $4, whose refresh has failed $5 times: nobody has tried since.
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

/// The table beside when a refresh has failed and from when on it may be tried again; beside NULLs, for a
/// database without that table. $4: the schema.
pub(super) const STATE: [&str; 2] = [
    "LEFT JOIN tokenkeep.refresh_state AS state ON state.target_schema = $4
        AND state.store = 'integration' AND state.key = ARRAY[due.user_id, due.provider]",
    ", (SELECT NULL::timestamptz AS failed_at, NULL::timestamptz AS retry_at,
        NULL::text AS refused_client) AS state",
];

/// After a refusal that lasts only when its time has come, or other tokens were stored, or it was none of
/// the clients $6 that was refused.
macro_rules! may_be_tried {
    () => {
        "(coalesce(state.retry_at, 'epoch') <= clock_timestamp() OR updated_at > state.failed_at
        OR state.refused_client <> ALL($6))"
    };
}

/// Rows whose refresh has failed, but not in the last $5 ms; first those that failed longest ago.
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

/// How many rows wait for their time after a refusal that lasts, not of the last $5 ms, among the first
/// $3.
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

/// Rows that somebody else is refreshing, or has not finished, or has held locked; not what was refreshed
/// in the last $5 ms.
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

/// A row that cannot be read: gives the lease $2 back, and does not come first in every run.
pub(super) const GIVE_BACK: &str = "
    UPDATE {table} SET
        refreshing_at = NULL, last_error_code = $3, failure_count = failure_count + 1
    WHERE user_id = $1[1] AND provider = $1[2] AND refreshing_at = $2";

/// How many rows are due of other providers than $2, among the first $3.
pub(super) const SKIPPED: &str = concat!(
    "
    SELECT name, count(*) FROM (
        SELECT split_part(provider, '#', 1) AS name FROM {table}
        WHERE refresh_token <> ''
          AND expires_at <= statement_timestamp() + $1 * interval '1 millisecond'
          AND split_part(provider, '#', 1) <> ALL($2) AND NOT ",
    is_dead!(),
    "
        ORDER BY expires_at LIMIT $3
    ) AS due
    GROUP BY name ORDER BY name"
);
