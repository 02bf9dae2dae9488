//! The refresh protocol under every fault: the unchanged engine of `src/refresh` with a simulated clock,
//! table and provider, and many processes. Everything in a schedule comes from its seed, so every
//! violation can be repeated.
//!
//! Without arguments it runs many schedules, the fault matrix and dropped futures, and then switches off
//! each repair of the protocol in turn. `--seeds N --from S` runs only those schedules. With
//! `--without REPAIR` it looks for a violation.

mod actors;
mod checked_call;
mod choices;
mod database;
mod dropped_futures;
mod executor;
mod fault_matrix;
mod faults;
mod instance;
mod ledger;
mod many_rows;
mod old_instance;
mod options;
mod process;
mod provider;
mod random;
mod random_schedule;
mod recovery;
mod refresh_notes;
mod refresh_states;
mod repairs;
mod report;
mod row_change;
mod run;
mod runtime;
mod schedule;
mod seeds;
mod table;
mod token_response;
mod unavoidable;
mod without_repair;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use options::Options;
use repairs::Repairs;
use report::Failure;

/// A missing repair must be noticed within so many seeds.
const NOTICED_WITHIN_SEEDS: u64 = 10_000;

#[allow(clippy::print_stdout, clippy::print_stderr)] // a program's report
fn main() -> ExitCode {
    let done = match Options::parse(std::env::args().skip(1)) {
        Ok(options) if options.only_seeds => schedules(&options),
        Ok(options) => everything(&options),
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn everything(options: &Options) -> Result<(), String> {
    schedules(options)?;
    let as_text = |failure: Failure| failure.to_string();
    timed("all combinations of faults", || fault_matrix::all(options.stride).map_err(as_text))?;
    timed("runs with a dropped future", || {
        dropped_futures::all(options.taken_apart).map_err(as_text)
    })?;
    for name in Repairs::NAMES {
        let repairs = Repairs::ALL.without(name).expect("is one of the names");
        match seeds::run_all(0..NOTICED_WITHIN_SEEDS, repairs) {
            Ok(_) => return Err(format!("without `{name}` nothing is noticed")),
            Err(failure) => say(&format!("without `{name}`: {}", failure.summary())),
        }
    }
    Ok(())
}

fn schedules(options: &Options) -> Result<(), String> {
    let started = Instant::now();
    let end = options.from + options.seeds;
    let sums = seeds::run_all(options.from..end, options.repairs)
        .map_err(|failure| failure.to_string())?;
    let passed = started.elapsed();
    let each_second = sums.schedules as f64 / passed.as_secs_f64();
    say(&format!(
        "{} schedules in {:.1} s ({each_second:.0} a second): no violation\n{sums}",
        sums.schedules,
        passed.as_secs_f64()
    ));
    Ok(())
}

fn timed(what: &str, work: impl FnOnce() -> Result<u64, String>) -> Result<(), String> {
    let started = Instant::now();
    let runs = work()?;
    say(&format!("{runs} {what} in {:.1} s: no violation", started.elapsed().as_secs_f64()));
    Ok(())
}

#[allow(clippy::print_stdout)] // a program's report
fn say(line: &str) {
    println!("{line}");
}
