//! Unique keys: whether a table has them, and duplicates that prevent them.

use tokio_postgres::types::Type;

use super::migration::{Migration, Unique};
use super::session::Session;
use crate::db::pool::Params;
use crate::db::query::Query;
use crate::db::row::column;
use crate::error::{Error, Result};

/// What to do with rows that have the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// Fail with an error that shows how to find them.
    Refuse,
    /// Delete all but the newest of each key.
    KeepNewest,
}

/// The unique indexes on a key's columns, whatever their names: the application may have created them.
const UNIQUE: &str = r#"
    SELECT coalesce(bool_or(i.indimmediate), false), coalesce(bool_or(NOT i.indimmediate), false),
      coalesce(bool_or(EXISTS (SELECT FROM unnest(i.indcollation) AS used
        JOIN pg_collation c ON c.oid = used WHERE NOT c.collisdeterministic)), false)
    FROM pg_index i
    WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indexprs IS NULL
      AND pg_get_expr(i.indpred, i.indrelid) IS NOT DISTINCT FROM '(' || $3 || ')'
      AND ARRAY(
        SELECT a.attname::text COLLATE "C"
        FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1])
        ORDER BY 1
      ) = ARRAY(SELECT name COLLATE "C" FROM unnest($2) AS name ORDER BY 1)"#;

/// Whether the table has the unique key.
pub(super) async fn is_unique(session: &impl Query, table: &str, key: &Unique) -> Result<bool> {
    let params: Params<'_> =
        &[(&table, Type::TEXT), (&key.columns, Type::TEXT_ARRAY), (&key.predicate, Type::TEXT)];
    let rows = session.rows("look for a unique key", UNIQUE, params).await?;
    if column(&rows[0], 1)? {
        let reason = format!(
            "{table} has a deferrable unique constraint on {key}, which ON CONFLICT does not support. Drop it, or recreate it as NOT DEFERRABLE"
        );
        return Err(Error::Schema { reason: reason.into() });
    }
    if column(&rows[0], 2)? {
        let reason = format!(
            "{table} has a unique index on {key} with a nondeterministic collation, so ON CONFLICT could confuse the rows of two users. Recreate it without COLLATE"
        );
        return Err(Error::Schema { reason: reason.into() });
    }
    column(&rows[0], 0)
}

/// Checks for, or deletes, duplicates of the unique keys that an existing table lacks.
pub(super) async fn resolve_duplicates(
    session: &Session,
    migration: &Migration,
    table: &str,
    duplicates: Duplicates,
) -> Result<()> {
    for key in migration.keys {
        if is_unique(session, table, key).await? {
            continue;
        }
        match duplicates {
            Duplicates::Refuse => refuse(session, migration.store, table, key).await?,
            Duplicates::KeepNewest => keep_newest(session, table, key).await?,
        }
    }
    Ok(())
}

async fn refuse(session: &Session, store: &str, table: &str, key: &Unique) -> Result<()> {
    let (columns, rows) = (key.columns.join(", "), key.rows());
    let find = format!(
        "SELECT {columns}, count(*) FROM {table} WHERE {rows} GROUP BY {columns} HAVING count(*) > 1"
    );
    let found = session.rows("look for duplicates", &find, &[]).await?.len();
    if found == 0 {
        return Ok(());
    }
    let reason = format!(
        "{table} must have one row for each {key}, but {found} have several. Find them with: {find}. Delete the wrong ones, or keep the newest of each with: npx tokenkeep migrate --store {store} --keep newest"
    );
    Err(Error::Schema { reason: reason.into() })
}

async fn keep_newest(session: &Session, table: &str, key: &Unique) -> Result<()> {
    let (columns, rows) = (key.columns.join(", "), key.rows());
    let delete = format!(
        "DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM (
            SELECT ctid, row_number() OVER (
                PARTITION BY {columns} ORDER BY updated_at DESC, ctid DESC) AS place
            FROM {table} WHERE {rows}) AS ranked WHERE place > 1)"
    );
    session.run("keep the newest of the duplicates", &delete).await
}
