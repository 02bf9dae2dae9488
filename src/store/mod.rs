//! The stores: one table each. A store knows its SQL, its key and its sealed format. It knows nothing of
//! HTTP, of Node, or of who may refresh when.

mod account;
mod base;
pub mod calendar;
mod connects;
mod consent;
pub mod gmail;
pub mod integration;
mod pending;
mod pending_keys;
mod registry;
mod reseal;
mod revive;
mod revoked_mark;
mod sealed;
mod sealed_tokens;
mod sql;
mod states;
mod table;
mod unseal;
mod uuid;
pub mod vault;
pub mod zoho;

use std::time::Duration;

pub use self::account::{Accounts, Whose};
pub use self::base::StoreOptions;
pub use self::connects::{Connects, Granted, ReplacedMetadata};
pub use self::pending::{Found, Pending, PendingTable};
pub use self::pending_keys::PendingUse;
pub use self::registry::{About, STORES, SealedKey, Stores};
#[cfg(feature = "binding")]
pub(crate) use self::registry::{each_store, to_connecting_store};
pub use self::reseal::{Counts, Resealing, Work};
pub use self::sealed::place;
use crate::config::Limits;
use crate::db::{Migration, RlsContext, Timestamp};
use crate::error::{Error, Result};

/// What every store can do.
pub trait Store: Clone + Send + Sync {
    /// Its name and its table.
    const MIGRATION: &'static Migration;
    /// The key of its `tk1.` values; `None`: it has none.
    const SEALED_KEY: Option<SealedKey> = None;
    /// Whether it marks the rows of revoked grants, and keeps them.
    const REVIVES: bool = false;
    /// Whether users connect to it: [`Connects`].
    const CONNECTS: bool = false;

    /// The same store in another row-security context.
    #[must_use]
    fn for_tenant(&self, rls: &RlsContext) -> Self;

    /// Waits until no refresh is running.
    fn wait_idle(&self) -> impl Future<Output = ()> + Send;

    /// Refuses further calls and waits for what is running, but no longer than `timeout`. Returns whether
    /// all of it has ended.
    fn close(&self, timeout: Duration) -> impl Future<Output = bool> + Send;

    /// Removes the marks from `since` (`None`: from the beginning) until now, so that the rows are tried
    /// again; returns how many there were.
    ///
    /// # Errors
    /// [`Error::Database`] and other database errors.
    fn revive(&self, _since: Option<Timestamp>) -> impl Future<Output = Result<u64>> + Send {
        std::future::ready(Err(Error::internal("this store marks no rows")))
    }

    /// Rewrites every `tk1.` value in plaintext; returns how many rows.
    ///
    /// # Errors
    /// [`Error::Configuration`] while this instance would seal; [`Error::Decryption`] if a value does not
    /// open; [`Error::Database`] and other database errors.
    fn unseal(&self) -> impl Future<Output = Result<u64>> + Send {
        std::future::ready(Err(Error::internal("this store has no tk1. values")))
    }

    /// Continues a run that seals values anew, by one batch of rows.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a key, or if the work would be undone; [`Error::Database`] and other
    /// database errors.
    fn reseal(&self, run: &mut Resealing) -> impl Future<Output = Result<()>> + Send;
}

/// How long [`Store::close`] waits by default: as long as a commit may take, and the lease before it.
#[must_use]
pub fn close_timeout_ms(limits: &Limits) -> u64 {
    limits.commit_budget_ms + limits.lease_ms
}
