//! Many rows: some of them are refused, some processes belong to a wrong deployment, some callers have a
//! wrong secret, the provider rejects every grant for a while, and `refreshExpiring` runs. What concerns
//! one row or one client must not affect another.

mod call;
mod endpoint;
mod plan;
mod refresh_expiring;
mod run;
mod table;

use std::sync::Arc;

use tokenkeep::db::Timestamp;

use super::refresh_states::{Client, OURS};
use super::world::World;

pub(crate) use run::run;

/// Every so many seeds the schedule has many rows.
const EVERY: u64 = 16;

pub(crate) fn has_many_rows(seed: u64) -> bool {
    seed % EVERY == EVERY - 1
}

/// How the provider judges a row's refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    /// The user has withdrawn the consent.
    Dead,
    /// It is refused for a reason that concerns this row or its tenant.
    Refused,
}

/// A row, as stored. Each text is a number that changes with every seal, and the token.
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
    /// The provider has rejected the grant of our client while it rejected every grant.
    misjudged: bool,
    /// When `refreshExpiring` last leased it.
    claimed_us: Option<u64>,
    /// How often `refreshExpiring` preferred rows that had failed before, although this one is due.
    passed_over: u32,
}

/// The true state.
#[derive(Default)]
pub(crate) struct ManyRows {
    users: Vec<User>,
    /// From when until when the provider rejects every grant.
    denies_us: (u64, u64),
}

impl ManyRows {
    fn user(&mut self, number: u32) -> &mut User {
        &mut self.users[number as usize]
    }

    fn denies(&self, now_us: u64) -> bool {
        (self.denies_us.0..self.denies_us.1).contains(&now_us)
    }
}

/// The client credentials of a process or a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Login {
    client: Client,
    has_right_secret: bool,
}

impl Login {
    const RIGHT: Self = Self { client: OURS, has_right_secret: true };
}

fn sealed(world: &World, token: &str) -> Arc<str> {
    let number = world.random(|random| random.between(0, u64::MAX - 1));
    format!("{number:x}:{token}").into()
}

fn opened(text: &str) -> String {
    text.split_once(':').map(|(_, token)| token.to_owned()).unwrap_or_default()
}
