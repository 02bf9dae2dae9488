//! What no client can prevent: the exceptions from the invariants, each as narrow as possible.

use tokenkeep::config::Limits;

use super::ledger::Ledger;
use super::process::Process;
use super::provider::{Name, Provider};
use super::world::World;

/// Whether a process has the answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    NotYet,
    At(u64),
    Never,
}

/// A refresh token that was spent, and the process that asked for its successor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spend {
    pub(crate) refresh: Name,
    pub(crate) process: usize,
    pub(crate) lease_us: u64,
    /// How long its process had been paused when it took the lease.
    pub(crate) paused_us: u64,
    pub(crate) answered: Answered,
}

/// Whether the commit budget (step 7) may be over.
fn outlasts_the_budget(us: u64) -> bool {
    us + 20_000_000 >= Limits::DEFAULT.commit_budget_ms * 1_000
}

/// Why a refresh token was sent twice (I3), by a process that was not paused since its lease.
pub(crate) fn reuse(
    world: &World,
    ledger: &Ledger,
    first: &Spend,
    second: &Process,
) -> Option<&'static str> {
    let lease_us = Limits::DEFAULT.lease_ms * 1_000;
    let holder = world.process(first.process);
    let failures = ledger.commit_failures.get(first.process).copied().unwrap_or_default();
    let late = |at_us: u64| at_us > first.lease_us + lease_us;
    match first.answered {
        Answered::Never => Some("the answer was lost"),
        _ if holder.is_crashed() => Some("the holder died"),
        _ if holder.paused_us() > first.paused_us => Some("the holder was paused"),
        Answered::NotYet if world.now_us() > first.lease_us + lease_us => {
            Some("the answer takes longer than the lease")
        }
        Answered::At(us) if late(us) => Some("the answer came after the lease"),
        _ if failures >= 2 || (failures >= 1 && ledger.statements_away > 0) => {
            Some("the holder alone could not reach the database")
        }
        _ if outlasts_the_budget(ledger.away_us) => Some("the database was away too long"),
        _ if holder.has_lacked_key() => Some("the holder lacked a key"),
        _ if holder.is_old && second.is_old => Some("old instances among themselves"),
        _ if world.old_may_interfere(ledger) => Some("an old instance took part"),
        _ => None,
    }
}

/// Why a row may be revoked although its family lives (I7).
pub(crate) fn mark(
    world: &World,
    ledger: &Ledger,
    family: u32,
    provider: &Provider,
) -> Option<&'static str> {
    // Two old instances lose grants even without any fault.
    if world.old_may_interfere(ledger) || world.setting.olds > 1 {
        return Some("an old instance took part");
    }
    let newest = provider.family(family).newest;
    let spend = last_spend(ledger, family, newest)?;
    let holder = world.process(spend.process);
    let paused_us = holder.paused_us() - spend.paused_us;
    match spend.answered {
        Answered::Never => Some("the successor was in a lost answer"),
        _ if holder.is_crashed() => Some("the successor died with its process"),
        _ if paused_us + 60_000_000 >= Limits::DEFAULT.unknown_outcome_ms * 1_000 => Some(
            "the successor is in a process that was paused longer than the unknown-outcome limit",
        ),
        _ if outlasts_the_budget(ledger.away_us + paused_us) => {
            Some("step 7 has used up its budget")
        }
        _ => None,
    }
}

/// Who received the newest refresh token of a family.
pub(crate) fn last_spend(ledger: &Ledger, family: u32, newest: u32) -> Option<&Spend> {
    let number = newest.checked_sub(1)?;
    ledger.spends.iter().find(|spend| spend.refresh == Name { family, number })
}
