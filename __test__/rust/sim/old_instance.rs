//! An old TypeScript instance (`docs/internals/stores.md`, gmail): it locks after reading without reading
//! again, and it writes, unlocks and deletes without a version check.

use std::sync::Arc;
use std::time::Duration;

use tokenkeep::db::Timestamp;
use tokenkeep::error::Result;
use tokenkeep::oauth::Verdict;
use tokenkeep::refresh::Runtime;

use super::database::{OLD_RING, StoredRow, open, seal, statement};
use super::faults::Point;
use super::provider::{Endpoint, Name};
use super::row_change::Change;
use super::runtime::Machine;

const BUFFER: Duration = Duration::from_secs(300);
const LOCK: Duration = Duration::from_secs(30);
const LOCK_WAIT: Duration = Duration::from_secs(2);
const RETRIES_MAX: u32 = 3;

/// Its own clock, as a timestamp.
fn clock(machine: &Machine) -> Timestamp {
    let ms = machine.wall().as_millis();
    Timestamp::from_ms(i64::try_from(ms).expect("a schedule ends"))
}

/// `getValidGmailToken` of the old service. Nobody checks its errors.
pub(crate) async fn call(machine: &Machine) -> Result<()> {
    let Machine { world, process } = machine;
    for tries in 0..=RETRIES_MAX {
        let read = statement(world, process, Point::OldRead, |_, truth| truth.row.clone()).await?;
        let Some(row) = read else { return Ok(()) };
        if row.expires_at > clock(machine).plus(BUFFER) {
            return Ok(());
        }
        if lock(machine).await? {
            return refresh(machine, row).await;
        }
        if tries < RETRIES_MAX {
            machine.sleep(LOCK_WAIT).await;
        }
    }
    Ok(())
}

async fn lock(machine: &Machine) -> Result<bool> {
    let Machine { world, process } = machine;
    let now = clock(machine);
    let name = process.name.clone();
    statement(world, process, Point::OldLock, move |world, truth| {
        let Some(row) = truth.row.clone() else { return false };
        if row.refreshing_at.is_some_and(|at| at >= now.minus(LOCK)) {
            return false;
        }
        world.note(&name, || "locks".into());
        let row = StoredRow { refreshing_at: Some(now), ..row };
        truth.change(world, &name, Change::Touch, Some(row));
        true
    })
    .await
}

async fn refresh(machine: &Machine, row: StoredRow) -> Result<()> {
    let Machine { world, process } = machine;
    let text = open(&OLD_RING, &row.refresh, world.setting.legacy)?;
    let Some(refresh) = Name::parse(&text) else { return Ok(()) };
    let endpoint = Endpoint { world: Arc::clone(world), process: Arc::clone(process) };
    let name = process.name.clone();
    match endpoint.send(refresh).await {
        Verdict::Granted(response) => {
            let expires_at = match response.expiry {
                tokenkeep::oauth::Expiry::In(lifetime) => clock(machine).plus(lifetime),
                tokenkeep::oauth::Expiry::AtMs(ms) => Timestamp::from_ms(ms),
                tokenkeep::oauth::Expiry::Never => Timestamp::INFINITY,
            };
            let access = seal(&OLD_RING, response.access_token.expose());
            let refresh = response.refresh_token.map(|token| seal(&OLD_RING, token.expose()));
            let updated_at = clock(machine);
            statement(world, process, Point::OldWrite, move |world, truth| {
                let Some(row) = truth.row.clone() else { return };
                world.note(&name, || "writes".into());
                let refresh = refresh.unwrap_or(row.refresh);
                let row = StoredRow {
                    refresh,
                    access,
                    expires_at,
                    refreshing_at: None,
                    updated_at,
                    refreshed_at: None,
                    mark: None,
                };
                truth.change(world, &name, Change::Old, Some(row));
            })
            .await
        }
        verdict => {
            unlock(machine).await?;
            if matches!(verdict, Verdict::InvalidGrant(_)) {
                statement(world, process, Point::OldDelete, move |world, truth| {
                    world.note(&name, || "deletes".into());
                    truth.change(world, &name, Change::Old, None);
                })
                .await?;
            }
            Ok(())
        }
    }
}

async fn unlock(machine: &Machine) -> Result<()> {
    let Machine { world, process } = machine;
    let name = process.name.clone();
    statement(world, process, Point::OldUnlock, move |world, truth| {
        let Some(row) = truth.row.clone() else { return };
        let row = StoredRow { refreshing_at: None, ..row };
        truth.change(world, &name, Change::Touch, Some(row));
    })
    .await
}
