//! Whoever can be asked for rows.

use tokio_postgres::Row;

use super::pool::Params;
use crate::error::Result;

/// A connection to query with.
pub(super) trait Query {
    /// The rows of one statement.
    async fn rows(&self, step: &'static str, sql: &str, params: Params<'_>) -> Result<Vec<Row>>;
}
