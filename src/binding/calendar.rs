//! The calendar store's functions. Each settles the call `id` through the bridge.

use std::sync::Arc;

use napi_derive::napi;

use super::instance::call;
use super::message::Value;
use super::record::record;
use super::stores::{Open, Opening};
use crate::config::timestamp;
use crate::db::Timestamp;
use crate::secret::{AccessToken, RefreshToken};
use crate::store::calendar::{self, Calendar, Tokens};

/// Stores a user's tokens; replaces what was stored.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn save_calendar_tokens(
    instance: u32,
    id: u32,
    user_id: String,
    access_token: String,
    refresh_token: String,
    expires_at_ms: Option<f64>,
    scopes: Option<Vec<String>>,
) -> napi::Result<()> {
    let access_token = AccessToken::new(access_token);
    let refresh_token = RefreshToken::new(refresh_token);
    call(instance, id, move |stores| async move {
        let at = expires_at_ms.map(|ms| timestamp("tokenExpiry", ms)).transpose()?;
        let expires_at = at.map(Timestamp::from_ms);
        let tokens = Tokens { access_token, refresh_token, expires_at, scopes };
        stores?.calendar().save(&user_id, tokens).await.map(|()| Value::NOTHING)
    })
}

/// The stored tokens, fresh or not; `null` when there are none.
#[napi(catch_unwind)]
pub fn get_calendar_tokens(instance: u32, id: u32, user_id: String) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let tokens = stores?.calendar().tokens(&user_id).await?;
        Ok(Value::optional(tokens))
    })
}

/// Tokens with at least five minutes left, refreshed once across all processes if need be; `null`
/// when there are none.
#[napi(catch_unwind)]
pub fn get_calendar_credentials(instance: u32, id: u32, user_id: String) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let tokens = stores?.calendar().credentials(&user_id).await?;
        Ok(Value::optional(tokens))
    })
}

/// Deletes the row, if there is one; never calls Google.
#[napi(catch_unwind)]
pub fn delete_calendar_tokens(instance: u32, id: u32, user_id: String) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        stores?.calendar().delete(&user_id).await.map(|()| Value::NOTHING)
    })
}

record! {
    CalendarTokens(tokens: Tokens) {
        accessToken: tokens.access_token,
        refreshToken: tokens.refresh_token,
        tokenExpiry: tokens.expires_at,
    }
    nested {
        scopes: tokens.scopes,
    }
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
