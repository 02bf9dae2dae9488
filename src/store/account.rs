//! Which account of the provider a user has connected, as a fingerprint in `tokenkeep.oauth_account`. It
//! stays when the tokens are deleted, so that the account of a reconnect can be compared.

use std::sync::Arc;

use crate::crypto::Sealing;
use crate::db::{Database, FromSql, Params, RlsContext, Row, Timeouts, Type, column};
use crate::error::Result;

/// The table.
pub struct Accounts {
    database: Arc<Database>,
    sealing: Arc<Sealing>,
    timeouts: Timeouts,
}

const FIND: &str = "
    SELECT subject FROM tokenkeep.oauth_account
    WHERE target_schema = coalesce($1, '') AND store = $2 AND key = $3";

/// Returns what was deleted.
const FORGET: &str = "
    DELETE FROM tokenkeep.oauth_account
    WHERE target_schema = coalesce($1, '') AND store = $2 AND key = $3
    RETURNING subject";

/// Returns what was replaced. `FOR UPDATE`, because another process may have written in between.
const RECORD: &str = "
    WITH before AS (
        SELECT subject FROM tokenkeep.oauth_account
        WHERE target_schema = coalesce($1, '') AND store = $2 AND key = $3 FOR UPDATE
    )
    INSERT INTO tokenkeep.oauth_account (target_schema, store, key, subject)
    VALUES (coalesce($1, ''), $2, $3, $4)
    ON CONFLICT (target_schema, store, key) DO UPDATE
    SET subject = EXCLUDED.subject, connected_at = clock_timestamp()
    RETURNING (SELECT subject FROM before)";

/// A user of a store.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The user's key.
    pub key: &'a str,
}

impl Accounts {
    /// The table, with fingerprints by the keys of `sealing`.
    #[must_use]
    pub fn new(database: Arc<Database>, sealing: Arc<Sealing>, timeouts: Timeouts) -> Self {
        Self { database, sealing, timeouts }
    }

    /// The fingerprint of the account that this user has connected; `None`: it is not known.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and other database errors.
    pub async fn find(&self, whose: Whose<'_>) -> Result<Option<String>> {
        let Whose { store, key } = whose;
        let schema = self.database.settings().schema();
        let params: Params<'_> = &[(&schema, Type::TEXT), (&store, Type::TEXT), (&key, Type::TEXT)];
        let rows = self
            .database
            .read(&RlsContext::default(), "find an account", FIND, params, self.timeouts)
            .await;
        first(whose, rows)
    }

    /// Deletes and returns it: from here on it is not known which account is connected.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and other database errors.
    pub async fn forget(&self, whose: Whose<'_>) -> Result<Option<String>> {
        let Whose { store, key } = whose;
        let schema = self.database.settings().schema();
        let params: Params<'_> = &[(&schema, Type::TEXT), (&store, Type::TEXT), (&key, Type::TEXT)];
        let rows = self
            .database
            .write(&RlsContext::default(), "forget an account", FORGET, params, self.timeouts)
            .await;
        first(whose, rows)
    }

    /// Stores the fingerprint of the account that this user has connected; returns the one before.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and other database errors.
    pub async fn record(&self, whose: Whose<'_>, subject: &str) -> Result<Option<String>> {
        let fingerprint = self.sealing.ring()?.fingerprints().of(&text(whose, subject));
        self.keep(whose, fingerprint.as_deref()).await
    }

    /// Restores a fingerprint that was deleted too early. If this fails, the account is only not known later.
    pub async fn put_back(&self, whose: Whose<'_>, fingerprint: &str) {
        let _ = self.keep(whose, Some(fingerprint)).await;
    }

    async fn keep(&self, whose: Whose<'_>, fingerprint: Option<&str>) -> Result<Option<String>> {
        let Whose { store, key } = whose;
        let params: Params<'_> = &[
            (&self.database.settings().schema(), Type::TEXT),
            (&store, Type::TEXT),
            (&key, Type::TEXT),
            (&fingerprint, Type::TEXT),
        ];
        let step = "remember an account";
        let rows =
            self.database.write(&RlsContext::default(), step, RECORD, params, self.timeouts).await;
        Ok(first(whose, rows)?.flatten())
    }

    /// Whether a fingerprint is that of this account; `None`: its key is no longer configured.
    ///
    /// # Errors
    /// [`crate::error::Error::Configuration`] without a key.
    pub fn is_of(&self, whose: Whose<'_>, found: &str, subject: &str) -> Result<Option<bool>> {
        Ok(self.sealing.ring()?.fingerprints().compare(found, &text(whose, subject)))
    }
}

/// The first column of the first row. Errors name the store, whose migration creates the table.
fn first<T: for<'row> FromSql<'row>>(
    Whose { store, .. }: Whose<'_>,
    rows: Result<Vec<Row>>,
) -> Result<Option<T>> {
    rows.and_then(|rows| rows.first().map(|row| column(row, 0)).transpose())
        .map_err(|error| error.of_store(store))
}

/// The text includes the user, so that nobody who reads the table can tell that two users share an account.
fn text(Whose { store, key }: Whose<'_>, subject: &str) -> String {
    format!("oauth_account\0{store}\0{key}\0{subject}")
}
