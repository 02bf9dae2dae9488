//! Compares an existing table with what tokenkeep needs.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::migration::{Column, Migration, Unique};
use super::session::Session;
use super::unique::is_unique;
use crate::db::query::Query;
use crate::db::row::column;
use crate::error::{Error, Result};

const COLUMNS: &str = "
    SELECT a.attname::text,
        t.typname || CASE WHEN a.atttypmod > 0 AND t.typname = 'varchar'
            THEN '(' || a.atttypmod - 4 || ')' ELSE '' END,
        a.attnotnull, a.atthasdef OR a.attidentity <> '',
        coalesce(c.collisdeterministic, true)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_collation c ON c.oid = a.attcollation
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped";

/// The kind of the relation.
const KIND: &str = "
    SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table' END, relpersistence = 'u'
    FROM pg_class WHERE oid = to_regclass($1)";

/// The differences between a table and what tokenkeep needs, as sentences.
#[derive(Debug, Default)]
pub struct Differences {
    /// Those that a migration does not fix.
    pub blocking: Vec<String>,
    /// Those that the migration fixes.
    pub pending: Vec<String>,
}

/// Checks a table before its migration: it must have everything that the migration does not add.
pub(super) async fn check_before(
    session: &Session,
    migration: &Migration,
    table: &str,
) -> Result<()> {
    refuse(kind_of(session, table).await?.other.into_iter().collect())?;
    let found = columns_of(session, table).await?;
    refuse(compare(&found, migration, table, |column| !column.added).all())
}

/// Checks a table after its migration: it must have everything.
pub(super) async fn check_after(
    session: &Session,
    migration: &Migration,
    table: &str,
) -> Result<()> {
    let found = columns_of(session, table).await?;
    refuse(compare(&found, migration, table, |_| true).all())?;
    refuse(not_inserted(&found, migration, table))?;
    for key in migration.keys {
        if !is_unique(session, table, key).await? {
            refuse(vec![missing_key(table, key)])?;
        }
    }
    Ok(())
}

/// All differences, without stopping at the first.
pub(in crate::db) async fn differences(
    query: &impl Query,
    migration: &Migration,
    table: &str,
) -> Result<Differences> {
    let Kind { other, unlogged } = kind_of(query, table).await?;
    if let Some(other) = other {
        return Ok(Differences { blocking: vec![other], pending: Vec::new() });
    }
    let found = columns_of(query, table).await?;
    let own = compare(&found, migration, table, |column| !column.added);
    let added = compare(&found, migration, table, |column| column.added);
    let mut differences = Differences { blocking: own.all(), pending: Vec::new() };
    differences.blocking.extend(unlogged);
    differences.blocking.extend(added.differing);
    differences.blocking.extend(not_inserted(&found, migration, table));
    differences.pending.extend(added.missing);
    for key in migration.keys {
        match is_unique(query, table, key).await {
            Ok(true) => {}
            Ok(false) => differences.pending.push(missing_key(table, key)),
            Err(Error::Schema { reason }) => differences.blocking.push(reason.into_owned()),
            Err(error) => return Err(error),
        }
    }
    Ok(differences)
}

/// Problems with the kind of the relation, as sentences.
struct Kind {
    /// It is not a table.
    other: Option<String>,
    /// Its rows do not survive a crash of the server.
    unlogged: Option<String>,
}

async fn kind_of(query: &impl Query, table: &str) -> Result<Kind> {
    let rows = query.rows("check the kind of the table", KIND, &[(&table, Type::TEXT)]).await?;
    let Some(row) = rows.first() else { return Ok(Kind { other: None, unlogged: None }) };
    let other: Option<&str> = column(row, 0)?;
    let is_unlogged: bool = column(row, 1)?;
    let unlogged = || {
        format!(
            "{table} is UNLOGGED: a crash of the server empties it. Run: ALTER TABLE {table} SET LOGGED"
        )
    };
    Ok(Kind {
        other: other.map(|kind| format!("{table} is a {kind}, must be a table")),
        unlogged: is_unlogged.then(unlogged),
    })
}

