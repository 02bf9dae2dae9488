//! What a row of `gmail_tokens` means, and how its values are sealed.

use std::sync::Arc;

use super::MIGRATION;
use super::sql::SQL;
use crate::crypto::{GmailFormat, unkeyed_fingerprint};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::refresh::{Credentials, Row, RowVersion, Sealed};
use crate::secret::{AccessToken, RefreshToken};
use crate::store::reseal::{Judged, ROWS_AT_ONCE, ResealedMapping, SealedColumns, Where, Work};
use crate::store::table::{RowMapping, Sql, Steps, steps};

/// What a row holds besides tokens and times.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) tenant_id: String,
    pub(super) scope: String,
    pub(super) key_version: i32,
    pub(super) connected_at: Timestamp,
}

pub(super) struct GmailMapping {
    pub(super) format: Result<Arc<GmailFormat>>,
}

impl GmailMapping {
    pub(super) fn format(&self) -> Result<&GmailFormat> {
        self.format.as_deref().map_err(Clone::clone)
    }
}

impl RowMapping for GmailMapping {
    type Key = String;
    type Record = Record;

    const STORE: &'static str = MIGRATION.store;
    const TABLE: &'static str = MIGRATION.table;
    const STEPS: Steps = steps!("gmail tokens");
    const SQL: Sql = SQL;
    const ADDED: &'static [&'static str] = &[""];
    const DELETES_REVOKED: bool = true;

    fn parts(key: &String) -> Vec<Option<&str>> {
        vec![Some(key)]
    }

    fn key(row: &crate::db::Row) -> Result<String> {
        Self::column(row, 0)
    }

    fn decode(row: &crate::db::Row) -> Result<Row<Record>> {
        let record = Record {
            user_id: Self::column(row, 0)?,
            id: Self::column(row, 1)?,
            tenant_id: Self::column(row, 2)?,
            scope: Self::column(row, 6)?,
            key_version: Self::column(row, 7)?,
            connected_at: Self::column(row, 9)?,
        };
        Ok(Row {
            version: RowVersion {
                access: Some(Arc::from(Self::column::<&str>(row, 3)?)),
                refresh: Some(Arc::from(Self::column::<&str>(row, 4)?)),
            },
            expires_at: Some(Self::column(row, 5)?),
            refreshing_at: Self::column(row, 8)?,
            updated_at: Self::column(row, 10)?,
            refreshed_at: None,
            now: Self::column(row, 11)?,
            revoked: None,
            record: Arc::new(record),
        })
    }

    fn not_connected(&self, _: &String) -> Error {
        Error::NotConnected {
            store: MIGRATION.store,
            text: "Gmail is not connected for this user".into(),
        }
    }

    async fn open(&self, _: &String, row: &Row<Record>) -> Result<Credentials> {
        let format = self.format()?;
        let hint = Some(row.record.key_version);
        let open = |text: &Option<Arc<str>>| format.open(text.as_deref().unwrap_or_default(), hint);
        let mut access = open(&row.version.access)?;
        let mut refresh = open(&row.version.refresh)?;
        let has_refresh_token = !refresh.is_empty();
        Ok(Credentials {
            access_token: AccessToken::new(std::mem::take(&mut *access)),
            refresh_token: has_refresh_token
                .then(|| RefreshToken::new(std::mem::take(&mut *refresh))),
        })
    }

    async fn seal(&self, _: &String, credentials: &Credentials) -> Result<Sealed> {
        let format = self.format()?;
        let refresh = credentials.refresh_token.as_ref().map_or("", RefreshToken::expose);
        Ok(Sealed {
            version: RowVersion {
                access: Some(format.seal(credentials.access_token.expose())?.into()),
                refresh: Some(format.seal(refresh)?.into()),
            },
            key_version: format.sealing_version(),
        })
    }

    fn fingerprints(&self, text: &str) -> Vec<String> {
        match &self.format {
            Ok(format) => format.fingerprints().all(text),
            Err(_) => vec![unkeyed_fingerprint(text)],
        }
    }
}

impl ResealedMapping for GmailMapping {
    const COLUMNS: SealedColumns = SealedColumns {
        key: &["user_id"],
        key_type: "text",
        values: &["encrypted_access_token", "encrypted_refresh_token"],
        key_version: Some("key_version"),
        rows_at_once: ROWS_AT_ONCE,
    };

    fn begin(&self, _: Work) -> Result<Vec<i32>> {
        self.format().map(GmailFormat::versions)
    }

    async fn judge(
        &self,
        _: Work,
        _: Where<'_>,
        stored: &str,
        key_version: Option<i32>,
    ) -> Result<Judged> {
        Ok(self.format()?.sealed_by(stored, key_version.unwrap_or_default()).into())
    }

    async fn seal_anew(&self, _: Where<'_>, token: &str) -> Result<String> {
        self.format()?.seal(token)
    }
}
