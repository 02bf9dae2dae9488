//! After the last fault the row must recover.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenkeep::error::Error;
use tokenkeep::refresh::Runtime;

use super::checked_call;
use super::database::is_left_behind;
use super::executor::Executor;
use super::instance::Instance;
use super::runtime::Machine;
use super::schedule::CallKind;
use super::unavoidable::{self, Answered};
use super::world::{Truth, World};

/// Delayed requests arrive within this time.
const SETTLES: Duration = Duration::from_secs(150);
/// Longer than any refresh of the probe.
const LONGEST: Duration = Duration::from_secs(3_600);
/// How often a probe calls before it gives up.
const PROBES_MAX: u32 = 60;

/// Ends all faults, and checks that the row recovers.
pub(crate) fn check_recovery(world: &Arc<World>, executor: &mut Executor) {
    world.faults.lock().expect("nothing panics while holding it").cease();
    world.truth().away_until_us = 0;
    let process = world.start("probe".to_owned(), false, 0);
    let machine = Machine { world: Arc::clone(world), process: Arc::clone(&process) };
    pass(world, &machine, executor, SETTLES);
    {
        let mut truth = world.truth();
        check_grant(world, &mut truth);
        check_dead_family(world, &mut truth);
    }
    let instance = Instance::start(&machine);
    probe(world, &instance, executor);
    pass(world, &machine, executor, Duration::from_secs(3 * 3_600));
    let (is_good, is_fresh) = {
        let truth = world.truth();
        let row = truth.row.as_ref().filter(|row| row.mark.is_none());
        let holding = truth.ledger.holding.filter(|_| row.is_some());
        // With a long odd lifetime nobody has sent a request yet.
        let is_fresh = row.is_some_and(|row| row.expires_at > world.now().plus(LONGEST));
        (holding.is_some_and(|holding| truth.provider.is_good(holding.refresh)), is_fresh)
    };
    let last = probe(world, &instance, executor);
    let mut truth = world.truth();
    match last {
        Some(Ok(())) if is_good || is_fresh => {}
        Some(Err(error)) if !is_good && error.ends_connection() => {}
        // A row of unknown origin: this client is not proven, and a row in doubt stays in doubt.
        Some(Err(Error::ClientUnproven { .. })) if !is_good && world.setting.legacy => return,
        last => {
            let text = format!("after all, a caller gets {last:?}, and the grant is ");
            truth.ledger.violate("I6", text + if is_good { "good" } else { "dead" });
        }
    }
    let Some(row) = truth.row.clone().filter(|row| row.mark.is_none()) else { return };
    let leftover = world.setting.mixed_fleet() && is_left_behind(&row);
    // Nobody reads the lease of a fresh row.
    if row.refreshing_at.is_some() && !leftover && !is_fresh {
        truth.ledger.violate("I6", "the lease is never freed");
    }
}

fn pass(world: &Arc<World>, machine: &Machine, executor: &mut Executor, time: Duration) {
    let sleeping = machine.clone();
    world.spawn(&machine.process, async move { sleeping.sleep(time).await });
    executor.run();
}

/// Calls until there is a token, or an error that no retry changes.
fn probe(
    world: &Arc<World>,
    instance: &Instance,
    executor: &mut Executor,
) -> Option<Result<(), Error>> {
    let outcome = Arc::new(Mutex::new(None));
    let (told, instance) = (Arc::clone(&outcome), instance.clone());
    let process = Arc::clone(&instance.machine.process);
    world.spawn(&process, async move {
        for _ in 0..PROBES_MAX {
            let result = checked_call::call(&instance, CallKind::Fresh).await;
            let again = result.as_ref().is_err_and(Error::is_retryable);
            *told.lock().expect("nothing panics while holding it") = Some(result);
            if !again {
                return;
            }
            instance.machine.sleep(Duration::from_secs(30)).await;
        }
    });
    executor.run();
    outcome.lock().expect("nothing panics while holding it").take()
}

/// I4: the row holds what a living process has received.
fn check_grant(world: &World, truth: &mut Truth) {
    let Some(family) = truth.ledger.connected else { return };
    let alive = truth.provider.family(family).is_alive;
    let good = |truth: &Truth| {
        let holding = truth.ledger.holding?;
        (truth.row.as_ref()?.mark.is_none() && truth.provider.is_good(holding.refresh))
            .then_some(())
    };
    if !alive || good(truth).is_some() {
        return;
    }
    let newest = truth.provider.family(family).newest;
    let received = unavoidable::last_spend(&truth.ledger, family, newest)
        .is_none_or(|spend| matches!(spend.answered, Answered::At(_)));
    let excuse = unavoidable::mark(world, &truth.ledger, family, &truth.provider);
    if received && excuse.is_none() {
        let text = format!("generation {newest} of grant {family} is lost");
        truth.ledger.violate("I4", text);
    }
}

/// Z: a dead grant does not look fresh after somebody was told `invalid_grant`.
fn check_dead_family(world: &World, truth: &mut Truth) {
    let Some(row) = truth.row.clone().filter(|row| row.mark.is_none()) else { return };
    let Some(holding) = truth.ledger.holding else { return };
    let fresh = Duration::from_millis(world.limits.fresh_ms);
    let family = holding.refresh.family;
    let is_fresh = row.expires_at > world.now().plus(fresh);
    if truth.provider.family(family).is_alive || !is_fresh || world.setting.has_old() {
        return;
    }
    let (committed_us, late) = truth.ledger.committed;
    let late = late && truth.provider.kind.rotates();
    let knows = truth.ledger.refusals.iter().any(|refusal| {
        let process = world.process(refusal.process);
        let undisturbed = !process.is_crashed()
            && process.paused_us() == refusal.paused_us
            && truth.ledger.kept_us < refusal.at_us
            && truth.ledger.statement_failures == 0
            && truth.ledger.away_us == 0;
        // An access token over the same refresh token may still be valid.
        refusal.refresh.family == family
            && refusal.refresh != holding.refresh
            && (late || (refusal.at_us > committed_us && undisturbed))
    });
    if knows {
        truth.ledger.violate("Z", "a dead grant stands as fresh although somebody knows");
    }
}
