//! All limits and timeouts, with the unit in the name. Relations between limits are checked: for the defaults at
//! compile time, for options when an instance is created.

use crate::error::{Error, Result};

/// The limits of the refresh protocol (`docs/internals/refresh-protocol.md`), as one value that tests can scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The lifetime of a lease.
    pub lease_ms: u64,
    /// For all requests of one refresh together.
    pub http_budget_ms: u64,
    /// The upper bound of the first pause between two requests of a refresh.
    pub request_pause_ms: u64,
    /// For one statement, including lock waits.
    pub statement_timeout_ms: u64,
    /// For a row lock.
    pub lock_timeout_ms: u64,
    /// Commit: for connecting.
    pub commit_connect_ms: u64,
    /// Commit: for one statement, and for a lock.
    pub commit_statement_ms: u64,
    /// Commit: the longest pause between two attempts.
    pub commit_pause_ms: u64,
    /// How long an expired lease must be watched before a takeover.
    pub takeover_grace_ms: u64,
    /// Commit: how long attempts are repeated.
    pub commit_budget_ms: u64,
    /// How long another process may still commit an unfinished attempt.
    pub unknown_outcome_ms: u64,
    /// The first pause after a failed refresh.
    pub failure_pause_min_ms: u64,
    /// The longest pause after a failed refresh.
    pub failure_pause_max_ms: u64,
    /// The first pause after a provider has refused a refresh token.
    pub refusal_pause_min_ms: u64,
    /// The longest such pause.
    pub refusal_pause_max_ms: u64,
    /// How many rows a client may mark as revoked before it must refresh one successfully.
    pub marks_max: u32,
    /// Marks that are older do not count.
    pub marks_within_ms: u64,
    /// The longest `Retry-After` that is respected.
    pub retry_after_max_ms: u64,
    /// How long the breaker of a client with rejected credentials stays open.
    pub breaker_ms: u64,
    /// A token that is valid for longer is fresh: it is returned without a refresh.
    pub fresh_ms: u64,
    /// A token that is valid for longer is usable: it is returned if a refresh fails.
    pub usable_ms: u64,
    /// How long a caller waits for a refresh before it gets a usable token or an error.
    pub wait_ms: u64,
    /// A forced refresh accepts a token that was refreshed more recently than this.
    pub shared_refresh_ms: u64,
    /// The first pause between two reads of a row that another process refreshes.
    pub poll_min_ms: u64,
    /// The longest such pause; a takeover requires at most half of [`Limits::watch_gap`].
    pub poll_max_ms: u64,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        lease_ms: 30_000,
        http_budget_ms: 15_000,
        request_pause_ms: 250,
        statement_timeout_ms: 7_000,
        lock_timeout_ms: 5_000,
        commit_connect_ms: 2_000,
        commit_statement_ms: 1_500,
        commit_pause_ms: 1_000,
        takeover_grace_ms: 5_000,
        commit_budget_ms: 300_000,
        unknown_outcome_ms: 600_000,
        failure_pause_min_ms: 250,
        failure_pause_max_ms: 30_000,
        refusal_pause_min_ms: 60_000,
        refusal_pause_max_ms: 3_600_000,
        marks_max: 5,
        marks_within_ms: 86_400_000,
        retry_after_max_ms: 600_000,
        breaker_ms: 30_000,
        fresh_ms: 300_000,
        usable_ms: 60_000,
        wait_ms: 20_000,
        shared_refresh_ms: 5_000,
        poll_min_ms: 15,
        poll_max_ms: 500,
    };

    /// All limits divided by `factor`, so that tests with real processes are fast.
    #[must_use]
    pub const fn scaled_down(self, factor: u64) -> Self {
        Self {
            lease_ms: part(self.lease_ms, factor),
            http_budget_ms: part(self.http_budget_ms, factor),
            request_pause_ms: part(self.request_pause_ms, factor),
            statement_timeout_ms: part(self.statement_timeout_ms, factor),
            lock_timeout_ms: part(self.lock_timeout_ms, factor),
            commit_connect_ms: part(self.commit_connect_ms, factor),
            commit_statement_ms: part(self.commit_statement_ms, factor),
            commit_pause_ms: part(self.commit_pause_ms, factor),
            takeover_grace_ms: part(self.takeover_grace_ms, factor),
            commit_budget_ms: part(self.commit_budget_ms, factor),
            unknown_outcome_ms: part(self.unknown_outcome_ms, factor),
            failure_pause_min_ms: part(self.failure_pause_min_ms, factor),
            failure_pause_max_ms: part(self.failure_pause_max_ms, factor),
            refusal_pause_min_ms: part(self.refusal_pause_min_ms, factor),
            refusal_pause_max_ms: part(self.refusal_pause_max_ms, factor),
            marks_max: self.marks_max,
            marks_within_ms: part(self.marks_within_ms, factor),
            retry_after_max_ms: part(self.retry_after_max_ms, factor),
            breaker_ms: part(self.breaker_ms, factor),
            fresh_ms: part(self.fresh_ms, factor),
            usable_ms: part(self.usable_ms, factor),
            wait_ms: part(self.wait_ms, factor),
            shared_refresh_ms: part(self.shared_refresh_ms, factor),
            poll_min_ms: part(self.poll_min_ms, factor),
            poll_max_ms: part(self.poll_max_ms, factor),
        }
    }

    /// Replaces the timeouts of statements. A shorter statement timeout also shortens the lock timeout, unless
    /// that is given.
    #[must_use]
    pub fn with_timeouts(self, statement_ms: Option<u64>, lock_ms: Option<u64>) -> Self {
        let statement_timeout_ms = statement_ms.unwrap_or(self.statement_timeout_ms);
        let longest_lock_ms =
            statement_timeout_ms * self.lock_timeout_ms / self.statement_timeout_ms;
        // For PostgreSQL, 0 means no limit.
        let lock_timeout_ms = lock_ms.unwrap_or(self.lock_timeout_ms.min(longest_lock_ms)).max(1);
        Self { statement_timeout_ms, lock_timeout_ms, ..self }
    }

    /// The first rule that these limits violate, as a sentence.
    #[must_use]
    pub const fn contradiction(&self) -> Option<&'static str> {
        if self.http_budget_ms + self.statement_timeout_ms >= self.lease_ms {
            return Some("HTTP budget + statement timeout must be less than the lease");
        }
        if self.lock_timeout_ms >= self.statement_timeout_ms {
            return Some("lock_timeout must be less than statement_timeout");
        }
        if self.commit_pause_ms + self.commit_connect_ms + self.commit_statement_ms
            >= self.takeover_grace_ms
        {
            return Some("commit pause + connect + statement must be less than the takeover grace");
        }
        if self.commit_budget_ms + self.lease_ms >= self.unknown_outcome_ms {
            return Some("commit budget + lease must be less than the unknown-outcome limit");
        }
        if self.usable_ms > self.fresh_ms {
            return Some("a fresh token must be usable");
        }
        if self.poll_max_ms * 2 > Self::watch_gap(self) {
            return Some("the longest poll pause must be at most half the gap of a takeover watch");
        }
        None
    }

    /// The longest time between two successful reads while an expired lease is watched; by default a second.
    #[must_use]
    pub const fn watch_gap(&self) -> u64 {
        self.takeover_grace_ms / 5
    }

    /// Checks the limits.
    ///
    /// # Errors
    /// [`Error::Configuration`] with the violated rule.
    pub fn validated(self) -> Result<Self> {
        match self.contradiction() {
            Some(rule) => Err(Error::configuration("limits", rule)),
            None => Ok(self),
        }
    }
}

