//! The vault store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi::JsString;
use napi::bindgen_prelude::{Env, External};
use napi_derive::napi;
use zeroize::Zeroizing;

use super::bridge::Bridge;
use super::failure::string;
use super::instance::call;
use super::message::Value;
use super::options::required;
use super::record::record;
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

/// `ENCRYPTION_SECRET` and its predecessor. An external value, which is found ten times faster than an instance of a class.
#[napi]
pub type VaultKeys = External<OpenVaultKeys>;

/// What JavaScript holds as [`VaultKeys`].
#[napi]
pub struct OpenVaultKeys {
    format: Result<Arc<VaultFormat>>,
    clock: Tokio,
}

/// Checks secrets. A missing or malformed secret is an error of the functions that need it.
#[napi(catch_unwind)]
pub fn open_vault_keys(
    secret: Option<String>,
    previous: Option<String>,
    salt_reuse: bool,
) -> VaultKeys {
    let (secret, previous) = (secret.map(Zeroizing::new), previous.map(Zeroizing::new));
    let previous = previous.as_ref().map(|text| text.as_str());
    let format = required("ENCRYPTION_SECRET", secret.as_deref())
        .and_then(|secret| VaultFormat::open_shared(secret, previous, salt_reuse));
    External::new(OpenVaultKeys { format, clock: Tokio::default() })
}

/// Seals any text as `base64(salt iv authTag ciphertext)`, with a key that scrypt derived.
#[napi(catch_unwind)]
pub fn encrypt_vault_value(bridge: &Bridge, id: u32, keys: &VaultKeys, plaintext: String) {
    let (format, now) = (keys.format.clone(), keys.clock.monotonic());
    let plaintext = AccessToken::new(plaintext);
    bridge.outbox.run(id, async move {
        let sealed = format?.seal(plaintext.expose(), now).await?;
        Ok(Value::text(sealed))
    });
}

/// Opens a value that one of the secrets sealed; otherwise rejects with `ERR_TOKENKEEP_DECRYPTION`.
#[napi(catch_unwind)]
pub fn decrypt_vault_value(bridge: &Bridge, id: u32, keys: &VaultKeys, encrypted: String) {
    let format = keys.format.clone();
    bridge.outbox.run(id, async move {
        let mut text = format?.open(&encrypted).await?;
        let text = AccessToken::new(std::mem::take(&mut *text));
        Ok(Value::secret(text))
    });
}

/// The same synchronously, if the key is derived already; `null` if it is not, or the value does not open.
#[napi(catch_unwind, ts_return_type = "string | null")]
pub fn decrypt_derived_vault_value<'env>(
    env: &'env Env,
    keys: &VaultKeys,
    encrypted: String,
) -> Option<JsString<'env>> {
    let text = keys.format.as_ref().ok()?.open_derived(&encrypted)?;
    string(env, &text).ok()
}

/// Stores a token; resolves to the row's id. Without `sets_expiry` a stored expiry is kept.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn store_vault_token(
    instance: u32,
    id: u32,
    tenant_id: String,
    provider: String,
    token_type: String,
    identifier: Option<String>,
    value: String,
    sets_expiry: bool,
    expires_at_ms: Option<f64>,
) -> napi::Result<()> {
    let value = AccessToken::new(value);
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider);
        let client = endpoint.as_ref().ok().and_then(|endpoint| endpoint.client());
        let key = TokenKey::new(PairKey::new(&tenant_id, provider, identifier)?, token_type)?;
        let at = expires_at_ms.map(|ms| timestamp("expiresAt", ms)).transpose()?;
        let expires_at = sets_expiry.then(|| at.map(Timestamp::from_ms));
        let row = stores.vault().store(key, value, expires_at, client).await?;
        Ok(Value::text(row))
    })
}

/// The token, expired and invalid ones too; `null` when there is none.
#[napi(catch_unwind)]
pub fn get_vault_token(
    instance: u32,
    id: u32,
    tenant_id: String,
    provider: String,
    token_type: String,
    identifier: Option<String>,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let key = TokenKey::new(PairKey::new(&tenant_id, provider, identifier)?, token_type)?;
        let token = stores?.vault().token(key).await?;
        Ok(Value::optional(token))
    })
}

