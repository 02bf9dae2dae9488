//! I5: a call of tokenkeep, and whether its outcome is right.

use tokenkeep::error::{Error, Result};
use tokenkeep::refresh::{RefreshOptions, Table as _};

use super::instance::Instance;
use super::provider::Name;
use super::schedule::Asks;
use super::world::Truth;

/// Half an hour: longer than the refresh buffer, shorter than most tokens.
const LONG_MS: u64 = 1_800_000;

/// What was so when a call began.
struct Asked {
    at_us: u64,
    paused_us: u64,
    held_us: u64,
    statement_failures: u32,
    statements_away: u32,
    users_changes: u32,
    /// How much of the token must be left, unless no refresh can bring as much.
    wanted_us: u64,
    /// The token that is not wanted any more.
    replaces: Option<Name>,
}

/// One call; the invariants are checked when it returns.
pub(crate) async fn call(instance: &Instance, asks: Asks) -> Result<()> {
    let (world, process) = (&instance.machine.world, &instance.machine.process);
    let asked = {
        let ledger = &world.truth().ledger;
        Asked {
            at_us: world.now_us(),
            paused_us: process.paused_us(),
            held_us: ledger.held_us(world.now_us()),
            statement_failures: ledger.statement_failures,
            statements_away: ledger.statements_away,
            users_changes: ledger.users_changes,
            wanted_us: match asks {
                Asks::Long => LONG_MS * 1_000,
                Asks::Fresh => world.limits.fresh_ms * 1_000,
                Asks::UsableAtOnce | Asks::Forced | Asks::Claim => 0,
            },
            replaces: ledger.holding.filter(|_| asks == Asks::Forced).map(|held| held.access),
        }
    };
    world.note(&process.name, || "asks for a token".into());
    let early = if world.setting.repairs.ucheck { None } else { usable_token(instance).await };
    let limits = world.limits;
    let options = RefreshOptions {
        fresh_ms: match asks {
            Asks::Long if world.setting.repairs.wanted => LONG_MS,
            _ => limits.fresh_ms,
        },
        wait_ms: limits.wait_ms,
        usable_at_once: matches!(asks, Asks::UsableAtOnce | Asks::Long),
        force: asks == Asks::Forced,
    };
    let endpoint = instance.endpoint.clone();
    let outcome = instance.engine.valid((), move |_: &_| Ok(endpoint.clone()), options).await;
    let outcome = outcome.map(|token| token.credentials.access_token.expose().to_owned());
    let outcome = match (outcome, early) {
        (Err(error), Some(early)) if error.is_retryable() => Ok(early),
        (outcome, _) => outcome,
    };
    world.note(&process.name, || match &outcome {
        Ok(token) => format!("is given {token}"),
        Err(error) => format!("is told {}", error.code()),
    });
    judge(instance, &asked, &outcome);
    outcome.map(drop)
}

/// `ucheck`: a usable token is remembered, to be given instead of an error.
async fn usable_token(instance: &Instance) -> Option<String> {
    let row = instance.engine.table().read(&()).await.ok()??;
    let left_ms = row.expires_at?.ms_since(row.now);
    let usable_ms = i64::try_from(instance.machine.world.limits.usable_ms).ok()?;
    let opened = instance.engine.table().open(&(), &row).await.ok()?;
    (left_ms > usable_ms).then(|| opened.access_token.expose().to_owned())
}

fn judge(instance: &Instance, asked: &Asked, outcome: &Result<String>) {
    let world = &instance.machine.world;
    let mut truth = world.truth();
    let (undisturbed, unhindered) = {
        let faults = world.faults.lock().expect("nothing panics while holding it");
        let has_old = world.setting.has_old();
        (faults.struck == 0 && !has_old, faults.hindering == 0 && !has_old)
    };
    let wrong = match outcome {
        Ok(token) => wrong_token(instance, asked, &truth, token, unhindered),
        Err(error) => wrong_error(instance, asked, &truth, error, undisturbed),
    };
    let paused_us = instance.machine.process.paused_us() - asked.paused_us;
    let limit_us = world.limits.wait_ms * 1_000 + 500_000 + paused_us;
    let waited_us = world.now_us() - asked.at_us;
    let wrong = wrong
        .or_else(|| (waited_us > limit_us).then(|| format!("waits for {} ms", waited_us / 1_000)));
    if let Some(wrong) = wrong {
        let text = format!("a caller of {} {wrong}", instance.machine.process.name);
        truth.ledger.violate("I5", text);
    }
}

