//! The stores: one table each. A store knows its SQL, its key and its format; nothing of HTTP, of
//! Node or of who may refresh when.

mod account;
pub mod calendar;
mod connects;
mod consent;
pub mod gmail;
pub mod integration;
mod pending;
mod sealed;
mod sealed_tokens;
mod states;
mod table;
mod unseal;
mod uuid;
pub mod vault;
pub mod zoho;

use std::time::Duration;

pub use self::account::{Accounts, Whose};
pub use self::connects::{Connects, Granted};
pub use self::pending::{Found, Pending, PendingTable};
pub use self::sealed::place;
use crate::config::Limits;
use crate::db::{Migration, Scope};

/// The tables of all stores.
pub const MIGRATIONS: [&Migration; 5] = [
    &gmail::MIGRATION,
    &zoho::MIGRATION,
    &vault::MIGRATION,
    &calendar::MIGRATION,
    &integration::MIGRATION,
];

/// What every store can be told.
pub trait Store: Sized {
    /// The same store for whoever `scope` shows the rows to.
    #[must_use]
    fn within(&self, scope: &Scope) -> Self;

    /// Waits until nothing is under way.
    fn landed(&self) -> impl Future<Output = ()> + Send;

    /// Refuses further calls and waits for what is under way, but no longer than `timeout`. Gives
    /// whether all of it ended.
    fn close(&self, timeout: Duration) -> impl Future<Output = bool> + Send;
}

/// The time that [`Store::close`] is given by default: all of step 7, and what comes before it.
#[must_use]
pub fn close_timeout_ms(limits: &Limits) -> u64 {
    limits.commit_budget_ms + limits.lease_ms
}
