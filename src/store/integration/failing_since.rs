//! Since when a connection has failed in the same way.

use super::sql::FAILING_SINCE;
use super::{Integration, IntegrationMapping, Key, check_key};
use crate::db::{Params, Timestamp, Type};
use crate::error::Result;
use crate::store::states::is_missing;
use crate::store::table::RowMapping;

impl Integration {
    /// For how many milliseconds a connection has failed in the same way, by the database's clock; `None`: it
    /// does not fail, or that is not known.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; [`Error::Database`] and other database errors.
    pub async fn failing_since(&self, key: &Key) -> Result<Option<i64>> {
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
        let since: Option<Timestamp> = IntegrationMapping::column(row, 0)?;
        let now: Timestamp = IntegrationMapping::column(row, 1)?;
        Ok(since.map(|since| now.ms_since(since)))
    }
}
