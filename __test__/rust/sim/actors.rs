//! What users and operators do while the processes run.

use super::database::{BOTH_RING, Mark, NEW_RING, StoredRow, left_behind, open, seal};
use super::provider::{Grant, lifetime};
use super::refresh_states::OURS;
use super::row_change::Change;
use super::table::ROW;
use super::world::World;

/// The user consents, and the application stores new tokens.
pub(crate) fn reconnect(world: &World) {
    let lifetime = world.random(lifetime);
    let mut truth = world.truth();
    let grant = truth.provider.connect(world.now_us(), lifetime);
    world.note("user", || format!("connects: {}", grant.refresh.refresh_token()));
    let row = connected(world, grant);
    truth.change(world, "user", Change::Connect, Some(row));
    truth.states.stored(ROW, Some(OURS));
    let held = truth.row.as_ref().is_some_and(|row| row.refreshing_at.is_some());
    truth.ledger.lease_is(held, world.now_us());
}

/// The row of a user who has just connected, by tokenkeep.
pub(crate) fn connected(world: &World, grant: Grant) -> StoredRow {
    let now = world.now();
    StoredRow {
        refresh: seal(&BOTH_RING, &grant.refresh.refresh_token()),
        access: seal(&BOTH_RING, &grant.access.access_token()),
        expires_at: now.plus(grant.lifetime),
        refreshing_at: world.setting.mixed_fleet().then(|| left_behind(now)),
        updated_at: now,
        refreshed_at: None,
        mark: None,
    }
}

pub(crate) fn disconnect(world: &World) {
    let mut truth = world.truth();
    world.note("user", || "disconnects".into());
    truth.change(world, "user", Change::Disconnect, None);
    truth.states.stored(ROW, None);
    truth.ledger.lease_is(false, world.now_us());
}

/// `markTokenInvalid` if the store has it; otherwise the user disconnects.
pub(crate) fn mark_invalid(world: &World) {
    if !world.setting.marks_revoked {
        return disconnect(world);
    }
    let mut truth = world.truth();
    let Some(row) = truth.row.clone() else { return };
    world.note("user", || "marks the tokens as invalid".into());
    let row = StoredRow { mark: Some(Mark::User), ..row };
    truth.change(world, "user", Change::Disconnect, Some(row));
}

/// A consent without a refresh token: the stored one stays, and so does a lease on the row.
pub(crate) fn consent(world: &World) {
    let lifetime = world.random(lifetime);
    let mut truth = world.truth();
    let (Some(row), Some(holding)) = (truth.row.clone(), truth.ledger.holding) else { return };
    let family = holding.refresh.family;
    if row.mark.is_some() || !truth.provider.family(family).is_alive {
        return;
    }
    let grant = truth.provider.grant(family, world.now_us(), lifetime);
    world.note("user", || format!("consents again: {}", grant.access.access_token()));
    truth.states.stored(ROW, Some(OURS));
    let access = seal(&BOTH_RING, &grant.access.access_token());
    let expires_at = world.now().plus(lifetime);
    let kept = world.setting.repairs.version_check;
    let write = move |world: &World, current: StoredRow| StoredRow {
        refresh: if kept { current.refresh } else { row.refresh },
        access,
        expires_at,
        updated_at: world.now(),
        ..current
    };
    if kept {
        let current = truth.row.clone().expect("is there");
        let row = write(world, current);
        truth.change(world, "user", Change::Keep, Some(row));
        return;
    }
    drop(truth);
    write_later(world, write);
}

/// Seals both tokens again, with the new key if `rotates_key`.
pub(crate) fn reseal(world: &World, rotates_key: bool) {
    // While old instances run, nothing is sealed with a key that they lack.
    let ring = if rotates_key && !world.setting.has_old() { &NEW_RING } else { &BOTH_RING };
    let mut truth = world.truth();
    let Some(row) = truth.row.clone() else { return };
    let opened = [&row.refresh, &row.access].map(|text| open(&BOTH_RING, text, true));
    let [Ok(refresh), Ok(access)] = opened else { return };
    world.note("operator", || "seals the row again".into());
    let (refresh, access) = (seal(ring, &refresh), seal(ring, &access));
    if world.setting.repairs.version_check {
        truth.change(world, "operator", Change::Keep, Some(StoredRow { refresh, access, ..row }));
        return;
    }
    drop(truth);
    write_later(world, move |_, current| StoredRow { refresh, access, ..current });
}

/// Without `version-check`: what was read is written a little later, whatever has happened since.
fn write_later(world: &World, write: impl FnOnce(&World, StoredRow) -> StoredRow + Send + 'static) {
    let later_us = world.random(|random| random.between(1_000, 1_000_000));
    world.after(later_us, move |world| {
        let mut truth = world.truth();
        let Some(current) = truth.row.clone() else { return };
        let row = write(world, current);
        truth.change(world, "somebody", Change::Keep, Some(row));
    });
}

/// The user withdraws the consent at the provider.
pub(crate) fn revoke(world: &World) {
    let mut truth = world.truth();
    if let Some(holding) = truth.ledger.holding {
        world.note("user", || "withdraws the consent".into());
        truth.provider.families[holding.refresh.family as usize].is_alive = false;
    }
}
