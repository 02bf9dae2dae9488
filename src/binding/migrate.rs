//! `migrate`: the tables of the named stores.

use napi_derive::napi;

use super::bridge::Bridge;
use super::keep::{KeepOptions, database};
use super::message::Value;
use crate::db::{Duplicates, migrate as run};
use crate::error::Error;
use crate::store::gmail;
use crate::store::vault_migration;
use crate::store::zoho_migration;

/// Brings the tables of `stores` up to date; resolves to what had to be left out, as sentences.
#[napi(catch_unwind)]
pub fn migrate(
    bridge: &Bridge,
    id: u32,
    mut options: KeepOptions,
    stores: Vec<String>,
    keep_newest: bool,
) {
    let settings = database(&options);
    options.wipe();
    let duplicates = if keep_newest { Duplicates::KeepNewest } else { Duplicates::Refuse };
    bridge.outbox.run(id, async move {
        let mut migrations = Vec::new();
        for store in &stores {
            match store.as_str() {
                "gmail" => migrations.push(&gmail::MIGRATION),
                "zoho" => migrations.push(&zoho_migration::MIGRATION),
                "vault" => migrations.push(&vault_migration::MIGRATION),
                _ => return Err(Error::invalid("stores", "may name: gmail, zoho, vault")),
            }
        }
        if migrations.is_empty() {
            return Err(Error::invalid("stores", "must name at least one store, such as gmail"));
        }
        run(&settings?, &migrations, duplicates).await.map(Value::Texts)
    });
}
