//! Draws the schedule of a seed.

use super::faults::{Action, Fate, Fault, Point, Reply, When};
use super::provider::Kind;
use super::random::Random;
use super::repairs::Repairs;
use super::schedule::{Call, CallKind, Member, Schedule, Setting};

const SECOND_US: u64 = 1_000_000;

impl Schedule {
    /// The schedule of a seed.
    pub(crate) fn draw(random: &mut Random, repairs: Repairs) -> Self {
        let kinds = [
            Kind::RotatesStrictly,
            Kind::RotatesStrictly,
            Kind::RotatesStrictly,
            Kind::RotatesLoosely,
            Kind::RotatesLoosely,
            Kind::Keeps,
            Kind::KeepsUnpromised,
        ];
        let olds = if random.percent(20) { random.pick(&[1, 1, 2]) } else { 0 };
        let old_skewed = olds > 0 && random.percent(25);
        let setting = Setting {
            provider: random.pick(&kinds),
            marks_revoked: olds == 0 && random.percent(40),
            legacy: olds == 0 && random.percent(15),
            refresh_fn: random.percent(15),
            olds,
            old_skewed,
            repairs,
        };
        let count = random.pick(&[1, 2, 2, 2, 3, 3]);
        let members = (0..count + olds).map(|index| member(random, index >= count, setting));
        let members = members.collect();
        let left_s = match random.between(0, 99) {
            0..=69 => Some(-60),
            70..=79 => Some(i64::try_from(random.between(61, 80)).expect("is small")),
            80..=89 => Some(i64::try_from(random.between(81, 299)).expect("is small")),
            90..=97 => Some(302),
            _ => None,
        };
        // Half of the mixed fleets have no faults: there every expiry must cost one refresh.
        let quiet = olds > 0 && random.percent(50);
        let faults = if quiet { Vec::new() } else { faults(random) };
        Self { setting, members, left_s, faults }
    }
}

fn member(random: &mut Random, is_old: bool, setting: Setting) -> Member {
    let skewed = if is_old { setting.old_skewed } else { random.percent(8) };
    let lacks_key = !is_old && random.percent(3);
    let first_us = if random.percent(80) { 300_000 } else { 40 * SECOND_US };
    let mut at_us = random.between(0, first_us);
    let calls = (0..random.pick(&[1, 1, 2, 3, 4]))
        .map(|_| {
            let call = Call { at_us, kind: call_kind(random, setting) };
            at_us += match random.between(0, 9) {
                0..=2 => random.between(0, 5 * SECOND_US),
                3..=6 => random.between(20 * SECOND_US, 60 * SECOND_US),
                7 | 8 => random.between(60 * SECOND_US, 400 * SECOND_US),
                _ => random.between(600 * SECOND_US, 700 * SECOND_US),
            };
            call
        })
        .collect();
    Member {
        is_old,
        skew_hours: if skewed { random.pick(&[-1, 1]) } else { 0 },
        lacks_key_until_us: if lacks_key { random.between(SECOND_US, 200 * SECOND_US) } else { 0 },
        calls,
    }
}

fn call_kind(random: &mut Random, setting: Setting) -> CallKind {
    match random.between(0, 99) {
        0..=19 => CallKind::UsableAtOnce,
        20..=34 => CallKind::Forced,
        // The store that has `refreshExpiring` has no old instances.
        35..=49 if !setting.has_old() => CallKind::Claim,
        50..=59 => CallKind::Long,
        _ => CallKind::Fresh,
    }
}

fn faults(random: &mut Random) -> Vec<Fault> {
    let mut faults = match random.between(0, 9) {
        0..=2 => delayed_commit(random),
        3 | 4 => overtaken(random),
        5 => odd_answer(random),
        6 => unknown_outcome(random),
        _ => Vec::new(),
    };
    let more = random.pick(&[0, 0, 1, 1, 1, 2, 2, 3, 5]);
    faults.extend((0..more).map(|_| any_fault(random)));
    faults
}

/// A holder cannot store its answer, and another process may take over.
fn delayed_commit(random: &mut Random) -> Vec<Fault> {
    let (point, when) = random.pick(&[
        (Point::Send, When::After),
        (Point::Commit, When::Sending),
        (Point::Commit, When::Before),
        (Point::Commit, When::After),
    ]);
    let action = if random.percent(50) { pause(random) } else { away(random) };
    let mut faults = vec![Fault { point, when, nth: 0, action }];
    if random.percent(50) {
        let action = Action::Reply(reply(random));
        let nth = if random.percent(70) { 1 } else { 2 };
        faults.push(Fault { point: Point::Send, when: When::Sending, nth, action });
    }
    faults
}

