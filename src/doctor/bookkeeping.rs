//! The schema `tokenkeep`: applied migrations, and the tables for connecting users and for refreshes.

use serde::Serialize;

use super::access::{Access, access};
use crate::db::{Inspection, column};
use crate::error::Result;

/// The contents of the schema `tokenkeep`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bookkeeping {
    /// `None` if the role may not read them.
    applied: Option<Vec<Applied>>,
    state: Option<Access>,
    account: Option<Access>,
    refresh_state: Option<Access>,
    client: Option<Access>,
}

/// An applied migration.
#[derive(Debug, Serialize)]
struct Applied {
    schema: String,
    store: String,
    version: i32,
}

const APPLIED: &str = "SELECT target_schema, store, version FROM tokenkeep.migrations";

/// Examines the schema, as far as the role's privileges allow.
pub(super) async fn inspect(inspection: &Inspection) -> Result<Bookkeeping> {
    let migrations = access(inspection, Some("tokenkeep"), "migrations", None).await?;
    let applied = match &migrations {
        None => Some(Vec::new()),
        Some(found) if found.may_read() => {
            let rows = inspection.rows("read the applied migrations", APPLIED, &[]).await?;
            let read = |row| {
                let (schema, store) = (column(row, 0)?, column(row, 1)?);
                Ok(Applied { schema, store, version: column(row, 2)? })
            };
            Some(rows.iter().map(read).collect::<Result<_>>()?)
        }
        Some(_) => None,
    };
    Ok(Bookkeeping {
        applied,
        state: access(inspection, Some("tokenkeep"), "oauth_state", None).await?,
        account: access(inspection, Some("tokenkeep"), "oauth_account", None).await?,
        refresh_state: access(inspection, Some("tokenkeep"), "refresh_state", None).await?,
        client: access(inspection, Some("tokenkeep"), "oauth_client", None).await?,
    })
}
