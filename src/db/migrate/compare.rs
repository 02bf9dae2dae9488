//! A table, made now or long ago, beside what tokenkeep needs of it.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::migration::{Column, Migration};
use super::session::Session;
use super::unique::is_unique;
use crate::db::row::column;
use crate::error::{Error, Result};

const COLUMNS: &str = "
    SELECT a.attname::text,
        t.typname || CASE WHEN a.atttypmod > 0 AND t.typname = 'varchar'
            THEN '(' || a.atttypmod - 4 || ')' ELSE '' END,
        a.attnotnull, a.atthasdef OR a.attidentity <> ''
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped";

/// A table that is about to be migrated: it must have all that the migration does not add.
pub(super) async fn before(session: &Session, migration: &Migration, table: &str) -> Result<()> {
    columns(session, migration.columns.iter().filter(|column| !column.added), table).await
}

/// A table that was migrated: it must have everything.
pub(super) async fn after(session: &Session, migration: &Migration, table: &str) -> Result<()> {
    columns(session, migration.columns.iter(), table).await?;
    let rows = session.rows("compare the columns", COLUMNS, &[(&table, Type::TEXT)]).await?;
    for row in &rows {
        let name: &str = column(row, 0)?;
        let is_inserted =
            migration.columns.iter().any(|wanted| wanted.name == name && !wanted.by_default);
        if !is_inserted && column::<bool>(row, 2)? && !column::<bool>(row, 3)? {
            let what = "is NOT NULL without a default: tokenkeep could not insert";
            return Err(differs(table, name, what));
        }
    }
    for key in migration.keys {
        if !is_unique(session, table, key).await? {
            let reason = format!("{table} has no unique key on {key}");
            return Err(Error::Schema { reason: reason.into() });
        }
    }
    Ok(())
}

async fn columns(
    session: &Session,
    columns: impl Iterator<Item = &Column>,
    table: &str,
) -> Result<()> {
    let rows = session.rows("compare the columns", COLUMNS, &[(&table, Type::TEXT)]).await?;
    let mut pairs = Vec::new();
    let mut missing = Vec::new();
    for wanted in columns {
        let mut found = None;
        for row in &rows {
            if column::<&str>(row, 0)? == wanted.name {
                found = Some(row);
            }
        }
        match found {
            Some(row) => pairs.push((wanted, row)),
            None => missing.push(wanted.name),
        }
    }
    if !missing.is_empty() {
        let reason = format!("{table} lacks the columns {}", missing.join(", "));
        return Err(Error::Schema { reason: reason.into() });
    }
    for (wanted, row) in pairs {
        one(wanted, row, table)?;
    }
    Ok(())
}

fn one(wanted: &Column, row: &Row, table: &str) -> Result<()> {
    let found_type: &str = column(row, 1)?;
    let length = found_type.strip_prefix("varchar(").map(|rest| rest.trim_end_matches(')'));
    let limit = length.and_then(|length| length.parse::<usize>().ok());
    if limit.is_some_and(|limit| limit < wanted.max_bytes) {
        let what = format!("is {found_type}, must hold {} characters", wanted.max_bytes);
        return Err(differs(table, wanted.name, &what));
    }
    let base = found_type.split('(').next().unwrap_or_default();
    if !wanted.types.contains(&base) {
        let what = format!("is {found_type}, must be {}", wanted.types.join(" or "));
        return Err(differs(table, wanted.name, &what));
    }
    match (wanted.nullable, column::<bool>(row, 2)?) {
        (true, true) => Err(differs(table, wanted.name, "is NOT NULL, must allow NULL")),
        (false, false) => Err(differs(table, wanted.name, "allows NULL, must be NOT NULL")),
        _ => Ok(()),
    }
}

fn differs(table: &str, column: &str, what: &str) -> Error {
    Error::Schema { reason: format!("{table}.{column} {what}").into() }
}
