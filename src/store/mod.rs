//! The stores: one table each. A store knows its SQL, its key and its format; nothing of HTTP, of
//! Node or of who may refresh when.

mod account;
pub mod calendar;
mod connects;
mod consent;
pub mod gmail;
pub mod integration;
mod pending;
mod revive;
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
use crate::db::{Migration, RlsContext, Timestamp};
use crate::error::Result;

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
    /// The same store for whoever may see the rows of `rls`.
    #[must_use]
    fn for_tenant(&self, rls: &RlsContext) -> Self;

    /// Waits until nothing is under way.
    fn wait_idle(&self) -> impl Future<Output = ()> + Send;

    /// Refuses further calls and waits for what is under way, but no longer than `timeout`. Gives
    /// whether all of it ended.
    fn close(&self, timeout: Duration) -> impl Future<Output = bool> + Send;
}

/// A store that marks rows whose grant is dead, and keeps them.
pub trait Revives: Store {
    /// Takes off the marks of `since` (`None`: of all times) until now, so that the rows are tried again;
    /// gives how many there were.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and its kin.
    fn revive(&self, since: Option<Timestamp>) -> impl Future<Output = Result<u64>> + Send;
}

/// The time that [`Store::close`] is given by default: all of step 7, and what comes before it.
#[must_use]
pub fn close_timeout_ms(limits: &Limits) -> u64 {
    limits.commit_budget_ms + limits.lease_ms
}
