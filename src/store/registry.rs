//! The list of stores. A new store is one line in [`each_store`]; lists of names, migrations and what
//! happens to all stores derive from it. A store that users connect to is also named in
//! [`to_connecting_store`].

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::Store;
use super::reseal::{Resealing, Work};
use crate::db::{Migration, RlsContext, Timestamp};
use crate::error::{Error, Result};

/// Calls the macro `$then` with the name and the type of every store.
macro_rules! each_store {
    ($then:ident) => {
        $then! {
            gmail: Gmail,
            zoho: Zoho,
            vault: Vault,
            calendar: Calendar,
            integration: Integration,
        }
    };
}
#[cfg(feature = "binding")]
pub(crate) use each_store;

/// Does `$work` with the store of this name, one that users connect to.
#[cfg(feature = "binding")]
macro_rules! to_connecting_store {
    ($stores:expr, $name:expr, |$store:ident| $work:block) => {
        match $name {
            "calendar" => {
                let $store = &*$stores.calendar();
                $work
            }
            "integration" => {
                let $store = &*$stores.integration();
                $work
            }
            _ => Err($crate::store::About::unknown(|about| about.connects)),
        }
    };
}
#[cfg(feature = "binding")]
pub(crate) use to_connecting_store;

/// What lists of stores say about one.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The store's name.
    pub name: &'static str,
    /// Its table.
    pub migration: &'static Migration,
    /// The key of its `tk1.` values; `None`: it has none.
    pub sealed_key: Option<SealedKey>,
    /// Whether it marks the rows of revoked grants, and [`Store::revive`] removes the marks.
    pub revives: bool,
    /// Whether users connect to it.
    pub connects: bool,
}

/// The key that a `tk1.` value is bound to.
#[derive(Debug, Clone, Copy)]
pub struct SealedKey {
    /// How many parts it has.
    pub parts: usize,
    /// Whether the first one is a UUID.
    pub is_uuid: bool,
}

impl About {
    const fn of<S: Store>() -> Self {
        Self {
            name: S::MIGRATION.store,
            migration: S::MIGRATION,
            sealed_key: S::SEALED_KEY,
            revives: S::REVIVES,
            connects: S::CONNECTS,
        }
    }

    /// The store of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        STORES.iter().find(|about| about.name == name)
    }

    /// The names of the stores that are `wanted`, as error texts print them.
    #[must_use]
    pub fn names(wanted: impl Fn(&Self) -> bool) -> String {
        let names = STORES.iter().filter(|about| wanted(about)).map(|about| about.name);
        names.collect::<Vec<_>>().join(", ")
    }

    /// The error for the name of a store that is not one of the `wanted`.
    #[must_use]
    pub fn unknown(wanted: impl Fn(&Self) -> bool) -> Error {
        Error::invalid("store", format!("must be one of: {}", Self::names(wanted)))
    }

    /// The store of this name, if it is `wanted`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn find(name: &str, wanted: impl Fn(&Self) -> bool) -> Result<&'static Self> {
        let found = Self::named(name).filter(|about| wanted(about));
        found.ok_or_else(|| Self::unknown(wanted))
    }
}

macro_rules! define_stores {
    ($($name:ident: $Store:ident,)*) => {
        /// All stores.
        pub const STORES: &[About] = &[$(About::of::<super::$name::$Store>()),*];

        /// One of each store, in one row-security context.
        #[derive(Clone)]
        pub struct Stores {
            $(
                #[doc = concat!("The ", stringify!($name), " store.")]
                pub $name: super::$name::$Store,
            )*
        }

        impl Stores {
            /// The same stores in another row-security context.
            #[must_use]
            pub fn for_tenant(&self, rls: &RlsContext) -> Self {
                Self { $($name: self.$name.for_tenant(rls),)* }
            }

            /// Waits until no refresh is running.
            pub async fn wait_idle(&self) {
                $(self.$name.wait_idle().await;)*
            }

            /// Closes all of them at the same time; returns whether everything that was running has ended.
            pub async fn close(&self, timeout: Duration) -> bool {
                let closing = [$(self.$name.close(timeout).boxed()),*];
                join_all(closing).await.into_iter().all(|has_ended| has_ended)
            }

            /// [`Store::revive`] of the store of this name.
            ///
            /// # Errors
            /// [`Error::InvalidArgument`] if it marks no rows; [`Error::Database`] and other database errors.
            pub async fn revive(&self, store: &str, since: Option<Timestamp>) -> Result<u64> {
                match About::find(store, |about| about.revives)?.name {
                    $(stringify!($name) => self.$name.revive(since).await,)*
                    _ => Err(About::unknown(|about| about.revives)),
                }
            }

            /// [`Store::unseal`] of the store of this name.
            ///
            /// # Errors
            /// [`Error::InvalidArgument`] if it has no `tk1.` values; [`Error::Database`] and other database errors.
            pub async fn unseal(&self, store: &str) -> Result<u64> {
                match About::find(store, |about| about.sealed_key.is_some())?.name {
                    $(stringify!($name) => self.$name.unseal().await,)*
                    _ => Err(About::unknown(|about| about.sealed_key.is_some())),
                }
            }

            /// [`Store::reseal`] of the store of a run.
            ///
            /// # Errors
            /// [`Error::InvalidArgument`] if it cannot do this work; [`Error::Database`] and other database
            /// errors.
            pub async fn reseal(&self, run: &mut Resealing) -> Result<()> {
                let can = |about: &About| run.work() == Work::Rotate || about.sealed_key.is_some();
                match About::find(run.store, can)?.name {
                    $(stringify!($name) => self.$name.reseal(run).await,)*
                    _ => Err(About::unknown(|_| true)),
                }
            }
        }
    };
}
each_store!(define_stores);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_names_derive_from_the_stores() {
        assert_eq!(About::names(|_| true), "gmail, zoho, vault, calendar, integration");
        assert_eq!(About::names(|about| about.revives), "zoho, vault, integration");
        assert_eq!(About::names(|about| about.sealed_key.is_some()), "zoho, calendar, integration");
        assert_eq!(About::names(|about| about.connects), "calendar, integration");
    }
}
