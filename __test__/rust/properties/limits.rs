//! The limits of the refresh protocol, divided by one factor.

use proptest::prelude::*;
use tokenkeep::config::Limits;

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
