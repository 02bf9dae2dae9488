//! Since when a connection has failed in the same way.

use super::sql::FAILING_SINCE;
use super::{Integration, IntegrationMapping, Key, check_key};
use crate::db::{Params, Timestamp, Type};
use crate::error::Result;
use crate::store::states::is_missing;
use crate::store::table::RowMapping;

/// A connection that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// For how long, in milliseconds, by the database's clock.
    pub for_ms: i64,
    /// How many requests have failed in that time.
    pub failures: i32,
}

impl Integration {
    /// Since when a connection fails in the same way; `None`: it does not, or it is not known.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; [`Error::Database`] and other database errors.
    pub async fn failing_since(&self, key: &Key) -> Result<Option<Failing>> {
        check_key(key)?;
        let table = self.base.table()?;
        let schema = table.schema().await?;
        let params: Params<'_> =
            &[(&IntegrationMapping::parts(key), Type::TEXT_ARRAY), (&schema, Type::TEXT)];
        let step = "read since when a refresh fails";
        let rows = match table.read_rows(step, &table.named(FAILING_SINCE), params).await {
            // Without the table, or privileges on it, it is not known.
            Err(error) if is_missing(&error) => return Ok(None),
            rows => rows?,
        };
        let Some(row) = rows.first() else { return Ok(None) };
        let (since, now): (Option<Timestamp>, Timestamp) = (IntegrationMapping::column(row, 0)?, IntegrationMapping::column(row, 1)?);
        let Some(since) = since else { return Ok(None) };
        Ok(Some(Failing { for_ms: now.ms_since(since), failures: IntegrationMapping::column(row, 2)? }))
    }
}
