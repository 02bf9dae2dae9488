//! The application's `databasePassword`, which Rust calls for the password of a new connection.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi_derive::napi;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::bridge::{Bridge, Outbox, lock};
use super::message::Message;
use crate::db::{NoPassword, PasswordAnswer, PasswordCallback, PasswordSource};

/// A call that waits for its answer.
pub(super) type Sender = oneshot::Sender<PasswordAnswer>;

/// The number of a function that the JavaScript API keeps until this is dropped.
struct DatabasePassword {
    outbox: Arc<Outbox>,
    function: u32,
}

/// The function with this number, if there is one.
pub(super) fn kept(outbox: &Arc<Outbox>, function: Option<u32>) -> Option<PasswordSource> {
    let outbox = Arc::clone(outbox);
    function.map(|function| PasswordSource(Arc::new(DatabasePassword { outbox, function })))
}

impl Drop for DatabasePassword {
    fn drop(&mut self) {
        self.outbox.send(Message::ForgetPassword { function: self.function });
    }
}

/// Forgets the call when its task stops waiting.
struct Waiter<'a> {
    outbox: &'a Outbox,
    call: u32,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.outbox.forget_password(self.call);
    }
}

impl PasswordCallback for DatabasePassword {
    fn call(self: Arc<Self>) -> BoxFuture<'static, PasswordAnswer> {
        async move {
            let (call, answer) = self.outbox.expect_password();
            let _waiter = Waiter { outbox: &self.outbox, call };
            self.outbox.send(Message::Password { call, function: self.function });
            let gone = NoPassword { reason: "did not answer: the worker ended", cause_id: None };
            answer.await.unwrap_or(Err(gone))
        }
        .boxed()
    }

    fn identity(&self) -> (usize, u32) {
        (Arc::as_ptr(&self.outbox) as usize, self.function)
    }
}

#[napi]
impl Bridge {
    /// Answers a call of a `databasePassword` with what it resolved to.
    #[napi(catch_unwind)]
    pub fn password_given(&self, call: u32, password: String) {
        self.outbox.password(call, Ok(Arc::new(Zeroizing::new(password))));
    }

    /// It threw, and the thrown object is kept under a number; or it did not return a password.
    #[napi(catch_unwind)]
    pub fn password_refused(&self, call: u32, cause_id: Option<u32>) {
        let reason = match cause_id {
            Some(_) => "threw: see cause",
            None => "must return a non-empty string",
        };
        self.outbox.password(call, Err(NoPassword { reason, cause_id }));
    }
}

impl Outbox {
    /// Registers a call. The receiver fails when the environment ends.
    fn expect_password(&self) -> (u32, oneshot::Receiver<PasswordAnswer>) {
        let call = self.next_call();
        let (answer, receiver) = oneshot::channel();
        if let Some(passwords) = lock(&self.passwords).as_mut() {
            passwords.insert(call, answer);
        }
        (call, receiver)
    }

    fn password(&self, call: u32, answer: PasswordAnswer) {
        let waiting = lock(&self.passwords).as_mut().and_then(|calls| calls.remove(&call));
        if let Some(waiting) = waiting {
            // The receiver is gone if connecting was given up.
            let _ = waiting.send(answer);
        }
    }

    fn forget_password(&self, call: u32) {
        lock(&self.passwords).as_mut().and_then(|calls| calls.remove(&call));
    }
}
