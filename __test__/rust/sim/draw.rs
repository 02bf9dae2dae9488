//! The schedule of a seed: what chance makes of it.

use super::chance::Chance;
use super::faults::{Action, Fate, Fault, Point, Reply, When};
use super::provider::Kind;
use super::repairs::Repairs;
use super::schedule::{Asks, Call, Member, Schedule, Setting};

const SECOND_US: u64 = 1_000_000;

impl Schedule {
    /// The schedule of a seed.
    pub(crate) fn draw(chance: &mut Chance, repairs: Repairs) -> Self {
        let kinds = [
            Kind::RotatesStrictly,
            Kind::RotatesStrictly,
            Kind::RotatesStrictly,
            Kind::RotatesLoosely,
            Kind::RotatesLoosely,
            Kind::Keeps,
            Kind::KeepsUnpromised,
        ];
        let olds = if chance.percent(20) { chance.pick(&[1, 1, 2]) } else { 0 };
        let old_skewed = olds > 0 && chance.percent(25);
        let setting = Setting {
            provider: chance.pick(&kinds),
            marks: olds == 0 && chance.percent(40),
            legacy: olds == 0 && chance.percent(15),
            callback: chance.percent(15),
            olds,
            old_skewed,
            repairs,
        };
        let count = chance.pick(&[1, 2, 2, 2, 3, 3]);
        let members = (0..count + olds).map(|index| member(chance, index >= count, setting));
        let members = members.collect();
        let left_s = match chance.between(0, 99) {
            0..=69 => Some(-60),
            70..=79 => Some(i64::try_from(chance.between(61, 80)).expect("is small")),
            80..=89 => Some(i64::try_from(chance.between(81, 299)).expect("is small")),
            90..=97 => Some(302),
            _ => None,
        };
        // Half of the mixed fleets are free of faults: there every expiry costs one refresh.
        let quiet = olds > 0 && chance.percent(50);
        let faults = if quiet { Vec::new() } else { faults(chance) };
        Self { setting, members, left_s, faults }
    }
}

fn member(chance: &mut Chance, is_old: bool, setting: Setting) -> Member {
    let skewed = if is_old { setting.old_skewed } else { chance.percent(8) };
    let lacks_key = !is_old && chance.percent(3);
    let first_us = if chance.percent(80) { 300_000 } else { 40 * SECOND_US };
    let mut at_us = chance.between(0, first_us);
    let calls = (0..chance.pick(&[1, 1, 2, 3, 4]))
        .map(|_| {
            let call = Call { at_us, asks: asks(chance, setting) };
            at_us += match chance.between(0, 9) {
                0..=2 => chance.between(0, 5 * SECOND_US),
                3..=6 => chance.between(20 * SECOND_US, 60 * SECOND_US),
                7 | 8 => chance.between(60 * SECOND_US, 400 * SECOND_US),
                _ => chance.between(600 * SECOND_US, 700 * SECOND_US),
            };
            call
        })
        .collect();
    Member {
        is_old,
        skew_hours: if skewed { chance.pick(&[-1, 1]) } else { 0 },
        lacks_key_until_us: if lacks_key { chance.between(SECOND_US, 200 * SECOND_US) } else { 0 },
        calls,
    }
}

fn asks(chance: &mut Chance, setting: Setting) -> Asks {
    match chance.between(0, 99) {
        0..=19 => Asks::UsableAtOnce,
        20..=34 => Asks::Forced,
        // The store that claims rows has no old instances.
        35..=49 if !setting.has_old() => Asks::Claim,
        50..=59 => Asks::Long,
        _ => Asks::Fresh,
    }
}

fn faults(chance: &mut Chance) -> Vec<Fault> {
    let mut faults = match chance.between(0, 9) {
        0..=2 => detained(chance),
        3 | 4 => overtaken(chance),
        5 => answered_oddly(chance),
        6 => unknown_outcome(chance),
        _ => Vec::new(),
    };
    let more = chance.pick(&[0, 0, 1, 1, 1, 2, 2, 3, 5]);
    faults.extend((0..more).map(|_| anything(chance)));
    faults
}

/// A holder with its answer is kept from storing it, and somebody else comes by.
fn detained(chance: &mut Chance) -> Vec<Fault> {
    let (point, when) = chance.pick(&[
        (Point::Ask, When::After),
        (Point::Commit, When::Sending),
        (Point::Commit, When::Before),
        (Point::Commit, When::After),
    ]);
    let action = if chance.percent(50) { pause(chance) } else { away(chance) };
    let mut faults = vec![Fault { point, when, nth: 0, action }];
    if chance.percent(50) {
        let action = Action::Reply(reply(chance));
        let nth = if chance.percent(70) { 1 } else { 2 };
        faults.push(Fault { point: Point::Ask, when: When::Sending, nth, action });
    }
    faults
}

