//! The stores of an instance: one pool, one observer, the same limits.

use std::sync::Arc;
use std::time::Duration;

use super::options::InstanceOptions;
use super::providers::Providers;
use super::runtime::runtime;
use crate::connect::{self, Connect};
use crate::db::{Database, DatabaseSettings, RlsContext, Timeouts};
use crate::error::Result;
use crate::oauth::HttpClient;
use crate::refresh::{Observer, RefreshConfig, RefreshOptions, Stopwatch, Tokio};
use crate::store::calendar::{self, Calendar};
use crate::store::gmail::{self, Gmail};
use crate::store::integration::{self, Integration};
use crate::store::vault::{self, Vault};
use crate::store::zoho::{self, Zoho};
use crate::store::{Accounts, PendingTable, Store};

/// One of each, for whoever may see the rows.
pub(super) struct Stores {
    pub(super) gmail: Gmail,
    pub(super) zoho: Zoho,
    pub(super) vault: Vault,
    pub(super) calendar: Calendar,
    pub(super) integration: Integration,
    pub(super) providers: Arc<Providers>,
    pub(super) connect: Arc<Connect>,
    database: Arc<Database>,
    /// Those that these are made of: they are not idle while a call of a tenant is under way.
    _of: Option<Arc<Self>>,
}

impl Stores {
    /// Opens them; what only one of them lacks matters only there.
    pub(super) fn open(
        options: &InstanceOptions,
        database: Result<DatabaseSettings>,
        http: Result<Arc<dyn HttpClient>>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self> {
        // The pool's timers need the runtime.
        let _runtime = runtime(options.threads.unwrap_or(1) as usize)?.enter();
        let database = Database::open(&database?)?;
        let (refresh_options, mixed) = (options.refresh_options(), options.config()?);
        let alone = RefreshConfig { mixed_fleet: false, ..mixed };
        let format = options.gmail_encryption_key().and_then(gmail::format);
        let sealing = Arc::new(options.sealing());
        let providers = Providers::open(options, &http);
        let timeouts = Timeouts::usual(&alone.limits);
        let pending = PendingTable::new(Arc::clone(&database), Arc::clone(&sealing), timeouts);
        let accounts = Accounts::new(Arc::clone(&database), Arc::clone(&sealing), timeouts);
        Ok(Self {
            database: Arc::clone(&database),
            gmail: Gmail::new(gmail::Options {
                database: Arc::clone(&database),
                format: format.map(Arc::new),
                google: providers.google(),
                config: mixed,
                refresh_options,
                observer: Arc::clone(&observer),
            }),
            vault: Vault::new(vault::Options {
                database: Arc::clone(&database),
                format: options.vault_format(),
                config: alone,
                refresh_options,
                observer: Arc::clone(&observer),
            }),
            calendar: Calendar::new(calendar::Options {
                database: Arc::clone(&database),
                sealing: Arc::clone(&sealing),
                google: providers.google(),
                config: alone,
                refresh_options,
                observer: Arc::clone(&observer),
                tells_user: options.jwt_claims.unwrap_or(false),
            }),
            integration: Integration::new(integration::Options {
                database: Arc::clone(&database),
                sealing: Arc::clone(&sealing),
                config: alone,
                // While somebody else refreshes, everybody gets the usable token, unless told otherwise.
                refresh_options: RefreshOptions {
                    usable_at_once: options.usable_at_once.unwrap_or(true),
                    ..refresh_options
                },
                observer: Arc::clone(&observer),
            }),
            connect: Arc::new(Connect::new(connect::Options {
                pending,
                accounts,
                server: http.clone().and_then(|http| options.google_server(http)).map(Arc::new),
                redirect_uri: options.redirect_uri(),
                observer: Arc::clone(&observer),
            })),
            zoho: Zoho::new(zoho::Options {
                database,
                sealing,
                environment: options.zoho_refresh_token(),
                accounts_server: options.zoho_accounts_server.clone(),
                accounts_servers: options.zoho_servers(),
                token_url: options.zoho_token_url.clone(),
                allow_insecure: options.allows_insecure(),
                http,
                config: alone,
                refresh_options,
                observer,
            }),
            providers: Arc::new(providers),
            _of: None,
        })
    }

    /// The same stores for whoever may see the rows of `rls`.
    pub(super) fn for_tenant(self: &Arc<Self>, rls: &RlsContext) -> Self {
        Self {
            gmail: self.gmail.for_tenant(rls),
            zoho: self.zoho.for_tenant(rls),
            vault: self.vault.for_tenant(rls),
            calendar: self.calendar.for_tenant(rls),
            integration: self.integration.for_tenant(rls),
            providers: Arc::clone(&self.providers),
            connect: Arc::clone(&self.connect),
            database: Arc::clone(&self.database),
            _of: Some(Arc::clone(self)),
        }
    }

    /// What is still under way uses these settings from now on. Those that cannot be used are left aside:
    /// whoever calls next is told.
    pub(super) fn update_settings(&self, database: Result<DatabaseSettings>) {
        // The pool's timers need the runtime.
        let Ok(_runtime) = runtime(1).map(|runtime| runtime.enter()) else { return };
        let _ = database.and_then(|settings| self.database.update_settings(&settings));
    }

    /// Waits until nothing is under way.
    pub(super) async fn wait_idle(&self) {
        self.connect.wait_idle().await;
        self.gmail.wait_idle().await;
        self.zoho.wait_idle().await;
        self.vault.wait_idle().await;
        self.calendar.wait_idle().await;
        self.integration.wait_idle().await;
    }

    /// Closes all of them at the same time; gives whether all that was under way ended.
    pub(super) async fn close(&self, timeout: Duration) -> bool {
        let Self { gmail, zoho, vault, calendar, integration, connect, .. } = self;
        // First: a code that is exchanged is worth nothing when its store is closed.
        let runtime = Tokio::default();
        let clock = Stopwatch::start(&runtime);
        let ended = tokio::time::timeout(timeout, connect.wait_idle()).await.is_ok();
        let timeout = timeout.saturating_sub(clock.elapsed(&runtime));
        let closing = tokio::join!(
            gmail.close(timeout),
            zoho.close(timeout),
            vault.close(timeout),
            calendar.close(timeout),
            integration.close(timeout)
        );
        ended && closing == (true, true, true, true, true)
    }
}
