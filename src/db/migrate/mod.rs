//! Migrations: additive, idempotent, under one lock, in one transaction with their bookkeeping.

mod compare;
mod migration;
mod session;
mod unique;

use tokio_postgres::types::Type;

pub use self::compare::Differences;
pub(super) use self::compare::differences;
pub use self::migration::{Column, Migration, Unique};
use self::session::Session;
pub use self::unique::Duplicates;
use super::ask::Ask;
use super::pool::Params;
use super::row::column;
use super::settings::DatabaseSettings;
use crate::error::{Error, Result};

/// What a migration had to leave out, as sentences.
pub type LeftOut = Vec<String>;

/// Serialises the migrations of all processes ("tokenkeep" on a phone's keys), also with psql. Who
/// waits for another migration waits as long as that takes; who waits for the application's own
/// transactions gives up, since everybody else would have to wait behind it.
const LOCK: &str = "
    SELECT pg_advisory_xact_lock(865365337);
    SET LOCAL lock_timeout = '5s';
    SET LOCAL client_min_messages = 'notice'";

const BOOKKEEPING: &str = "
    CREATE SCHEMA IF NOT EXISTS tokenkeep;
    CREATE TABLE IF NOT EXISTS tokenkeep.migrations (
        target_schema text NOT NULL,
        store text NOT NULL,
        version integer NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (target_schema, store)
    )";

/// The schema that was asked for, else the one in which the role's `search_path` finds the table,
/// else the one in which it would make it.
const SCHEMA: &str = "
    SELECT set_config('tokenkeep.schema', coalesce(
        $1,
        (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass($2)),
        current_schema(),
        'public'), true)";

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
    session.run("begin a migration", "BEGIN").await?;
    session.run("wait for other migrations", LOCK).await?;
    session.run("create the schema tokenkeep", BOOKKEEPING).await?;
    for migration in migrations {
        let params: Params<'_> =
            &[(&settings.schema(), Type::TEXT), (&migration.table, Type::TEXT)];
        let named = session.rows("name the schema", SCHEMA, params).await?;
        let schema: String = column(&named[0], 0)?;
        apply(&session, migration, &schema, duplicates).await?;
    }
    session.run("commit a migration", "COMMIT").await?;
    Ok(session.notices())
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
