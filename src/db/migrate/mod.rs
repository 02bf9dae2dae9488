//! Migrations: additive, idempotent, under one lock, in one transaction with their bookkeeping.

mod compare;
mod migration;
mod session;
mod unique;

use tokio_postgres::types::Type;

pub use self::compare::Differences;
pub(super) use self::compare::differences;
pub use self::migration::{Column, Migration, Unique, Used};
use self::session::Session;
pub use self::unique::Duplicates;
use super::pool::Params;
use super::query::Query;
use super::row::column;
use super::settings::DatabaseSettings;
use crate::error::{Error, Result};

/// What a migration had to leave out, as sentences.
pub type LeftOut = Vec<String>;

/// The role and its database may have settings of their own. What they make of a timeout must not end a
/// migration half way, what they make of isolation must not hide what another migration has just made,
/// and nothing here is printed with more quotation marks than it needs.
const BEGIN: &str = "
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout';
    SET LOCAL quote_all_identifiers = off";

/// Serialises the migrations of all processes ("tokenkeep" on a phone's keys), also with psql. Who
/// waits for another migration waits as long as that takes; who waits for the application's own
/// transactions gives up, since everybody else would have to wait behind it.
const LOCK: &str = "
    SELECT pg_advisory_xact_lock(865365337);
    SET LOCAL lock_timeout = '5s';
    SET LOCAL client_min_messages = 'notice'";

/// Looked up first: IF NOT EXISTS asks for the right to make what is there already.
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

/// The schema that was asked for, else the one in which the role's `search_path` finds the table,
/// else the one in which it would make it: NULL, when the path leads nowhere.
const SCHEMA: &str = "
    SELECT coalesce(
        $1,
        (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass($2)),
        current_schema())::text, current_setting('search_path')";

/// What the migration files go by.
const NAME_SCHEMA: &str = "SELECT set_config('tokenkeep.schema', $1, true)";

const APPLIED: &str = "
    SELECT version FROM tokenkeep.migrations WHERE target_schema = $1 AND store = $2";

const RECORD: &str = "
    INSERT INTO tokenkeep.migrations (target_schema, store, version) VALUES ($1, $2, $3)
    ON CONFLICT (target_schema, store) DO UPDATE
    SET version = EXCLUDED.version, applied_at = clock_timestamp()";

/// Brings the tables of `migrations` up to date; safe when several processes start at once.
///
/// # Errors
/// [`Error::Schema`] when the database was migrated by a newer tokenkeep, an existing table lacks
/// what tokenkeep needs, or duplicates stop a unique key; [`Error::Database`] and its kin.
pub async fn migrate(
    settings: &DatabaseSettings,
    migrations: &[&Migration],
    duplicates: Duplicates,
) -> Result<LeftOut> {
    let session = Session::connect(settings).await?;
    session.run("begin a migration", BEGIN).await?;
    session.run("wait for other migrations", LOCK).await?;
    session.run("make the schema tokenkeep and its table migrations", BOOKKEEPING).await?;
    for migration in migrations {
        let schema = schema_of(&session, settings.schema(), migration.table).await?;
        session.rows("name the schema", NAME_SCHEMA, &[(&schema, Type::TEXT)]).await?;
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

/// A table that was made anyway would not be found by any call.
fn no_schema(search_path: &str) -> Error {
    let path = match search_path {
        "" | "\"\"" => "empty",
        path => path,
    };
    let reason = format!(
        "search_path is {path}: it leads to no schema that exists and that the role may use, so no call would find a table. Name the schema (the option or URL parameter schema), or set the path, each name for itself: ALTER ROLE … SET search_path = \"$user\", public"
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
        compare::before(session, migration, &table).await?;
        unique::make_way(session, migration, &table, duplicates).await?;
    }
    for sql in migration.sql {
        session.run("run a migration", sql).await?;
    }
    compare::after(session, migration, &table).await?;
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
                "The {} table was migrated by a newer tokenkeep (version {applied}, this one knows {}). Update tokenkeep here, too",
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
