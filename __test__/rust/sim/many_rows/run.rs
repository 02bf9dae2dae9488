//! Runs a schedule with many rows to its end.

use std::sync::Arc;
use std::time::Duration;

use tokenkeep::refresh::{Engine, RefreshConfig, Runtime, Silent};

use super::super::executor::Executor;
use super::super::faults::Faults;
use super::super::provider::Name;
use super::super::random::Random;
use super::super::refresh_notes::Notes;
use super::super::repairs::Repairs;
use super::super::report::{Failure, fail};
use super::super::run::Outcome;
use super::super::runtime::Machine;
use super::super::world::World;
use super::call::Member;
use super::plan::{self, Act, Plan, Start};
use super::table::Table;
use super::{Stored, User, sealed};

/// Runs the schedule of this seed.
pub(crate) fn run(seed: u64, repairs: Repairs) -> Result<Outcome, Failure> {
    let mut random = Random::new(seed);
    let plan = Plan::draw(&mut random, repairs);
    let mut outcome = once(&plan, random.clone(), false);
    match outcome.violation.take() {
        None => Ok(outcome),
        Some(violation) => {
            let trace = once(&plan, random, true).trace;
            Err(fail(format!("seed {seed}"), violation, plan.describe(), &trace))
        }
    }
}

fn once(plan: &Plan, random: Random, traced: bool) -> Outcome {
    let faults = Faults::new(plan.faults.clone(), None);
    let world = World::new(plan.setting, faults, random, traced);
    let mut executor = Executor::new(Arc::clone(&world), None);
    connect(&world, plan);
    for (index, member) in plan.members.iter().enumerate() {
        take_part(&world, member, index);
    }
    executor.run();
    let struck = world.faults.lock().expect("nothing panics while holding it").struck;
    let trace = world.take_trace();
    let ledger = &mut world.truth().ledger;
    let (violation, counts) = (ledger.violation.take(), ledger.counts);
    Outcome { violation, counts, struck, polls_of_first: 0, has_left: false, choices: None, trace }
}

fn connect(world: &World, plan: &Plan) {
    let mut truth = world.truth();
    truth.many_rows.denies_us = plan.denies_us;
    for (number, Start { health, late_s, client }) in (0..).zip(plan.rows.iter().copied()) {
        let first = Name { family: number, number: 0 };
        let row = Stored {
            refresh: sealed(world, &first.refresh_token()),
            access: sealed(world, &first.access_token()),
            expires_at: world.now().minus(Duration::from_secs(late_s)),
            refreshing_at: None,
            updated_at: world.now().minus(Duration::from_secs(3_600)),
        };
        let row = Some(row);
        let user =
            User { row, health, newest: 0, misjudged: false, claimed_us: None, passed_over: 0 };
        truth.many_rows.users.push(user);
        truth.states.stored(number, client);
    }
}

fn take_part(world: &Arc<World>, member: &plan::Member, index: usize) {
    let process = world.start(format!("T{}", index + 1), false, 0);
    let machine = Machine { world: Arc::clone(world), process: Arc::clone(&process) };
    let table = Table {
        world: Arc::clone(world),
        process: Arc::clone(&process),
        notes: Notes::new(world, &process),
        client: member.login.client,
    };
    let config = RefreshConfig { limits: world.limits, mixed_fleet: false };
    let engine = Engine::new(table, machine.clone(), config, Arc::new(Silent));
    let started = Member { machine, engine: Arc::new(engine) };
    for (at_us, act) in member.acts.iter().copied() {
        let member = started.clone();
        world.spawn(&process, async move {
            member.machine.sleep(Duration::from_micros(at_us)).await;
            match act {
                Act::Call { user, login } => member.call(user, login).await,
                Act::RefreshExpiring => member.refresh_expiring().await,
            }
        });
    }
}
