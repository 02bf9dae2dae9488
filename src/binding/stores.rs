//! The stores of an instance: one pool, one observer, the same limits.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::options::InstanceOptions;
use super::providers::Providers;
use super::runtime::runtime;
use crate::connect::{self, Connect};
use crate::crypto::Sealing;
use crate::db::{Database, DatabaseSettings, RlsContext, Timeouts};
use crate::error::Result;
use crate::oauth::HttpClient;
use crate::refresh::{Observer, RefreshConfig, Stopwatch, Tokio};
use crate::store::{self, Accounts, PendingTable, Store, StoreOptions, each_store};

/// The stores and what they share.
pub(super) struct Stores {
    stores: store::Stores,
    pub(super) providers: Arc<Providers>,
    pub(super) connect: Arc<Connect>,
    pub(super) pending: PendingTable,
    database: Arc<Database>,
}

/// The stores for one call, in the row-security context of its tenant. The instance is not idle while it
/// exists.
pub(super) struct CallStores {
    stores: Arc<Stores>,
    /// `None`: the call has no tenant.
    rls: Option<RlsContext>,
}

impl Deref for CallStores {
    type Target = Stores;

    fn deref(&self) -> &Stores {
        &self.stores
    }
}

macro_rules! call_stores {
    ($($name:ident: $Store:ident,)*) => {
        impl CallStores {
            $(
                #[doc = concat!("The ", stringify!($name), " store. Only this one is made for the tenant.")]
                pub(super) fn $name(&self) -> Cow<'_, store::$name::$Store> {
                    match &self.rls {
                        None => Cow::Borrowed(&self.stores.stores.$name),
                        Some(rls) => Cow::Owned(self.stores.stores.$name.for_tenant(rls)),
                    }
                }
            )*
        }
    };
}
each_store!(call_stores);

impl CallStores {
    pub(super) fn new(stores: Arc<Stores>, rls: Option<RlsContext>) -> Self {
        Self { stores, rls }
    }

    /// All stores.
    pub(super) fn all(&self) -> Cow<'_, store::Stores> {
        match &self.rls {
            None => Cow::Borrowed(&self.stores.stores),
            Some(rls) => Cow::Owned(self.stores.stores.for_tenant(rls)),
        }
    }
}

/// What a store is opened with: the options, and what all stores of an instance share.
pub(super) struct Opening<'a> {
    pub(super) options: &'a InstanceOptions,
    pub(super) base: StoreOptions,
    pub(super) sealing: Arc<Sealing>,
    pub(super) providers: &'a Providers,
    pub(super) http: Result<Arc<dyn HttpClient>>,
}

/// A store that an instance opens. Each is opened in the file of its functions.
pub(super) trait Open: Store {
    /// An option that is missing or wrong is an error of the calls that need it.
    fn open(opening: &Opening<'_>) -> Self;
}

macro_rules! open_stores {
    ($($name:ident: $Store:ident,)*) => {
        fn open_stores(opening: &Opening<'_>) -> store::Stores {
            store::Stores { $($name: Open::open(opening),)* }
        }
    };
}
each_store!(open_stores);

impl Stores {
    /// Opens them.
    pub(super) fn open(
        options: &InstanceOptions,
        database: Result<DatabaseSettings>,
        http: Result<Arc<dyn HttpClient>>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self> {
        // The pool's timers need the runtime.
        let _runtime = runtime(options.threads.unwrap_or(1) as usize)?.enter();
        let database = Database::open(&database?)?;
        // Old instances write only the rows of the gmail store.
        let config = RefreshConfig { mixed_fleet: false, ..options.config()? };
        let sealing = Arc::new(options.sealing());
        let providers = Providers::open(options, &http);
        let timeouts = Timeouts::usual(&config.limits);
        let opening = Opening {
            options,
            base: StoreOptions {
                database: Arc::clone(&database),
                config,
                refresh_options: options.refresh_options(),
                observer: Arc::clone(&observer),
            },
            sealing: Arc::clone(&sealing),
            providers: &providers,
            http: http.clone(),
        };
        Ok(Self {
            stores: open_stores(&opening),
            pending: PendingTable::new(Arc::clone(&database), Arc::clone(&sealing), timeouts),
            connect: Arc::new(Connect::new(connect::Options {
                pending: PendingTable::new(Arc::clone(&database), Arc::clone(&sealing), timeouts),
                accounts: Accounts::new(Arc::clone(&database), sealing, timeouts),
                servers: providers.servers().clone(),
                google: http.and_then(|http| options.google_server(http)).map(Arc::new),
                redirect_uri: options.redirect_uri(),
                observer,
            })),
            providers: Arc::new(providers),
            database,
        })
    }

    /// What is still running uses these settings from now on. Settings that cannot be used are ignored: the
    /// next call reports them.
    pub(super) fn update_settings(&self, database: Result<DatabaseSettings>) {
        // The pool's timers need the runtime.
        let Ok(_runtime) = runtime(1).map(|runtime| runtime.enter()) else { return };
        let _ = database.and_then(|settings| self.database.update_settings(&settings));
    }

    /// Waits until nothing is running.
    pub(super) async fn wait_idle(&self) {
        self.connect.wait_idle().await;
        self.stores.wait_idle().await;
    }

    /// Closes all of them; returns whether everything that was running has ended.
    pub(super) async fn close(&self, timeout: Duration) -> bool {
        // First: an exchanged code is lost if its store is closed.
        let runtime = Tokio::default();
        let clock = Stopwatch::start(&runtime);
        let has_ended = tokio::time::timeout(timeout, self.connect.wait_idle()).await.is_ok();
        let timeout = timeout.saturating_sub(clock.elapsed(&runtime));
        self.stores.close(timeout).await && has_ended
    }
}
