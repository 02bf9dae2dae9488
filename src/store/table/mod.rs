//! What all stores' tables share: how the steps of the refresh protocol become statements. A store says
//! which statements, what a row means, and how its values are sealed ([`RowMapping`]).
//!
//! The statements of all stores agree on their parameters:
//!
//! | statement | parameters |
//! | --- | --- |
//! | `read_one` | `$1` the key |
//! | `read_many` | an array for each part of the key: all first parts, all second ones |
//! | `read_product` | the same arrays, each part once: rows of every combination |
//! | `lease` | `$1` the key, `$2` refresh and `$3` access text (the version check), `$4` only if the access token is valid for no more ms, `$5` the value that was watched, `$6` in a mixed fleet ms between a leftover and the last write, `$7` ms of a lease |
//! | `commit` | `$1` to `$3`, `$4` and `$5` the new texts, `$6` the key that sealed them, `$7` the expiry, `$8` whether it rotated, `$9` the lease, `$10` ms of a lease, `$11` ms of freshness, `$12` in a mixed fleet ms of a leftover, `$13` api_domain, `$14` scopes, in `commit_metadata` `$15` the metadata of the response as JSON |
//! | `release` (`RELEASE` in `src/store/sql.rs`) | `$1` the key, `$2` the lease, `$3` the value that replaces it |
//! | `expire_early` | `$1` to `$3`, `$4` ms of freshness |
//! | `mark_revoked` | `$1` to `$3`, `$4` the lease, `$5` the reason |
//! | `version_check` | `$1` to `$3`; a condition on the row that has the lease, as `r` |
//!
//! A key is an array of texts, so that its parts do not move the other numbers.
mod commit;
mod mapping;
mod rows;
mod state;
mod statements;
mod view;
mod write_again;
mod write_blocker;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

pub(super) use self::mapping::{RowMapping, Sql, Steps, steps};
use self::rows::Rows;
pub(super) use self::rows::{Query, columns};
pub(super) use self::state::client_of;
use self::statements::{Statements, named, or_bare};
pub(super) use self::view::{TableView, table_of};
pub(super) use self::write_again::Write;
pub(super) use self::write_blocker::as_asked;
use crate::config::{LEFTOVER_AGE_MIN_MS, LEFTOVER_AGE_MS, Limits};
use crate::db::{
    CombinedReads, ContextKey, Database, Params, RlsContext, Timeouts, Timestamp, Type,
};
use crate::error::{Error, Result};
use crate::oauth::{Refusal, TokenResponse};
use crate::refresh::{
    Commit, Committed, Credentials, Failure, LeaseRequest, RefreshConfig, RefreshState, Row,
    RowVersion, Sealed, Table,
};
use crate::store::sql::ms;
use crate::store::states::RefreshStates;

/// A store's table.
pub(super) struct StoreTable<S: RowMapping> {
    pub(super) mapping: S,
    pub(super) database: Arc<Database>,
    statements: Arc<Statements>,
    reads: Arc<CombinedReads<Rows<S>>>,
    states: RefreshStates,
    limits: Limits,
    mixed_fleet: bool,
    hidden: OnceCell<bool>,
    hidden_from_tenant: OnceCell<bool>,
}

impl<S: RowMapping> StoreTable<S> {
    pub(super) fn new(database: Arc<Database>, mapping: S, config: RefreshConfig) -> Self {
        let RefreshConfig { limits, mixed_fleet } = config;
        let statements = Arc::new(Statements::of::<S>(&database));
        let reads = CombinedReads::new(Rows {
            database: Arc::clone(&database),
            statements: Arc::clone(&statements),
            timeouts: Timeouts::usual(&limits),
            mapping: PhantomData,
        });
        let states = RefreshStates::new(Arc::clone(&database), (S::STORE, S::TABLE), limits);
        Self {
            mapping,
            states,
            database,
            statements,
            reads,
            limits,
            mixed_fleet,
            hidden: OnceCell::new(),
            hidden_from_tenant: OnceCell::new(),
        }
    }

    /// The timeouts of all statements except those of step 7.
    pub(super) fn usual(&self) -> Timeouts {
        Timeouts::usual(&self.limits)
    }

    /// How old the lease is that a write leaves behind in a mixed fleet; `None`: it leaves none.
    pub(super) fn leftover_age_ms(&self) -> Option<f64> {
        self.mixed_fleet.then_some(ms(LEFTOVER_AGE_MS))
    }

    /// How long a lease lasts.
    pub(super) fn lease_ms(&self) -> u64 {
        self.limits.lease_ms
    }

    /// A name in this table's schema.
    pub(super) fn qualified(&self, name: &str) -> String {
        self.database.settings().qualified(name)
    }

    /// The statement `sql` with this table's name.
    pub(super) fn named(&self, sql: &str) -> String {
        named::<S>(&self.database, sql)
    }

