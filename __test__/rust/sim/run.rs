//! Runs one schedule to its end, and checks that the row recovers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokenkeep::refresh::Runtime;

use super::actors;
use super::choices::Choices;
use super::database::StoredRow;
use super::executor::{CrashAt, Executor};
use super::faults::Faults;
use super::instance::{self, Impatient, Instance};
use super::ledger::{Counts, Violation};
use super::old_instance;
use super::random::Random;
use super::recovery::check_recovery;
use super::refresh_states::OURS;
use super::row_change::Change;
use super::runtime::Machine;
use super::schedule::{Member, Schedule};
use super::table::ROW;
use super::world::World;

/// What is done to a schedule besides its faults.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) traced: bool,
    /// Kills a process at one of its polls.
    pub(crate) crash_at: Option<CrashAt>,
    /// The first caller leaves after so many polls.
    pub(crate) leaves_after: Option<u64>,
    /// What happens to the first process, step by step.
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
    /// Whether the first caller has left.
    pub(crate) has_left: bool,
    pub(crate) choices: Option<Choices>,
    pub(crate) trace: Vec<String>,
}

/// Runs `schedule` with further random numbers from `random`.
pub(crate) fn run(schedule: &Schedule, random: Random, extras: Extras) -> Outcome {
    let faults = Faults::new(schedule.faults.clone(), extras.choices);
    let world = World::new(schedule.setting, faults, random, extras.traced);
    let mut executor = Executor::new(Arc::clone(&world), extras.crash_at);
    let has_left = Arc::new(AtomicBool::new(false));
    first_row(&world, schedule);
    for (index, member) in schedule.members.iter().enumerate() {
        let leaves = extras.leaves_after.filter(|_| index == 0);
        take_part(&world, member, index, leaves.map(|polls| (polls, Arc::clone(&has_left))));
    }
    executor.run();
    let polls_of_first = executor.polls_of(0);
    check_recovery(&world, &mut executor);
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
    let sealed = actors::connected(world, grant);
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
    // The client of a row that an old service has stored is not known.
    truth.states.stored(ROW, (!schedule.setting.legacy).then_some(OURS));
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
                let _ = old_instance::call(&machine).await;
            });
        }
        return;
    }
    let instance = Instance::start(&machine);
    let mut leaves = leaves;
    for call in &member.calls {
        let calling = instance::call_at(instance.clone(), *call);
        match leaves.take() {
            Some((polls, has_left)) => {
                let calling = Some(Box::pin(calling));
                world.spawn(&process, Impatient { calling, polls, has_left });
            }
            None => world.spawn(&process, calling),
        }
    }
}
