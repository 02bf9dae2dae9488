//! Connecting and disconnecting users. Each settles the call `id` through the bridge. The calendar
//! store is the one that users connect to.

use napi_derive::napi;

use super::keep::Keep;
use super::message::{Field, Value};
use crate::connect::{Begin, Callback};

/// Resolves to a ticket: whoever has it can connect an account to this user, once, within a day.
#[napi(catch_unwind)]
pub fn make_ticket(
    keep: &Keep,
    id: u32,
    user_id: String,
    scopes: Vec<String>,
    return_to: Option<String>,
) {
    let stores = keep.stores();
    keep.outbox().run(id, async move {
        let stores = stores?;
        let ticket = stores.connect.ticket(&stores.calendar, &user_id, scopes, return_to).await?;
        Ok(Value::Record(vec![Field::Text(ticket)]))
    });
}

/// Rejects a ticket that would not be taken; does not use it up.
#[napi(catch_unwind)]
pub fn check_ticket(keep: &Keep, id: u32, ticket: String, user_id: Option<String>) {
    let stores = keep.stores();
    keep.outbox().run(id, async move {
        let stores = stores?;
        let user_id = user_id.as_deref();
        stores.connect.check_ticket(&stores.calendar, &ticket, user_id).await?;
        Ok(Value::Nothing)
    });
}

/// Uses a ticket up; resolves to where the browser is to be sent.
#[napi(catch_unwind)]
pub fn follow_ticket(
    keep: &Keep,
    id: u32,
    ticket: String,
    user_id: Option<String>,
    browser: String,
) {
    let stores = keep.stores();
    keep.outbox().run(id, async move {
        let stores = stores?;
        let user_id = user_id.as_deref();
        let url = stores.connect.follow(&stores.calendar, &ticket, user_id, browser).await?;
        Ok(Value::Record(vec![Field::Text(url)]))
    });
}

/// Begins a flow; resolves to where the browser is to be sent.
#[napi(catch_unwind)]
pub fn begin_authorization(
    keep: &Keep,
    id: u32,
    user_id: String,
    browser: Option<String>,
    scopes: Vec<String>,
    return_to: Option<String>,
) {
    let stores = keep.stores();
    keep.outbox().run(id, async move {
        let stores = stores?;
        let begin = Begin { user_id, browser, scopes, return_to };
        let url = stores.connect.begin(&stores.calendar, begin).await?;
        Ok(Value::Record(vec![Field::Text(url)]))
    });
}

/// What a browser came back with.
#[napi(object)]
pub struct CallbackParameters {
    pub state: String,
    pub code: Option<String>,
    pub error: Option<String>,
    pub issuer: Option<String>,
    pub browser: Option<String>,
    pub user_id: Option<String>,
}

/// Ends a flow; resolves to the user, whether it is another account than before, and where to go.
#[napi(catch_unwind)]
pub fn finish_authorization(keep: &Keep, id: u32, callback: CallbackParameters) {
    let stores = keep.stores();
    let CallbackParameters { state, code, error, issuer, browser, user_id } = callback;
    let callback = Callback { state, code, error, issuer, browser, user_id };
    keep.outbox().run(id, async move {
        let stores = stores?;
        let connected = stores.connect.finish(&stores.calendar, callback).await?;
        Ok(Value::Record(vec![
            Field::Text(connected.user_id),
            Field::Bool(connected.account_changed),
            Field::optional(connected.return_to, Field::Text),
        ]))
    });
}

/// Deletes a user's tokens, then revokes them; resolves to whether there were any.
#[napi(catch_unwind)]
pub fn disconnect(keep: &Keep, id: u32, user_id: String) {
    let stores = keep.stores();
    keep.outbox().run(id, async move {
        let stores = stores?;
        stores.connect.disconnect(&stores.calendar, &user_id).await.map(Value::Bool)
    });
}
