//! `revive`: rows that were marked dead are tried again.

use napi_derive::napi;

use super::instance::Instance;
use super::message::Value;
use crate::config::timestamp;
use crate::db::Timestamp;
use crate::store::About;

/// Takes off the marks of a store from a moment on, or all of them; resolves to how many there were.
#[napi(catch_unwind)]
pub fn revive(instance: &Instance, id: u32, store: String, since_ms: Option<f64>) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let since = since_ms.map(|ms| timestamp("since", ms)).transpose()?;
        let since = since.map(Timestamp::from_ms);
        About::find(&store, |about| about.revives)?;
        let rows = stores?.revive(&store, since).await?;
        Ok(Value::number(rows))
    });
}
