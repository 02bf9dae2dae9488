//! Runs one schedule to its end, lets calm return, and looks what is left.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokenkeep::error::Error;
use tokenkeep::refresh::{Behaviour, Engine, Runtime, Silent};

use super::chance::Chance;
use super::choices::Choices;
use super::database::StoredRow;
use super::excuses::{self, Answered};
use super::executor::{CrashAt, Executor};
use super::faults::Faults;
use super::judge;
use super::ledger::{Change, Counts, Violation};
use super::machine::Machine;
use super::old;
use super::provider::Endpoint;
use super::schedule::{Call, Member, Schedule};
use super::table::Table;
use super::users;
use super::world::{Truth, World};

/// What is done to a schedule beside its faults.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) traced: bool,
    /// Kills a process at one of its polls.
    pub(crate) crash_at: Option<CrashAt>,
    /// The first caller goes away after so many polls.
    pub(crate) leaves_after: Option<u64>,
    /// What the first process meets, step by step.
    pub(crate) choices: Option<Choices>,
}

/// How a schedule ended.
pub(crate) struct Outcome {
    pub(crate) violation: Option<Violation>,
    pub(crate) counts: Counts,
    /// How many faults have struck.
    pub(crate) struck: u32,
    /// Polls of the first process.
    pub(crate) polls_of_first: u64,
    /// Whether the first caller went away.
    pub(crate) has_left: bool,
    pub(crate) choices: Option<Choices>,
    pub(crate) trace: Vec<String>,
}

pub(crate) type SimulatedEngine = Engine<Table, Machine>;

/// A process of tokenkeep.
#[derive(Clone)]
pub(crate) struct Keep {
    pub(crate) machine: Machine,
    pub(crate) engine: Arc<SimulatedEngine>,
    pub(crate) endpoint: Arc<Endpoint>,
}

impl Keep {
    fn start(machine: &Machine) -> Self {
        let Machine { world, process } = machine;
        let table = Table {
            world: Arc::clone(world),
            process: Arc::clone(process),
            missing: Mutex::default(),
        };
        let mixed_fleet = world.setting.mixed_fleet();
        let behaviour = Behaviour { limits: world.limits, mixed_fleet };
        let endpoint = Endpoint { world: Arc::clone(world), process: Arc::clone(process) };
        Self {
            engine: Arc::new(Engine::new(table, machine.clone(), behaviour, Arc::new(Silent))),
            endpoint: Arc::new(endpoint),
            machine: machine.clone(),
        }
    }
}

/// Runs `schedule`; what chance has still to decide comes from `chance`.
pub(crate) fn run(schedule: &Schedule, chance: Chance, extras: Extras) -> Outcome {
    let faults = Faults::new(schedule.faults.clone(), extras.choices);
    let world = World::new(schedule.setting, faults, chance, extras.traced);
    let mut executor = Executor::new(Arc::clone(&world), extras.crash_at);
    let has_left = Arc::new(AtomicBool::new(false));
    first_row(&world, schedule);
    for (index, member) in schedule.members.iter().enumerate() {
        let leaves = extras.leaves_after.filter(|_| index == 0);
        take_part(&world, member, index, leaves.map(|polls| (polls, Arc::clone(&has_left))));
    }
    executor.run();
    let polls_of_first = executor.polls_of(0);
    calm(&world, &mut executor);
    let mut faults = world.faults.lock().expect("nothing panics while holding it");
    let (struck, choices) = (faults.struck, faults.choices.take());
    let trace = world.take_trace();
    let ledger = &mut world.truth().ledger;
    let (violation, counts) = (ledger.violation.take(), ledger.counts);
    let has_left = has_left.load(Ordering::Relaxed);
    Outcome { violation, counts, struck, polls_of_first, has_left, choices, trace }
}

fn first_row(world: &World, schedule: &Schedule) {
    let Some(left_s) = schedule.left_s else { return };
    let mut truth = world.truth();
    let left = Duration::from_secs(left_s.unsigned_abs());
    let grant = truth.provider.connect(0, if left_s > 0 { left } else { Duration::ZERO });
    let sealed = users::connected(world, grant);
    let now = world.now();
    let mut row = StoredRow {
        expires_at: if left_s > 0 { now.plus(left) } else { now.minus(left) },
        refreshing_at: None,
        updated_at: now.minus(Duration::from_secs(3_600)),
        ..sealed
    };
    if schedule.setting.legacy {
        row.refresh = grant.refresh.refresh_token().into();
        row.access = grant.access.access_token().into();
    }
    truth.change(world, "user", Change::Connect, Some(row));
}

