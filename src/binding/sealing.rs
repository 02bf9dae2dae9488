//! `sealValue`, `openValue`, `unseal`: sealed values outside the stores' own functions.

use napi::JsString;
use napi::bindgen_prelude::{Env, External};
use napi_derive::napi;
use zeroize::Zeroizing;

use super::failure::{Outcome, outcome, string};
use super::instance::call;
use super::message::Value;
use super::options::InstanceOptions;
use crate::crypto::Sealing;
use crate::store::{About, place};

/// The keys of `TOKENKEEP_KEY`. An external value, which is found ten times faster than an instance of a class.
#[napi]
pub type SealingKeys = External<OpenSealingKeys>;

/// What JavaScript holds as [`SealingKeys`].
#[napi]
pub struct OpenSealingKeys {
    sealing: Sealing,
}

/// Parses keys. A missing or malformed key is an error of the functions that need it.
#[napi(catch_unwind)]
pub fn open_sealing_keys(
    tokenkeep_key: Option<String>,
    require_sealed: Option<bool>,
) -> SealingKeys {
    let mut options =
        InstanceOptions { tokenkeep_key, require_sealed, ..InstanceOptions::default() };
    let sealing = options.sealing();
    options.wipe();
    External::new(OpenSealingKeys { sealing })
}

/// Seals a text for one column of one row, whatever `TOKENKEEP_SEALING` is.
#[napi(catch_unwind, ts_return_type = "string | Failure")]
pub fn seal_value<'env>(
    env: &'env Env,
    keys: &SealingKeys,
    store: String,
    column: String,
    key: Vec<String>,
    text: String,
) -> Outcome<'env, String> {
    let text = Zeroizing::new(text);
    let parts: Vec<&str> = key.iter().map(String::as_str).collect();
    let place = place(&store, &column, &parts);
    outcome(env, place.and_then(|place| keys.sealing.seal(&text, place)))
}

/// Opens a value that was sealed for this column of this row; anything else is plaintext.
#[napi(catch_unwind, ts_return_type = "string | Failure")]
pub fn open_value<'env>(
    env: &'env Env,
    keys: &SealingKeys,
    store: String,
    column: String,
    key: Vec<String>,
    stored: String,
) -> Outcome<'env, JsString<'env>> {
    let parts: Vec<&str> = key.iter().map(String::as_str).collect();
    let place = place(&store, &column, &parts);
    outcome(
        env,
        place
            .and_then(|place| keys.sealing.open(&stored, place))
            .and_then(|text| string(env, &text)),
    )
}

/// Rewrites every sealed value of a store in plaintext; resolves to how many rows.
#[napi(catch_unwind)]
pub fn unseal(instance: u32, id: u32, store: String) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        About::find(&store, |about| about.sealed_key.is_some())?;
        let rows = stores?.all().unseal(&store).await?;
        Ok(Value::number(rows))
    })
}
