//! The zoho store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi_derive::napi;

use super::instance::call;
use super::message::Value;
use super::stores::{Open, Opening};
use crate::oauth::ClientCredentials;
use crate::secret::{AccessToken, RefreshToken};
use crate::store::zoho::{self, Key, NewTokens, Zoho};

/// An access token with at least five minutes left, refreshed once across all processes if need be.
#[napi(catch_unwind)]
pub fn get_zoho_access_token(
    instance: u32,
    id: u32,
    client_id: String,
    provider: String,
    oauth_client_id: String,
    oauth_client_secret: String,
) -> napi::Result<()> {
    let credentials = ClientCredentials::new(oauth_client_id, oauth_client_secret);
    call(instance, id, move |stores| async move {
        let key = Key { client_id, provider };
        let token = stores?.zoho().access_token(key, credentials).await?;
        Ok(Value::secret(token))
    })
}

/// Stores tokens; replaces what was stored. `metadata` is a JSON object.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn store_zoho_tokens(
    instance: u32,
    id: u32,
    client_id: String,
    provider: String,
    access_token: Option<String>,
    refresh_token: String,
    expires_in_s: Option<f64>,
    scopes: Option<String>,
    metadata: Option<String>,
) -> napi::Result<()> {
    let tokens = NewTokens {
        key: Key { client_id, provider },
        access_token: access_token.map(AccessToken::new),
        refresh_token: RefreshToken::new(refresh_token),
        expires_in_s,
        scopes,
        metadata,
    };
    call(instance, id, move |stores| async move {
        stores?.zoho().store(tokens).await.map(|()| Value::NOTHING)
    })
}

/// Whether there is a row, or a refresh token in the environment; opens nothing.
#[napi(catch_unwind)]
pub fn has_zoho_token(
    instance: u32,
    id: u32,
    client_id: String,
    provider: String,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        stores?.zoho().has_token(Key { client_id, provider }).await.map(Value::bool)
    })
}

impl Open for Zoho {
    fn open(opening: &Opening<'_>) -> Self {
        let Opening { options, base, sealing, http, .. } = opening;
        Self::new(zoho::Options {
            base: base.clone(),
            sealing: Arc::clone(sealing),
            environment: options.zoho_refresh_token(),
            accounts_server: options.zoho_accounts_server.clone(),
            accounts_servers: options.zoho_servers(),
            token_url: options.zoho_token_url.clone(),
            allow_insecure: options.allows_insecure(),
            http: http.clone(),
        })
    }
}