fn take_part(
    world: &Arc<World>,
    member: &Member,
    index: usize,
    leaves: Option<(u64, Arc<AtomicBool>)>,
) {
    let letter = if member.is_old { "old" } else { "T" };
    let name = format!("{letter}{}", index + 1);
    let process = world.start(name, member.is_old, member.skew_hours);
    process.lacks_key_until(member.lacks_key_until_us);
    let machine = Machine { world: Arc::clone(world), process: Arc::clone(&process) };
    if member.is_old {
        for call in &member.calls {
            let (machine, at) = (machine.clone(), Duration::from_micros(call.at_us));
            world.spawn(&process, async move {
                machine.sleep(at).await;
                let _ = old::call(&machine).await;
            });
        }
        return;
    }
    let keep = Keep::start(&machine);
    let mut leaves = leaves;
    for call in &member.calls {
        let calling = call_at(keep.clone(), *call);
        match leaves.take() {
            Some((polls, has_left)) => {
                let calling = Some(Box::pin(calling));
                world.spawn(&process, Impatient { calling, polls, has_left });
            }
            None => world.spawn(&process, calling),
        }
    }
}

/// A caller that goes away after so many polls.
struct Impatient<F> {
    calling: Option<Pin<Box<F>>>,
    polls: u64,
    has_left: Arc<AtomicBool>,
}

impl<F: Future<Output = ()>> Future for Impatient<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.polls == 0 {
            self.calling = None;
            self.has_left.store(true, Ordering::Relaxed);
        }
        self.polls = self.polls.saturating_sub(1);
        match &mut self.calling {
            Some(calling) => calling.as_mut().poll(context),
            None => Poll::Ready(()),
        }
    }
}

async fn call_at(keep: Keep, call: Call) {
    keep.machine.sleep(Duration::from_micros(call.at_us)).await;
    let _ = judge::call(&keep, call.usable_at_once).await;
}

/// Requests that were delayed arrive within this time.
const SETTLES: Duration = Duration::from_secs(150);
/// A probe asks that often before it gives up.
const PROBES_MAX: u32 = 60;

/// Nothing goes wrong any more: what the faults have left behind must be in order.
fn calm(world: &Arc<World>, executor: &mut Executor) {
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
    let keep = Keep::start(&machine);
    probe(world, &keep, executor);
    pass(world, &machine, executor, Duration::from_secs(3 * 3_600));
    let is_good = {
        let truth = world.truth();
        let unmarked = truth.row.as_ref().is_some_and(|row| row.mark.is_none());
        let holding = truth.ledger.holding.filter(|_| unmarked);
        holding.is_some_and(|holding| truth.provider.is_good(holding.refresh))
    };
    let last = probe(world, &keep, executor);
    let mut truth = world.truth();
    match last {
        Some(Ok(())) if is_good => {}
        Some(Err(error)) if !is_good && error.ends_connection() => {}
        last => {
            let text = format!("after all, a caller is told {last:?}, and the grant is ");
            truth.ledger.violate("I6", text + if is_good { "good" } else { "dead" });
        }
    }
    let Some(row) = truth.row.clone().filter(|row| row.mark.is_none()) else { return };
    let leftover = world.setting.mixed_fleet() && row.refreshing_at == Some(row.updated_at);
    if row.refreshing_at.is_some() && !leftover {
        truth.ledger.violate("I6", "the lease is never freed");
    }
}

fn pass(world: &Arc<World>, machine: &Machine, executor: &mut Executor, time: Duration) {
    let sleeping = machine.clone();
    world.spawn(&machine.process, async move { sleeping.sleep(time).await });
    executor.run();
}

/// Asks until there is a token, or an error that trying again does not mend.
fn probe(world: &Arc<World>, keep: &Keep, executor: &mut Executor) -> Option<Result<(), Error>> {
    let outcome = Arc::new(Mutex::new(None));
    let (told, keep) = (Arc::clone(&outcome), keep.clone());
    let process = Arc::clone(&keep.machine.process);
    world.spawn(&process, async move {
        for _ in 0..PROBES_MAX {
            let result = judge::call(&keep, false).await;
            let again = result.as_ref().is_err_and(Error::is_retryable);
            *told.lock().expect("nothing panics while holding it") = Some(result);
            if !again {
                return;
            }
            keep.machine.sleep(Duration::from_secs(30)).await;
        }
    });
    executor.run();
    outcome.lock().expect("nothing panics while holding it").take()
}

/// I4: whatever a living process has received is in the row.
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
    let received = excuses::last_spend(&truth.ledger, family, newest)
        .is_none_or(|spend| matches!(spend.answered, Answered::At(_)));
    let excuse = excuses::ending(world, &truth.ledger, family, &truth.provider);
    if received && excuse.is_none() {
        let text = format!("generation {newest} of grant {family} is lost");
        truth.ledger.violate("I4", text);
    }
}

/// Z: a dead family is not left standing as fresh when somebody has been told.
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
        // What is stored over the same refresh token may still be good while it lasts.
        refusal.refresh.family == family
            && refusal.refresh != holding.refresh
            && (late || (refusal.at_us > committed_us && undisturbed))
    });
    if knows {
        truth.ledger.violate("Z", "a dead grant stands as fresh although somebody was told");
    }
}
