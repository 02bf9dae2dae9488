//! Which keys the connect links and pending authorizations in `tokenkeep.oauth_state` need. They are not sealed
//! anew: the text with which a user comes back is signed with the same key, and they expire by themselves.

use std::collections::BTreeMap;

use super::pending::PendingTable;
use crate::crypto::{Place, SealedBy, sealed_by};
use crate::db::{Params, RlsContext, Row, Timestamp, Type, column};
use crate::error::Result;

/// What needs a key.
#[derive(Debug, Clone, Copy)]
pub struct PendingUse {
    /// The key's version.
    pub version: i32,
    /// How many there are.
    pub rows: u64,
    /// In how many milliseconds the last of them expires.
    pub expires_in_ms: i64,
}

const IS_THERE: &str = "SELECT to_regclass('tokenkeep.oauth_state') IS NOT NULL";

/// Those that still wait, after the id `$1`.
const WAITING: &str = "
    SELECT id, kind, sealed, expires_at, clock_timestamp() FROM tokenkeep.oauth_state
    WHERE id > $1 AND expires_at > clock_timestamp() ORDER BY id LIMIT 500";

impl PendingTable {
    /// For each key that opens some of those that still wait, in the order of versions. What no key opens needs none.
    ///
    /// # Errors
    /// [`crate::error::Error::Configuration`] without a key; [`crate::error::Error::Database`] and other database
    /// errors.
    pub async fn by_key(&self) -> Result<Vec<PendingUse>> {
        let ring = self.sealing.ring()?;
        let mut uses: BTreeMap<i32, PendingUse> = BTreeMap::new();
        let is_there = self.rows(IS_THERE, &[]).await?;
        if !is_there.first().map_or(Ok(false), |row| column(row, 0))? {
            return Ok(Vec::new());
        }
        let mut after = String::new();
        loop {
            let rows = self.rows(WAITING, &[(&after, Type::TEXT)]).await?;
            let Some(last) = rows.last() else { break };
            after = column(last, 0)?;
            for row in &rows {
                let (id, kind): (&str, &str) = (column(row, 0)?, column(row, 1)?);
                let place = Place { store: "oauth_state", column: kind, key: &[id] };
                let version = match sealed_by(ring, column(row, 2)?, place) {
                    SealedBy::First => ring.sealing_version(),
                    SealedBy::Other { version, .. } => version,
                    SealedBy::Unknown => continue,
                };
                let none = PendingUse { version, rows: 0, expires_in_ms: 0 };
                let found = uses.entry(version).or_insert(none);
                found.rows += 1;
                let (expires_at, now): (Timestamp, Timestamp) = (column(row, 3)?, column(row, 4)?);
                found.expires_in_ms = found.expires_in_ms.max(expires_at.ms_since(now));
            }
        }
        Ok(uses.into_values().collect())
    }

    async fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        let (rls, step) = (RlsContext::default(), "look for pending authorizations");
        self.database.read(&rls, step, sql, params, self.timeouts).await
    }
}
