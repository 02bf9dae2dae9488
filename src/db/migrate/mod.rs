//! Migrations: additive and idempotent, under one lock, in one transaction with the record of what was applied.

mod compare;
mod migration;
mod session;
mod unique;

use tokio_postgres::types::Type;

pub use self::compare::Differences;
pub(super) use self::compare::differences;
pub use self::migration::{Column, ColumnUse, Migration, Unique};
use self::session::Session;
pub use self::unique::Duplicates;
use super::pool::Params;
use super::query::Query;
use super::row::column;
use super::settings::DatabaseSettings;
use crate::error::{Error, Result};

/// The changes that a migration had to omit, as sentences.
pub type Omitted = Vec<String>;

/// Overrides settings of the role or database: timeouts must not interrupt a migration, the isolation level must
/// not hide the results of another migration, and identifiers must not be quoted unnecessarily.
const BEGIN: &str = "
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout';
    SET LOCAL quote_all_identifiers = off";

/// Serializes the migrations of all processes, including psql. (The number is "tokenkeep" on a phone keypad.)
/// Waits for another migration without limit, but for a lock of the application only briefly, because all other
/// statements would queue behind it.
const LOCK: &str = "
    SELECT pg_advisory_xact_lock(865365337);
    SET LOCAL lock_timeout = '5s';
    SET LOCAL client_min_messages = 'notice'";

/// Checks existence explicitly: IF NOT EXISTS requires the privilege to create even if the object exists.
const BOOKKEEPING: &str = "
    DO $$ BEGIN
        IF to_regnamespace('tokenkeep') IS NULL THEN
            CREATE SCHEMA tokenkeep;
        END IF;
        IF to_regclass('tokenkeep.migrations') IS NULL THEN
            CREATE TABLE tokenkeep.migrations (
                target_schema text NOT NULL,
                store text NOT NULL,
                version integer NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (target_schema, store)
            );
        END IF;
    END $$";

/// The given schema, or else the one in which `search_path` finds the table, or else the one in which a new
/// table would be created; NULL if the path contains no schema.
const SCHEMA: &str = "
    SELECT coalesce(
        $1,
        (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass($2)),
        current_schema())::text, current_setting('search_path')";

/// Sets the schema for the migration files.
const NAME_SCHEMA: &str = "SELECT set_config('tokenkeep.schema', $1, true)";

const APPLIED: &str = "
    SELECT version FROM tokenkeep.migrations WHERE target_schema = $1 AND store = $2";

const RECORD: &str = "
    INSERT INTO tokenkeep.migrations (target_schema, store, version) VALUES ($1, $2, $3)
    ON CONFLICT (target_schema, store) DO UPDATE
    SET version = EXCLUDED.version, applied_at = clock_timestamp()";

/// Brings the tables of `migrations` up to date. Safe if several processes start at once.
///
/// # Errors
/// [`Error::Schema`] if a newer tokenkeep has migrated the database, if an existing table lacks something, or
/// if duplicates prevent a unique key; [`Error::Database`] and the like.
pub async fn migrate(
    settings: &DatabaseSettings,
    migrations: &[&Migration],
    duplicates: Duplicates,
) -> Result<Omitted> {
    let session = Session::connect(settings).await?;
    session.run("start a migration", BEGIN).await?;
    session.run("wait for other migrations", LOCK).await?;
    session.run("create the schema tokenkeep and its table migrations", BOOKKEEPING).await?;
    for migration in migrations {
        let schema = schema_of(&session, settings.schema(), migration.table).await?;
        session.rows("set the schema", NAME_SCHEMA, &[(&schema, Type::TEXT)]).await?;
        apply(&session, migration, &schema, duplicates).await?;
    }
    session.run("commit a migration", "COMMIT").await?;
    Ok(session.notices())
}

async fn schema_of(session: &Session, named: Option<&str>, table: &str) -> Result<String> {
    let params: Params<'_> = &[(&named, Type::TEXT), (&table, Type::TEXT)];
    let found = session.rows("look for the schema", SCHEMA, params).await?;
    let schema: Option<String> = column(&found[0], 0)?;
    match schema {
        Some(schema) => Ok(schema),
        None => Err(no_schema(column(&found[0], 1)?)),
    }
}

/// The table is not created elsewhere: no call would find it.
fn no_schema(search_path: &str) -> Error {
    let path = match search_path {
        "" | "\"\"" => "empty",
        path => path,
    };
    let reason = format!(
        "search_path is {path} and contains no schema that exists and that the role may use, so no call would find a table. Set the schema (the option or URL parameter schema), or the path, with separate names: ALTER ROLE … SET search_path = \"$user\", public"
    );
    Error::Schema { reason: reason.into() }
}

async fn apply(
    session: &Session,
    migration: &Migration,
    schema: &str,
    duplicates: Duplicates,
) -> Result<()> {
    let table = format!("{}.{}", quoted(schema), migration.table);
    refuse_newer(session, migration, schema).await?;
    let exists = "SELECT to_regclass($1) IS NOT NULL";
    let found = session.rows("look for the table", exists, &[(&table, Type::TEXT)]).await?;
    if column::<bool>(&found[0], 0)? {
        compare::check_before(session, migration, &table).await?;
        unique::resolve_duplicates(session, migration, &table, duplicates).await?;
    }
    for sql in migration.sql {
        session.run("run a migration", sql).await?;
    }
    compare::check_after(session, migration, &table).await?;
    let params: Params<'_> =
        &[(&schema, Type::TEXT), (&migration.store, Type::TEXT), (&migration.version, Type::INT4)];
    session.rows("record a migration", RECORD, params).await.map(drop)
}

async fn refuse_newer(session: &Session, migration: &Migration, schema: &str) -> Result<()> {
    let params: Params<'_> = &[(&schema, Type::TEXT), (&migration.store, Type::TEXT)];
    let rows = session.rows("read the applied migrations", APPLIED, params).await?;
    let applied: i32 = rows.first().map_or(Ok(0), |row| column(row, 0))?;
    if applied > migration.version {
        return Err(Error::Schema {
            reason: format!(
                "The {} table was migrated by a newer tokenkeep (version {applied}, this one supports {}). Update tokenkeep in this process",
                migration.store, migration.version
            )
            .into(),
        });
    }
    Ok(())
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
