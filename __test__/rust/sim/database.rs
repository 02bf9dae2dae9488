//! The database: one row, and statements that take their time and may fail.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokenkeep::config::{LEFTOVER_AGE_MIN_MS, LEFTOVER_AGE_MS};
use tokenkeep::crypto::{GmailFormat, KeyRing};
use tokenkeep::db::Timestamp;
use tokenkeep::error::{Error, Result};
use tokio::sync::oneshot;

use super::faults::{Fate, Point, When};
use super::process::Process;
use super::world::{Truth, World};

/// Who has marked a row as revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Refresher,
    User,
}

/// The row, as stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredRow {
    pub(crate) refresh: Arc<str>,
    pub(crate) access: Arc<str>,
    pub(crate) expires_at: Timestamp,
    pub(crate) refreshing_at: Option<Timestamp>,
    pub(crate) updated_at: Timestamp,
    /// When it was last refreshed, if the store knows that.
    pub(crate) refreshed_at: Option<Timestamp>,
    pub(crate) mark: Option<Mark>,
}

/// The leftover of a write in a mixed fleet.
pub(crate) fn left_behind(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_millis(LEFTOVER_AGE_MS))
}

/// Whether a row's lease is a leftover.
pub(crate) fn is_left_behind(row: &StoredRow) -> bool {
    let from = row.updated_at.minus(Duration::from_millis(LEFTOVER_AGE_MIN_MS));
    row.refreshing_at.is_some_and(|at| at <= from)
}

const OLD_KEY: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const NEW_KEY: &str = "0202020202020202020202020202020202020202020202020202020202020202";

fn format(keys: &str) -> GmailFormat {
    GmailFormat::new(KeyRing::parse("KEYS", keys).expect("the keys are well formed"))
}

/// Only the first key.
pub(crate) static OLD_RING: LazyLock<GmailFormat> =
    LazyLock::new(|| format(&format!("1:{OLD_KEY}")));
/// Both keys; seals with the first.
pub(crate) static BOTH_RING: LazyLock<GmailFormat> =
    LazyLock::new(|| format(&format!("1:{OLD_KEY},2:{NEW_KEY}")));
/// Both keys; seals with the second.
pub(crate) static NEW_RING: LazyLock<GmailFormat> =
    LazyLock::new(|| format(&format!("2:{NEW_KEY},1:{OLD_KEY}")));

/// Whether a text was never sealed.
pub(crate) fn is_plaintext(text: &str) -> bool {
    text.starts_with("refresh.") || text.starts_with("access.")
}

/// Opens a stored text. Plaintext is accepted only if `legacy`.
pub(crate) fn open(ring: &GmailFormat, text: &str, legacy: bool) -> Result<String> {
    if legacy && is_plaintext(text) {
        return Ok(text.to_owned());
    }
    ring.open(text, None).map(|text| text.as_str().to_owned())
}

pub(crate) fn seal(ring: &GmailFormat, token: &str) -> Arc<str> {
    ring.seal(token).expect("there are random bytes").into()
}

/// The time limit of this step's statements.
fn limit_us(world: &World, point: Point) -> u64 {
    let limits = &world.limits;
    1_000
        * match point {
            Point::Commit | Point::Reread => limits.commit_connect_ms + limits.commit_statement_ms,
            _ => limits.statement_timeout_ms,
        }
}

fn failed() -> Error {
    Error::Database {
        step: "simulate",
        sqlstate: None,
        constraint: None,
        silence: "",
        retryable: true,
    }
}

/// One statement of a process. It takes effect in the database at one moment or not at all, whether or
/// not its process is still alive then.
pub(crate) async fn statement<R: Send + 'static>(
    world: &Arc<World>,
    process: &Arc<Process>,
    point: Point,
    effect: impl FnOnce(&World, &mut Truth) -> R + Send + 'static,
) -> Result<R> {
    statement_as(world, process, point, None, effect).await
}

/// The same with another login than that of the settings.
pub(crate) async fn statement_as<R: Send + 'static>(
    world: &Arc<World>,
    process: &Arc<Process>,
    point: Point,
    login: Option<u32>,
    effect: impl FnOnce(&World, &mut Truth) -> R + Send + 'static,
) -> Result<R> {
    let fate = world.sending(process, point).await.fate;
    if fate != Fate::Ok {
        world.note(&process.name, || format!("{point:?}: {fate:?}"));
        world.truth().ledger.statement_failed(process.id, point, fate);
    }
    let login = login.unwrap_or_else(|| world.truth().login);
    let limit_us = limit_us(world, point);
    let (there_us, back_us, late_us) = world.random(|random| {
        let late_us = random.between(limit_us / 2, limit_us * 19 / 20);
        (random.between(200, 1_500), random.between(200, 1_500), late_us)
    });
    let (answered, answer) = oneshot::channel();
    let (effect_us, answer_us, succeeds) = match fate {
        Fate::Ok => (Some(there_us), back_us, true),
        Fate::Slow => (Some(late_us), back_us, true),
        Fate::ErrAfter => (Some(there_us), back_us, false),
        Fate::NeverAfter => (Some(there_us), limit_us - there_us, false),
        Fate::ErrLate => (Some(late_us), 0, false),
        Fate::ErrBefore => (None, there_us + back_us, false),
        Fate::NeverBefore => (None, limit_us, false),
        Fate::Locked => (None, world.limits.lock_timeout_ms * 1_000, false),
    };
    let error = match fate {
        Fate::Locked => Error::RowLocked { step: "simulate" },
        _ => failed(),
    };
    // If the effect comes after the answer, or never, the error has a timer of its own.
    let mut answered = Some(answered);
    if effect_us.is_none() || fate == Fate::ErrLate {
        let (answered, error) = (answered.take(), error.clone());
        let early_us = if fate == Fate::ErrLate { there_us + back_us } else { answer_us };
        world.after(early_us, move |_| {
            if let Some(answered) = answered {
                let _ = answered.send(Err(error));
            }
        });
    }
    if let Some(effect_us) = effect_us {
        let process = Arc::clone(process);
        world.after(effect_us, move |world| {
            let result = take_effect(world, &process, point, login, effect);
            let result = if succeeds { result } else { Err(error) };
            if let Some(answered) = answered {
                world.after(answer_us, move |_| drop(answered.send(result)));
            }
        });
    }
    answer.await.unwrap_or_else(|_| Err(failed()))
}

fn take_effect<R>(
    world: &World,
    process: &Process,
    point: Point,
    login: u32,
    effect: impl FnOnce(&World, &mut Truth) -> R,
) -> Result<R> {
    world.reached(process, point, When::Before);
    let result = {
        let mut truth = world.truth();
        if world.now_us() < truth.away_until_us || login != truth.login {
            truth.ledger.statements_away += 1;
            return Err(failed());
        }
        let result = effect(world, &mut truth);
        let held = truth.row.as_ref().is_some_and(|row| row.refreshing_at.is_some());
        truth.ledger.lease_is(held, world.now_us());
        result
    };
    world.reached(process, point, When::After);
    Ok(result)
}
