//! Every write of the row, and the invariants that it must keep.

use super::database::{BOTH_RING, StoredRow, is_plaintext, open};
use super::provider::Name;
use super::unavoidable;
use super::world::{Truth, World};

/// Why the row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Step 7.
    Commit { late: bool },
    /// Step 9d.
    Revoke,
    /// Lease or expiry only.
    Touch,
    /// The row is sealed again, or a consent keeps the refresh token.
    Keep,
    /// The user connects.
    Connect,
    /// The user disconnects, or marks the row.
    Disconnect,
    /// An old instance writes without a version check.
    Old,
}

/// The credentials in the row, opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) refresh: Name,
    pub(crate) access: Name,
}

fn holding_of(row: &StoredRow) -> Option<Holding> {
    let name = |text: &str| Name::parse(&open(&BOTH_RING, text, true).ok()?);
    Some(Holding { refresh: name(&row.refresh)?, access: name(&row.access)? })
}

impl Truth {
    /// The only place where the row changes.
    pub(crate) fn change(
        &mut self,
        world: &World,
        who: &str,
        change: Change,
        row: Option<StoredRow>,
    ) {
        if change == Change::Touch {
            self.row = row;
            return;
        }
        let before = self.ledger.holding;
        let after = row.as_ref().map(holding_of);
        if after == Some(None) {
            self.ledger.violate("P", format!("{who} stores what is no token"));
        }
        let after = after.flatten();
        match change {
            Change::Commit { late } => {
                self.ledger.counts.late_commits += u64::from(late);
                self.ledger.committed = (world.now_us(), late);
                self.check_order(who, before, after, row.as_ref());
                if after.map(|holding| holding.access) != before.map(|holding| holding.access) {
                    self.check_expiry(world, who, after, row.as_ref());
                }
            }
            Change::Keep => {
                self.ledger.kept_us = world.now_us();
                self.check_order(who, before, after, row.as_ref());
            }
            Change::Revoke => self.check_revocation(world, who, before),
            Change::Connect => {
                self.ledger.users_changes += 1;
                self.ledger.connected = after.map(|holding| holding.refresh.family);
            }
            Change::Disconnect => {
                self.ledger.users_changes += 1;
                self.ledger.connected = None;
            }
            Change::Old => self.ledger.committed = (world.now_us(), false),
            Change::Touch => {}
        }
        if let Some(row) = row.as_ref().filter(|_| change != Change::Disconnect) {
            let stored = [&row.refresh, &row.access];
            if stored.iter().any(|text| is_plaintext(text)) && !world.setting.legacy_write(change) {
                self.ledger.violate("P", format!("{who} stores a token in plaintext"));
            }
        }
        let is_there = row.as_ref().is_some_and(|row| row.mark.is_none());
        let family = after.filter(|_| is_there).map(|holding| holding.refresh.family);
        self.ledger.history.push((world.now_us(), family));
        self.ledger.holding = after;
        self.row = row;
    }

    /// I1.
    fn check_order(
        &mut self,
        who: &str,
        before: Option<Holding>,
        after: Option<Holding>,
        row: Option<&StoredRow>,
    ) {
        let (Some(before), Some(after)) = (before, after) else { return };
        let order = |holding: Holding| (holding.refresh.family, holding.refresh.number);
        let shorter =
            self.row.as_ref().zip(row).is_some_and(|(old, new)| new.expires_at < old.expires_at);
        let older_access = after.access.number < before.access.number && shorter;
        if order(after) < order(before) || (order(after) == order(before) && older_access) {
            let text = format!(
                "{who} overwrites {} and {} by {} and {}",
                before.refresh.refresh_token(),
                before.access.access_token(),
                after.refresh.refresh_token(),
                after.access.access_token()
            );
            self.ledger.violate("I1", text);
        }
    }

    /// I5: no token is stored as valid for longer than it is.
    fn check_expiry(
        &mut self,
        world: &World,
        who: &str,
        after: Option<Holding>,
        row: Option<&StoredRow>,
    ) {
        let (Some(after), Some(row)) = (after, row) else { return };
        let until = world.moment(self.provider.access_until_us(after.access));
        if row.expires_at > until {
            self.ledger
                .violate("I5", format!("{who} stores a token as valid for longer than it is"));
        }
    }

    /// I2 and I7.
    fn check_revocation(&mut self, world: &World, who: &str, before: Option<Holding>) {
        self.ledger.counts.marks += 1;
        let Some(before) = before else { return };
        let family = before.refresh.family;
        let refused = self.ledger.refusals.iter().any(|refusal| refusal.refresh.family == family);
        if !refused {
            self.ledger.violate("I2", format!("{who} revokes a connection that was never refused"));
        } else if self.provider.is_good(before.refresh) {
            self.ledger.violate("I7", format!("{who} revokes a connection that is good"));
        } else if self.provider.family(before.refresh.family).is_alive
            && unavoidable::mark(world, &self.ledger, before.refresh.family, &self.provider)
                .is_none()
        {
            self.ledger
                .violate("I7", format!("{who} revokes a grant that somebody can still save"));
        }
    }
}
