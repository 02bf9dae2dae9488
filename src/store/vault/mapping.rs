//! What the two rows of a connection in `token_vault` mean to the refresh protocol.

use std::sync::Arc;

use super::MIGRATION;
use super::key::PairKey;
use super::sql::{ADDED, REVIVE, SQL};
use crate::crypto::{VaultFormat, unkeyed_fingerprint};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::oauth::Refusal;
use crate::refresh::{Credentials, Row, RowVersion, Runtime, Sealed, Tokio};
use crate::secret::{AccessToken, RefreshToken};
use crate::store::reseal::{Judged, ResealedMapping, SealedColumns, Where, Work};
use crate::store::revive::RevivedMapping;
use crate::store::table::{RowMapping, Sql, Steps, steps};

/// `last_error` of a row that tokenkeep has marked revoked; a user's mark has another.
const MARK: &str = "tokenkeep:invalid_grant";
/// What follows `tokenkeep:` there, whatever code the provider has sent.
const REASON: &str = "invalid_grant";

/// What the rows hold besides tokens and times.
#[derive(Debug)]
pub(super) struct Record {
    /// The id of the access token's row, if there is one.
    pub(super) id: Option<String>,
    pub(super) last_used_at: Option<Timestamp>,
    /// The validity of the access token, as its row says.
    pub(super) is_valid: String,
    /// The database's clock at the read.
    pub(super) now: Timestamp,
    /// Marked by tokenkeep.
    marked: bool,
}

pub(super) struct VaultMapping {
    pub(super) format: Result<Arc<VaultFormat>>,
    pub(super) clock: Tokio,
}

impl VaultMapping {
    pub(super) fn format(&self) -> Result<&VaultFormat> {
        self.format.as_deref().map_err(Clone::clone)
    }

    pub(super) async fn sealed(&self, token: &str) -> Result<String> {
        self.format()?.seal(token, self.clock.monotonic()).await
    }
}

impl RevivedMapping for VaultMapping {
    const REVIVE: &'static str = REVIVE;
}

impl RowMapping for VaultMapping {
    type Key = PairKey;
    type Record = Record;

    const STORE: &'static str = MIGRATION.store;
    const TABLE: &'static str = MIGRATION.table;
    const STEPS: Steps = steps!("vault tokens");
    const SQL: Sql = SQL;
    const ADDED: &'static [&'static str] = &ADDED;

    fn parts(key: &PairKey) -> Vec<Option<&str>> {
        key.parts()
    }

    fn key(row: &crate::db::Row) -> Result<PairKey> {
        Ok(PairKey::stored(Self::column(row, 0)?, Self::column(row, 1)?, Self::column(row, 2)?))
    }

    fn decode(row: &crate::db::Row) -> Result<Row<Record>> {
        let [refresh, access]: [Option<&str>; 2] = [Self::column(row, 3)?, Self::column(row, 4)?];
        let last_error: Option<&str> = Self::column(row, 10)?;
        let is_marked = Self::column::<Option<&str>>(row, 9)? == Some("false");
        let marked = is_marked && last_error == Some(MARK);
        let revoked = is_marked.then(|| match marked {
            true => Error::Revoked { store: MIGRATION.store, status: None, reason: REASON.into() },
            false => not_connected(),
        });
        // A missing or invalid access token needs a refresh. One without an expiry never expires.
        let validity: Option<&str> = Self::column(row, 11)?;
        let is_valid = access.is_some() && validity != Some("false");
        let spent = Some(Timestamp::from_ms(0));
        Ok(Row {
            version: RowVersion { access: access.map(Arc::from), refresh: refresh.map(Arc::from) },
            expires_at: if is_valid { Self::column(row, 5)? } else { spent },
            refreshing_at: Self::column(row, 6)?,
            updated_at: Self::column(row, 7)?,
            refreshed_at: None,
            now: Self::column(row, 8)?,
            revoked,
            record: Arc::new(Record {
                id: Self::column(row, 12)?,
                last_used_at: Self::column(row, 13)?,
                is_valid: validity.unwrap_or("true").to_owned(),
                now: Self::column(row, 8)?,
                marked,
            }),
        })
    }

    fn is_marked(record: &Record) -> bool {
        record.marked
    }

    fn not_connected(&self, _: &PairKey) -> Error {
        not_connected()
    }

    fn reason(&self, _: &Refusal) -> String {
        REASON.to_owned()
    }

    async fn open(&self, _: &PairKey, row: &Row<Record>) -> Result<Credentials> {
        let format = self.format()?;
        let mut access = match &row.version.access {
            Some(text) => format.open(text).await?,
            None => String::new().into(),
        };
        let refresh_token = match &row.version.refresh {
            Some(text) => {
                let mut token = format.open(text).await?;
                (!token.is_empty()).then(|| RefreshToken::new(std::mem::take(&mut *token)))
            }
            None => None,
        };
        Ok(Credentials {
            access_token: AccessToken::new(std::mem::take(&mut *access)),
            refresh_token,
        })
    }

    async fn seal(&self, _: &PairKey, credentials: &Credentials) -> Result<Sealed> {
        let refresh = credentials.refresh_token.as_ref().map_or("", RefreshToken::expose);
        let access = credentials.access_token.expose();
        Ok(Sealed {
            version: RowVersion {
                access: Some(self.sealed(access).await?.into()),
                refresh: Some(self.sealed(refresh).await?.into()),
            },
            key_version: 0,
        })
    }

    fn fingerprints(&self, text: &str) -> Vec<String> {
        match &self.format {
            Ok(format) => format.fingerprints().all(text),
            Err(_) => vec![unkeyed_fingerprint(text)],
        }
    }
}

/// A value of an old instance has a salt of its own, whose key takes tens of milliseconds.
const ROWS_AT_ONCE: usize = 100;

/// Each row by itself. Of a connection only the refresh token's row has the lease.
impl ResealedMapping for VaultMapping {
    const COLUMNS: SealedColumns = SealedColumns {
        key: &["id"],
        key_type: "uuid",
        values: &["encrypted_value"],
        key_version: None,
        rows_at_once: ROWS_AT_ONCE,
    };

    fn begin(&self, _: Work) -> Result<Vec<i32>> {
        let secrets = self.format()?.secrets();
        Ok((0..secrets).filter_map(|secret| i32::try_from(secret).ok()).collect())
    }

    async fn judge(&self, _: Work, _: Where<'_>, stored: &str, _: Option<i32>) -> Result<Judged> {
        self.format()?.sealed_by(stored).await.map(Judged::from)
    }

    async fn seal_anew(&self, _: Where<'_>, token: &str) -> Result<String> {
        self.sealed(token).await
    }
}

fn not_connected() -> Error {
    let text = "This tenant has no valid connection to the provider; the user must connect";
    Error::NotConnected { store: MIGRATION.store, text: text.into() }
}
