//! Examines a store's table.

use serde::Serialize;

use super::access::{Access, access};
use super::links::{self, Link};
use super::rows::{self, Sample};
use super::stores::facts;
use super::triggers::{self, Between};
use super::{Checked, Keys};
use crate::db::{Inspection, Migration, Params, Type, column};
use crate::error::Result;

/// The findings about a store's table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Table {
    store: &'static str,
    table: &'static str,
    /// The version to which this tokenkeep migrates.
    version: i32,
    /// The schemas that have a table of this name.
    schemas: Vec<String>,
    /// Whether the schema in the settings exists; `None` if none is set.
    has_named_schema: Option<bool>,
    /// `None` if the table is not where tokenkeep looks for it.
    access: Option<Access>,
    differences: Option<Checked<Differences>>,
    between: Option<Checked<Between>>,
    links: Option<Checked<Vec<Link>>>,
    /// `None` if the rows cannot be read.
    sample: Option<Checked<Sample>>,
}

/// The differences from what tokenkeep needs, as sentences.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Differences {
    /// Those that a migration does not fix.
    blocking: Vec<String>,
    /// Those that the migration fixes.
    pending: Vec<String>,
    /// The columns of missing indexes, which only affect speed.
    missing_indexes: Vec<&'static str>,
}

const SCHEMAS: &str = "
    SELECT ARRAY(
        SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1),
      CASE WHEN $1 IS NOT NULL THEN EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) END";

const INDEX: &str = "
    SELECT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = $1 AND i.indisvalid AND i.indpred IS NULL
          AND ARRAY(
            SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
            WHERE k.place <= cardinality($2) ORDER BY k.place) = $2)";

/// Examines the table of `migration`.
pub(super) async fn inspect(
    inspection: &Inspection,
    migration: &Migration,
    schema: Option<&str>,
    keys: &Keys,
) -> Result<Table> {
    let params: Params<'_> = &[(&schema, Type::TEXT), (&migration.table, Type::TEXT)];
    let named = inspection.rows("look for schemas", SCHEMAS, params).await?;
    let mut table = Table {
        store: migration.store,
        table: migration.table,
        version: migration.version,
        schemas: named.first().map_or(Ok(Vec::new()), |row| column(row, 0))?,
        has_named_schema: named.first().map_or(Ok(None), |row| column(row, 1))?,
        access: access(inspection, schema, migration.table, Some(migration)).await?,
        differences: None,
        between: None,
        links: None,
        sample: None,
    };
    // Without USAGE on the schema, the table cannot be examined.
    let Some(found) = table.access.as_ref().filter(|found| found.may_use_schema) else {
        return Ok(table);
    };
    let differences = differences(inspection, migration, found).await;
    let has_columns = differences.as_ref().is_ok_and(|differences| differences.blocking.is_empty());
    table.between = Some(triggers::inspect(inspection, migration, found.oid).await.into());
    table.links = Some(links::inspect(inspection, migration.store, found).await.into());
    if has_columns && found.sees_all_rows() {
        table.sample =
            Some(rows::inspect(inspection, migration.store, &found.name, keys).await.into());
    }
    table.differences = Some(differences.into());
    Ok(table)
}

async fn differences(
    inspection: &Inspection,
    migration: &Migration,
    table: &Access,
) -> Result<Differences> {
    let differences = inspection.differences(migration, &table.name).await?;
    let mut missing_indexes = Vec::new();
    for (name, columns) in facts(migration.store)?.indexes {
        let params: Params<'_> = &[(&table.oid, Type::OID), (columns, Type::TEXT_ARRAY)];
        let rows = inspection.rows("look for an index", INDEX, params).await?;
        if !rows.first().map_or(Ok(false), |row| column(row, 0))? {
            missing_indexes.push(*name);
        }
    }
    let (blocking, pending) = (differences.blocking, differences.pending);
    Ok(Differences { blocking, pending, missing_indexes })
}
