//! Fleets: many rows, some of which a provider refuses, processes of a wrong deployment, callers with a
//! wrong secret, a provider that for a while calls every grant dead, and rows that are refreshed ahead
//! of time. What concerns one row, or one client, must not reach another.

mod ahead;
mod call;
mod endpoint;
mod plan;
mod run;
mod table;

use std::sync::Arc;

use tokenkeep::db::Timestamp;

use super::states::{Client, OURS};
use super::world::World;

pub(crate) use run::run;

/// Every so many seeds there is a fleet in the place of one row.
const EVERY: u64 = 16;

pub(crate) fn is_fleet(seed: u64) -> bool {
    seed % EVERY == EVERY - 1
}

/// What the provider makes of a row's refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    /// The user has withdrawn the consent.
    Dead,
    /// It is refused for a reason that lies in the row, or in its tenant.
    Refused,
}

/// A row, as stored: its texts are tokens behind a number that changes with every seal.
#[derive(Debug, Clone)]
struct Stored {
    refresh: Arc<str>,
    access: Arc<str>,
    expires_at: Timestamp,
    refreshing_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// One user's connection.
struct User {
    row: Option<Stored>,
    health: Health,
    /// The generation of the newest refresh token.
    newest: u32,
    /// A provider that called every grant dead has refused it to our client.
    misjudged: bool,
    /// When it was last claimed to be refreshed ahead of time.
    claimed_us: Option<u64>,
    /// How often rows that had failed were refreshed ahead of time before it, although it is due.
    passed_over: u32,
}

/// What is really so.
#[derive(Default)]
pub(crate) struct Fleet {
    users: Vec<User>,
    /// The provider calls every grant dead in between.
    denies_us: (u64, u64),
}

impl Fleet {
    fn user(&mut self, number: u32) -> &mut User {
        &mut self.users[number as usize]
    }

    fn denies(&self, now_us: u64) -> bool {
        (self.denies_us.0..self.denies_us.1).contains(&now_us)
    }
}

/// Whose application a process or a caller takes itself for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Login {
    client: Client,
    has_right_secret: bool,
}

impl Login {
    const RIGHT: Self = Self { client: OURS, has_right_secret: true };
}

fn sealed(world: &World, token: &str) -> Arc<str> {
    let number = world.chance(|chance| chance.between(0, u64::MAX - 1));
    format!("{number:x}:{token}").into()
}

fn opened(text: &str) -> String {
    text.split_once(':').map(|(_, token)| token.to_owned()).unwrap_or_default()
}
