//! Step 7: the statement that stores an answer.

use super::StoreTable;
use super::mapping::RowMapping;
use super::statements::Statements;
use crate::db::{ContextKey, Params, Timeouts, Type};
use crate::error::Result;
use crate::refresh::{Commit, Committed, RowVersion};
use crate::store::sql::ms;

impl<S: RowMapping> StoreTable<S> {
    /// What was stored, or `None` if the version check matched no row.
    pub(super) async fn store_commit(
        &self,
        key: &ContextKey<S::Key>,
        version: &RowVersion,
        commit: Commit<'_>,
    ) -> Result<Option<Committed>> {
        let metadata = commit.response.metadata.json();
        let params: Params<'_> = &[
            (&S::parts(&key.key), Type::TEXT_ARRAY),
            (&version.refresh.as_deref(), Type::TEXT),
            (&version.access.as_deref(), Type::TEXT),
            (&commit.sealed.version.refresh.as_deref(), Type::TEXT),
            (&commit.sealed.version.access.as_deref(), Type::TEXT),
            (&commit.sealed.key_version, Type::INT4),
            (&commit.expires_at, Type::TIMESTAMPTZ),
            (&commit.rotated, Type::BOOL),
            (&commit.lease, Type::TIMESTAMPTZ),
            (&ms(self.limits.lease_ms), Type::FLOAT8),
            (&ms(self.limits.fresh_ms), Type::FLOAT8),
            (&self.leftover_age_ms(), Type::FLOAT8),
            (&commit.response.api_domain, Type::TEXT),
            (&commit.response.scopes.as_ref().map(|scopes| &scopes.0), Type::TEXT_ARRAY),
            (&metadata, Type::TEXT),
        ];
        let Statements { commit, commit_metadata, .. } = &*self.statements;
        let timeouts = Timeouts::commit(&self.limits);
        let run = |sql, params| self.execute(&key.rls, S::STEPS.commit, sql, params, timeouts);
        let without_metadata = &params[..params.len() - 1];
        let rows = match commit_metadata {
            Some(sql) if metadata.is_some() => match run(sql, params).await {
                // The tokens are stored where metadata cannot be: without the column, or the right to write it.
                Err(error) if !error.is_retryable() => run(commit, without_metadata).await?,
                rows => rows?,
            },
            _ => run(commit, without_metadata).await?,
        };
        rows.first().map(|row| Ok(Committed { expires_at: S::column(row, 0)? })).transpose()
    }
}
