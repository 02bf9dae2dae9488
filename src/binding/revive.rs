//! `revive`: rows that were marked dead are tried again.

use napi_derive::napi;

use super::instance::Instance;
use super::message::{Field, Value, number};
use crate::config::timestamp;
use crate::db::Timestamp;
use crate::error::Error;
use crate::store::Revives;

/// Takes off the marks of a store from a moment on, or all of them; resolves to how many there were.
#[napi(catch_unwind)]
pub fn revive(instance: &Instance, id: u32, store: String, since_ms: Option<f64>) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let since = since_ms.map(|ms| timestamp("since", ms)).transpose()?;
        let since = since.map(Timestamp::from_ms);
        let rows = match store.as_str() {
            "zoho" => stores?.zoho.revive(since).await?,
            "vault" => stores?.vault.revive(since).await?,
            "integration" => stores?.integration.revive(since).await?,
            _ => return Err(Error::invalid("store", "may be: zoho, vault, integration")),
        };
        let rows = number(i64::try_from(rows).unwrap_or(i64::MAX));
        Ok(Value::Record(vec![Field::Number(rows)]))
    });
}
