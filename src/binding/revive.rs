//! `revive`: rows that were marked dead are tried again.

use napi_derive::napi;

use super::instance::call;
use super::message::Value;
use crate::config::timestamp;
use crate::db::Timestamp;
use crate::store::About;

/// Takes off the marks of a store from a moment on, or all of them; resolves to how many there were.
#[napi(catch_unwind)]
pub fn revive(instance: u32, id: u32, store: String, since_ms: Option<f64>) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let since = since_ms.map(|ms| timestamp("since", ms)).transpose()?;
        let since = since.map(Timestamp::from_ms);
        About::find(&store, |about| about.revives)?;
        let rows = stores?.all().revive(&store, since).await?;
        Ok(Value::number(rows))
    })
}
