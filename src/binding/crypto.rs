//! `encryptToken`, `decryptToken`: synchronous, with keys that were read once.

use std::sync::Arc;

use napi::JsString;
use napi::bindgen_prelude::Env;
use napi_derive::napi;
use zeroize::Zeroizing;

use super::Code;
use crate::crypto::GmailFormat;
use crate::error::Error;
use crate::store::gmail;

/// The keys of `GMAIL_ENCRYPTION_KEY`, parsed.
#[napi]
pub struct GmailKeys {
    pub(super) format: Arc<GmailFormat>,
}

#[napi]
impl GmailKeys {
    /// Throws `ERR_TOKENKEEP_CONFIGURATION` when the text is no key.
    #[napi(constructor, catch_unwind)]
    pub fn new(keys: String) -> napi::Result<Self, Code> {
        let keys = Zeroizing::new(keys);
        Ok(Self { format: Arc::new(gmail::format(&keys)?) })
    }
}

/// Seals any text as `iv_hex:authTag_hex:ciphertext_hex` (AES-256-GCM).
#[napi(catch_unwind)]
pub fn encrypt_token(keys: &GmailKeys, plaintext: String) -> napi::Result<String, Code> {
    Ok(keys.format.seal(&Zeroizing::new(plaintext))?)
}

/// Opens what `encryptToken` or Node's `aes-256-gcm` sealed; throws `ERR_TOKENKEEP_DECRYPTION`.
#[napi(catch_unwind, ts_return_type = "string")]
pub fn decrypt_token<'env>(
    env: &'env Env,
    keys: &GmailKeys,
    encrypted: String,
) -> napi::Result<JsString<'env>, Code> {
    let text = keys.format.open(&encrypted, None)?;
    let internal = |_| napi::Error::from(Error::internal("no string could be made"));
    env.create_string(text.as_str()).map_err(internal)
}
