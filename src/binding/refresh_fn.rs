//! A caller's `refreshFn`, as the core runs it.

use std::sync::Arc;
use std::time::Duration;

use super::bridge::Outbox;
use super::instance::Instance;
use super::message::Message;
use crate::oauth::{Boxed, RefreshFn, RefreshFnAnswer};
use crate::secret::RefreshToken;

/// A function that the JavaScript API keeps under a number until this is dropped.
pub(super) struct JsRefreshFn {
    outbox: Arc<Outbox>,
    function: u32,
}

impl JsRefreshFn {
    /// The function that the JavaScript API keeps under this number, when it keeps one.
    pub(super) fn kept(instance: &Instance, function: Option<u32>) -> Option<Arc<Self>> {
        let outbox = Arc::clone(instance.outbox());
        function.map(|function| Arc::new(Self { outbox, function }))
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
