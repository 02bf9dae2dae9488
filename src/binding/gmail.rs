//! The gmail store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi_derive::napi;

use super::instance::call;
use super::message::Value;
use super::record::record;
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
    instance: u32,
    id: u32,
    user_id: String,
    tenant_id: String,
    access_token: String,
    refresh_token: String,
    expires_at_ms: f64,
    scope: String,
) -> napi::Result<()> {
    let tokens = NewTokens {
        user_id,
        tenant_id,
        access_token: AccessToken::new(access_token),
        refresh_token: RefreshToken::new(refresh_token),
        expires_at_ms,
        scope,
    };
    call(instance, id, move |stores| async move {
        stores?.gmail().upsert(tokens).await.map(|()| Value::NOTHING)
    })
}

/// The row with its tokens opened, fresh or not; `null` when there is none.
#[napi(catch_unwind)]
pub fn get_gmail_token_decrypted(instance: u32, id: u32, user_id: String) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let token = stores?.gmail().decrypted(user_id).await?;
        Ok(Value::optional(token))
    })
}

/// Deletes the row, if there is one; never calls Google.
#[napi(catch_unwind)]
pub fn delete_gmail_tokens(instance: u32, id: u32, user_id: String) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        stores?.gmail().delete(user_id).await.map(|()| Value::NOTHING)
    })
}

/// Whether there is a row; opens nothing.
#[napi(catch_unwind)]
pub fn has_active_gmail_connection(instance: u32, id: u32, user_id: String) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        stores?.gmail().is_connected(user_id).await.map(Value::bool)
    })
}

/// A token with at least five minutes left, refreshed if needed, once across all processes: by
/// `refresh_fn`, the number of a kept function, else at Google.
#[napi(catch_unwind)]
pub fn get_valid_gmail_token(
    instance: u32,
    id: u32,
    user_id: String,
    refresh_fn: Option<u32>,
) -> napi::Result<()> {
    let refresh_fn = JsRefreshFn::kept(instance, refresh_fn)?;
    call(instance, id, move |stores| async move {
        stores?.gmail().valid(user_id, refresh_fn).await.map(Value::record)
    })
}

record! {
    GmailToken(token: Decrypted) {
        id: token.id(),
        userId: token.user_id(),
        tenantId: token.tenant_id(),
        accessToken: token.access_token().expose(),
        // The public type has no absent refresh token.
        refreshToken: token.refresh_token().map_or("", RefreshToken::expose),
        expiresAt: token.expires_at_ms(),
        scope: token.scope(),
        keyVersion: token.key_version,
        connectedAt: token.connected_at_ms(),
    }
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
