//! The trait for connections that run single statements.

use tokio_postgres::Row;

use super::pool::Params;
use crate::error::Result;

/// A connection outside the pool.
pub(super) trait Query {
    /// Runs one statement.
    async fn rows(&self, step: &'static str, sql: &str, params: Params<'_>) -> Result<Vec<Row>>;
}
