//! The fault matrix: all combinations of what can happen at each step of the first process, for every
//! kind of provider, for stores that mark and that delete, and for what users may do meanwhile.

use super::choices::Choices;
use super::faults::{Action, Fault, Point, When};
use super::provider::Kind;
use super::random::Random;
use super::repairs::Repairs;
use super::report::{Failure, fail};
use super::run::{Extras, run};
use super::schedule::{Call, CallKind, Member, Schedule, Setting};

const SECOND_US: u64 = 1_000_000;

/// What happens while the first process waits for the provider.
const MEANWHILE: [Option<Action>; 6] = [
    None,
    Some(Action::Reseal),
    Some(Action::Consent),
    Some(Action::Reconnect),
    Some(Action::Disconnect),
    Some(Action::Revoke),
];

const KINDS: [Kind; 4] =
    [Kind::RotatesStrictly, Kind::RotatesLoosely, Kind::Keeps, Kind::KeepsUnpromised];

/// Runs every `stride`-th setting of the matrix. Returns the number of runs.
pub(crate) fn all(stride: usize) -> Result<u64, Failure> {
    let mut runs = 0;
    let settings = KINDS.into_iter().flat_map(|provider| {
        [false, true].into_iter().flat_map(move |marks| {
            MEANWHILE.into_iter().map(move |meanwhile| (provider, marks, meanwhile))
        })
    });
    for (provider, marks, meanwhile) in settings.step_by(stride) {
        runs += combinations(&schedule(provider, marks, meanwhile))?;
    }
    Ok(runs)
}

fn combinations(schedule: &Schedule) -> Result<u64, Failure> {
    let mut runs = 0;
    let mut choices = Some(Choices::default());
    while let Some(next) = choices {
        let again = next.clone();
        let extras = Extras { choices: Some(next), ..Extras::default() };
        let outcome = run(schedule, Random::new(0), extras);
        runs += 1;
        let made = outcome.choices.expect("is given back");
        if let Some(violation) = outcome.violation {
            let extras = Extras { choices: Some(again), traced: true, ..Extras::default() };
            let name = made.describe();
            let again = run(schedule, Random::new(0), extras);
            return Err(fail(name, violation, schedule.describe(), &again.trace));
        }
        choices = made.next();
    }
    Ok(runs)
}

/// Two processes that call at the same time, and again after the lease.
fn schedule(provider: Kind, marks: bool, meanwhile: Option<Action>) -> Schedule {
    let setting = Setting {
        provider,
        marks_revoked: marks,
        legacy: false,
        refresh_fn: false,
        olds: 0,
        old_skewed: false,
        repairs: Repairs::ALL,
    };
    let member = |first_us| {
        let at = |at_us| Call { at_us, kind: CallKind::Fresh };
        Member {
            is_old: false,
            skew_hours: 0,
            lacks_key_until_us: 0,
            calls: vec![at(first_us), at(first_us + 41 * SECOND_US)],
        }
    };
    let fault = |action| Fault { point: Point::Send, when: When::Before, nth: 0, action };
    Schedule {
        setting,
        members: vec![member(0), member(20_000)],
        left_s: Some(-60),
        faults: meanwhile.map(fault).into_iter().collect(),
    }
}
