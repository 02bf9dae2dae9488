//! What every store is made of: its table behind the refresh engine, in one row-security context.

use std::sync::Arc;
use std::time::Duration;

use super::reseal::{ResealedMapping, Resealing};
use super::revive::RevivedMapping;
use super::sealed_tokens::SealedMapping;
use super::table::{RowMapping, StoreTable, TableView, table_of};
use crate::db::{Database, RlsContext, Timestamp};
use crate::error::Result;
use crate::refresh::{Engine, Observer, RefreshConfig, RefreshOptions, Tokio};

/// What every store is opened with.
#[derive(Clone)]
pub struct StoreOptions {
    /// The database.
    pub database: Arc<Database>,
    /// Limits, and whether old instances use the same rows.
    pub config: RefreshConfig,
    /// What a call asks for unless it says otherwise.
    pub refresh_options: RefreshOptions,
    /// Receives the events.
    pub observer: Arc<dyn Observer>,
}

/// The part that is the same in every store.
pub(super) struct StoreBase<M: RowMapping> {
    pub(super) engine: Engine<StoreTable<M>, Tokio>,
    pub(super) refresh_options: RefreshOptions,
    pub(super) rls: RlsContext,
}

impl<M: RowMapping> Clone for StoreBase<M> {
    fn clone(&self) -> Self {
        let Self { engine, refresh_options, rls } = self;
        Self { engine: engine.clone(), refresh_options: *refresh_options, rls: rls.clone() }
    }
}

impl<M: RowMapping> StoreBase<M> {
    /// Opens the store; connects when it is first used.
    pub(super) fn open(options: StoreOptions, mapping: M) -> Self {
        let StoreOptions { database, config, refresh_options, observer } = options;
        let table = StoreTable::new(database, mapping, config);
        Self {
            engine: Engine::new(table, Tokio::default(), config, observer),
            refresh_options,
            rls: RlsContext::default(),
        }
    }

    /// The statement `sql` with the table's name.
    pub(super) fn named(&self, sql: &str) -> String {
        self.engine.table().named(sql)
    }

    /// The table, unless the store was closed.
    pub(super) fn table(&self) -> Result<TableView<'_, M>> {
        table_of(&self.engine, &self.rls)
    }

    pub(super) async fn wait_idle(&self) {
        self.engine.wait_idle().await;
    }

    pub(super) async fn close(&self, timeout: Duration) -> bool {
        self.engine.close(timeout).await
    }
}

impl<M: RevivedMapping> StoreBase<M> {
    pub(super) async fn revive(&self, since: Option<Timestamp>) -> Result<u64> {
        let revived = self.table()?.revive(since).await?;
        self.engine.forget_failures();
        Ok(revived)
    }
}

impl<M: SealedMapping> StoreBase<M> {
    pub(super) async fn unseal(&self) -> Result<u64> {
        self.table()?.unseal().await
    }
}

impl<M: ResealedMapping> StoreBase<M> {
    pub(super) async fn reseal(&self, run: &mut Resealing) -> Result<()> {
        self.table()?.reseal(run).await
    }
}

/// In an implementation of `Store`: what the store's field `base` does.
macro_rules! by_base {
    () => {
        fn for_tenant(&self, rls: &RlsContext) -> Self {
            let mut store = self.clone();
            store.base.rls.clone_from(rls);
            store
        }

        async fn wait_idle(&self) {
            self.base.wait_idle().await;
        }

        async fn close(&self, timeout: std::time::Duration) -> bool {
            self.base.close(timeout).await
        }

        async fn reseal(
            &self,
            run: &mut crate::store::reseal::Resealing,
        ) -> crate::error::Result<()> {
            self.base.reseal(run).await
        }
    };
}
pub(super) use by_base;
