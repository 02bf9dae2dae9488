//! What happens in one fleet: who is connected, who asks when, and what goes wrong.

use super::super::chance::Chance;
use super::super::faults::{Action, Fate, Fault, Point, When};
use super::super::provider::Kind;
use super::super::repairs::Repairs;
use super::super::schedule::Setting;
use super::super::states::{Client, OURS, STAGING};
use super::{Health, Login};

const SECOND_US: u64 = 1_000_000;
/// Nobody asks later.
const LAST_US: u64 = 900 * SECOND_US;

/// A row at the beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) health: Health,
    /// How long ago its access token ran out.
    pub(super) late_s: u64,
    /// Whose tokens they are known to be.
    pub(super) client: Option<Client>,
}

/// One thing that a process does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Call { user: u32, login: Login },
    RefreshAhead,
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
    pub(super) fn draw(chance: &mut Chance, repairs: Repairs) -> Self {
        let setting = Setting {
            provider: chance.pick(&[Kind::RotatesStrictly, Kind::RotatesLoosely, Kind::Keeps]),
            marks: chance.percent(50),
            legacy: false,
            callback: false,
            olds: 0,
            old_skewed: false,
            repairs,
        };
        let sick = chance.pick(&[0, 1, 1, 4, 6]);
        let rows = (0..sick + chance.between(4, 9)).map(|number| start(chance, number < sick));
        let rows: Vec<_> = rows.collect();
        // Some users never ask: their rows are refreshed ahead of time alone.
        let asking = chance.between(1, rows.len() as u64 - 1);
        let members = (0..chance.between(1, 3)).map(|index| member(chance, index, asking));
        let members = members.collect();
        let denies_us = match chance.percent(25) {
            true => {
                let from_us = chance.pick(&[0, 0, 200 * SECOND_US]);
                (from_us, from_us + chance.between(60 * SECOND_US, 500 * SECOND_US))
            }
            false => (0, 0),
        };
        let faults = match chance.percent(25) {
            true => (0..chance.between(1, 4)).map(|_| fault(chance)).collect(),
            false => Vec::new(),
        };
        Self { setting, rows, members, denies_us, faults }
    }

    /// What the trace begins with.
    pub(super) fn describe(&self) -> String {
        let Self { setting, rows, members, denies_us, faults } = self;
        let mut text = format!("a fleet at a provider {:?}\n", setting.provider);
        for (number, row) in rows.iter().enumerate() {
            text += &format!("user {number}: {row:?}\n");
        }
        for (index, member) in members.iter().enumerate() {
            text += &format!("T{}: {:?}, {} acts\n", index + 1, member.login, member.acts.len());
        }
        if denies_us.1 > 0 {
            let (from, to) = (denies_us.0 / SECOND_US, denies_us.1 / SECOND_US);
            text += &format!("from {from} s to {to} s the provider calls every grant dead\n");
        }
        for Fault { point, when, nth, action } in faults {
            text += &format!("{when:?} {point:?} number {}: {action:?}\n", nth + 1);
        }
        text
    }
}

fn start(chance: &mut Chance, is_sick: bool) -> Start {
    let health = match is_sick {
        true => Health::Refused,
        false if chance.percent(15) => Health::Dead,
        false => Health::Good,
    };
    // What fails stands at the head.
    let late_s = if is_sick { chance.between(500, 900) } else { chance.between(0, 400) };
    Start { health, late_s, client: chance.percent(75).then_some(OURS) }
}

fn member(chance: &mut Chance, index: u64, asking: u64) -> Member {
    let is_wrong = index > 0 && chance.percent(40);
    let login = if is_wrong { Login { client: STAGING, ..Login::RIGHT } } else { Login::RIGHT };
    let some_secrets_are_wrong = chance.percent(30);
    let mut acts = Vec::new();
    let mut at_us = chance.between(0, 3 * SECOND_US);
    while at_us < LAST_US {
        let has_right_secret = !some_secrets_are_wrong || chance.percent(70);
        let user = u32::try_from(chance.between(0, asking - 1)).expect("are few");
        acts.push((at_us, Act::Call { user, login: Login { has_right_secret, ..login } }));
        at_us += chance.between(SECOND_US, 40 * SECOND_US);
    }
    if !is_wrong && chance.percent(60) {
        let every_us = chance.between(30 * SECOND_US, 90 * SECOND_US);
        let runs = (0..LAST_US / every_us).map(|run| (run * every_us, Act::RefreshAhead));
        acts.extend(runs);
    }
    Member { acts, login }
}

fn fault(chance: &mut Chance) -> Fault {
    let point = chance.pick(&[Point::State, Point::Note, Point::Note, Point::End, Point::Release]);
    let fate = chance.pick(&[Fate::ErrBefore, Fate::ErrAfter, Fate::ErrLate, Fate::Slow]);
    let nth = u32::try_from(chance.between(0, 12)).expect("is small");
    Fault { point, when: When::Sending, nth, action: Action::Fate(fate) }
}