fn wrong_token(
    instance: &Instance,
    asked: &Asked,
    truth: &Truth,
    token: &str,
    unhindered: bool,
) -> Option<String> {
    let Some(access) = Name::parse(token) else { return Some(format!("is given {token}")) };
    let world = &instance.machine.world;
    let process = &instance.machine.process;
    // A machine was suspended, and its clock set back: no clock has seen the time pass.
    let no_clock = process.paused_us() > 0 && truth.ledger.clocks_set > 0;
    // An old instance counts from its own clock, and from when it has the answer.
    let no_count = no_clock || world.old_may_interfere(&truth.ledger);
    if process.paused_us() > asked.paused_us || no_count {
        return None;
    }
    let shared_us = world.limits.shared_refresh_ms * 1_000;
    // One that has just been committed is shared, also where it left a longer access token in place.
    let (committed_us, _) = truth.ledger.committed;
    let is_young = committed_us > 0 && committed_us + shared_us >= asked.at_us;
    if asked.replaces == Some(access) && !is_young {
        return Some("is given the token that was to be replaced".into());
    }
    let left_us = truth.provider.access_until_us(access).saturating_sub(world.now_us());
    if left_us == 0 {
        return Some("is given a token that has run out".into());
    }
    // What the provider has given since the caller came is the best that there is.
    let is_new = truth.provider.access_since_us(access) + shared_us >= asked.at_us;
    let is_short = left_us + 100_000 < asked.wanted_us && (access.number == 0 || !is_new);
    // Who has waited in vain is given what there is.
    let in_vain = world.now_us() >= asked.at_us + world.limits.wait_ms * 1_000;
    if is_short && unhindered && !in_vain && !process.has_lacked_key() {
        return Some(format!("is given a token with {} s left", left_us / 1_000_000));
    }
    // While nobody has refreshed, the stored token is given as long as it is usable.
    let unchanged = access.number == 0 && truth.ledger.committed.0 == 0;
    if unchanged && left_us + 100_000 < world.limits.usable_ms * 1_000 {
        return Some("is given a stored token that is no longer usable".into());
    }
    let held = truth.ledger.held_family_since(Some(access.family), asked.at_us);
    if !held && !world.old_may_interfere(&truth.ledger) {
        return Some("is given a token of an earlier connection".into());
    }
    None
}

fn wrong_error(
    instance: &Instance,
    asked: &Asked,
    truth: &Truth,
    error: &Error,
    undisturbed: bool,
) -> Option<String> {
    let (world, ledger) = (&instance.machine.world, &truth.ledger);
    let was_gone = ledger.held_family_since(None, asked.at_us);
    let right = match error {
        Error::NotConnected { .. } => was_gone,
        Error::Revoked { .. } => was_gone || !ledger.refusals.is_empty(),
        Error::Decryption => instance.machine.process.has_lacked_key(),
        Error::RefreshTimeout { .. } => {
            let held_us = ledger.held_us(world.now_us()) - asked.held_us;
            let hindered = ledger.statement_failures > asked.statement_failures
                || ledger.statements_away > asked.statements_away
                || ledger.users_changes > asked.users_changes
                || ledger.clocks_set > 0
                || instance.machine.process.paused_us() > 0;
            hindered || world.setting.has_old() || held_us * 4 > world.limits.wait_ms * 1_000
        }
        Error::Internal { .. } | Error::Closed => false,
        _ => !undisturbed,
    };
    (!right).then(|| format!("is told {}", error.code()))
}
