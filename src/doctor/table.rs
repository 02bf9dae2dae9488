//! A store's table: whether it is there, and has what tokenkeep needs.

use serde::Serialize;

use super::access::{Access, access};
use super::links::{self, Link};
use super::rows::{self, Sample};
use super::stores::facts;
use super::triggers::{self, Between};
use super::{Checked, Keys};
use crate::db::{Inspection, Migration, Params, Type, column};
use crate::error::Result;

/// What was found of a store's table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Table {
    store: &'static str,
    table: &'static str,
    /// The version that this tokenkeep migrates to.
    version: i32,
    /// The schemas that have a table of this name.
    schemas: Vec<String>,
    /// Whether the schema that was named is there; `None`: none was named.
    has_named_schema: Option<bool>,
    /// `None`: it is not where tokenkeep would look for it.
    access: Option<Access>,
    shape: Option<Checked<Shape>>,
    between: Option<Checked<Between>>,
    links: Option<Checked<Vec<Link>>>,
    /// `None`: the rows cannot be looked at.
    sample: Option<Checked<Sample>>,
}

/// What the table lacks, as sentences.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    /// What no migration mends.
    hindering: Vec<String>,
    /// What the migration adds.
    pending: Vec<String>,
    /// The columns of indexes that only make it fast.
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

/// Looks at the table of `migration`.
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
        shape: None,
        between: None,
        links: None,
        sample: None,
    };
    // Without the right to use the schema no name in it leads anywhere.
    let Some(found) = table.access.as_ref().filter(|found| found.may_use_schema) else {
        return Ok(table);
    };
    let shape = shape(inspection, migration, found).await;
    let has_columns = shape.as_ref().is_ok_and(|shape| shape.hindering.is_empty());
    table.between = Some(triggers::inspect(inspection, migration, found.oid).await.into());
    table.links = Some(links::inspect(inspection, migration.store, found).await.into());
    if has_columns && found.sees_all_rows() {
        table.sample =
            Some(rows::inspect(inspection, migration.store, &found.name, keys).await.into());
    }
    table.shape = Some(shape.into());
    Ok(table)
}

async fn shape(inspection: &Inspection, migration: &Migration, table: &Access) -> Result<Shape> {
    let differences = inspection.differences(migration, &table.name).await?;
    let mut missing_indexes = Vec::new();
    for (name, columns) in facts(migration.store)?.indexes {
        let params: Params<'_> = &[(&table.oid, Type::OID), (columns, Type::TEXT_ARRAY)];
        let rows = inspection.rows("look for an index", INDEX, params).await?;
        if !rows.first().map_or(Ok(false), |row| column(row, 0))? {
            missing_indexes.push(*name);
        }
    }
    let (hindering, pending) = (differences.blocking, differences.pending);
    Ok(Shape { hindering, pending, missing_indexes })
}
