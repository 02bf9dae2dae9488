//! The application's own `fetch` instead of the HTTP client: for proxies, mutual TLS, tests.

use std::sync::Arc;

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::bridge::{Bridge, Outbox, lock};
use super::message::Message;
use crate::config::RESPONSE_MAX_BYTES;
use crate::oauth::{Boxed, HttpClient, HttpFailure, HttpRequest, HttpResponse};
use crate::refresh::Caller;

type Fetched = Result<HttpResponse, HttpFailure>;

/// A request that the JavaScript API sends; waits for its answer.
pub(super) type Sender = oneshot::Sender<Fetched>;

/// The `fetch` of the instance with this number.
pub(super) struct Fetch {
    outbox: Arc<Outbox>,
    instance: u32,
}

impl Fetch {
    pub(super) fn of(outbox: &Arc<Outbox>, instance: u32) -> Arc<dyn HttpClient> {
        Arc::new(Self { outbox: Arc::clone(outbox), instance })
    }
}

/// Aborts the request when its task stops waiting.
struct Waiter<'a> {
    outbox: &'a Outbox,
    call: u32,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if self.outbox.forget_fetch(self.call) {
            self.outbox.send(Message::AbortFetch { call: self.call });
        }
    }
}

impl HttpClient for Fetch {
    fn send<'a>(&'a self, request: HttpRequest) -> Boxed<'a, Fetched> {
        Box::pin(async move {
            let (call, answer) = self.outbox.expect_fetch();
            let _waiter = Waiter { outbox: &self.outbox, call };
            let caller = Caller::current_id();
            self.outbox.send(Message::fetch(call, self.instance, caller, request));
            answer.await.unwrap_or(Err(HttpFailure::NoAnswer("the worker ended")))
        })
    }
}

#[napi]
impl Bridge {
    /// Called just before a request is sent: whether a task still waits for its answer.
    #[napi(catch_unwind)]
    pub fn may_fetch(&self, call: u32) -> bool {
        lock(&self.outbox.fetches).as_ref().is_some_and(|fetches| fetches.contains_key(&call))
    }

    /// The answer. `body` is cut off if it is larger than 1 MiB.
    #[napi(catch_unwind)]
    pub fn fetched(&self, call: u32, status: u16, retry_after: Option<String>, body: Uint8Array) {
        let body = Zeroizing::new(body.to_vec());
        let response = match body.len() > RESPONSE_MAX_BYTES {
            true => Err(HttpFailure::TooLarge),
            false => Ok(HttpResponse { status, retry_after, body }),
        };
        self.outbox.fetched(call, response);
    }

    /// `fetch` threw; `connected`: the request may have been sent.
    #[napi(catch_unwind)]
    pub fn fetch_threw(&self, call: u32, connected: bool) {
        let failure = match connected {
            true => HttpFailure::NoAnswer("fetch failed"),
            false => HttpFailure::NotSent("fetch could not connect"),
        };
        self.outbox.fetched(call, Err(failure));
    }
}
