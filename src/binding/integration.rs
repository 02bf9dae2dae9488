//! The integration store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi_derive::napi;

use super::instance::call;
use super::message::Value;
use super::record::record;
use super::refresh_fn::JsRefreshFn;
use super::stores::{Open, Opening};
use crate::config::timestamp;
use crate::db::Timestamp;
use crate::oauth::{Metadata, TokenEndpoint};
use crate::refresh::RefreshOptions;
use crate::secret::{AccessToken, RefreshToken};
use crate::store::integration::{
    self, Expiring, FailureCount, GetOptions, Integration, Key, ReceivedResponse, Summary, Tokens,
};
use crate::store::{ReplacedMetadata, StoreOptions};

/// The stored tokens, fresh or not, alive or not; `null` when there are none.
#[napi(catch_unwind)]
pub fn get_integration_token(
    instance: u32,
    id: u32,
    user_id: String,
    provider: String,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let tokens = stores?.integration().tokens(Key { user_id, provider }).await?;
        Ok(Value::optional(tokens))
    })
}

/// Stores a user's tokens; replaces what was stored. Without a refresh token the stored one is kept. An
/// `expires_at_ms` of `null`: the access token never expires. `metadata`, a JSON object, is added to the stored one.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn store_integration_token(
    instance: u32,
    id: u32,
    user_id: String,
    provider: String,
    access_token: String,
    refresh_token: Option<String>,
    expires_at_ms: Option<f64>,
    scopes: Vec<String>,
    metadata: Option<String>,
) -> napi::Result<()> {
    let access_token = AccessToken::new(access_token);
    let refresh_token = refresh_token.map(RefreshToken::new);
    call(instance, id, move |stores| async move {
        let expires_at = match expires_at_ms {
            Some(ms) => Timestamp::from_ms(timestamp("expiresAt", ms)?),
            None => Timestamp::INFINITY,
        };
        let tokens = Tokens { access_token, refresh_token, expires_at, scopes, metadata };
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider);
        let client = endpoint.as_ref().ok().and_then(|endpoint| endpoint.client());
        let key = Key { user_id, provider };
        let replaced = ReplacedMetadata { is_required: true, ..ReplacedMetadata::default() };
        stores.integration().store(key, tokens, client, &replaced).await.map(|()| Value::NOTHING)
    })
}

/// Stores the tokens of `response`, the body of a response of the provider's token endpoint, which was received at
/// `received_at_ms`. `scopes`: what was asked for; `metadata`: as for `store_integration_token`.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn store_token_response(
    instance: u32,
    id: u32,
    user_id: String,
    provider: String,
    response: String,
    received_at_ms: f64,
    scopes: Vec<String>,
    metadata: Option<String>,
) -> napi::Result<()> {
    let body = response.into_bytes().into();
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider)?;
        let received_at = Timestamp::from_ms(timestamp("receivedAt", received_at_ms)?);
        let metadata = Metadata::stored(metadata.as_deref());
        let response = ReceivedResponse { body, received_at, scopes, metadata };
        let key = Key { user_id, provider };
        stores.integration().store_response(key, &endpoint, response).await?;
        Ok(Value::NOTHING)
    })
}

/// Tokens with at least `min_ttl_ms` left, by default the refresh buffer. Refreshed if needed, or with
/// `force`, once across all processes: by `refresh_fn`, the number of a kept function, else at the provider.
#[napi(catch_unwind)]
pub fn get_valid_integration_token(
    instance: u32,
    id: u32,
    user_id: String,
    provider: String,
    min_ttl_ms: Option<u32>,
    force: bool,
    refresh_fn: Option<u32>,
) -> napi::Result<()> {
    let refresh_fn = JsRefreshFn::kept(instance, refresh_fn)?;
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let options = GetOptions { min_ttl_ms: min_ttl_ms.map(u64::from), force };
        let endpoint = stores.providers.endpoint(&provider);
        let unknown = endpoint.is_err().then(|| provider.clone());
        let (key, store) = (Key { user_id, provider }, stores.integration());
        let tokens = match refresh_fn {
            Some(refresh_fn) => store.valid(key, Ok(refresh_fn), options).await,
            None => store.valid(key, endpoint, options).await,
        };
        let explained = |error| match &unknown {
            Some(provider) => stores.providers.with_nearest(provider, error),
            None => error,
        };
        tokens.map(Value::record).map_err(explained)
    })
}

/// Refreshes every token with no more than so many milliseconds left, of the providers that are
/// described; resolves to what came of them.
#[napi(catch_unwind)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole numbers above 0, by the JavaScript API
pub fn refresh_expiring_integrations(
    instance: u32,
    id: u32,
    within_ms: f64,
    concurrency: u32,
    limit: Option<f64>,
    per_second: Option<f64>,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let options = Expiring {
            expires_within_ms: within_ms as u64,
            concurrency: concurrency as usize,
            limit: limit.map(|limit| limit as u64),
            per_second,
        };
        let endpoints = stores.providers.all()?;
        stores.integration().refresh_expiring(options, endpoints).await.map(Value::record)
    })
}

/// For how many milliseconds a connection has failed in the same way; `null` when it does not.
#[napi(catch_unwind)]
pub fn integration_failing(
    instance: u32,
    id: u32,
    user_id: String,
    provider: String,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let key = Key { user_id, provider };
        Ok(Value::milliseconds(stores?.integration().failing_since(&key).await?))
    })
}

/// Deletes the row, then has the provider revoke its tokens; resolves to whether there was a row.
#[napi(catch_unwind)]
pub fn revoke_integration(
    instance: u32,
    id: u32,
    user_id: String,
    provider: String,
    confirm: bool,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider);
        let endpoint = endpoint.map_err(|error| stores.providers.with_nearest(&provider, error));
        let key = Key { user_id, provider };
        let revoked = stores.connect.revoke(&stores.integration(), key, endpoint, confirm).await?;
        Ok(Value::bool(revoked))
    })
}

/// The last moment of a JavaScript `Date`, which cannot represent every moment of PostgreSQL.
const LAST_DATE: Timestamp = Timestamp::from_ms(8_640_000_000_000_000);

record! {
    IntegrationToken(tokens: Tokens) {
        accessToken: tokens.access_token,
        refreshToken: tokens.refresh_token,
        expiresAt: (tokens.expires_at != Timestamp::INFINITY).then(|| tokens.expires_at.min(LAST_DATE)),
        metadata: tokens.metadata,
    }
    nested {
        scopes: tokens.scopes,
    }
}

record! {
    RefreshExpiringResult(summary: Summary) {
        refreshed: summary.refreshed,
        failed: summary.failed,
        revoked: summary.revoked,
    }
    nested {
        failures: summary.failures,
        skipped: summary.skipped,
    }
}

record! {
    RefreshFailures(failures: FailureCount) {
        provider: failures.provider,
        code: failures.code,
        count: failures.count,
    }
}

/// Provider, number of rows.
pub(super) type SkippedRows = (String, u64);

record! {
    SkippedRows(skipped: SkippedRows) {
        provider: skipped.0,
        count: skipped.1,
    }
}

impl Open for Integration {
    fn open(Opening { options, base, sealing, .. }: &Opening<'_>) -> Self {
        // docs/internals/stores.md, integration: Usable at once.
        let usable_at_once = options.usable_at_once.unwrap_or(true);
        let refresh_options = RefreshOptions { usable_at_once, ..base.refresh_options };
        Self::new(integration::Options {
            base: StoreOptions { refresh_options, ..base.clone() },
            sealing: Arc::clone(sealing),
        })
    }
}