/// At least 1, as 0 would mean no limit or no pause.
const fn part(limit_ms: u64, factor: u64) -> u64 {
    let part = limit_ms / factor;
    if part == 0 { 1 } else { part }
}

const _: () = assert!(Limits::DEFAULT.contradiction().is_none());

/// The maximum length of IDs and other texts without a limit of their own.
pub const TEXT_MAX_BYTES: usize = 1024;
/// The maximum length of a JSON object that is stored with tokens.
pub const METADATA_MAX_BYTES: usize = 64 * 1024;
/// The maximum length of an authorization code.
pub const CODE_MAX_BYTES: usize = 4 * 1024;
/// The maximum lifetime of an access token: ten years.
pub const EXPIRES_IN_MAX_S: f64 = 315_360_000.0;
/// The maximum `Retry-After` that is reported: the longest timer of Node, 24 days.
pub const RETRY_AFTER_MAX_S: u64 = 2_147_483;
/// The maximum length of a token.
pub const TOKEN_MAX_BYTES: usize = 64 * 1024;
/// The maximum number of keys in one query.
pub const READ_BATCH_MAX_KEYS: usize = 64;
/// The maximum number of RLS contexts in one round trip.
pub const READ_BATCH_MAX_CONTEXTS: usize = 16;
/// The maximum number of concurrent reads of a table; further keys are collected for the next read.
pub const READS_IN_FLIGHT_MAX: usize = 3;
/// The maximum number of writes that are sent on one connection without waiting for an answer.
pub const SHARED_WRITES_MAX: usize = 32;
/// The number of writes after which a shared connection returns to its pool.
pub const SHARES_MAX: usize = 1_000;
/// A shared connection that has answered none of its writes for this long takes no more.
pub const SHARED_STALL_MS: u64 = 25;
/// How long a write on a shared connection waits for a row lock.
pub const SHARED_LOCK_MS: u64 = 50;
/// The default size of a pool.
pub const POOL_DEFAULT_CONNECTIONS: usize = 6;
/// The maximum size of a pool.
pub const POOL_MAX_CONNECTIONS: usize = 1_000;
/// How long a caller waits for a connection of the pool.
pub const POOL_WAIT_MS: u64 = 5_000;
/// How long connecting to the database may take.
pub const POOL_CONNECT_MS: u64 = 5_000;
/// A connection that has been idle for longer is checked before it is used.
pub const IDLE_MAX_MS: u64 = 5_000;
/// The time limit of that check.
pub const IDLE_ANSWER_MS: u64 = 1_000;
/// The pause between two cancel requests.
pub const CANCEL_PAUSE_MS: u64 = 100;
/// TCP keepalive: the idle time before the first probe.
pub const KEEPALIVE_IDLE_MS: u64 = 30_000;
/// TCP keepalive: the pause between two probes.
pub const KEEPALIVE_INTERVAL_MS: u64 = 5_000;
/// TCP keepalive: the number of unanswered probes after which the connection is closed.
pub const KEEPALIVE_RETRIES: u32 = 3;
/// The age of the lease that a write in a mixed fleet leaves behind, relative to the start of its transaction.
/// Even if a trigger sets `updated_at` to that time, truncated to seconds, `updated_at` is later.
pub const LEFTOVER_AGE_MS: u64 = 2_000;
/// A lease that is older than `updated_at` by at least this is a leftover. A real lease is later than
/// `updated_at`, or earlier only by the run time of a trigger.
pub const LEFTOVER_AGE_MIN_MS: u64 = 1_000;
/// The maximum size of a token endpoint's response.
pub const RESPONSE_MAX_BYTES: usize = 1024 * 1024;

