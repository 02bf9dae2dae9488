//! Passwords that the application supplies for each new connection: rotating ones, and short-lived ones of a
//! cloud (AWS RDS IAM, Cloud SQL).

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// A password, or why there is none.
pub type Answer = Result<Arc<Zeroizing<String>>, NoPassword>;

/// Why the application supplied no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPassword {
    /// The reason; contains nothing of what was thrown.
    pub reason: &'static str,
    /// The ID under which the JavaScript API keeps the thrown object.
    pub cause_id: Option<u32>,
}

/// The application's function.
pub trait PasswordCallback: Send + Sync {
    /// Calls it.
    fn call(self: Arc<Self>) -> BoxFuture<'static, Answer>;

    /// Equal for the same function only.
    fn identity(&self) -> (usize, u32);
}

/// The source of passwords for new connections. Two are equal if they have the same function.
#[derive(Clone)]
pub struct PasswordSource(pub Arc<dyn PasswordCallback>);

impl PartialEq for PasswordSource {
    fn eq(&self, other: &Self) -> bool {
        self.0.identity() == other.0.identity()
    }
}

impl Eq for PasswordSource {}

impl Hash for PasswordSource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.identity().hash(state);
    }
}

/// Supplies the passwords of a pool's new connections. Connections that are opened at the same time share a call.
pub(super) struct Passwords {
    source: PasswordSource,
    limit: Duration,
    running: Mutex<Option<WeakShared<BoxFuture<'static, Answer>>>>,
}

impl Passwords {
    /// `limit` is the maximum duration of a call.
    pub(super) fn of(source: PasswordSource, limit: Duration) -> Self {
        Self { source, limit, running: Mutex::default() }
    }

    /// The password for a new connection.
    pub(super) async fn next(&self) -> Answer {
        self.call().await
    }

    fn call(&self) -> Shared<BoxFuture<'static, Answer>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = running.as_ref().and_then(WeakShared::upgrade);
        if let Some(shared) = shared.filter(|shared| shared.peek().is_none()) {
            return shared;
        }
        let call = timeout(self.limit, Arc::clone(&self.source.0).call())
            .map(|answer| answer.unwrap_or(Err(TIMED_OUT)));
        let shared = call.boxed().shared();
        *running = shared.downgrade();
        shared
    }
}

const TIMED_OUT: NoPassword =
    NoPassword { reason: "returned no password within connectTimeoutMs", cause_id: None };
