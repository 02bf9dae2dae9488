//! The calendar store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi_derive::napi;

use super::instance::Instance;
use super::message::{Field, Value};
use super::stores::{Open, Opening};
use crate::config::timestamp;
use crate::db::Timestamp;
use crate::secret::{AccessToken, RefreshToken};
use crate::store::calendar::{self, Calendar, Tokens};

/// Stores a user's tokens; replaces what was stored.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn save_calendar_tokens(
    instance: &Instance,
    id: u32,
    user_id: String,
    access_token: String,
    refresh_token: String,
    expires_at_ms: Option<f64>,
    scopes: Option<Vec<String>>,
) {
    let stores = instance.stores();
    let access_token = AccessToken::new(access_token);
    let refresh_token = RefreshToken::new(refresh_token);
    instance.outbox().run(id, async move {
        let at = expires_at_ms.map(|ms| timestamp("tokenExpiry", ms)).transpose()?;
        let expires_at = at.map(Timestamp::from_ms);
        let tokens = Tokens { access_token, refresh_token, expires_at, scopes };
        stores?.calendar.save(&user_id, tokens).await.map(|()| Value::Nothing)
    });
}

/// The stored tokens, fresh or not; `null` when there are none.
#[napi(catch_unwind)]
pub fn get_calendar_tokens(instance: &Instance, id: u32, user_id: String) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let tokens = stores?.calendar.tokens(&user_id).await?;
        Ok(tokens.map_or(Value::Null, record))
    });
}

/// Tokens with at least five minutes left, refreshed once across all processes if need be; `null`
/// when there are none.
#[napi(catch_unwind)]
pub fn get_calendar_credentials(instance: &Instance, id: u32, user_id: String) {
    let stores = instance.stores();
    instance.outbox().run(id, async move {
        let tokens = stores?.calendar.credentials(&user_id).await?;
        Ok(tokens.map_or(Value::Null, record))
    });
}

/// Deletes the row, if there is one; never calls Google.
#[napi(catch_unwind)]
pub fn delete_calendar_tokens(instance: &Instance, id: u32, user_id: String) {
    let stores = instance.stores();
    instance
        .outbox()
        .run(id, async move { stores?.calendar.delete(&user_id).await.map(|()| Value::Nothing) });
}

/// The fields in the order of `ts/stores/calendar.ts`: the scopes last, as many as there are.
fn record(tokens: Tokens) -> Value {
    let Tokens { access_token, refresh_token, expires_at, scopes } = tokens;
    let mut fields = vec![
        Field::AccessToken(access_token),
        Field::RefreshToken(refresh_token),
        Field::optional(expires_at, Field::moment),
        Field::Bool(scopes.is_some()),
    ];
    fields.extend(scopes.into_iter().flatten().map(Field::Text));
    Value::Record(fields)
}

impl Open for Calendar {
    fn open(opening: &Opening<'_>) -> Self {
        let Opening { options, base, sealing, providers, .. } = opening;
        Self::new(calendar::Options {
            base: base.clone(),
            sealing: Arc::clone(sealing),
            google: providers.google(),
            tells_user: options.jwt_claims.unwrap_or(false),
        })
    }
}
