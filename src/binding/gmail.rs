//! The gmail store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi_derive::napi;

use super::instance::Instance;
use super::message::{Field, Value, number};
use super::refresh_fn::JsRefreshFn;
use super::stores::{Open, Opening};
use crate::refresh::RefreshConfig;
use crate::secret::{AccessToken, RefreshToken};
use crate::store::StoreOptions;
use crate::store::gmail::{self, Decrypted, Gmail, NewTokens};

/// Stores a user's tokens; replaces what was stored.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn upsert_gmail_tokens(
    instance: &Instance,
    id: u32,
    user_id: String,
    tenant_id: String,
    access_token: String,
    refresh_token: String,
    expires_at_ms: f64,
    scope: String,
) {
    let tokens = NewTokens {
        user_id,
        tenant_id,
        access_token: AccessToken::new(access_token),
        refresh_token: RefreshToken::new(refresh_token),
        expires_at_ms,
        scope,
    };
    let stores = instance.stores();
    instance
        .outbox()
        .run(id, async move { stores?.gmail.upsert(tokens).await.map(|()| Value::Nothing) });
}

/// The row with its tokens opened, fresh or not; `null` when there is none.
#[napi(catch_unwind)]
pub fn get_gmail_token_decrypted(instance: &Instance, id: u32, user_id: String) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let token = stores?.gmail.decrypted(user_id).await?;
        Ok(token.map_or(Value::Null, record))
    });
}

/// Deletes the row, if there is one; never calls Google.
#[napi(catch_unwind)]
pub fn delete_gmail_tokens(instance: &Instance, id: u32, user_id: String) {
    let stores = instance.stores();
    instance
        .outbox()
        .run(id, async move { stores?.gmail.delete(user_id).await.map(|()| Value::Nothing) });
}

/// Whether there is a row; opens nothing.
#[napi(catch_unwind)]
pub fn has_active_gmail_connection(instance: &Instance, id: u32, user_id: String) {
    let stores = instance.stores();
    instance
        .outbox()
        .run(id, async move { stores?.gmail.is_connected(user_id).await.map(Value::Bool) });
}

/// A token with at least five minutes left, refreshed once across all processes if need be; by
/// the function that the JavaScript API keeps as `refresh_fn` when given.
#[napi(catch_unwind)]
pub fn get_valid_gmail_token(
    instance: &Instance,
    id: u32,
    user_id: String,
    refresh_fn: Option<u32>,
) {
    let stores = instance.stores();
    let refresh_fn = JsRefreshFn::kept(instance, refresh_fn);
    instance
        .outbox()
        .run(id, async move { stores?.gmail.valid(user_id, refresh_fn).await.map(record) });
}

/// The fields in the order of `ts/stores/gmail.ts`.
fn record(token: Decrypted) -> Value {
    Value::Record(vec![
        Field::Text(token.id),
        Field::Text(token.user_id),
        Field::Text(token.tenant_id),
        Field::AccessToken(token.access_token),
        Field::RefreshToken(token.refresh_token),
        Field::Number(number(token.expires_at_ms)),
        Field::Text(token.scope),
        Field::Number(f64::from(token.key_version)),
        Field::Number(number(token.connected_at_ms)),
    ])
}

impl Open for Gmail {
    fn open(opening: &Opening<'_>) -> Self {
        let Opening { options, base, providers, .. } = opening;
        let format = options.gmail_encryption_key().and_then(gmail::format);
        let mixed_fleet = options.mixed_fleet.unwrap_or(false);
        let config = RefreshConfig { mixed_fleet, ..base.config };
        Self::new(gmail::Options {
            base: StoreOptions { config, ..base.clone() },
            format: format.map(Arc::new),
            google: providers.google(),
        })
    }
}