/// The valid access token and whether it should be refreshed; `null` when there is none.
#[napi(catch_unwind)]
pub fn get_vault_access_token(
    instance: u32,
    id: u32,
    tenant_id: String,
    provider: String,
    identifier: Option<String>,
    buffer_minutes: f64,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let pair = PairKey::new(&tenant_id, provider, identifier)?;
        Ok(Value::optional(stores?.vault().access_token(pair, buffer_minutes).await?))
    })
}

/// The access token, refreshed if needed: by `refresh_fn`, the number of a kept function, else at the
/// provider. `null` if there is no connection.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn get_refreshed_vault_token(
    instance: u32,
    id: u32,
    tenant_id: String,
    provider: String,
    identifier: Option<String>,
    buffer_minutes: f64,
    refresh_fn: Option<u32>,
) -> napi::Result<()> {
    let refresh_fn = JsRefreshFn::kept(instance, refresh_fn)?;
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider);
        let pair = PairKey::new(&tenant_id, provider, identifier)?;
        let token = match refresh_fn {
            Some(refresh_fn) => {
                stores.vault().refreshed(pair, buffer_minutes, Ok(refresh_fn)).await?
            }
            None => stores.vault().refreshed(pair, buffer_minutes, endpoint).await?,
        };
        Ok(Value::optional(token))
    })
}

/// Marks a token as invalid.
#[napi(catch_unwind)]
pub fn mark_vault_token_invalid(
    instance: u32,
    id: u32,
    token_id: String,
    error: String,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        stores?.vault().mark_invalid(&token_id, &error).await.map(|()| Value::NOTHING)
    })
}

/// Deletes a token, if there is one.
#[napi(catch_unwind)]
pub fn delete_vault_token(instance: u32, id: u32, token_id: String) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        stores?.vault().delete(&token_id).await.map(|()| Value::NOTHING)
    })
}

/// Deletes all tokens of a tenant at a provider.
#[napi(catch_unwind)]
pub fn delete_vault_provider_tokens(
    instance: u32,
    id: u32,
    tenant_id: String,
    provider: String,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        stores?.vault().delete_provider(&tenant_id, &provider).await.map(|()| Value::NOTHING)
    })
}

/// The keys of the access tokens that expire soon.
#[napi(catch_unwind)]
pub fn find_expiring_vault_tokens(
    instance: u32,
    id: u32,
    within_minutes: f64,
    provider: Option<String>,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let found = stores?.vault().expiring(within_minutes, provider.as_deref()).await?;
        Ok(Value::record(ExpiringTokens(found)))
    })
}

record! {
    VaultToken(token: Opened) {
        id: token.id,
        tenantId: token.key.tenant_id(),
        provider: token.key.provider(),
        tokenType: token.key.token_type(),
        value: token.value,
        identifier: token.key.identifier(),
        expiresAt: token.expires_at,
        isValid: token.is_valid,
        lastUsedAt: token.last_used_at,
    }
}

record! {
    VaultAccessToken(access: (Opened, bool)) {
        needsRefresh: access.1,
    }
    nested {
        token: access.0,
    }
}

/// The keys of access tokens that expire soon.
pub(super) struct ExpiringTokens(Vec<ExpiringToken>);

/// Tenant, provider, token type, identifier.
pub(super) type ExpiringToken = [Option<String>; 4];

record! {
    ExpiringVaultTokens(expiring: ExpiringTokens) {}
    nested {
        tokens: expiring.0,
    }
}

record! {
    ExpiringVaultToken(token: ExpiringToken) {
        tenantId: token[0].as_deref(),
        provider: token[1].as_deref(),
        tokenType: token[2].as_deref(),
        identifier: token[3].as_deref(),
    }
}

impl Open for Vault {
    fn open(Opening { options, base, .. }: &Opening<'_>) -> Self {
        Self::new(vault::Options { base: base.clone(), format: options.vault_format() })
    }
}
