//! I5: a call of tokenkeep, and whether its outcome is right.

use tokenkeep::error::{Error, Result};
use tokenkeep::refresh::{RefreshOptions, Table as _};

use super::instance::Instance;
use super::provider::Name;
use super::schedule::CallKind;
use super::world::Truth;

/// Half an hour: longer than the refresh buffer, shorter than most tokens.
const LONG_MS: u64 = 1_800_000;

/// The state of the world when a call began.
struct CallStart {
    at_us: u64,
    paused_us: u64,
    held_us: u64,
    statement_failures: u32,
    statements_away: u32,
    users_changes: u32,
    /// How long the token must be valid, unless no refresh can bring as much.
    wanted_us: u64,
    /// The token that a forced refresh replaces.
    replaces: Option<Name>,
}

/// One call; the invariants are checked when it returns.
pub(crate) async fn call(instance: &Instance, kind: CallKind) -> Result<()> {
    let (world, process) = (&instance.machine.world, &instance.machine.process);
    let start = {
        let ledger = &world.truth().ledger;
        CallStart {
            at_us: world.now_us(),
            paused_us: process.paused_us(),
            held_us: ledger.held_us(world.now_us()),
            statement_failures: ledger.statement_failures,
            statements_away: ledger.statements_away,
            users_changes: ledger.users_changes,
            wanted_us: match kind {
                CallKind::Long => LONG_MS * 1_000,
                CallKind::Fresh => world.limits.fresh_ms * 1_000,
                CallKind::UsableAtOnce | CallKind::Forced | CallKind::Claim => 0,
            },
            replaces: ledger.holding.filter(|_| kind == CallKind::Forced).map(|held| held.access),
        }
    };
    world.note(&process.name, || "calls".into());
    let early =
        if world.setting.repairs.return_check { None } else { usable_token(instance).await };
    let limits = world.limits;
    let options = RefreshOptions {
        fresh_ms: match kind {
            CallKind::Long if world.setting.repairs.longer_token => LONG_MS,
            _ => limits.fresh_ms,
        },
        wait_ms: limits.wait_ms,
        usable_at_once: matches!(kind, CallKind::UsableAtOnce | CallKind::Long),
        force: kind == CallKind::Forced,
    };
    let endpoint = instance.endpoint.clone();
    let outcome = instance.engine.valid((), move |_: &_| Ok(endpoint.clone()), options).await;
    let outcome = outcome.map(|token| token.credentials.access_token.expose().to_owned());
    let outcome = match (outcome, early) {
        (Err(error), Some(early)) if error.is_retryable() => Ok(early),
        (outcome, _) => outcome,
    };
    world.note(&process.name, || match &outcome {
        Ok(token) => format!("gets {token}"),
        Err(error) => format!("gets {}", error.code()),
    });
    judge(instance, &start, &outcome);
    outcome.map(drop)
}

/// Without `return-check`: a usable token is remembered and returned in place of an error.
async fn usable_token(instance: &Instance) -> Option<String> {
    let row = instance.engine.table().read(&()).await.ok()??;
    let left_ms = row.expires_at?.ms_since(row.now);
    let usable_ms = i64::try_from(instance.machine.world.limits.usable_ms).ok()?;
    let opened = instance.engine.table().open(&(), &row).await.ok()?;
    (left_ms > usable_ms).then(|| opened.access_token.expose().to_owned())
}

fn judge(instance: &Instance, start: &CallStart, outcome: &Result<String>) {
    let world = &instance.machine.world;
    let mut truth = world.truth();
    let (undisturbed, undisrupted) = {
        let faults = world.faults.lock().expect("nothing panics while holding it");
        let has_old = world.setting.has_old();
        (faults.struck == 0 && !has_old, faults.disruptive == 0 && !has_old)
    };
    let wrong = match outcome {
        Ok(token) => wrong_token(instance, start, &truth, token, undisrupted),
        Err(error) => wrong_error(instance, start, &truth, error, undisturbed),
    };
    let paused_us = instance.machine.process.paused_us() - start.paused_us;
    let limit_us = world.limits.wait_ms * 1_000 + 500_000 + paused_us;
    let waited_us = world.now_us() - start.at_us;
    let wrong = wrong
        .or_else(|| (waited_us > limit_us).then(|| format!("waits for {} ms", waited_us / 1_000)));
    if let Some(wrong) = wrong {
        let text = format!("a caller of {} {wrong}", instance.machine.process.name);
        truth.ledger.violate("I5", text);
    }
}