const _: () =
    assert!(READS_IN_FLIGHT_MAX < POOL_DEFAULT_CONNECTIONS, "a write must find a connection");

/// The earliest `timestamptz`: 4714-11-24 BC, in milliseconds since 1970.
pub const TIMESTAMP_MIN_MS: f64 = -210_866_803_200_000.0;
/// The latest JavaScript `Date`, in milliseconds since 1970; `timestamptz` allows later ones.
pub const TIMESTAMP_MAX_MS: f64 = 8.64e15;

/// Checks a time, in milliseconds since 1970, for a `timestamptz` column.
///
/// # Errors
/// [`Error::InvalidArgument`] that names the argument.
pub fn timestamp(argument: &'static str, ms: f64) -> Result<i64> {
    if !(TIMESTAMP_MIN_MS..=TIMESTAMP_MAX_MS).contains(&ms) {
        return Err(Error::invalid(argument, "must be a valid date that PostgreSQL can store"));
    }
    #[allow(clippy::cast_possible_truncation)] // bounded by TIMESTAMP_MAX_MS
    Ok(ms as i64)
}

/// Checks a text for a `varchar(max_chars)` column: 1 to `max_chars` characters, no NUL.
///
/// # Errors
/// [`Error::InvalidArgument`] that names the argument, never its value.
pub fn check_varchar(argument: &'static str, text: &str, max_chars: usize) -> Result<()> {
    // A character has at most 4 bytes.
    check_text(argument, text, max_chars * 4)?;
    let chars = text.chars().count();
    if chars > max_chars {
        let reason = format!("must have at most {max_chars} characters, has {chars}");
        return Err(Error::invalid(argument, reason));
    }
    Ok(())
}

/// Checks a text for a column: 1 to `max_bytes` bytes, no NUL.
///
/// # Errors
/// [`Error::InvalidArgument`] that names the argument, never its value.
pub fn check_text(argument: &'static str, text: &str, max_bytes: usize) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid(argument, "must not be empty"));
    }
    if text.len() > max_bytes {
        return Err(Error::invalid(
            argument,
            format!("must have at most {max_bytes} bytes, has {}", text.len()),
        ));
    }
    if text.contains('\0') {
        return Err(Error::invalid(argument, "must not contain a NUL byte"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_contradict_each_other_are_refused() {
        let cases = [
            Limits { http_budget_ms: 25_000, ..Limits::DEFAULT },
            Limits { lock_timeout_ms: 7_000, ..Limits::DEFAULT },
            Limits { commit_pause_ms: 1_500, ..Limits::DEFAULT },
            Limits { unknown_outcome_ms: 300_000, ..Limits::DEFAULT },
            Limits { usable_ms: 300_001, ..Limits::DEFAULT },
            Limits { poll_max_ms: 600, ..Limits::DEFAULT },
        ];
        for limits in cases {
            assert!(matches!(limits.validated(), Err(Error::Configuration { .. })), "{limits:?}");
        }
        assert!(Limits::DEFAULT.scaled_down(10).validated().is_ok());
    }

    #[test]
    fn a_text_that_no_column_takes_is_refused_by_name() {
        assert!(check_text("userId", "u", 8).is_ok());
        for bad in ["", "nine bytes", "a\0b"] {
            let error = check_text("userId", bad, 8).expect_err("is refused");
            assert!(matches!(error, Error::InvalidArgument { argument: "userId", .. }));
        }
    }
}
