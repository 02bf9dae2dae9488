//! The privileges that the role lacks on a table or on its columns.

use crate::db::{ColumnUse, Inspection, Migration, Params, Row, Type, column};
use crate::error::Result;

/// `$1` is the table, `$2` a privilege, `$3` the columns on which it is needed (NULL: all). Returns the columns
/// that lack it, quoted, and the number of columns that need it.
const MISSING: &str = "
    SELECT coalesce(array_agg(quote_ident(attname) ORDER BY attnum) FILTER (WHERE is_missing), '{}'),
        count(*)
    FROM (SELECT attname, attnum, NOT has_table_privilege($1, $2)
            AND NOT has_column_privilege($1, attnum, $2) AS is_missing
        FROM pg_attribute
        WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
          AND ($3::text[] IS NULL OR attname = ANY($3))) AS needed";

/// DELETE has no column privileges.
const DELETE: &str = "SELECT has_table_privilege($1, 'DELETE')";

/// A privilege, and whether a column needs it.
type Right = (&'static str, fn(&ColumnUse) -> bool);

const RIGHTS: [Right; 3] = [
    ("SELECT", |used| used.read),
    ("INSERT", |used| used.inserted),
    ("UPDATE", |used| used.updated),
];

/// The missing privileges, such as `SELECT`, or `UPDATE (scope)` if other columns have it.
pub(super) async fn missing(
    inspection: &Inspection,
    oid: u32,
    migration: Option<&Migration>,
) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    let step = "read the privileges";
    for (right, is_needed) in RIGHTS {
        let needed: Option<Vec<&str>> = migration.map(|migration| {
            let columns = migration.columns.iter().filter(|column| is_needed(&column.usage));
            columns.map(|column| column.name).collect()
        });
        let params: Params<'_> =
            &[(&oid, Type::OID), (&right, Type::TEXT), (&needed, Type::TEXT_ARRAY)];
        let rows = inspection.rows(step, MISSING, params).await?;
        missing.extend(rows.first().map_or(Ok(None), |row| named(row, right))?);
    }
    let rows = inspection.rows(step, DELETE, &[(&oid, Type::OID)]).await?;
    if !rows.first().map_or(Ok(true), |row| column(row, 0))? {
        missing.push("DELETE".to_owned());
    }
    Ok(missing)
}

fn named(row: &Row, right: &str) -> Result<Option<String>> {
    let columns: Vec<&str> = column(row, 0)?;
    let count: i64 = column(row, 1)?;
    Ok(match columns.len() {
        0 => None,
        all if i64::try_from(all).is_ok_and(|all| all == count) => Some(right.to_owned()),
        _ => Some(format!("{right} ({})", columns.join(", "))),
    })
}
