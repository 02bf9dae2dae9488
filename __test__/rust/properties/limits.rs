//! The limits of the refresh protocol, divided by one factor, and as docs/limits.md shows them.

use proptest::prelude::*;
use tokenkeep::config::{
    Limits, POOL_CONNECT_MS, POOL_DEFAULT_CONNECTIONS, TEXT_MAX_BYTES, TOKEN_MAX_BYTES,
};

use super::tries;

/// Every limit; a new one does not compile until it is here.
fn all(limits: Limits) -> [u64; 25] {
    let Limits {
        lease_ms,
        http_budget_ms,
        request_pause_ms,
        statement_timeout_ms,
        lock_timeout_ms,
        commit_connect_ms,
        commit_statement_ms,
        commit_pause_ms,
        takeover_grace_ms,
        commit_budget_ms,
        unknown_outcome_ms,
        failure_pause_min_ms,
        failure_pause_max_ms,
        refusal_pause_min_ms,
        refusal_pause_max_ms,
        marks_max,
        marks_within_ms,
        retry_after_max_ms,
        breaker_ms,
        fresh_ms,
        usable_ms,
        wait_ms,
        shared_refresh_ms,
        poll_min_ms,
        poll_max_ms,
    } = limits;
    [
        lease_ms,
        http_budget_ms,
        request_pause_ms,
        statement_timeout_ms,
        lock_timeout_ms,
        commit_connect_ms,
        commit_statement_ms,
        commit_pause_ms,
        takeover_grace_ms,
        commit_budget_ms,
        unknown_outcome_ms,
        failure_pause_min_ms,
        failure_pause_max_ms,
        refusal_pause_min_ms,
        refusal_pause_max_ms,
        u64::from(marks_max),
        marks_within_ms,
        retry_after_max_ms,
        breaker_ms,
        fresh_ms,
        usable_ms,
        wait_ms,
        shared_refresh_ms,
        poll_min_ms,
        poll_max_ms,
    ]
}

#[test]
fn no_factor_up_to_500_makes_limits_contradict_each_other() {
    for factor in 1..=500 {
        let limits = Limits::DEFAULT.scaled_down(factor);
        assert_eq!(limits.contradiction(), None, "{factor}");
        assert!(limits.poll_min_ms <= limits.poll_max_ms, "{factor}");
        assert!(limits.failure_pause_min_ms <= limits.failure_pause_max_ms, "{factor}");
        assert!(limits.refusal_pause_min_ms <= limits.refusal_pause_max_ms, "{factor}");
        assert!(limits.lock_timeout_ms < limits.http_budget_ms, "{factor}");
    }
}

/// The amounts in a text: times in milliseconds, sizes in bytes, and other numbers.
fn amounts(text: &str) -> Vec<u64> {
    let words: Vec<_> = text.split(' ').map(|word| word.trim_end_matches([',', ';'])).collect();
    let amount = |at: usize| {
        let number = match words[at] {
            "a" | "an" => 1,
            number => number.parse().ok()?,
        };
        let unit = match *words.get(at + 1).unwrap_or(&"") {
            "s" => 1_000,
            "min" | "minute" => 60_000,
            "hour" => 3_600_000,
            "day" => 86_400_000,
            "KiB" => 1_024,
            _ => 1,
        };
        Some(number * unit)
    };
    (0..words.len()).filter_map(amount).collect()
}

#[test]
fn the_page_of_limits_shows_those_that_are_in_force() {
    let page = include_str!("../../../docs/limits.md");
    let shown = |what: &str| {
        let row = page.lines().find_map(|line| line.strip_prefix(&format!("| {what}")));
        let row = row.unwrap_or_else(|| panic!("has a row for {what}"));
        amounts(row.split_once('|').expect("has two cells").1)
    };
    let limits = Limits::DEFAULT;
    let marks = [u64::from(limits.marks_max), limits.marks_within_ms];
    assert_eq!(shown("rows that end because one client reports a dead grant"), marks);
    let refusals = [limits.refusal_pause_min_ms, limits.refusal_pause_max_ms];
    assert_eq!(shown("a refresh token that was refused"), refusals);
    assert_eq!(shown("lease on a row"), [limits.lease_ms, limits.takeover_grace_ms]);
    assert_eq!(shown("one refresh at the provider"), [limits.http_budget_ms]);
    assert_eq!(shown("waiting for a refresh"), [limits.wait_ms]);
    assert_eq!(shown("a fresh token"), [limits.fresh_ms]);
    assert_eq!(shown("a usable token"), [limits.usable_ms]);
    assert_eq!(shown("a refreshed token that the database"), [limits.commit_budget_ms]);
    let statement = [limits.statement_timeout_ms, limits.lock_timeout_ms, POOL_CONNECT_MS];
    assert_eq!(shown("a statement; waiting for a locked row; connecting"), statement);
    assert_eq!(shown("the pool"), [POOL_DEFAULT_CONNECTIONS as u64]);
    let bytes = [TEXT_MAX_BYTES as u64, TOKEN_MAX_BYTES as u64];
    assert_eq!(shown("an id or a scope; a token"), bytes);
}

proptest! {
    #![proptest_config(tries(1_000))]

    #[test]
    fn no_factor_takes_a_limit_away_or_makes_it_longer(factor in 1_u64..) {
        let limits = Limits::DEFAULT.scaled_down(factor);
        for (limit, default) in all(limits).into_iter().zip(all(Limits::DEFAULT)) {
            prop_assert!((1..=default).contains(&limit), "{:?}", limits);
        }
        prop_assert_eq!(limits.validated().is_ok(), limits.contradiction().is_none());
    }
}
