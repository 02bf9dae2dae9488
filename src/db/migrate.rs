//! Migrations: additive, idempotent, under one lock, in one transaction with their bookkeeping.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, NoTls, Row};

use super::error::{from_driver, no_answer};
use super::pool::Params;
use super::row::column;
use super::settings::DatabaseSettings;
use crate::error::{Error, Result};

/// One store's table, as its migration leaves it.
#[derive(Debug)]
pub struct Migration {
    /// The store's name.
    pub store: &'static str,
    /// The number of the newest migration file of this store.
    pub version: i32,
    /// The file's text.
    pub sql: &'static str,
    /// The table's name.
    pub table: &'static str,
    /// The column that names a row; must be unique.
    pub key: &'static str,
    /// The columns that tokenkeep reads and writes.
    pub columns: &'static [Column],
}

/// A column that an existing table must have.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The types that work, by their names in `pg_type`.
    pub types: &'static [&'static str],
    /// Whether tokenkeep writes NULL into it.
    pub nullable: bool,
    /// How long a text of a limited type must at least be allowed to be.
    pub max_bytes: usize,
    /// Whether the migration adds it to a table that lacks it.
    pub added: bool,
}

/// What to do with rows that stand in the way of a unique key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// Stop with an error that shows how to find them.
    Refuse,
    /// Delete all but the newest of each key.
    KeepNewest,
}

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

const UNIQUE: &str = "
    SELECT EXISTS (
        SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
          AND i.indnkeyatts = 1 AND a.attname = $2
    )";

const COLUMNS: &str = "
    SELECT a.attname::text,
        t.typname || CASE WHEN a.atttypmod > 0 AND t.typname = 'varchar'
            THEN '(' || a.atttypmod - 4 || ')' ELSE '' END,
        a.attnotnull, a.atthasdef OR a.attidentity <> ''
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped";

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
        session.apply(migration, &schema, duplicates).await?;
    }
    session.run("commit a migration", "COMMIT").await?;
    Ok(session.notices())
}

/// A connection of its own, which collects the server's notices.
struct Session {
    client: Client,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Session {
    async fn connect(settings: &DatabaseSettings) -> Result<Self> {
        let step = "connect for a migration";
        // The driver's own timeout ends with the TCP connection.
        let limit = Duration::from_millis(settings.connect_timeout_ms);
        let (client, mut connection) = timeout(limit, settings.driver()?.connect(NoTls))
            .await
            .map_err(|_| no_answer(step))?
            .map_err(|error| from_driver(step, &error))?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&notices);
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notice(notice) = message
                    && let Some(text) = notice.message().strip_prefix("tokenkeep: ")
                {
                    collected.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
                }
            }
        });
        Ok(Self { client, notices })
    }

    fn notices(&self) -> Vec<String> {
        std::mem::take(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn run(&self, step: &'static str, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|error| from_driver(step, &error))
    }

    async fn rows(&self, step: &'static str, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        self.client.query_typed(sql, params).await.map_err(|error| from_driver(step, &error))
    }

    async fn apply(&self, migration: &Migration, schema: &str, keep: Duplicates) -> Result<()> {
        let table = format!("{}.{}", quoted(schema), migration.table);
        self.refuse_newer(migration, schema).await?;
        let exists = "SELECT to_regclass($1) IS NOT NULL";
        let found = self.rows("look for the table", exists, &[(&table, Type::TEXT)]).await?;
        if column::<bool>(&found[0], 0)? {
            let given = migration.columns.iter().filter(|column| !column.added);
            self.compare(migration, given, &table).await?;
            self.make_key_unique(migration, &table, keep).await?;
        }
        self.run("run a migration", migration.sql).await?;
        self.compare(migration, migration.columns.iter(), &table).await?;
        let params: Params<'_> = &[
            (&schema, Type::TEXT),
            (&migration.store, Type::TEXT),
            (&migration.version, Type::INT4),
        ];
        self.rows("record a migration", RECORD, params).await.map(drop)
    }

    async fn refuse_newer(&self, migration: &Migration, schema: &str) -> Result<()> {
        let params: Params<'_> = &[(&schema, Type::TEXT), (&migration.store, Type::TEXT)];
        let rows = self.rows("read the applied migrations", APPLIED, params).await?;
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

    /// An existing table may lack the unique key that an upsert needs.
    async fn make_key_unique(
        &self,
        migration: &Migration,
        table: &str,
        keep: Duplicates,
    ) -> Result<()> {
        let key = migration.key;
        let params: Params<'_> = &[(&table, Type::TEXT), (&key, Type::TEXT)];
        let rows = self.rows("look for a unique key", UNIQUE, params).await?;
        if column::<bool>(&rows[0], 0)? {
            return Ok(());
        }
        let find =
            format!("SELECT {key}, count(*) FROM {table} GROUP BY {key} HAVING count(*) > 1");
        let found = self.rows("look for duplicates", &find, &[]).await?.len();
        if found > 0 && keep == Duplicates::Refuse {
            return Err(Error::Schema {
                reason: format!(
                    "{table} must have one row for each {key}, and {found} have several. Look at them with: {find}. Delete what is wrong, or keep the newest of each with: npx tokenkeep migrate --store {} --keep newest",
                    migration.store
                )
                .into(),
            });
        }
        let delete = format!(
            "DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM (
                SELECT ctid, row_number() OVER (PARTITION BY {key} ORDER BY updated_at DESC, ctid DESC) AS place
                FROM {table}) AS ranked WHERE place > 1)"
        );
        self.run("keep the newest of the duplicates", &delete).await?;
        let name = format!("{}_{key}_unique", migration.table);
        let unique = format!("ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ({key})");
        self.run("add the unique key", &unique).await
    }

    /// Compares the table, made now or long ago, with what tokenkeep needs of it.
    async fn compare(
        &self,
        migration: &Migration,
        columns: impl Iterator<Item = &Column>,
        table: &str,
    ) -> Result<()> {
        let rows = self.rows("compare the columns", COLUMNS, &[(&table, Type::TEXT)]).await?;
        let differs = |column: &str, what: &str| Error::Schema {
            reason: format!("{table}.{column} {what}").into(),
        };
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
            let found_type: &str = column(row, 1)?;
            let length = found_type.strip_prefix("varchar(").map(|rest| rest.trim_end_matches(')'));
            let too_short = length.and_then(|length| length.parse::<usize>().ok());
            let fits = too_short.is_none_or(|length| length >= wanted.max_bytes);
            let base = found_type.split('(').next().unwrap_or_default();
            if !fits {
                let what = format!("is {found_type}, must hold {} characters", wanted.max_bytes);
                return Err(differs(wanted.name, &what));
            }
            if !wanted.types.contains(&base) {
                let types = wanted.types.join(" or ");
                return Err(differs(wanted.name, &format!("is {found_type}, must be {types}")));
            }
            match (wanted.nullable, column::<bool>(row, 2)?) {
                (true, true) => return Err(differs(wanted.name, "is NOT NULL, must allow NULL")),
                (false, false) => {
                    return Err(differs(wanted.name, "allows NULL, must be NOT NULL"));
                }
                _ => {}
            }
        }
        for row in &rows {
            let name: &str = column(row, 0)?;
            let known = migration.columns.iter().any(|wanted| wanted.name == name);
            if !known && column::<bool>(row, 2)? && !column::<bool>(row, 3)? {
                return Err(differs(
                    name,
                    "is NOT NULL without a default: tokenkeep could not insert",
                ));
            }
        }
        Ok(())
    }
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
