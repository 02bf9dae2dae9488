//! Whether to try again, and how long to pause. Pure; the only retries of the core are decided
//! here.

use std::time::Duration;

use crate::config::Limits;
use crate::error::Error;
use crate::oauth::{TokenEndpoint, Verdict, is_from_a_gateway};

/// The most requests of one refresh.
const REQUESTS_MAX: u32 = 5;

/// One request of a refresh, when its answer is there.
pub(super) struct Request {
    /// How many were sent so far, with this one.
    pub(super) sent: u32,
    /// How long it took.
    pub(super) took: Duration,
    /// What remains of the HTTP budget.
    pub(super) left: Duration,
}

/// The pause before the same request is sent again within the HTTP budget; `None`: not again.
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
        // The provider asks for fewer requests: more of them would be no answer.
        Verdict::Transient(Error::ProviderThrottled { .. }, _) => return None,
        Verdict::Transient(_, requested) => requested.unwrap_or_default(),
        // A second request could spend a rotated token twice.
        Verdict::Ambiguous(_) if !endpoint.may_rotate() => Duration::ZERO,
        _ => return None,
    };
    let bound = Duration::from_millis(limits.request_pause_ms << sent.min(6));
    let pause = requested.max(bound.mul_f64(random));
    // The next one may take twice as long: cut off by the budget it would turn a known failure
    // into an unknown outcome.
    (pause + took * 2 < left).then_some(pause)
}

/// Whether the lease is left to run out after a failure, as the mark for every process that the
/// refresh token may be spent.
pub(super) fn leaves_outcome_unknown(verdict: &Verdict, endpoint: &impl TokenEndpoint) -> bool {
    matches!(verdict, Verdict::Ambiguous(_)) && endpoint.may_rotate()
}

/// The pause before a row is tried again in this process after `failures` failures in a row.
pub(super) fn failure_pause(
    failures: u32,
    retry_after: Option<Duration>,
    random: f64,
    limits: &Limits,
) -> Duration {
    let most = Duration::from_millis(limits.failure_pause_max_ms);
    let grown = Duration::from_millis(limits.failure_pause_min_ms) * (1 << failures.min(10));
    // Half of it is jitter, so that processes do not come back together.
    let pause = grown.min(most).mul_f64(0.5 + random / 2.0);
    let requested = retry_after.unwrap_or_default();
    pause.max(requested.min(Duration::from_millis(limits.retry_after_max_ms)))
}

/// The longest pause after this refusal, where that is not the usual one: a page of a gateway's is over
/// sooner than a refusal of the token.
pub(super) fn refusal_pause_max(error: &Error, limits: &Limits) -> Option<Duration> {
    is_from_a_gateway(error).then_some(Duration::from_millis(limits.refusal_pause_min_ms))
}

/// The pause before a provider that has refused a refresh token `refusals` times before is asked again.
pub(super) fn refusal_pause(refusals: u32, random: f64, limits: &Limits) -> Duration {
    let most = Duration::from_millis(limits.refusal_pause_max_ms);
    let grown = Duration::from_millis(limits.refusal_pause_min_ms) * (1 << refusals.min(10));
    grown.min(most).mul_f64(1.0 + random / 4.0)
}

/// The pause between two reads at a row that somebody else refreshes.
pub(super) fn poll_pause(attempt: u32, random: f64, limits: &Limits) -> Duration {
    let most = Duration::from_millis(limits.poll_max_ms);
    let grown = Duration::from_millis(limits.poll_min_ms) * (1 << (attempt / 2).min(10));
    grown.min(most).mul_f64(0.5 + random / 2.0)
}

/// The pause until a refresh that has taken `age` is likely to have ended, by the shortest of
/// those before it; `None` when that says nothing.
pub(super) fn first_reread(
    shortest: Option<Duration>,
    age: Duration,
    random: f64,
    limits: &Limits,
) -> Option<Duration> {
    let least = Duration::from_millis(limits.poll_min_ms);
    let left = shortest?.checked_sub(age).filter(|left| *left >= least)?;
    // A little later rather than a little too early, and not all processes at once.
    let pause = left + least.mul_f64(0.2 + random / 5.0);
    Some(pause.min(Duration::from_millis(limits.poll_max_ms)))
}

/// The pause between two tries of step 7.
pub(super) fn commit_pause(tries: u32, random: f64, limits: &Limits) -> Duration {
    let most = Duration::from_millis(limits.commit_pause_ms);
    let grown = (most / 16) * (1 << tries.min(4));
    grown.min(most).mul_f64(0.5 + random / 2.0)
}

/// How long a refresh task polls before it gives up: a lease, its takeover, and the work of the
/// next holder.
pub(super) fn poll_timeout(limits: &Limits, mixed_fleet: bool) -> Duration {
    Duration::from_millis(
        limits.lease_ms
            + takeover_grace_ms(limits, mixed_fleet)
            + limits.http_budget_ms
            + limits.statement_timeout_ms,
    )
}

/// How long an expired lease is watched before it is taken over: in a mixed fleet a whole lease,
/// against the old instances' skewed clocks.
pub(super) fn takeover_grace_ms(limits: &Limits, mixed_fleet: bool) -> u64 {
    if mixed_fleet { limits.lease_ms } else { limits.takeover_grace_ms }
}
