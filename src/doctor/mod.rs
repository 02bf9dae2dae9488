//! What `tokenkeep doctor` finds out about a database, as data; `ts/cli/doctor/` judges it. All statements run
//! in read-only transactions. The findings contain no token, key or row, only counts.

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

/// The keys that open stored values.
#[derive(Debug)]
pub struct Keys {
    /// `GMAIL_ENCRYPTION_KEY`.
    pub gmail: Result<GmailFormat>,
    /// `TOKENKEEP_KEY`.
    pub sealing: Sealing,
    /// `ENCRYPTION_SECRET`.
    pub vault: Result<Arc<VaultFormat>>,
}

/// All findings.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// The servers that were tried, in order, up to the one that is used.
    servers: Vec<Attempt>,
    /// The value of `sslmode` that corresponds to the settings.
    tls_mode: &'static str,
    /// The schema in the settings; `None`: `search_path` decides.
    schema: Option<String>,
    /// The contents of the database, if a server was reached.
    database: Option<Contents>,
}

/// The contents of a database.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    pooler: Checked<Pooler>,
    bookkeeping: Checked<Bookkeeping>,
    /// By store.
    tables: BTreeMap<&'static str, Checked<Table>>,
}

/// A finding, or the error of the examination.
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

/// Examines the database of `settings` and the tables of `migrations`; returns [`Findings`] as JSON.
///
/// # Errors
/// [`Error::Internal`] only: problems of the database are findings.
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
    serde_json::to_string(&findings)
        .map_err(|_| Error::internal("the findings could not be serialized"))
}

async fn contents(
    settings: &DatabaseSettings,
    migrations: &[&Migration],
    keys: &Keys,
    used: &Reached<'_>,
    runtime: &impl Runtime,
) -> Contents {
    // Connect early: this connection must be idle for a while; see `pooler::Second`.
    let second = pooler::second(used, runtime).await;
    let bookkeeping = bookkeeping::inspect(&used.inspection).await;
    let mut tables = BTreeMap::new();
    for migration in migrations {
        let named = settings.schema();
        let found = table::inspect(&used.inspection, migration, named, keys).await;
        let found = found.map_err(|error| error.of_store(migration.store));
        tables.insert(migration.store, found.into());
    }
    let pooler = pooler::inspect(used, second, runtime).await;
    Contents { pooler: pooler.into(), bookkeeping: bookkeeping.into(), tables }
}