/// A holder is stopped before it sends, and the process that takes over cannot store its answer.
fn overtaken(random: &mut Random) -> Vec<Fault> {
    let us = random.between(36 * SECOND_US, 60 * SECOND_US);
    let stops_clock = random.percent(30);
    let first = Action::Pause { us, stops_clock };
    let (point, when) = random.pick(&[(Point::Send, When::After), (Point::Commit, When::Sending)]);
    let action = pause(random);
    vec![
        Fault { point: Point::Send, when: When::Sending, nth: 0, action: first },
        Fault { point, when, nth: 0, action },
    ]
}

/// A holder with its answer is stopped for long, and the process that takes over is refused.
fn unknown_outcome(random: &mut Random) -> Vec<Fault> {
    let us = random.between(80 * SECOND_US, 320 * SECOND_US);
    let first = Action::Pause { us, stops_clock: random.percent(30) };
    let second = Action::Reply(random.pick(&[Reply::Throttled, Reply::Rejected]));
    vec![
        Fault { point: Point::Send, when: When::After, nth: 0, action: first },
        Fault { point: Point::Send, when: When::Sending, nth: 1, action: second },
    ]
}

/// The provider's answer is unusual, or the database has changed its login before the commit.
fn odd_answer(random: &mut Random) -> Vec<Fault> {
    let nth = if random.percent(70) { 0 } else { 1 };
    let (when, action) = random.pick(&[
        (When::Sending, Action::Reply(Reply::OddLifetime)),
        (When::Sending, Action::Reply(Reply::Passing)),
        (When::Before, Action::ChangeLogin),
        (When::After, Action::ChangeLogin),
    ]);
    vec![Fault { point: Point::Send, when, nth, action }]
}

fn any_fault(random: &mut Random) -> Fault {
    let point = match random.between(0, 99) {
        0..=24 => Point::Send,
        25..=49 => Point::Commit,
        50..=61 => Point::Lease,
        62..=71 => Point::Read,
        72..=78 => Point::Reread,
        79..=86 => Point::Release,
        87..=93 => Point::MarkRevoked,
        94 | 95 => Point::ExpireEarly,
        96 => random.pick(&[Point::State, Point::Note]),
        97 => Point::OldLock,
        98 => Point::OldWrite,
        _ => Point::OldRead,
    };
    let when = random.pick(&[When::Sending, When::Sending, When::Before, When::After]);
    let nth = match (point, random.between(0, 9)) {
        (Point::Read, _) => u32::try_from(random.between(0, 60)).expect("is small"),
        (_, 0..=5) => 0,
        (_, 6 | 7) => 1,
        _ => u32::try_from(random.between(2, 4)).expect("is small"),
    };
    let action = match when {
        When::Sending if random.percent(50) => match point {
            Point::Send => Action::Reply(reply(random)),
            _ => Action::Fate(fate(random)),
        },
        _ => any_event(random),
    };
    Fault { point, when, nth, action }
}

fn fate(random: &mut Random) -> Fate {
    random.pick(&[
        Fate::Slow,
        Fate::ErrBefore,
        Fate::ErrAfter,
        Fate::ErrLate,
        Fate::NeverBefore,
        Fate::NeverAfter,
        Fate::Locked,
    ])
}

fn reply(random: &mut Random) -> Reply {
    random.pick(&[
        Reply::Slow,
        Reply::Busy,
        Reply::Throttled,
        Reply::Rejected,
        Reply::NotSent,
        Reply::LostBefore,
        Reply::LostAfter,
        Reply::Delayed,
        Reply::Garbled,
        Reply::Late,
        Reply::Passing,
        Reply::OddLifetime,
    ])
}

fn pause(random: &mut Random) -> Action {
    let seconds = random.pick(&[3, 12, 33, 40, 60, 100, 320, 700]);
    Action::Pause { us: seconds * SECOND_US, stops_clock: random.percent(30) }
}

fn away(random: &mut Random) -> Action {
    let seconds = random.pick(&[2, 10, 20, 33, 40, 60, 120, 200, 400]);
    Action::Away { us: seconds * SECOND_US }
}

fn any_event(random: &mut Random) -> Action {
    match random.between(0, 99) {
        0..=14 => Action::Crash,
        15..=34 => pause(random),
        35..=54 => away(random),
        55..=59 => Action::SetClock { hours: random.pick(&[-1, 1]) },
        60..=67 => Action::Reconnect,
        68..=73 => Action::Disconnect,
        74..=76 => Action::MarkInvalid,
        77..=84 => Action::Consent,
        85..=91 => Action::Reseal,
        92..=94 => Action::RotateKey,
        95 | 96 => Action::ChangeLogin,
        _ => Action::Revoke,
    }
}
