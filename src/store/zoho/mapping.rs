//! What a row of `oauth_tokens` means, and how its values are sealed.

use std::sync::Arc;

use super::MIGRATION;
use super::sql::{ADDED, REVIVE_MARKED, SQL};
use crate::crypto::Sealing;
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::oauth::Refusal;
use crate::refresh::{Credentials, Row, RowVersion, Sealed};
use crate::secret::RefreshToken;
use crate::store::revive::RevivedMapping;
use crate::store::revoked_mark;
use crate::store::sealed_tokens::{SealedMapping, SealedTokens, by_sealed_tokens};
use crate::store::table::{RowMapping, Sql, Steps, steps};

/// The row's natural key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The application's client, not an OAuth client of Zoho.
    pub client_id: String,
    /// `zoho_crm`, `zoho_calendar`, or another of the application's names.
    pub provider: String,
}

/// What a row holds besides tokens and times.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The user's data centre, as a URL.
    pub(super) accounts_server: Option<String>,
    /// Why the grant is revoked, and what `ZOHO_REFRESH_TOKEN` was then.
    pub(super) mark: Option<RevokedMark>,
}

/// The mark of a revoked grant.
#[derive(Debug, Clone)]
pub(super) struct RevokedMark {
    pub(super) reason: Option<String>,
}

/// Between the provider's code and the fingerprint in `invalid_reason`.
const ENVIRONMENT: &str = " ZOHO_REFRESH_TOKEN=";
/// Instead of a fingerprint, if there was no key to make it with.
const UNKNOWN: &str = "unknown";

impl RevokedMark {
    /// The provider's code.
    fn code(&self) -> &str {
        let reason = self.reason.as_deref().unwrap_or("invalid_code");
        reason.split_once(ENVIRONMENT).map_or(reason, |(code, _)| code)
    }

    /// Whether `token`, of `ZOHO_REFRESH_TOKEN`, is another one than when the row was marked.
    pub(super) fn is_before(&self, token: &RefreshToken, sealing: &Sealing) -> bool {
        let print = self.reason.as_deref().and_then(|reason| reason.split_once(ENVIRONMENT));
        match (print, sealing.ring()) {
            (None, _) => true,
            (Some((_, UNKNOWN)), _) | (_, Err(_)) => false,
            (Some((_, print)), Ok(ring)) => !ring.fingerprints().is_of(print, token.expose()),
        }
    }
}

pub(super) struct ZohoMapping {
    pub(super) tokens: SealedTokens,
    /// `ZOHO_REFRESH_TOKEN`.
    pub(super) environment: Option<RefreshToken>,
}

impl SealedMapping for ZohoMapping {
    const KEY_COLUMNS: &'static [&'static str] = &["client_id", "provider"];

    fn tokens(&self) -> &SealedTokens {
        &self.tokens
    }
}

impl RevivedMapping for ZohoMapping {
    const REVIVE: &'static str = REVIVE_MARKED;
}

impl RowMapping for ZohoMapping {
    type Key = Key;
    type Record = Record;

    const STORE: &'static str = MIGRATION.store;
    const TABLE: &'static str = MIGRATION.table;
    const STEPS: Steps = steps!("zoho tokens");
    const SQL: Sql = SQL;
    const ADDED: &'static [&'static str] = &ADDED;

    fn parts(key: &Key) -> Vec<Option<&str>> {
        vec![Some(&key.client_id), Some(&key.provider)]
    }

    fn key(row: &crate::db::Row) -> Result<Key> {
        Ok(Key { client_id: Self::column(row, 0)?, provider: Self::column(row, 1)? })
    }

    fn decode(row: &crate::db::Row) -> Result<Row<Record>> {
        let access: Option<&str> = Self::column(row, 2)?;
        let expiry: Option<Timestamp> = Self::column(row, 4)?;
        let updated_at = Self::column(row, 5)?;
        let invalid_since: Option<Timestamp> = Self::column(row, 9)?;
        let mark = match revoked_mark::holds(invalid_since, updated_at) {
            true => Some(RevokedMark { reason: Self::column(row, 10)? }),
            false => None,
        };
        let accounts_server: Option<String> = Self::column(row, 7)?;
        // Without an access token or an expiry the row needs a refresh.
        let spent = Timestamp::from_ms(0);
        let has_token = access.is_some_and(|token| !token.is_empty());
        Ok(Row {
            version: RowVersion {
                access: access.map(Arc::from),
                refresh: Some(Arc::from(Self::column::<&str>(row, 3)?)),
            },
            expires_at: Some(expiry.filter(|_| has_token).unwrap_or(spent)),
            refreshing_at: Self::column(row, 8)?,
            updated_at,
            refreshed_at: None,
            now: Self::column(row, 6)?,
            revoked: mark.as_ref().map(|mark| Error::Revoked {
                store: MIGRATION.store,
                status: None,
                reason: mark.code().to_owned().into(),
            }),
            record: Arc::new(Record {
                accounts_server: accounts_server.filter(|server| !server.is_empty()),
                mark,
            }),
        })
    }

    fn is_marked(record: &Record) -> bool {
        record.mark.is_some()
    }

    fn not_connected(&self, Key { client_id, provider }: &Key) -> Error {
        let text = format!(
            "No OAuth token found for {client_id}/{provider}. Configure via env vars or database."
        );
        Error::NotConnected { store: MIGRATION.store, text: text.into() }
    }

    by_sealed_tokens!();

    fn reason(&self, refusal: &Refusal) -> String {
        let Some(token) = &self.environment else { return refusal.code.clone() };
        let print =
            self.tokens.sealing.ring().ok().and_then(|ring| ring.fingerprints().of(token.expose()));
        format!("{}{ENVIRONMENT}{}", refusal.code, print.as_deref().unwrap_or(UNKNOWN))
    }
}
