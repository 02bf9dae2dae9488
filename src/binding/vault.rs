//! The vault store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi::JsString;
use napi::bindgen_prelude::Env;
use napi_derive::napi;

use super::bridge::Bridge;
use super::instance::Instance;
use super::message::{Field, Value};
use super::refresh_fn::JsRefreshFn;
use super::stores::{Open, Opening};
use crate::config::timestamp;
use crate::crypto::VaultFormat;
use crate::db::Timestamp;
use crate::error::Result;
use crate::oauth::TokenEndpoint;
use crate::refresh::{Runtime, Tokio};
use crate::secret::AccessToken;
use crate::store::vault::{self, Opened, PairKey, TokenKey, Vault};

/// `ENCRYPTION_SECRET` and its predecessor.
#[napi]
pub struct VaultKeys {
    format: Result<Arc<VaultFormat>>,
    clock: Tokio,
}

#[napi]
impl VaultKeys {
    #[napi(constructor, catch_unwind)]
    pub fn new(secret: String, previous: Option<String>, salt_reuse: bool) -> Self {
        let (secret, previous) = (AccessToken::new(secret), previous.map(AccessToken::new));
        let previous = previous.as_ref().map(AccessToken::expose);
        let format = VaultFormat::open_shared(secret.expose(), previous, salt_reuse);
        Self { format, clock: Tokio::default() }
    }
}

/// Seals any text as `base64(salt iv authTag ciphertext)`, with a key that scrypt derived.
#[napi(catch_unwind)]
pub fn encrypt_vault_value(bridge: &Bridge, id: u32, keys: &VaultKeys, plaintext: String) {
    let (format, now) = (keys.format.clone(), keys.clock.monotonic());
    let plaintext = AccessToken::new(plaintext);
    bridge.outbox.run(id, async move {
        let sealed = format?.seal(plaintext.expose(), now).await?;
        Ok(Value::Record(vec![Field::Text(sealed)]))
    });
}

/// Opens what was sealed with one of the secrets; `ERR_TOKENKEEP_DECRYPTION` otherwise.
#[napi(catch_unwind)]
pub fn decrypt_vault_value(bridge: &Bridge, id: u32, keys: &VaultKeys, encrypted: String) {
    let format = keys.format.clone();
    bridge.outbox.run(id, async move {
        let mut text = format?.open(&encrypted).await?;
        let text = AccessToken::new(std::mem::take(&mut *text));
        Ok(Value::Record(vec![Field::AccessToken(text)]))
    });
}

/// The same at once where nothing has to be derived; `null` where that is not so, and where it does
/// not open.
#[napi(catch_unwind, ts_return_type = "string | null")]
pub fn decrypt_derived_vault_value<'env>(
    env: &'env Env,
    keys: &VaultKeys,
    encrypted: String,
) -> Option<JsString<'env>> {
    let text = keys.format.as_ref().ok()?.open_derived(&encrypted)?;
    env.create_string(text.as_str()).ok()
}

/// Stores a token; resolves to the row's id. Without `sets_expiry` a stored expiry is kept.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn store_vault_token(
    instance: &Instance,
    id: u32,
    tenant_id: String,
    provider: String,
    token_type: String,
    identifier: Option<String>,
    value: String,
    sets_expiry: bool,
    expires_at_ms: Option<f64>,
) {
    let stores = instance.stores();
    let value = AccessToken::new(value);
    instance.outbox().run(id, async move {
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider);
        let client = endpoint.as_ref().ok().and_then(|endpoint| endpoint.client());
        let key = TokenKey::new(PairKey::new(&tenant_id, provider, identifier)?, token_type)?;
        let at = expires_at_ms.map(|ms| timestamp("expiresAt", ms)).transpose()?;
        let expires_at = sets_expiry.then(|| at.map(Timestamp::from_ms));
        let row = stores.vault.store(key, value, expires_at, client).await?;
        Ok(Value::Record(vec![Field::Text(row)]))
    });
}