fn wrong_token(
    instance: &Instance,
    start: &CallStart,
    truth: &Truth,
    token: &str,
    undisrupted: bool,
) -> Option<String> {
    let Some(access) = Name::parse(token) else { return Some(format!("gets {token}")) };
    let world = &instance.machine.world;
    let process = &instance.machine.process;
    // A machine was suspended and its clock set back, so no clock has measured the time.
    let no_clock = process.paused_us() > 0 && truth.ledger.clocks_set > 0;
    // An old instance counts the expiry from its own clock, from when the answer arrived.
    let no_count = no_clock || world.old_may_interfere(&truth.ledger);
    if process.paused_us() > start.paused_us || no_count {
        return None;
    }
    let shared_us = world.limits.shared_refresh_ms * 1_000;
    // A refresh that was just committed is shared, even if it left a longer access token in place.
    let (committed_us, _) = truth.ledger.committed;
    let is_young = committed_us > 0 && committed_us + shared_us >= start.at_us;
    if start.replaces == Some(access) && !is_young {
        return Some("gets the token that was to be replaced".into());
    }
    let left_us = truth.provider.access_until_us(access).saturating_sub(world.now_us());
    if left_us == 0 {
        return Some("gets an expired token".into());
    }
    // There is nothing better than what the provider has granted since the call began.
    let is_new = truth.provider.access_since_us(access) + shared_us >= start.at_us;
    let is_short = left_us + 100_000 < start.wanted_us && (access.number == 0 || !is_new);
    // A caller whose time is over gets the stored token.
    let in_vain = world.now_us() >= start.at_us + world.limits.wait_ms * 1_000;
    if is_short && undisrupted && !in_vain && !process.has_lacked_key() {
        return Some(format!("gets a token with {} s left", left_us / 1_000_000));
    }
    // While nobody has refreshed, the stored token is returned only while it is usable.
    let unchanged = access.number == 0 && truth.ledger.committed.0 == 0;
    if unchanged && left_us + 100_000 < world.limits.usable_ms * 1_000 {
        return Some("gets a stored token that is no longer usable".into());
    }
    let held = truth.ledger.held_family_since(Some(access.family), start.at_us);
    if !held && !world.old_may_interfere(&truth.ledger) {
        return Some("gets a token of an earlier connection".into());
    }
    None
}

fn wrong_error(
    instance: &Instance,
    start: &CallStart,
    truth: &Truth,
    error: &Error,
    undisturbed: bool,
) -> Option<String> {
    let (world, ledger) = (&instance.machine.world, &truth.ledger);
    let was_gone = ledger.held_family_since(None, start.at_us);
    let right = match error {
        Error::NotConnected { .. } => was_gone,
        Error::Revoked { .. } => was_gone || !ledger.refusals.is_empty(),
        Error::Decryption => instance.machine.process.has_lacked_key(),
        Error::RefreshTimeout { .. } => {
            let held_us = ledger.held_us(world.now_us()) - start.held_us;
            let disturbed = ledger.statement_failures > start.statement_failures
                || ledger.statements_away > start.statements_away
                || ledger.users_changes > start.users_changes
                || ledger.clocks_set > 0
                || instance.machine.process.paused_us() > 0;
            disturbed || world.setting.has_old() || held_us * 4 > world.limits.wait_ms * 1_000
        }
        Error::Internal { .. } | Error::Closed => false,
        _ => !undisturbed,
    };
    (!right).then(|| format!("gets {}", error.code()))
}
