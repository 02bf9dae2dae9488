//! A table, made now or long ago, beside what tokenkeep needs of it.

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

/// What is there in the place of the table.
const KIND: &str = "
    SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table' END, relpersistence = 'u'
    FROM pg_class WHERE oid = to_regclass($1)";

/// What stands between a table and what tokenkeep needs of it, as sentences.
#[derive(Debug, Default)]
pub struct Differences {
    /// What no migration mends.
    pub hindering: Vec<String>,
    /// What the migration adds.
    pub pending: Vec<String>,
}

/// A table that is about to be migrated: it must have all that the migration does not add.
pub(super) async fn before(session: &Session, migration: &Migration, table: &str) -> Result<()> {
    refuse(kind_of(session, table).await?.other.into_iter().collect())?;
    let found = columns_of(session, table).await?;
    refuse(compare(&found, migration, table, |column| !column.added).all())
}

/// A table that was migrated: it must have everything.
pub(super) async fn after(session: &Session, migration: &Migration, table: &str) -> Result<()> {
    let found = columns_of(session, table).await?;
    refuse(compare(&found, migration, table, |_| true).all())?;
    refuse(not_inserted(&found, migration, table))?;
    for key in migration.keys {
        if !is_unique(session, table, key).await? {
            refuse(vec![no_key(table, key)])?;
        }
    }
    Ok(())
}

/// The same, without an end at the first one.
pub(in crate::db) async fn differences(
    query: &impl Query,
    migration: &Migration,
    table: &str,
) -> Result<Differences> {
    let Kind { other, unlogged } = kind_of(query, table).await?;
    if let Some(other) = other {
        return Ok(Differences { hindering: vec![other], pending: Vec::new() });
    }
    let found = columns_of(query, table).await?;
    let own = compare(&found, migration, table, |column| !column.added);
    let added = compare(&found, migration, table, |column| column.added);
    let mut told = Differences { hindering: own.all(), pending: Vec::new() };
    told.hindering.extend(unlogged);
    told.hindering.extend(added.differing);
    told.hindering.extend(not_inserted(&found, migration, table));
    told.pending.extend(added.missing);
    for key in migration.keys {
        match is_unique(query, table, key).await {
            Ok(true) => {}
            Ok(false) => told.pending.push(no_key(table, key)),
            Err(Error::Schema { reason }) => told.hindering.push(reason.into_owned()),
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

/// What the table is.
struct Kind {
    /// That it is something else.
    other: Option<String>,
    /// That it does not outlive a crash of the server.
    unlogged: Option<String>,
}

async fn kind_of(query: &impl Query, table: &str) -> Result<Kind> {
    let rows = query.rows("look what the table is", KIND, &[(&table, Type::TEXT)]).await?;
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

/// A column, as it is.
struct Found {
    name: String,
    /// With its length, if it has one.
    type_name: String,
    is_not_null: bool,
    has_default: bool,
    /// Whether texts that differ are never the same to its collation.
    is_exact: bool,
}

async fn columns_of(query: &impl Query, table: &str) -> Result<Vec<Found>> {
    let rows = query.rows("compare the columns", COLUMNS, &[(&table, Type::TEXT)]).await?;
    let read = |row: &Row| {
        Ok(Found {
            name: column(row, 0)?,
            type_name: column(row, 1)?,
            is_not_null: column(row, 2)?,
            has_default: column(row, 3)?,
            is_exact: column(row, 4)?,
        })
    };
    rows.iter().map(read).collect()
}

/// What was found of some columns.
struct Compared {
    /// Names all that are not there.
    missing: Option<String>,
    differing: Vec<String>,
}

impl Compared {
    fn all(self) -> Vec<String> {
        self.missing.into_iter().chain(self.differing).collect()
    }
}

fn compare(
    found: &[Found],
    migration: &Migration,
    table: &str,
    is_meant: impl Fn(&Column) -> bool,
) -> Compared {
    let (mut missing, mut differing) = (Vec::new(), Vec::new());
    for wanted in migration.columns.iter().filter(|column| is_meant(column)) {
        match found.iter().find(|column| column.name == wanted.name) {
            Some(column) => differing.extend(difference(wanted, column, table)),
            None => missing.push(wanted.name),
        }
    }
    let missing =
        (!missing.is_empty()).then(|| format!("{table} lacks the columns {}", missing.join(", ")));
    Compared { missing, differing }
}

fn difference(wanted: &Column, found: &Found, table: &str) -> Option<String> {
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
            "has a collation that is not deterministic: texts that differ, such as the ids of two users, may be the same to it. Run: ALTER TABLE {table} ALTER COLUMN {} TYPE {type_name} COLLATE \"default\"",
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

/// Columns that our inserts leave out, and that are nothing without a value.
fn not_inserted(found: &[Found], migration: &Migration, table: &str) -> Vec<String> {
    let is_inserted = |column: &Found| {
        migration.columns.iter().any(|wanted| wanted.name == column.name && wanted.used.inserted)
    };
    let left_out = found
        .iter()
        .filter(|column| !is_inserted(column) && column.is_not_null && !column.has_default);
    left_out
        .map(|column| {
            let name = &column.name;
            format!("{table}.{name} is NOT NULL without a default: tokenkeep could not insert")
        })
        .collect()
}

fn no_key(table: &str, key: &Unique) -> String {
    format!("{table} has no unique key on {key}")
}

/// The first one is told.
fn refuse(differences: Vec<String>) -> Result<()> {
    match differences.into_iter().next() {
        Some(reason) => Err(Error::Schema { reason: reason.into() }),
        None => Ok(()),
    }
}
