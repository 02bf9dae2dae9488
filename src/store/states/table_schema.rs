//! Which schema a store's table is in. The schema `tokenkeep` is shared by the tables of all schemas.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::db::{Database, Params, RlsContext, Timeouts, Type, column};
use crate::error::{Error, Result};

/// The schema in which `search_path` finds the table, if no schema is named.
const FIND: &str = "
    SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass($1)";

pub(super) struct TableSchema {
    database: Arc<Database>,
    table: &'static str,
    timeouts: Timeouts,
    found: OnceCell<String>,
}

impl TableSchema {
    pub(super) fn new(database: Arc<Database>, table: &'static str, timeouts: Timeouts) -> Self {
        Self { database, table, timeouts, found: OnceCell::new() }
    }

    /// Its name; looked up once.
    pub(super) async fn name(&self) -> Result<&str> {
        let find = || async {
            if let Some(named) = self.database.settings().schema() {
                return Ok(named.to_owned());
            }
            let params: Params<'_> = &[(&self.table, Type::TEXT)];
            let step = "look for the schema of a table";
            let rows = self
                .database
                .read(&RlsContext::default(), step, FIND, params, self.timeouts)
                .await?;
            let missing = || Error::Schema { reason: "The table does not exist".into() };
            column(rows.first().ok_or_else(missing)?, 0)
        };
        self.found.get_or_try_init(find).await.map(String::as_str)
    }
}