    /// [`Database::read`]; its error names the store.
    async fn query(
        &self,
        rls: &RlsContext,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
        timeouts: Timeouts,
    ) -> Result<Vec<crate::db::Row>> {
        let rows = self.database.read(rls, step, sql, params, timeouts).await;
        rows.map_err(|error| error.of_store(S::STORE))
    }

    /// [`Database::write`]; its error names the store.
    async fn execute(
        &self,
        rls: &RlsContext,
        step: &'static str,
        sql: &str,
        params: Params<'_>,
        timeouts: Timeouts,
    ) -> Result<Vec<crate::db::Row>> {
        let rows = self.database.write(rls, step, sql, params, timeouts).await;
        rows.map_err(|error| error.of_store(S::STORE))
    }

    /// The result of a read that found no row, or failed. If row-level security hides the rows, that is
    /// the error: it may be the reason for either, since a policy may fail without a tenant.
    pub(super) async fn unless_hidden<R>(
        &self,
        rls: &RlsContext,
        read: Result<Option<R>>,
    ) -> Result<Option<R>> {
        if read.as_ref().is_err_and(|error| !error.may_be_of_policy()) {
            return read;
        }
        match (self.check_visible(rls).await, read) {
            (Err(hidden @ Error::TenantRequired { .. }), _) => Err(hidden),
            (Err(unknown), Ok(_)) => Err(unknown),
            (_, read) => read,
        }
    }

    /// An error if row-level security hides the rows: "no row" would be untrue. The database is queried
    /// once.
    async fn check_visible(&self, rls: &RlsContext) -> Result<()> {
        let Statements { row_security, row_security_of_tenant, .. } = &*self.statements;
        let (sql, hidden) = match (rls.is_empty(), rls.has_user(), row_security_of_tenant) {
            (true, ..) => (row_security, &self.hidden),
            (_, false, Some(sql)) => (sql, &self.hidden_from_tenant),
            _ => return Ok(()),
        };
        let hidden = hidden.get_or_try_init(|| async {
            let step = S::STEPS.row_security;
            let rows = self.query(&RlsContext::default(), step, sql, &[], self.usual()).await?;
            rows.first().map_or(Ok(false), |row| S::column(row, 0))
        });
        match hidden.await? {
            true => Err(Error::TenantRequired { table: S::TABLE }),
            false => Ok(()),
        }
    }
}

impl<S: RowMapping> Table for StoreTable<S> {
    type Key = ContextKey<S::Key>;
    type Record = S::Record;

