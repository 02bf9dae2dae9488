//! A caller's `refreshFn`, as Rust calls it.

use std::sync::Arc;
use std::time::Duration;

use super::bridge::Outbox;
use super::instance::outbox_of;
use super::message::Message;
use crate::oauth::{Boxed, RefreshFn, RefreshFnAnswer};
use crate::secret::RefreshToken;

/// The number of a function that the JavaScript API keeps until this is dropped.
pub(super) struct JsRefreshFn {
    outbox: Arc<Outbox>,
    function: u32,
}

impl JsRefreshFn {
    /// The function with this number, if there is one.
    pub(super) fn kept(instance: u32, function: Option<u32>) -> napi::Result<Option<Arc<Self>>> {
        let Some(function) = function else { return Ok(None) };
        Ok(Some(Arc::new(Self { outbox: outbox_of(instance)?, function })))
    }
}

impl RefreshFn for JsRefreshFn {
    fn call<'a>(
        &'a self,
        refresh_token: &'a RefreshToken,
        budget: Duration,
    ) -> Boxed<'a, RefreshFnAnswer> {
        Box::pin(async move {
            let (call, answer) = self.outbox.expect_refresh(budget);
            self.outbox.send(Message::Refresh {
                call,
                function: self.function,
                token: refresh_token.clone(),
            });
            answer.await.unwrap_or(RefreshFnAnswer::Gone)
        })
    }
}

impl Drop for JsRefreshFn {
    fn drop(&mut self) {
        self.outbox.send(Message::ForgetRefreshFn { function: self.function });
    }
}
