//! Connecting and disconnecting users. Each settles the call `id` through the bridge. `store` is the
//! one that users connect to: `calendar` or `integration`.

use std::collections::HashMap;

use napi_derive::napi;

use super::instance::call;
use super::message::Value;
use super::record::record;
use crate::connect::{At, AuthorizationResponse, Begin, Connected};
use crate::store::to_connecting_store;

/// Resolves to a connect link: with it one account can be connected to this user, once, within a day.
#[napi(catch_unwind)]
pub fn make_connect_link(
    instance: u32,
    id: u32,
    store: String,
    user_id: String,
    scopes: Vec<String>,
    return_to: Option<String>,
    at: Option<AtProvider>,
) -> napi::Result<()> {
    let at = at.map(At::from);
    call(instance, id, move |stores| async move {
        let stores = stores?;
        to_connecting_store!(stores, store.as_str(), |store| {
            let link = stores.connect.link(store, &user_id, scopes, return_to, at).await?;
            Ok(Value::text(link))
        })
    })
}

/// Rejects a link that is not valid; does not use it up.
#[napi(catch_unwind)]
pub fn check_connect_link(
    instance: u32,
    id: u32,
    store: String,
    link: String,
    user_id: Option<String>,
    provider: Option<String>,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let (user_id, provider) = (user_id.as_deref(), provider.as_deref());
        to_connecting_store!(stores, store.as_str(), |store| {
            stores.connect.check_connect_link(store, &link, user_id, provider).await?;
            Ok(Value::NOTHING)
        })
    })
}

/// Uses a link up; resolves to the URL for the browser.
#[napi(catch_unwind)]
pub fn follow_connect_link(
    instance: u32,
    id: u32,
    store: String,
    link: String,
    user_id: Option<String>,
    browser: String,
    provider: Option<String>,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let (user_id, provider) = (user_id.as_deref(), provider.as_deref());
        to_connecting_store!(stores, store.as_str(), |store| {
            let url = stores.connect.follow(store, &link, user_id, browser, provider).await?;
            Ok(Value::text(url))
        })
    })
}

/// Begins an authorization; resolves to the URL for the browser.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)] // an object would cost a property read each
pub fn begin_authorization(
    instance: u32,
    id: u32,
    store: String,
    user_id: String,
    browser: Option<String>,
    scopes: Vec<String>,
    return_to: Option<String>,
    at: Option<AtProvider>,
) -> napi::Result<()> {
    let at = at.map(At::from);
    call(instance, id, move |stores| async move {
        let stores = stores?;
        to_connecting_store!(stores, store.as_str(), |store| {
            let begin = Begin { user_id, browser, scopes, return_to, at };
            let url = stores.connect.begin(store, begin).await?;
            Ok(Value::text(url))
        })
    })
}

/// The provider of a flow, with the key of a further account after `#`, its redirect URI, and the values of the
/// connection's variables.
#[napi(object)]
pub struct AtProvider {
    pub provider: String,
    pub redirect_uri: String,
    pub variables: HashMap<String, String>,
}

impl From<AtProvider> for At {
    fn from(AtProvider { provider, redirect_uri, variables }: AtProvider) -> Self {
        Self { provider, redirect_uri, variables: variables.into_iter().collect() }
    }
}

/// The parameters with which a browser returned.
#[napi(object)]
pub struct AuthorizationResponseFields {
    pub state: String,
    pub code: Option<String>,
    pub error: Option<String>,
    pub issuer: Option<String>,
    /// The other parameters.
    pub parameters: Option<HashMap<String, String>>,
    /// The provider to whose redirect URI it returned; absent: Google's own.
    pub provider: Option<String>,
    pub browser: Option<String>,
    /// Whether the authorization must have been begun for a browser.
    pub requires_browser: Option<bool>,
    pub user_id: Option<String>,
}

/// Ends an authorization; resolves to the connected user.
#[napi(catch_unwind)]
pub fn finish_authorization(
    instance: u32,
    id: u32,
    store: String,
    response: AuthorizationResponseFields,
) -> napi::Result<()> {
    let response = AuthorizationResponse {
        state: response.state,
        code: response.code,
        error: response.error,
        issuer: response.issuer,
        parameters: response.parameters.unwrap_or_default(),
        provider: response.provider,
        browser: response.browser,
        requires_browser: response.requires_browser.unwrap_or(false),
        user_id: response.user_id,
    };
    call(instance, id, move |stores| async move {
        let stores = stores?;
        to_connecting_store!(stores, store.as_str(), |store| {
            stores.connect.finish(store, response).await.map(Value::record)
        })
    })
}

record! {
    Connected(connected: Connected) {
        userId: connected.user_id,
        accountChanged: connected.account_changed,
        returnTo: connected.return_to,
    }
}

/// Deletes a user's tokens, then revokes them; resolves to whether there were any.
#[napi(catch_unwind)]
pub fn disconnect(
    instance: u32,
    id: u32,
    store: String,
    user_id: String,
    provider: Option<String>,
) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        let stores = stores?;
        let provider = provider.as_deref();
        to_connecting_store!(stores, store.as_str(), |store| {
            stores.connect.disconnect(store, &user_id, provider).await.map(Value::bool)
        })
    })
}
