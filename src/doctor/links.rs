//! Foreign keys: a migration makes them only where the other table is, and of the same type.

use serde::Serialize;

use super::access::Access;
use super::stores::facts;
use crate::db::{Inspection, Params, Type, column};
use crate::error::Result;

/// A foreign key, and what it leads to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Link {
    column: &'static str,
    other: String,
    wanted_type: &'static str,
    is_there: bool,
    /// The type of the other table's id; `None`: there is no such table, or no such column.
    found_type: Option<String>,
    /// Whether that id is a key that can be referred to.
    is_key: bool,
    may_refer: bool,
}

const LINK: &str = "
    SELECT
        EXISTS (
            SELECT FROM pg_constraint f
            JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
            WHERE f.conrelid = $1 AND f.contype = 'f' AND a.attname = $2),
        id.type_name, coalesce(id.is_key, false), coalesce(id.may_refer, false)
    FROM (SELECT) AS one LEFT JOIN (
        SELECT format_type(a.atttypid, NULL) AS type_name,
            EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique
                AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indnkeyatts = 1
                AND i.indkey[0] = a.attnum) AS is_key,
            has_table_privilege(c.oid, 'REFERENCES') AS may_refer
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id' AND NOT a.attisdropped
        WHERE n.nspname = $3 AND c.relname = $4 AND c.relkind IN ('r', 'p')
          AND has_schema_privilege(n.oid, 'USAGE')
    ) AS id ON true";

/// The foreign keys of a store's table.
pub(super) async fn inspect(
    inspection: &Inspection,
    store: &str,
    table: &Access,
) -> Result<Vec<Link>> {
    let mut links = Vec::new();
    for wanted in facts(store)?.links {
        let schema = wanted.schema.unwrap_or(&table.schema);
        let params: Params<'_> = &[
            (&table.oid, Type::OID),
            (&wanted.column, Type::TEXT),
            (&schema, Type::TEXT),
            (&wanted.other, Type::TEXT),
        ];
        let rows = inspection.rows("look for a foreign key", LINK, params).await?;
        for row in &rows {
            links.push(Link {
                column: wanted.column,
                other: match wanted.schema {
                    Some(schema) => format!("{schema}.{}", wanted.other),
                    None => wanted.other.to_owned(),
                },
                wanted_type: wanted.id_type,
                is_there: column(row, 0)?,
                found_type: column(row, 1)?,
                is_key: column(row, 2)?,
                may_refer: column(row, 3)?,
            });
        }
    }
    Ok(links)
}
