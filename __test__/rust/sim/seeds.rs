//! Many schedules, one per seed, on all cores.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::many_rows;
use super::random::Random;
use super::repairs::Repairs;
use super::report::{Failure, Sums, fail};
use super::run::{Extras, run};
use super::schedule::Schedule;

const UNPOISONED: &str = "nothing panics while it holds this lock";

/// Runs the schedules of these seeds. A failure is that of the smallest failing seed that was run.
pub(crate) fn run_all(seeds: Range<u64>, repairs: Repairs) -> Result<Sums, Failure> {
    let next = AtomicU64::new(seeds.start);
    let failed: Mutex<Option<(u64, Failure)>> = Mutex::new(None);
    let sums = Mutex::new(Sums::default());
    let work = || {
        let mut mine = Sums::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || failed.lock().expect(UNPOISONED).is_some() {
                break;
            }
            match one(seed, repairs) {
                Ok(outcome) => mine.add(&outcome),
                Err(failure) => {
                    let mut failed = failed.lock().expect(UNPOISONED);
                    if failed.as_ref().is_none_or(|(first, _)| seed < *first) {
                        *failed = Some((seed, failure));
                    }
                }
            }
        }
        let mut sums = sums.lock().expect(UNPOISONED);
        *sums = sums.plus(mine);
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    match failed.into_inner().expect(UNPOISONED) {
        Some((_, failure)) => Err(failure),
        None => Ok(sums.into_inner().expect(UNPOISONED)),
    }
}

fn one(seed: u64, repairs: Repairs) -> Result<super::run::Outcome, Failure> {
    if many_rows::has_many_rows(seed) {
        return many_rows::run(seed, repairs);
    }
    let mut random = Random::new(seed);
    let schedule = Schedule::draw(&mut random, repairs);
    let mut outcome = run(&schedule, random.clone(), Extras::default());
    match outcome.violation.take() {
        None => Ok(outcome),
        Some(violation) => {
            let extras = Extras { traced: true, ..Extras::default() };
            let again = run(&schedule, random, extras);
            Err(fail(format!("seed {seed}"), violation, schedule.describe(), &again.trace))
        }
    }
}
