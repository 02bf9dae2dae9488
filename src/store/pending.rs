//! Connect links and pending authorizations, sealed, in `tokenkeep.oauth_state`.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::crypto::{KeyRing, Place, Sealing, open, random_text, seal};
use crate::db::{Database, Params, RlsContext, Timeouts, Timestamp, Type, column};
use crate::error::{Error, Result};

/// Something that waits for a user.
pub trait Pending: Serialize + DeserializeOwned {
    /// Its kind. One kind is never accepted as another.
    const KIND: &'static str;
    /// How long it waits.
    const LIFETIME_S: i64;
}

/// Something that was found and is not used up.
#[derive(Debug)]
pub struct Found<P> {
    id: String,
    /// It.
    pub pending: P,
}

/// The table.
pub struct PendingTable {
    pub(super) database: Arc<Database>,
    pub(super) sealing: Arc<Sealing>,
    pub(super) timeouts: Timeouts,
}

const ID_BYTES: usize = 16;

/// Also deletes a few expired ones. `statement_timestamp()`, because `clock_timestamp()` cannot bound the
/// search in the index.
const PUT: &str = "
    WITH expired AS (
        DELETE FROM tokenkeep.oauth_state WHERE id IN (
            SELECT id FROM tokenkeep.oauth_state WHERE expires_at <= statement_timestamp()
            LIMIT 20 FOR UPDATE SKIP LOCKED)
    )
    INSERT INTO tokenkeep.oauth_state (id, kind, sealed, expires_at)
    VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 second')";

const FIND: &str = "
    SELECT sealed FROM tokenkeep.oauth_state
    WHERE id = $1 AND kind = $2 AND expires_at > clock_timestamp()";

/// Only one of several concurrent callers gets a row.
const TAKE: &str = "
    DELETE FROM tokenkeep.oauth_state
    WHERE id = $1 AND kind = $2 AND expires_at > clock_timestamp()
    RETURNING clock_timestamp()";

impl PendingTable {
    /// The table, with the keys of `sealing`.
    #[must_use]
    pub fn new(database: Arc<Database>, sealing: Arc<Sealing>, timeouts: Timeouts) -> Self {
        Self { database, sealing, timeouts }
    }

    fn ring(&self) -> Result<&KeyRing> {
        self.sealing.ring()
    }

    /// Stores it; returns the signed text that finds it again.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a key; [`Error::Database`] and other database errors.
    pub async fn put<P: Pending>(&self, pending: &P) -> Result<String> {
        let ring = self.ring()?;
        let id = random_text::<ID_BYTES>()?;
        let json = serde_json::to_string(pending)
            .map_err(|_| Error::internal("a pending authorization cannot be written as JSON"))?;
        let sealed = seal(ring, &Zeroizing::new(json), place::<P>(&[&id]))?;
        let lifetime = P::LIFETIME_S;
        #[allow(clippy::cast_precision_loss)] // a day has 86,400 seconds
        let params: Params<'_> = &[
            (&id.as_str(), Type::TEXT),
            (&P::KIND, Type::TEXT),
            (&sealed, Type::TEXT),
            (&(lifetime as f64), Type::FLOAT8),
        ];
        self.database
            .write(&RlsContext::default(), "store an OAuth state", PUT, params, self.timeouts)
            .await?;
        let signed = ring.signatures().sign(P::KIND, &id);
        signed.ok_or_else(|| Error::internal("the key ring is empty"))
    }

    /// What `signed` stands for, without using it up. `None`: it is forged, altered, expired or used up. A
    /// forged one is rejected without the database.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a key; [`Error::Database`] and other database errors.
    pub async fn find<P: Pending>(&self, signed: &str) -> Result<Option<Found<P>>> {
        let ring = self.ring()?;
        let Some(id) = ring.signatures().verify(P::KIND, signed) else { return Ok(None) };
        let params: Params<'_> = &[(&id, Type::TEXT), (&P::KIND, Type::TEXT)];
        let rows = self
            .database
            .read(&RlsContext::default(), "find an OAuth state", FIND, params, self.timeouts)
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let json = open(ring, column(row, 0)?, place::<P>(&[id]))?;
        let pending = serde_json::from_str(&json).map_err(|_| Error::Decryption)?;
        Ok(Some(Found { id: id.to_owned(), pending }))
    }

    /// Uses it up; returns the time by the database's clock. `None`: somebody else was faster.
    ///
    /// # Errors
    /// [`Error::Database`] and other database errors.
    pub async fn take<P: Pending>(&self, found: &Found<P>) -> Result<Option<Timestamp>> {
        let params: Params<'_> = &[(&found.id, Type::TEXT), (&P::KIND, Type::TEXT)];
        let rows = self
            .database
            .write(&RlsContext::default(), "use up an OAuth state", TAKE, params, self.timeouts)
            .await?;
        rows.first().map(|row| column(row, 0)).transpose()
    }
}

fn place<'a, P: Pending>(id: &'a [&'a str]) -> Place<'a> {
    Place { store: "oauth_state", column: P::KIND, key: id }
}