/// A holder is stopped before it sends, and whoever takes over is kept from storing its answer.
fn overtaken(chance: &mut Chance) -> Vec<Fault> {
    let us = chance.between(36 * SECOND_US, 60 * SECOND_US);
    let stops_clock = chance.percent(30);
    let first = Action::Pause { us, stops_clock };
    let (point, when) = chance.pick(&[(Point::Ask, When::After), (Point::Commit, When::Sending)]);
    let action = pause(chance);
    vec![
        Fault { point: Point::Ask, when: When::Sending, nth: 0, action: first },
        Fault { point, when, nth: 0, action },
    ]
}

/// A holder with its answer is stopped for long, and whoever takes over is sent away.
fn unknown_outcome(chance: &mut Chance) -> Vec<Fault> {
    let us = chance.between(80 * SECOND_US, 320 * SECOND_US);
    let first = Action::Pause { us, stops_clock: chance.percent(30) };
    let second = Action::Reply(chance.pick(&[Reply::Throttled, Reply::Rejected]));
    vec![
        Fault { point: Point::Ask, when: When::After, nth: 0, action: first },
        Fault { point: Point::Ask, when: When::Sending, nth: 1, action: second },
    ]
}

/// The provider's answer is none of the usual ones, or cannot be stored with the login of the day before.
fn answered_oddly(chance: &mut Chance) -> Vec<Fault> {
    let nth = if chance.percent(70) { 0 } else { 1 };
    let (when, action) = chance.pick(&[
        (When::Sending, Action::Reply(Reply::OddLifetime)),
        (When::Sending, Action::Reply(Reply::Passing)),
        (When::Before, Action::ChangeLogin),
        (When::After, Action::ChangeLogin),
    ]);
    vec![Fault { point: Point::Ask, when, nth, action }]
}

fn anything(chance: &mut Chance) -> Fault {
    let point = match chance.between(0, 99) {
        0..=24 => Point::Ask,
        25..=49 => Point::Commit,
        50..=61 => Point::Lease,
        62..=71 => Point::Read,
        72..=78 => Point::Reread,
        79..=86 => Point::Release,
        87..=93 => Point::End,
        94 | 95 => Point::ExpireEarly,
        96 => chance.pick(&[Point::State, Point::Note]),
        97 => Point::OldLock,
        98 => Point::OldWrite,
        _ => Point::OldRead,
    };
    let when = chance.pick(&[When::Sending, When::Sending, When::Before, When::After]);
    let nth = match (point, chance.between(0, 9)) {
        (Point::Read, _) => u32::try_from(chance.between(0, 60)).expect("is small"),
        (_, 0..=5) => 0,
        (_, 6 | 7) => 1,
        _ => u32::try_from(chance.between(2, 4)).expect("is small"),
    };
    let action = match when {
        When::Sending if chance.percent(50) => match point {
            Point::Ask => Action::Reply(reply(chance)),
            _ => Action::Fate(fate(chance)),
        },
        _ => happening(chance),
    };
    Fault { point, when, nth, action }
}

fn fate(chance: &mut Chance) -> Fate {
    chance.pick(&[
        Fate::Slow,
        Fate::ErrBefore,
        Fate::ErrAfter,
        Fate::ErrLate,
        Fate::NeverBefore,
        Fate::NeverAfter,
        Fate::Locked,
    ])
}

fn reply(chance: &mut Chance) -> Reply {
    chance.pick(&[
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

fn pause(chance: &mut Chance) -> Action {
    let seconds = chance.pick(&[3, 12, 33, 40, 60, 100, 320, 700]);
    Action::Pause { us: seconds * SECOND_US, stops_clock: chance.percent(30) }
}

fn away(chance: &mut Chance) -> Action {
    let seconds = chance.pick(&[2, 10, 20, 33, 40, 60, 120, 200, 400]);
    Action::Away { us: seconds * SECOND_US }
}

fn happening(chance: &mut Chance) -> Action {
    match chance.between(0, 99) {
        0..=14 => Action::Crash,
        15..=34 => pause(chance),
        35..=54 => away(chance),
        55..=59 => Action::SetClock { hours: chance.pick(&[-1, 1]) },
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