/// A column of the table.
struct FoundColumn {
    name: String,
    /// Includes the length of a `varchar`, if limited.
    type_name: String,
    is_not_null: bool,
    has_default: bool,
    /// Whether its collation is deterministic: texts are equal only if their bytes are.
    is_exact: bool,
}

async fn columns_of(query: &impl Query, table: &str) -> Result<Vec<FoundColumn>> {
    let rows = query.rows("compare the columns", COLUMNS, &[(&table, Type::TEXT)]).await?;
    let read = |row: &Row| {
        Ok(FoundColumn {
            name: column(row, 0)?,
            type_name: column(row, 1)?,
            is_not_null: column(row, 2)?,
            has_default: column(row, 3)?,
            is_exact: column(row, 4)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The differences of columns, as sentences.
struct ColumnDifferences {
    /// Names all missing columns.
    missing: Option<String>,
    differing: Vec<String>,
}

impl ColumnDifferences {
    fn all(self) -> Vec<String> {
        self.missing.into_iter().chain(self.differing).collect()
    }
}

fn compare(
    found: &[FoundColumn],
    migration: &Migration,
    table: &str,
    is_meant: impl Fn(&Column) -> bool,
) -> ColumnDifferences {
    let (mut missing, mut differing) = (Vec::new(), Vec::new());
    for wanted in migration.columns.iter().filter(|column| is_meant(column)) {
        match found.iter().find(|column| column.name == wanted.name) {
            Some(column) => differing.extend(difference(wanted, column, table)),
            None => missing.push(wanted.name),
        }
    }
    let missing =
        (!missing.is_empty()).then(|| format!("{table} lacks the columns {}", missing.join(", ")));
    ColumnDifferences { missing, differing }
}

fn difference(wanted: &Column, found: &FoundColumn, table: &str) -> Option<String> {
    let type_name = &found.type_name;
    let length = type_name.strip_prefix("varchar(").map(|rest| rest.trim_end_matches(')'));
    let limit = length.and_then(|length| length.parse::<usize>().ok());
    let base = type_name.split('(').next().unwrap_or_default();
    let what = if limit.is_some_and(|limit| limit < wanted.max_bytes) {
        format!("is {type_name}, must hold {} characters", wanted.max_bytes)
    } else if !wanted.types.contains(&base) {
        format!("is {type_name}, must be {}", wanted.types.join(" or "))
    } else if !found.is_exact {
        format!(
            "has a nondeterministic collation, in which different texts, such as the IDs of two users, may be equal. Run: ALTER TABLE {table} ALTER COLUMN {} TYPE {type_name} COLLATE \"default\"",
            wanted.name
        )
    } else {
        match (wanted.nullable, found.is_not_null) {
            (true, true) => "is NOT NULL, must allow NULL".to_owned(),
            (false, false) => "allows NULL, must be NOT NULL".to_owned(),
            _ => return None,
        }
    };
    Some(format!("{table}.{} {what}", wanted.name))
}

/// NOT NULL columns without a default that the inserts of tokenkeep omit.
fn not_inserted(found: &[FoundColumn], migration: &Migration, table: &str) -> Vec<String> {
    let is_inserted = |column: &FoundColumn| {
        migration.columns.iter().any(|wanted| wanted.name == column.name && wanted.usage.inserted)
    };
    let left_out = found
        .iter()
        .filter(|column| !is_inserted(column) && column.is_not_null && !column.has_default);
    left_out
        .map(|column| {
            let name = &column.name;
            format!("{table}.{name} is NOT NULL without a default, so tokenkeep cannot insert rows")
        })
        .collect()
}

fn missing_key(table: &str, key: &Unique) -> String {
    format!("{table} has no unique key on {key}")
}

/// Fails with the first difference, if any.
fn refuse(differences: Vec<String>) -> Result<()> {
    match differences.into_iter().next() {
        Some(reason) => Err(Error::Schema { reason: reason.into() }),
        None => Ok(()),
    }
}