/// The token, expired and invalid ones too; `null` when there is none.
#[napi(catch_unwind)]
pub fn get_vault_token(
    instance: &Instance,
    id: u32,
    tenant_id: String,
    provider: String,
    token_type: String,
    identifier: Option<String>,
) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let key = TokenKey::new(PairKey::new(&tenant_id, provider, identifier)?, token_type)?;
        let token = stores?.vault.token(key).await?;
        Ok(token.map_or(Value::Null, |token| Value::Record(fields(token))))
    });
}

/// The valid access token and whether it should be refreshed; `null` when there is none.
#[napi(catch_unwind)]
pub fn get_vault_access_token(
    instance: &Instance,
    id: u32,
    tenant_id: String,
    provider: String,
    identifier: Option<String>,
    buffer_minutes: f64,
) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let pair = PairKey::new(&tenant_id, provider, identifier)?;
        Ok(access(stores?.vault.access_token(pair, buffer_minutes).await?))
    });
}

/// The access token, refreshed if need be: by the function that the JavaScript API keeps as `refresh_fn` when
/// given, else at the provider; `null` when there is no connection.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn get_refreshed_vault_token(
    instance: &Instance,
    id: u32,
    tenant_id: String,
    provider: String,
    identifier: Option<String>,
    buffer_minutes: f64,
    refresh_fn: Option<u32>,
) {
    let stores = instance.stores();
    let refresh_fn = JsRefreshFn::kept(instance, refresh_fn);
    instance.outbox().run(id, async move {
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider);
        let pair = PairKey::new(&tenant_id, provider, identifier)?;
        let token = match refresh_fn {
            Some(refresh_fn) => {
                stores.vault.refreshed(pair, buffer_minutes, Ok(refresh_fn)).await?
            }
            None => stores.vault.refreshed(pair, buffer_minutes, endpoint).await?,
        };
        Ok(access(token))
    });
}

/// Marks a token as invalid.
#[napi(catch_unwind)]
pub fn mark_vault_token_invalid(instance: &Instance, id: u32, token_id: String, error: String) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        stores?.vault.mark_invalid(&token_id, &error).await.map(|()| Value::Nothing)
    });
}

/// Deletes a token, if there is one.
#[napi(catch_unwind)]
pub fn delete_vault_token(instance: &Instance, id: u32, token_id: String) {
    let stores = instance.stores();
    instance
        .outbox()
        .run(id, async move { stores?.vault.delete(&token_id).await.map(|()| Value::Nothing) });
}

/// Deletes all tokens of a tenant at a provider.
#[napi(catch_unwind)]
pub fn delete_vault_provider_tokens(
    instance: &Instance,
    id: u32,
    tenant_id: String,
    provider: String,
) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        stores?.vault.delete_provider(&tenant_id, &provider).await.map(|()| Value::Nothing)
    });
}

/// The access tokens that expire soon; four fields each.
#[napi(catch_unwind)]
pub fn find_expiring_vault_tokens(
    instance: &Instance,
    id: u32,
    within_minutes: f64,
    provider: Option<String>,
) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let found = stores?.vault.expiring(within_minutes, provider.as_deref()).await?;
        let fields = found.into_iter().flatten().map(|text| Field::optional(text, Field::Text));
        Ok(Value::Record(fields.collect()))
    });
}

/// An access token, and whether it should be refreshed.
fn access(token: Option<(Opened, bool)>) -> Value {
    token.map_or(Value::Null, |(token, needs_refresh)| {
        let mut record = fields(token);
        record.push(Field::Bool(needs_refresh));
        Value::Record(record)
    })
}

/// The fields in the order of `ts/stores/vault.ts`.
fn fields(token: Opened) -> Vec<Field> {
    let Opened { key, id, value, expires_at, is_valid, last_used_at } = token;
    let identifier = key.identifier().map(str::to_owned);
    vec![
        Field::Text(id),
        Field::Text(key.tenant_id().to_owned()),
        Field::Text(key.provider().to_owned()),
        Field::Text(key.token_type().to_owned()),
        Field::AccessToken(value),
        Field::optional(identifier, Field::Text),
        Field::optional(expires_at, Field::moment),
        Field::Text(is_valid),
        Field::optional(last_used_at, Field::moment),
    ]
}

impl Open for Vault {
    fn open(Opening { options, base, .. }: &Opening<'_>) -> Self {
        Self::new(vault::Options { base: base.clone(), format: options.vault_format() })
    }
}
