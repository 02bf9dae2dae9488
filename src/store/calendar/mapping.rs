//! What a row of `google_calendar_tokens` means.

use std::sync::Arc;

use super::MIGRATION;
use super::sql::{ADDED, SQL};
use crate::db::Timestamp;
use crate::error::{Error, Result};
use crate::refresh::{Credentials, Row, RowVersion, Sealed};
use crate::store::sealed_tokens::{SealedMapping, SealedTokens, by_sealed_tokens};
use crate::store::table::{RowMapping, Sql, Steps, steps};

/// What a row holds besides tokens and times.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) scopes: Option<Vec<String>>,
}

pub(super) struct CalendarMapping {
    pub(super) tokens: SealedTokens,
}

impl SealedMapping for CalendarMapping {
    const KEY_COLUMNS: &'static [&'static str] = &["user_id"];
    const KEY_TYPE: &'static str = "uuid";

    fn tokens(&self) -> &SealedTokens {
        &self.tokens
    }
}

impl RowMapping for CalendarMapping {
    /// The application's user, a UUID as PostgreSQL prints it.
    type Key = String;
    type Record = Record;

    const STORE: &'static str = MIGRATION.store;
    const TABLE: &'static str = MIGRATION.table;
    const STEPS: Steps = steps!("calendar tokens");
    const SQL: Sql = SQL;
    const ADDED: &'static [&'static str] = &ADDED;
    const DELETES_REVOKED: bool = true;
    /// The policy compares with `auth.uid()`, which is a signed-in user and never a server.
    const ROW_SECURITY: &'static str = "SELECT row_security_active('{table}')";
    /// An application may have a policy of its own that compares with the tenant.
    const ROW_SECURITY_OF_TENANT: Option<&'static str> = Some(
        "
        SELECT row_security_active('{table}')
          AND coalesce(bool_or(condition LIKE '%uid()%' OR condition LIKE '%request.jwt%'), false)
          AND NOT coalesce(bool_or(condition LIKE '%app.current_tenant_id%'), false)
        FROM (SELECT replace(pg_get_expr(polqual, polrelid), '\"', '') AS condition
          FROM pg_policy WHERE polrelid = '{table}'::regclass) AS policies",
    );

    fn parts(key: &String) -> Vec<Option<&str>> {
        vec![Some(key)]
    }

    fn key(row: &crate::db::Row) -> Result<String> {
        Self::column(row, 0)
    }

    fn decode(row: &crate::db::Row) -> Result<Row<Record>> {
        let expiry: Option<Timestamp> = Self::column(row, 3)?;
        let access: &str = Self::column(row, 1)?;
        let scopes: Option<Vec<Option<String>>> = Self::column(row, 4)?;
        Ok(Row {
            version: RowVersion {
                access: Some(Arc::from(access)),
                refresh: Some(Arc::from(Self::column::<&str>(row, 2)?)),
            },
            // As in google-auth, a token without an expiry is fresh. A row without a token is not.
            expires_at: if access.is_empty() { Some(Timestamp::from_ms(0)) } else { expiry },
            refreshing_at: Self::column(row, 7)?,
            updated_at: Self::column(row, 5)?,
            refreshed_at: None,
            now: Self::column(row, 6)?,
            revoked: None,
            record: Arc::new(Record {
                scopes: scopes.map(|scopes| scopes.into_iter().flatten().collect()),
            }),
        })
    }

    fn not_connected(&self, _: &String) -> Error {
        let text = "Google Calendar is not connected for this user";
        Error::NotConnected { store: MIGRATION.store, text: text.into() }
    }

    by_sealed_tokens!();
}