    fn store(&self) -> &'static str {
        S::STORE
    }

    fn describe(&self, key: &ContextKey<S::Key>) -> String {
        S::parts(&key.key).into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    fn not_connected(&self, key: &ContextKey<S::Key>) -> Error {
        self.mapping.not_connected(&key.key)
    }

    fn recorded(&self, record: &Arc<S::Record>, response: &TokenResponse) -> Arc<S::Record> {
        S::recorded(record, response)
    }

    async fn refresh_state(
        &self,
        key: &ContextKey<S::Key>,
        version: &RowVersion,
        client: Option<&str>,
    ) -> Result<RefreshState> {
        self.state(&key.key, version, client).await
    }

    fn note_refreshed(&self, key: &ContextKey<S::Key>, client: Option<&str>) {
        self.refreshed(&key.key, client);
    }

    async fn note_failure(
        &self,
        key: &ContextKey<S::Key>,
        version: &RowVersion,
        failure: &Failure,
    ) -> Option<Duration> {
        let pause = self.failed(&key.key, version, failure).await;
        let Some(sql) = &self.statements.note_failure else { return pause };
        let params: Params<'_> = &[
            (&S::parts(&key.key), Type::TEXT_ARRAY),
            (&version.refresh.as_deref(), Type::TEXT),
            (&version.access.as_deref(), Type::TEXT),
            (&failure.error.code(), Type::TEXT),
        ];
        // If this note fails, the caller still gets the error of the refresh.
        let _ = self.execute(&key.rls, S::STEPS.release, sql, params, self.usual()).await;
        pause
    }

    async fn admit_mark(&self, _: &ContextKey<S::Key>, client: Option<&str>) -> Result<bool> {
        self.may_mark(client).await
    }

    async fn swallows_writes(
        &self,
        key: &ContextKey<S::Key>,
        version: &RowVersion,
    ) -> Result<bool> {
        let params: Params<'_> = &[
            (&S::parts(&key.key), Type::TEXT_ARRAY),
            (&version.refresh.as_deref(), Type::TEXT),
            (&version.access.as_deref(), Type::TEXT),
        ];
        let (sql, step) = (&self.statements.touch, S::STEPS.write_blockers);
        let rows = self.execute(&key.rls, step, sql, params, self.usual()).await?;
        rows.first().map_or(Ok(false), |row| S::column(row, 0))
    }

    async fn write_blocker(&self) -> Option<Error> {
        self.find_write_blocker().await
    }

    async fn notes_written(&self) {
        self.states.wait_idle().await;
    }

    async fn read(&self, key: &ContextKey<S::Key>) -> Result<Option<Arc<Row<S::Record>>>> {
        match self.reads.get(key.clone()).await {
            Ok(Some(row)) => Ok(Some(row)),
            none => self.unless_hidden(&key.rls, none.map(|_| None)).await,
        }
    }

    fn open(
        &self,
        key: &ContextKey<S::Key>,
        row: &Row<S::Record>,
    ) -> impl Future<Output = Result<Credentials>> + Send {
        self.mapping.open(&key.key, row)
    }

    fn check_seal(&self) -> Result<()> {
        self.mapping.check_seal()
    }

    fn seal(
        &self,
        key: &ContextKey<S::Key>,
        credentials: &Credentials,
    ) -> impl Future<Output = Result<Sealed>> + Send {
        self.mapping.seal(&key.key, credentials)
    }

    async fn take_lease(
        &self,
        key: &ContextKey<S::Key>,
        version: &RowVersion,
        request: LeaseRequest,
    ) -> Result<Option<Timestamp>> {
        let params: Params<'_> = &[
            (&S::parts(&key.key), Type::TEXT_ARRAY),
            (&version.refresh.as_deref(), Type::TEXT),
            (&version.access.as_deref(), Type::TEXT),
            (&request.unless_fresh_ms.map(ms), Type::FLOAT8),
            (&request.watched, Type::TIMESTAMPTZ),
            (&self.mixed_fleet.then_some(ms(LEFTOVER_AGE_MIN_MS)), Type::FLOAT8),
            (&ms(self.limits.lease_ms), Type::FLOAT8),
        ];
        let sql = &self.statements.lease;
        let rows = self.execute(&key.rls, S::STEPS.lease, sql, params, self.usual()).await?;
        rows.first().map(|row| S::column(row, 0)).transpose()
    }

    async fn commit(
        &self,
        key: &ContextKey<S::Key>,
        version: &RowVersion,
        commit: Commit<'_>,
    ) -> Result<Option<Committed>> {
        self.store_commit(key, version, commit).await
    }

    async fn read_for_commit(&self, key: &ContextKey<S::Key>) -> Result<Option<Row<S::Record>>> {
        let (read, timeouts) = (&self.statements.read_one, Timeouts::commit(&self.limits));
        let params: Params<'_> = &[(&S::parts(&key.key), Type::TEXT_ARRAY)];
        let query = |sql| self.query(&key.rls, S::STEPS.read_again, sql, params, timeouts);
        let rows = or_bare(query(&read.sql).await, &read.bare, query).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let row = S::decode(row)?;
        let revoked = row.revoked.filter(|_| !S::is_marked(&row.record));
        Ok(Some(Row { revoked, ..row }))
    }

    async fn release(
        &self,
        key: &ContextKey<S::Key>,
        lease: Timestamp,
        restore: Option<Timestamp>,
    ) -> Result<()> {
        let params: Params<'_> = &[
            (&S::parts(&key.key), Type::TEXT_ARRAY),
            (&lease, Type::TIMESTAMPTZ),
            (&restore, Type::TIMESTAMPTZ),
        ];
        let sql = &self.statements.release;
        self.execute(&key.rls, S::STEPS.release, sql, params, self.usual()).await.map(drop)
    }

    async fn expire_early(&self, key: &ContextKey<S::Key>, version: &RowVersion) -> Result<()> {
        let params: Params<'_> = &[
            (&S::parts(&key.key), Type::TEXT_ARRAY),
            (&version.refresh.as_deref(), Type::TEXT),
            (&version.access.as_deref(), Type::TEXT),
            (&ms(self.limits.fresh_ms), Type::FLOAT8),
        ];
        let sql = &self.statements.expire_early;
        self.execute(&key.rls, S::STEPS.expire_early, sql, params, self.usual()).await.map(drop)
    }

    async fn mark_revoked(
        &self,
        key: &ContextKey<S::Key>,
        version: &RowVersion,
        lease: Timestamp,
        refusal: &Refusal,
    ) -> Result<bool> {
        let params: Params<'_> = &[
            (&S::parts(&key.key), Type::TEXT_ARRAY),
            (&version.refresh.as_deref(), Type::TEXT),
            (&version.access.as_deref(), Type::TEXT),
            (&lease, Type::TIMESTAMPTZ),
            (&self.mapping.reason(refusal), Type::TEXT),
        ];
        let sql = &self.statements.mark_revoked;
        let rows = self.execute(&key.rls, S::STEPS.mark_revoked, sql, params, self.usual()).await?;
        if S::DELETES_REVOKED && !rows.is_empty() {
            self.deleted(&key.key);
        }
        Ok(!rows.is_empty())
    }
}
