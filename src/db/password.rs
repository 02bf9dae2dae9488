//! Passwords that the application gives for each new connection: those that rotate, and those that a
//! cloud issues for minutes (AWS RDS IAM, Cloud SQL).

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// A password, or why there is none.
pub type Answer = Result<Arc<Zeroizing<String>>, NoPassword>;

/// Why the application gave no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPassword {
    /// In words; nothing of what was thrown.
    pub reason: &'static str,
    /// Where the JavaScript API keeps the thrown object.
    pub cause_id: Option<u32>,
}

/// The application's function.
pub trait PasswordCallback: Send + Sync {
    /// Calls it.
    fn call(self: Arc<Self>) -> BoxFuture<'static, Answer>;

    /// What equal functions have in common, and others do not.
    fn identity(&self) -> (usize, u32);
}

/// Where the password of a new connection comes from. Equal where the function is the same.
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

/// The passwords of a pool's new connections. Those that are opened at the same time share one call.
pub(super) struct Passwords {
    source: PasswordSource,
    limit: Duration,
    under_way: Mutex<Option<WeakShared<BoxFuture<'static, Answer>>>>,
}

impl Passwords {
    /// `limit`: how long a call may take, before whoever waits for it is told so.
    pub(super) fn of(source: PasswordSource, limit: Duration) -> Self {
        Self { source, limit, under_way: Mutex::default() }
    }

    /// The password for a connection that is about to be opened.
    pub(super) async fn next(&self) -> Answer {
        self.call().await
    }

    fn call(&self) -> Shared<BoxFuture<'static, Answer>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = under_way.as_ref().and_then(WeakShared::upgrade);
        if let Some(shared) = shared.filter(|shared| shared.peek().is_none()) {
            return shared;
        }
        let call = timeout(self.limit, Arc::clone(&self.source.0).call())
            .map(|answer| answer.unwrap_or(Err(SILENT)));
        let shared = call.boxed().shared();
        *under_way = shared.downgrade();
        shared
    }
}

const SILENT: NoPassword =
    NoPassword { reason: "gave no password within connectTimeoutMs", cause_id: None };
