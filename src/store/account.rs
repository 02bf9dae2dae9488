//! Which account of the provider a user has connected, as a fingerprint, in
//! `tokenkeep.oauth_account`: it outlives the tokens, so that a reconnect can be compared.

use std::sync::Arc;

use crate::crypto::Sealing;
use crate::db::{Database, Params, Type, Within, column};
use crate::error::Result;

/// The table.
pub struct Accounts {
    database: Arc<Database>,
    sealing: Arc<Sealing>,
    within: Within,
}

const FIND: &str = "
    SELECT subject FROM tokenkeep.oauth_account
    WHERE target_schema = coalesce($1, '') AND store = $2 AND key = $3";

const RECORD: &str = "
    INSERT INTO tokenkeep.oauth_account (target_schema, store, key, subject)
    VALUES (coalesce($1, ''), $2, $3, $4)
    ON CONFLICT (target_schema, store, key) DO UPDATE
    SET subject = EXCLUDED.subject, connected_at = clock_timestamp()";

const FORGET: &str = "
    DELETE FROM tokenkeep.oauth_account
    WHERE target_schema = coalesce($1, '') AND store = $2 AND key = $3";

impl Accounts {
    /// The table, with fingerprints by the keys of `sealing`.
    #[must_use]
    pub fn new(database: Arc<Database>, sealing: Arc<Sealing>, within: Within) -> Self {
        Self { database, sealing, within }
    }

    /// Whether this user has connected another account before; false when that is not known.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and its kin.
    pub async fn differs(&self, store: &str, key: &str, subject: &str) -> Result<bool> {
        let params: Params<'_> = &[
            (&self.database.settings().schema(), Type::TEXT),
            (&store, Type::TEXT),
            (&key, Type::TEXT),
        ];
        let rows = self.database.read("find an account", FIND, params, self.within).await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let fingerprints = self.sealing.ring()?.fingerprints();
        Ok(fingerprints.compare(column(row, 0)?, subject) == Some(false))
    }

    /// Remembers the account that this user has connected now.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and its kin.
    pub async fn record(&self, store: &str, key: &str, subject: &str) -> Result<()> {
        let fingerprint = self.sealing.ring()?.fingerprints().of(subject);
        let params: Params<'_> = &[
            (&self.database.settings().schema(), Type::TEXT),
            (&store, Type::TEXT),
            (&key, Type::TEXT),
            (&fingerprint, Type::TEXT),
        ];
        self.database.write("remember an account", RECORD, params, self.within).await.map(drop)
    }

    /// Forgets it, as the user has disconnected.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and its kin.
    pub async fn forget(&self, store: &str, key: &str) -> Result<()> {
        let params: Params<'_> = &[
            (&self.database.settings().schema(), Type::TEXT),
            (&store, Type::TEXT),
            (&key, Type::TEXT),
        ];
        self.database.write("forget an account", FORGET, params, self.within).await.map(drop)
    }
}
