//! What happens in one schedule with many rows: who is connected, who calls when, and what goes wrong.

use super::super::faults::{Action, Fate, Fault, Point, When};
use super::super::provider::Kind;
use super::super::random::Random;
use super::super::refresh_states::{Client, OURS, STAGING};
use super::super::repairs::Repairs;
use super::super::schedule::Setting;
use super::{Health, Login};

const SECOND_US: u64 = 1_000_000;
/// The last call.
const LAST_US: u64 = 900 * SECOND_US;

/// A row at the start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) health: Health,
    /// How long ago its access token expired.
    pub(super) late_s: u64,
    /// The client that has stored it; `None`: it is not known.
    pub(super) client: Option<Client>,
}

/// One thing that a process does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Call { user: u32, login: Login },
    RefreshExpiring,
}

pub(super) struct Member {
    pub(super) acts: Vec<(u64, Act)>,
    pub(super) login: Login,
}

pub(super) struct Plan {
    pub(super) setting: Setting,
    pub(super) rows: Vec<Start>,
    pub(super) members: Vec<Member>,
    pub(super) denies_us: (u64, u64),
    pub(super) faults: Vec<Fault>,
}

impl Plan {
    pub(super) fn draw(random: &mut Random, repairs: Repairs) -> Self {
        let setting = Setting {
            provider: random.pick(&[Kind::RotatesStrictly, Kind::RotatesLoosely, Kind::Keeps]),
            marks_revoked: random.percent(50),
            legacy: false,
            refresh_fn: false,
            olds: 0,
            old_skewed: false,
            repairs,
        };
        let sick = random.pick(&[0, 1, 1, 4, 6]);
        let rows = (0..sick + random.between(4, 9)).map(|number| start(random, number < sick));
        let rows: Vec<_> = rows.collect();
        // Nobody calls for some rows: only `refreshExpiring` refreshes them.
        let called = random.between(1, rows.len() as u64 - 1);
        let members = (0..random.between(1, 3)).map(|index| member(random, index, called));
        let members = members.collect();
        let denies_us = match random.percent(25) {
            true => {
                let from_us = random.pick(&[0, 0, 200 * SECOND_US]);
                (from_us, from_us + random.between(60 * SECOND_US, 500 * SECOND_US))
            }
            false => (0, 0),
        };
        let faults = match random.percent(25) {
            true => (0..random.between(1, 4)).map(|_| fault(random)).collect(),
            false => Vec::new(),
        };
        Self { setting, rows, members, denies_us, faults }
    }

    /// The head of the trace.
    pub(super) fn describe(&self) -> String {
        let Self { setting, rows, members, denies_us, faults } = self;
        let mut text = format!("many rows at a provider {:?}\n", setting.provider);
        for (number, row) in rows.iter().enumerate() {
            text += &format!("user {number}: {row:?}\n");
        }
        for (index, member) in members.iter().enumerate() {
            text += &format!("T{}: {:?}, {} acts\n", index + 1, member.login, member.acts.len());
        }
        if denies_us.1 > 0 {
            let (from, to) = (denies_us.0 / SECOND_US, denies_us.1 / SECOND_US);
            text += &format!("from {from} s to {to} s the provider rejects every grant\n");
        }
        for Fault { point, when, nth, action } in faults {
            text += &format!("{when:?} {point:?} number {}: {action:?}\n", nth + 1);
        }
        text
    }
}

fn start(random: &mut Random, is_sick: bool) -> Start {
    let health = match is_sick {
        true => Health::Refused,
        false if random.percent(15) => Health::Dead,
        false => Health::Good,
    };
    // Rows that fail come first.
    let late_s = if is_sick { random.between(500, 900) } else { random.between(0, 400) };
    Start { health, late_s, client: random.percent(75).then_some(OURS) }
}

fn member(random: &mut Random, index: u64, called: u64) -> Member {
    let is_wrong = index > 0 && random.percent(40);
    let login = if is_wrong { Login { client: STAGING, ..Login::RIGHT } } else { Login::RIGHT };
    let some_secrets_are_wrong = random.percent(30);
    let mut acts = Vec::new();
    let mut at_us = random.between(0, 3 * SECOND_US);
    while at_us < LAST_US {
        let has_right_secret = !some_secrets_are_wrong || random.percent(70);
        let user = u32::try_from(random.between(0, called - 1)).expect("are few");
        acts.push((at_us, Act::Call { user, login: Login { has_right_secret, ..login } }));
        at_us += random.between(SECOND_US, 40 * SECOND_US);
    }
    if !is_wrong && random.percent(60) {
        let every_us = random.between(30 * SECOND_US, 90 * SECOND_US);
        let runs = (0..LAST_US / every_us).map(|run| (run * every_us, Act::RefreshExpiring));
        acts.extend(runs);
    }
    Member { acts, login }
}

fn fault(random: &mut Random) -> Fault {
    let point =
        random.pick(&[Point::State, Point::Note, Point::Note, Point::MarkRevoked, Point::Release]);
    let fate = random.pick(&[Fate::ErrBefore, Fate::ErrAfter, Fate::ErrLate, Fate::Slow]);
    let nth = u32::try_from(random.between(0, 12)).expect("is small");
    Fault { point, when: When::Sending, nth, action: Action::Fate(fate) }
}
