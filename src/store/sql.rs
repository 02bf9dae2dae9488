//! SQL that several stores share. The macros are parts of statements, for `concat!`.

/// Milliseconds as a statement takes them.
#[allow(clippy::cast_precision_loss)] // years of milliseconds are far below 2^53
pub(super) fn ms(ms: u64) -> f64 {
    ms as f64
}

/// The expiry that a commit stores (docs/internals/refresh-protocol.md, 7a): the provider's, `$7`. A
/// commit is late if its lease `$9` is older than `$10` ms or no longer the row's. If it then stores a
/// rotated refresh token (`$8`), the access token may be worthless: it expires within the refresh buffer,
/// `$11` ms, so that the next call refreshes it.
macro_rules! late_expiry {
    () => {
        "CASE
            WHEN $8 AND (r.refreshing_at IS DISTINCT FROM $9
                OR r.refreshing_at < clock.now - $10 * interval '1 millisecond')
            THEN LEAST($7, clock.now + $11 * interval '1 millisecond')
            ELSE $7 END"
    };
}
pub(super) use late_expiry;

/// Expires a token early (docs/internals/refresh-protocol.md, 9a): by the column of its expiry and the
/// version check. `NULL` becomes the early expiry.
macro_rules! expire_early {
    ($expiry:literal, $version_check:expr) => {
        concat!(
            "
    UPDATE {table} AS r
    SET ",
            $expiry,
            " = LEAST(r.",
            $expiry,
            ", clock_timestamp() + $4 * interval '1 millisecond')
    WHERE ",
            $version_check
        )
    };
}
pub(super) use expire_early;

/// Deletes the row of a revoked grant (docs/internals/refresh-protocol.md, 9d), if the lease `$4` is still
/// the row's.
macro_rules! delete_revoked {
    ($version_check:expr) => {
        concat!(
            "
    DELETE FROM {table} AS r WHERE ",
            $version_check,
            " AND r.refreshing_at = $4 RETURNING r.user_id"
        )
    };
}
pub(super) use delete_revoked;

/// Releases the lease `$2`: `$3` takes its place. The version is not checked: a row that was sealed
/// anew in between is released too. `{key}` finds the row.
pub(super) const RELEASE: &str = "
    UPDATE {table} AS r SET refreshing_at = $3 WHERE {key} AND r.refreshing_at = $2";
