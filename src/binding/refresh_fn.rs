//! A caller's `refreshFn`, as the core runs it.

use std::sync::Arc;

use super::bridge::Outbox;
use super::message::Message;
use crate::oauth::{Boxed, Callback, CallbackTokens, Thrown};
use crate::secret::RefreshToken;

/// A function that the face keeps under a number until this is dropped.
pub(super) struct RefreshFn {
    pub(super) outbox: Arc<Outbox>,
    pub(super) function: u32,
    pub(super) budget_ms: u64,
}

impl Callback for RefreshFn {
    fn call<'a>(
        &'a self,
        refresh_token: &'a RefreshToken,
    ) -> Boxed<'a, Option<Result<CallbackTokens, Thrown>>> {
        Box::pin(async move {
            let (call, answer) = self.outbox.expect_refresh();
            self.outbox.send(Message::Refresh {
                call,
                function: self.function,
                refresh_token: refresh_token.clone(),
                budget_ms: self.budget_ms,
            });
            answer.await.ok()
        })
    }
}

impl Drop for RefreshFn {
    fn drop(&mut self) {
        self.outbox.send(Message::Forget { function: self.function });
    }
}
