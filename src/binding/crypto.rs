//! `encryptToken`, `decryptToken`: synchronous, with keys that were read once.

use napi::JsString;
use napi::bindgen_prelude::{Env, External, Latin1String};
use napi_derive::napi;
use zeroize::Zeroizing;

use super::failure::{Outcome, outcome, string};
use super::options::required;
use crate::crypto::GmailFormat;
use crate::error::Result;
use crate::store::gmail;

/// The keys of `GMAIL_ENCRYPTION_KEY`, parsed. An external value, which is found ten times faster than an instance of a class.
#[napi]
pub type GmailKeys = External<OpenGmailKeys>;

/// What JavaScript holds as [`GmailKeys`].
#[napi]
pub struct OpenGmailKeys {
    format: Result<GmailFormat>,
}

/// Parses keys. A missing or malformed key is an error of the functions that need it.
#[napi(catch_unwind)]
pub fn open_gmail_keys(keys: Option<String>) -> GmailKeys {
    let keys = keys.map(Zeroizing::new);
    let keys = required("GMAIL_ENCRYPTION_KEY", keys.as_deref());
    External::new(OpenGmailKeys { format: keys.and_then(gmail::format) })
}

impl OpenGmailKeys {
    fn format(&self) -> Result<&GmailFormat> {
        self.format.as_ref().map_err(Clone::clone)
    }
}

/// Seals any text as `iv_hex:authTag_hex:ciphertext_hex` (AES-256-GCM).
#[napi(catch_unwind, ts_return_type = "string | Failure")]
pub fn encrypt_token<'env>(
    env: &'env Env,
    keys: &GmailKeys,
    plaintext: String,
) -> Outcome<'env, JsString<'env>> {
    let mut plaintext = Zeroizing::new(plaintext.into_bytes());
    let sealed = keys.format().and_then(|format| format.seal_in_place(&mut plaintext));
    outcome(env, sealed.and_then(|sealed| string(env, &sealed)))
}

/// Opens what `encryptToken` or Node's `aes-256-gcm` sealed. `encrypted` must have no character beyond Latin-1: of
/// others only the lower byte is read.
#[napi(
    catch_unwind,
    ts_args_type = "keys: GmailKeys, encrypted: string",
    ts_return_type = "string | Failure"
)]
pub fn decrypt_token<'env>(
    env: &'env Env,
    keys: &GmailKeys,
    encrypted: Latin1String,
) -> Outcome<'env, JsString<'env>> {
    let text = keys.format().and_then(|format| format.open(&*encrypted, None));
    outcome(env, text.and_then(|text| string(env, &text)))
}
