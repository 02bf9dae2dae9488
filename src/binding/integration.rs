//! The integration store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi_derive::napi;

use super::instance::Instance;
use super::message::{Field, Value, number};
use super::refresh_fn::JsRefreshFn;
use super::stores::{Open, Opening};
use crate::config::timestamp;
use crate::db::Timestamp;
use crate::oauth::TokenEndpoint;
use crate::refresh::RefreshOptions;
use crate::secret::{AccessToken, RefreshToken};
use crate::store::StoreOptions;
use crate::store::integration::{
    self, Expiring, Failing, GetOptions, Integration, Key, Summary, Tokens,
};

/// The stored tokens, fresh or not, alive or not; `null` when there are none.
#[napi(catch_unwind)]
pub fn get_integration_token(instance: &Instance, id: u32, user_id: String, provider: String) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let tokens = stores?.integration.tokens(Key { user_id, provider }).await?;
        Ok(tokens.map_or(Value::Null, record))
    });
}

/// Stores a user's tokens; replaces what was stored. Without a refresh token the stored one is kept.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn store_integration_token(
    instance: &Instance,
    id: u32,
    user_id: String,
    provider: String,
    access_token: String,
    refresh_token: Option<String>,
    expires_at_ms: f64,
    scopes: Vec<String>,
) {
    let stores = instance.stores();
    let access_token = AccessToken::new(access_token);
    let refresh_token = refresh_token.map(RefreshToken::new);
    instance.outbox().run(id, async move {
        let expires_at = Timestamp::from_ms(timestamp("expiresAt", expires_at_ms)?);
        let tokens = Tokens { access_token, refresh_token, expires_at, scopes };
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider);
        let client = endpoint.as_ref().ok().and_then(|endpoint| endpoint.client());
        let key = Key { user_id, provider };
        stores.integration.store(key, tokens, client).await.map(|()| Value::Nothing)
    });
}

/// Tokens with so many milliseconds left, else the refresh buffer; refreshed once across all processes
/// if need be, or if `force` says so: by the kept function when there is one, else at the provider.
#[napi(catch_unwind)]
pub fn get_valid_integration_token(
    instance: &Instance,
    id: u32,
    user_id: String,
    provider: String,
    min_ttl_ms: Option<u32>,
    force: bool,
    refresh_fn: Option<u32>,
) {
    let stores = instance.stores();
    let refresh_fn = JsRefreshFn::kept(instance, refresh_fn);
    instance.outbox().run(id, async move {
        let stores = stores?;
        let options = GetOptions { min_ttl_ms: min_ttl_ms.map(u64::from), force };
        let endpoint = stores.providers.endpoint(&provider);
        let (key, store) = (Key { user_id, provider }, &stores.integration);
        let tokens = match refresh_fn {
            Some(refresh_fn) => store.valid(key, Ok(refresh_fn), options).await?,
            None => store.valid(key, endpoint, options).await?,
        };
        Ok(record(tokens))
    });
}

/// Refreshes every token with no more than so many milliseconds left, of the providers that are
/// described; resolves to how many were refreshed, failed, and are dead, then how many kinds of failures
/// there are, these (provider, code, rows), and what was skipped (provider, rows).
#[napi(catch_unwind)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole numbers above 0, by the JavaScript API
pub fn refresh_expiring_integrations(
    instance: &Instance,
    id: u32,
    within_ms: f64,
    concurrency: u32,
    limit: Option<f64>,
    per_second: Option<f64>,
) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let stores = stores?;
        let options = Expiring {
            expires_within_ms: within_ms as u64,
            concurrency: concurrency as usize,
            limit: limit.map(|limit| limit as u64),
            per_second,
        };
        let endpoints = stores.providers.all()?;
        stores.integration.refresh_expiring(options, endpoints).await.map(summary)
    });
}

/// For how many milliseconds a connection has failed in the same way, and how often; `null` when it does
/// not.
#[napi(catch_unwind)]
pub fn integration_failing(instance: &Instance, id: u32, user_id: String, provider: String) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let failing = stores?.integration.failing_since(&Key { user_id, provider }).await?;
        Ok(failing.map_or(Value::Null, |Failing { for_ms, failures }| {
            Value::Record(vec![Field::Number(number(for_ms)), Field::Number(f64::from(failures))])
        }))
    });
}

/// The fields in the order of `ts/stores/integration.ts`.
fn summary(summary: Summary) -> Value {
    let Summary { refreshed, failed, revoked, failures, skipped } = summary;
    let count = |count| Field::Number(number(i64::try_from(count).unwrap_or(i64::MAX)));
    let kinds = u64::try_from(failures.len()).unwrap_or(u64::MAX);
    let mut fields: Vec<Field> = [refreshed, failed, revoked, kinds].map(count).into();
    for failure in failures {
        let provider = Field::Text(failure.provider);
        fields.extend([provider, Field::Text(failure.code.to_owned()), count(failure.count)]);
    }
    for (provider, rows) in skipped {
        fields.extend([Field::Text(provider), count(rows)]);
    }
    Value::Record(fields)
}

/// Deletes the row, then tells the provider; resolves to whether there was one.
#[napi(catch_unwind)]
pub fn revoke_integration(
    instance: &Instance,
    id: u32,
    user_id: String,
    provider: String,
    confirm: bool,
) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let stores = stores?;
        let endpoint = stores.providers.endpoint(&provider);
        let key = Key { user_id, provider };
        let revoked = stores.connect.revoke(&stores.integration, key, endpoint, confirm).await?;
        Ok(Value::Bool(revoked))
    });
}

/// The last moment of a JavaScript `Date`.
const LAST_DATE: Timestamp = Timestamp::from_ms(8_640_000_000_000_000);

/// The fields in the order of `ts/stores/integration.ts`: the scopes last, as many as there are.
fn record(tokens: Tokens) -> Value {
    let Tokens { access_token, refresh_token, expires_at, scopes } = tokens;
    let mut fields = vec![
        Field::AccessToken(access_token),
        Field::optional(refresh_token, Field::RefreshToken),
        // `infinity` is no moment that JavaScript has.
        Field::moment(expires_at.min(LAST_DATE)),
    ];
    fields.extend(scopes.into_iter().map(Field::Text));
    Value::Record(fields)
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
