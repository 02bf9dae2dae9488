//! A future can be dropped between any two polls. A process is killed, or a caller leaves, after n polls,
//! for every n until the schedule ends.

use super::executor::CrashAt;
use super::random::Random;
use super::repairs::Repairs;
use super::report::{Failure, fail};
use super::run::{Extras, run};
use super::schedule::Schedule;

/// More polls than the first process of any schedule needs.
const POLLS_MAX: u64 = 400;

/// Runs so many schedules, each with every n. Returns the number of runs.
pub(crate) fn all(schedules: u64) -> Result<u64, Failure> {
    let mut runs = 0;
    for seed in 0..schedules {
        runs += apart(seed, "is killed", |poll| Extras {
            crash_at: Some(CrashAt { process: 0, poll }),
            ..Extras::default()
        })?;
        runs += apart(seed, "loses its first caller", |poll| Extras {
            leaves_after: Some(poll),
            ..Extras::default()
        })?;
    }
    Ok(runs)
}

fn apart(seed: u64, what: &str, extras: impl Fn(u64) -> Extras) -> Result<u64, Failure> {
    let mut random = Random::new(seed);
    let schedule = Schedule::draw(&mut random, Repairs::ALL);
    for poll in 0..POLLS_MAX {
        let outcome = run(&schedule, random.clone(), extras(poll));
        if let Some(violation) = outcome.violation {
            let name = format!("seed {seed}, whose first process {what} after {poll} polls");
            let traced = Extras { traced: true, ..extras(poll) };
            let again = run(&schedule, random, traced);
            return Err(fail(name, violation, schedule.describe(), &again.trace));
        }
        if outcome.polls_of_first < poll && !outcome.has_left {
            return Ok(poll + 1);
        }
    }
    Ok(POLLS_MAX)
}
