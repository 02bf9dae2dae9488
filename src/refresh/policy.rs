//! Whether to try again, and how long to pause. Pure; the only retries of the core are decided
//! here.

use std::time::Duration;

use crate::config::Limits;
use crate::error::Error;
use crate::oauth::{TokenEndpoint, Verdict};

/// The first upper bound of a pause between two requests of one refresh.
const REQUEST_PAUSE_MS: u64 = 250;
/// The most requests of one refresh.
const REQUESTS_MAX: u32 = 5;

/// The pause before the same request is sent again within the HTTP budget; `None`: not again.
/// `sent` requests were sent so far, `left` is what remains of the budget.
pub(super) fn resend_after(
    verdict: &Verdict,
    endpoint: &impl TokenEndpoint,
    sent: u32,
    left: Duration,
    random: f64,
) -> Option<Duration> {
    if !endpoint.is_repeatable() || sent >= REQUESTS_MAX {
        return None;
    }
    let asked = match verdict {
        // The provider asks for fewer requests: more of them would be no answer.
        Verdict::Transient(Error::ProviderThrottled { .. }, _) => return None,
        Verdict::Transient(_, asked) => asked.unwrap_or_default(),
        // A second request could spend a rotated token twice.
        Verdict::Ambiguous(_) if !endpoint.may_rotate() => Duration::ZERO,
        _ => return None,
    };
    let bound = Duration::from_millis(REQUEST_PAUSE_MS << sent.min(6));
    let pause = asked.max(bound.mul_f64(random));
    (pause < left).then_some(pause)
}

/// Whether the lease is left to run out after a failure, as the mark for every process that the
/// refresh token may be spent.
pub(super) fn leaves_doubt(verdict: &Verdict, endpoint: &impl TokenEndpoint) -> bool {
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
    let asked = retry_after.unwrap_or_default();
    pause.max(asked.min(Duration::from_millis(limits.retry_after_max_ms)))
}

/// The pause between two looks at a row that somebody else refreshes.
pub(super) fn poll_pause(looks: u32, random: f64, limits: &Limits) -> Duration {
    let most = Duration::from_millis(limits.poll_max_ms);
    let grown = Duration::from_millis(limits.poll_min_ms) * (1 << (looks / 2).min(10));
    grown.min(most).mul_f64(0.5 + random / 2.0)
}

/// The pause between two tries of step 7.
pub(super) fn commit_pause(tries: u32, random: f64, limits: &Limits) -> Duration {
    let most = Duration::from_millis(limits.commit_pause_ms);
    let grown = (most / 16) * (1 << tries.min(4));
    grown.min(most).mul_f64(0.5 + random / 2.0)
}

/// How long a flight looks on before it gives up: a lease, its takeover, and the work of the
/// next holder.
pub(super) fn flight_patience(limits: &Limits, mixed_fleet: bool) -> Duration {
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
