//! What `tokenkeep doctor` finds out about a database, as data: the JavaScript API judges it and finds the words.
//! Everything is read in transactions that cannot write. No token, key or row leaves this room, only
//! how many there are.

mod access;
mod bookkeeping;
mod facts;
mod links;
mod pgpool;
mod pooler;
mod rights;
mod rows;
mod server;
mod stores;
mod table;
mod triggers;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use self::bookkeeping::Bookkeeping;
use self::pooler::Pooler;
use self::server::{Attempt, Reached};
use self::table::Table;
use crate::config::Limits;
use crate::crypto::{GmailFormat, Sealing, VaultFormat};
use crate::db::{DatabaseSettings, Migration, Timeouts};
use crate::error::{Error, Result};
use crate::refresh::Runtime;

/// What stored values are opened with.
#[derive(Debug)]
pub struct Keys {
    /// `GMAIL_ENCRYPTION_KEY`.
    pub gmail: Result<GmailFormat>,
    /// `TOKENKEEP_KEY`.
    pub sealing: Sealing,
    /// `ENCRYPTION_SECRET`.
    pub vault: Result<Arc<VaultFormat>>,
}

/// All that was found out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// The servers that were tried, in their order, up to the one that is used.
    servers: Vec<Attempt>,
    /// The name of `sslmode` that stands for what is asked for.
    tls_mode: &'static str,
    /// The schema that is named; `None`: `search_path` decides.
    schema: Option<String>,
    /// What stands there, when one of the servers was reached.
    database: Option<Contents>,
}

/// What stands in a database.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    pooler: Checked<Pooler>,
    bookkeeping: Checked<Bookkeeping>,
    /// By store.
    tables: BTreeMap<&'static str, Checked<Table>>,
}

/// What was found, or why it could not be looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Checked<T> {
    Found(T),
    Failed(String),
}

impl<T> From<Result<T>> for Checked<T> {
    fn from(outcome: Result<T>) -> Self {
        outcome.map_or_else(|error| Self::Failed(error.to_string()), Self::Found)
    }
}

/// Looks at the database of `settings` and at the tables of `migrations` in it.
///
/// # Errors
/// [`Error::Internal`] only: whatever is wrong with the database is a finding.
pub async fn examine(
    settings: &DatabaseSettings,
    migrations: &[&Migration],
    keys: &Keys,
    runtime: &impl Runtime,
) -> Result<String> {
    let timeouts = Timeouts::usual(&Limits::DEFAULT);
    let (known, needs_primary) = (settings.servers(), settings.needs_primary());
    let (servers, used) = server::reach(&known, needs_primary, timeouts, runtime).await;
    let database = match &used {
        Some(used) => Some(contents(settings, migrations, keys, used, runtime).await),
        None => None,
    };
    let schema = settings.schema().map(str::to_owned);
    let findings = Findings { servers, tls_mode: settings.transport.mode(), schema, database };
    serde_json::to_string(&findings).map_err(|_| Error::internal("findings are no JSON"))
}

async fn contents(
    settings: &DatabaseSettings,
    migrations: &[&Migration],
    keys: &Keys,
    used: &Reached<'_>,
    runtime: &impl Runtime,
) -> Contents {
    // It rests while the others are asked: see there.
    let second = pooler::second(used, runtime).await;
    let bookkeeping = bookkeeping::inspect(&used.inspection).await;
    let mut tables = BTreeMap::new();
    for migration in migrations {
        let named = settings.schema();
        let found = table::inspect(&used.inspection, migration, named, keys).await;
        tables.insert(migration.store, found.into());
    }
    let pooler = pooler::inspect(used, second, runtime).await;
    Contents { pooler: pooler.into(), bookkeeping: bookkeeping.into(), tables }
}
