//! `migrate`: the tables of the named stores.

use napi_derive::napi;

use super::bridge::Bridge;
use super::message::Value;
use super::options::InstanceOptions;
use crate::db::{Duplicates, migrate as run};
use crate::error::Error;
use crate::store::About;

/// Brings the tables of `stores` up to date; resolves to what had to be left out, as sentences.
#[napi(catch_unwind)]
pub fn migrate(
    bridge: &Bridge,
    id: u32,
    mut options: InstanceOptions,
    stores: Vec<String>,
    keep_newest: bool,
) {
    let settings = options.database(&bridge.outbox);
    options.wipe();
    let duplicates = if keep_newest { Duplicates::KeepNewest } else { Duplicates::Refuse };
    bridge.outbox.run(id, async move {
        let mut migrations = Vec::new();
        for store in &stores {
            let known = About::named(store).ok_or_else(|| {
                let names = About::names(|_| true);
                Error::invalid("stores", format!("must be any of: {names}"))
            })?;
            migrations.push(known.migration);
        }
        if migrations.is_empty() {
            return Err(Error::invalid("stores", "must name at least one store, such as gmail"));
        }
        run(&settings?, &migrations, duplicates).await.map(Value::Texts)
    });
}
