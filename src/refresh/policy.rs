//! Whether to retry, and how long to pause. Pure functions; all retries of the core are decided here.

use std::time::Duration;

use crate::config::Limits;
use crate::error::Error;
use crate::oauth::{RotationGrace, TokenEndpoint, Verdict, may_be_from_gateway};

/// The most requests of one refresh.
const REQUESTS_MAX: u32 = 5;

/// A request of a refresh that was answered.
pub(super) struct Request {
    /// How many requests were sent so far, including this one.
    pub(super) sent: u32,
    /// How long it took.
    pub(super) took: Duration,
    /// How long from now the refresh token may be sent again: what remains of the HTTP budget, or less.
    pub(super) left: Duration,
}

/// Step 6: the pause before the same request is sent again within the HTTP budget; `None`: never.
pub(super) fn resend_after(
    verdict: &Verdict,
    endpoint: &impl TokenEndpoint,
    request: &Request,
    random: f64,
    limits: &Limits,
) -> Option<Duration> {
    let &Request { sent, took, left } = request;
    if !endpoint.may_resend() || sent >= REQUESTS_MAX {
        return None;
    }
    let requested = match verdict {
        // The provider wants fewer requests.
        Verdict::Transient(Error::ProviderThrottled { .. }, _) => return None,
        Verdict::Transient(_, requested) => requested.unwrap_or_default(),
        // `left` is nothing if a second request could spend the same token twice.
        Verdict::Ambiguous(_) => Duration::ZERO,
        _ => return None,
    };
    let bound = Duration::from_millis(limits.request_pause_ms << sent.min(6));
    let pause = requested.max(bound.mul_f64(random));
    // The next request may take twice as long. If the budget cut it off, a known failure would become
    // an unknown outcome.
    (pause + took * 2 < left).then_some(pause)
}

/// Step 6: how long after the first request of an attempt the refresh token may be sent again although a
/// request may have spent it. A row in doubt may have been sent before, nobody knows when.
pub(super) fn spent_token_grace(endpoint: &impl TokenEndpoint, is_in_doubt: bool) -> Duration {
    match endpoint.rotation_grace() {
        _ if !endpoint.may_rotate() => Duration::MAX,
        RotationGrace::UntilUsed => Duration::MAX,
        RotationGrace::For(grace) if !is_in_doubt => grace,
        RotationGrace::For(_) | RotationGrace::None => Duration::ZERO,
    }
}

/// Step 9a: whether the lease is left to expire after a failure. It tells every process that the stored
/// tokens may be worthless.
pub(super) fn leaves_outcome_unknown(verdict: &Verdict, endpoint: &impl TokenEndpoint) -> bool {
    let may_end_tokens = endpoint.may_rotate() || endpoint.refresh_ends_access_token();
    matches!(verdict, Verdict::Ambiguous(_)) && may_end_tokens
}

/// The pause before this process tries a row again that has failed `failures` times before.
pub(super) fn failure_pause(
    failures: u32,
    retry_after: Option<Duration>,
    random: f64,
    limits: &Limits,
) -> Duration {
    let most = Duration::from_millis(limits.failure_pause_max_ms);
    let grown = Duration::from_millis(limits.failure_pause_min_ms) * (1 << failures.min(10));
    // Half of it is jitter, so that processes do not retry at the same time.
    let pause = grown.min(most).mul_f64(0.5 + random / 2.0);
    let requested = retry_after.unwrap_or_default();
    pause.max(requested.min(Duration::from_millis(limits.retry_after_max_ms)))
}

/// The longest pause after this refusal, if it is not the usual one: a gateway's error page passes sooner
/// than a refusal of the token.
pub(super) fn refusal_pause_max(error: &Error, limits: &Limits) -> Option<Duration> {
    may_be_from_gateway(error).then_some(Duration::from_millis(limits.refusal_pause_min_ms))
}

/// The pause before a refresh token is sent again that the provider has refused `refusals` times before.
/// `NOTE_FAILURE` in src/store/states/mod.rs doubles in the same way for all processes: a change to one is a
/// change to both.
pub(super) fn refusal_pause(refusals: u32, random: f64, limits: &Limits) -> Duration {
    let most = Duration::from_millis(limits.refusal_pause_max_ms);
    let grown = Duration::from_millis(limits.refusal_pause_min_ms) * (1 << refusals.min(10));
    grown.min(most).mul_f64(1.0 + random / 4.0)
}

/// The pause between two polls of a row that somebody else refreshes.
pub(super) fn poll_pause(attempt: u32, random: f64, limits: &Limits) -> Duration {
    let most = Duration::from_millis(limits.poll_max_ms);
    let grown = Duration::from_millis(limits.poll_min_ms) * (1 << (attempt / 2).min(10));
    grown.min(most).mul_f64(0.5 + random / 2.0)
}

/// The pause until a refresh that began `age` ago has probably ended, if it takes as long as the shortest
/// of those before it; `None`: it should have ended already, or none is known.
pub(super) fn first_reread(
    shortest: Option<Duration>,
    age: Duration,
    random: f64,
    limits: &Limits,
) -> Option<Duration> {
    let least = Duration::from_millis(limits.poll_min_ms);
    let left = shortest?.checked_sub(age).filter(|left| *left >= least)?;
    // A little late rather than a little early, and not all processes at the same time.
    let pause = left + least.mul_f64(0.2 + random / 5.0);
    Some(pause.min(Duration::from_millis(limits.poll_max_ms)))
}

/// The pause between two tries of a commit (step 7).
pub(super) fn commit_pause(tries: u32, random: f64, limits: &Limits) -> Duration {
    let most = Duration::from_millis(limits.commit_pause_ms);
    let grown = (most / 16) * (1 << tries.min(4));
    grown.min(most).mul_f64(0.5 + random / 2.0)
}

/// How long a refresh task polls before it gives up: a lease, its takeover, and the work of the next
/// holder.
pub(super) fn poll_timeout(limits: &Limits, mixed_fleet: bool) -> Duration {
    Duration::from_millis(
        limits.lease_ms
            + takeover_grace_ms(limits, mixed_fleet)
            + limits.http_budget_ms
            + limits.statement_timeout_ms,
    )
}

/// How long an expired lease is watched before it is taken over. In a mixed fleet it is a whole lease,
/// because old instances set it by their own clocks.
pub(super) fn takeover_grace_ms(limits: &Limits, mixed_fleet: bool) -> u64 {
    if mixed_fleet { limits.lease_ms } else { limits.takeover_grace_ms }
}
