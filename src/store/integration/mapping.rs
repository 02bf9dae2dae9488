//! What a row of `integration_tokens` means.

use std::sync::Arc;

use super::MIGRATION;
use super::sql::{ADDED, NOTE_FAILURE, REVIVE, SQL};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::oauth::{Metadata, TokenResponse};
use crate::refresh::{Credentials, Row, RowVersion, Sealed};
use crate::store::revive::RevivedMapping;
use crate::store::revoked_mark;
use crate::store::sealed_tokens::{SealedMapping, SealedTokens, by_sealed_tokens};
use crate::store::table::{RowMapping, Sql, Steps, steps};

/// The row's natural key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The application's user.
    pub user_id: String,
    /// The provider, for a further account `<provider>#<account key>`.
    pub provider: String,
}

impl Key {
    /// The provider without the account key.
    pub(super) fn provider_name(&self) -> &str {
        provider_name(&self.provider)
    }
}

/// The provider without the key of a further account.
#[must_use]
pub fn provider_name(provider: &str) -> &str {
    provider.split_once('#').map_or(provider, |(name, _)| name)
}

/// What a row holds besides tokens and times.
#[derive(Debug)]
pub struct Record {
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// What else is kept of the connection, as JSON; `None`: nothing.
    pub metadata: Option<Box<str>>,
    /// Whether it is marked revoked.
    is_marked: bool,
}

pub(super) struct IntegrationMapping {
    pub(super) tokens: SealedTokens,
}

/// Whether it is a JSON object: anything else in the column is the application's own.
fn is_object(json: &&str) -> bool {
    json.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok()
}

impl SealedMapping for IntegrationMapping {
    const KEY_COLUMNS: &'static [&'static str] = &["user_id", "provider"];

    fn tokens(&self) -> &SealedTokens {
        &self.tokens
    }
}

impl RevivedMapping for IntegrationMapping {
    const REVIVE: &'static str = REVIVE;
}

impl RowMapping for IntegrationMapping {
    type Key = Key;
    type Record = Record;

    const STORE: &'static str = MIGRATION.store;
    const TABLE: &'static str = MIGRATION.table;
    const STEPS: Steps = steps!("integration tokens");
    const SQL: Sql = SQL;
    const ADDED: &'static [&'static str] = &ADDED;
    const NOTE_FAILURE: Option<&'static str> = Some(NOTE_FAILURE);

    fn parts(key: &Key) -> Vec<Option<&str>> {
        vec![Some(&key.user_id), Some(&key.provider)]
    }

    fn key(row: &crate::db::Row) -> Result<Key> {
        Ok(Key { user_id: Self::column(row, 0)?, provider: Self::column(row, 1)? })
    }

    fn decode(row: &crate::db::Row) -> Result<Row<Record>> {
        let access: &str = Self::column(row, 2)?;
        let refresh: Option<&str> = Self::column(row, 3)?;
        let expires_at: Timestamp = Self::column(row, 4)?;
        let updated_at = Self::column(row, 5)?;
        let refreshed_at: Option<Timestamp> = Self::column(row, 11)?;
        let scopes: Vec<Option<String>> = Self::column(row, 7)?;
        let invalid_since: Option<Timestamp> = Self::column(row, 9)?;
        let reason: Option<String> = Self::column(row, 10)?;
        let is_marked = revoked_mark::holds(invalid_since, updated_at);
        let spent = Timestamp::from_ms(0);
        Ok(Row {
            version: RowVersion {
                access: Some(Arc::from(access)),
                refresh: refresh.map(Arc::from),
            },
            // Without an access token the row needs a refresh.
            expires_at: Some(if access.is_empty() { spent } else { expires_at }),
            refreshing_at: Self::column(row, 8)?,
            updated_at,
            // Not if other tokens were stored since.
            refreshed_at: refreshed_at.filter(|at| updated_at <= *at),
            now: Self::column(row, 6)?,
            revoked: is_marked.then(|| Error::Revoked {
                store: MIGRATION.store,
                status: None,
                reason: reason.unwrap_or_else(|| "invalid_grant".to_owned()).into(),
            }),
            record: Arc::new(Record {
                scopes: scopes.into_iter().flatten().collect(),
                metadata: Self::column::<Option<&str>>(row, 12)?.filter(is_object).map(Box::from),
                is_marked,
            }),
        })
    }

    fn is_marked(record: &Record) -> bool {
        record.is_marked
    }

    fn recorded(record: &Arc<Record>, response: &TokenResponse) -> Arc<Record> {
        let TokenResponse { scopes, metadata, .. } = response;
        if scopes.is_none() && metadata.0.is_empty() {
            return Arc::clone(record);
        }
        let stored = record.metadata.as_deref();
        let metadata = match metadata.0.is_empty() {
            true => stored.map(str::to_owned),
            false => Metadata::stored(stored).with(metadata).json(),
        };
        let scopes = scopes.as_ref().map_or_else(|| record.scopes.clone(), |named| named.0.clone());
        Arc::new(Record { scopes, metadata: metadata.map(Into::into), is_marked: false })
    }

    fn not_connected(&self, key: &Key) -> Error {
        let text = format!("{} is not connected for this user", key.provider_name());
        Error::NotConnected { store: MIGRATION.store, text: text.into() }
    }

    by_sealed_tokens!();
}
