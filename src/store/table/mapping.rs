//! What a store says about its table: its statements, what a row means, how its values are sealed.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use crate::db::{FromSql, column};
use crate::error::{Error, Result};
use crate::oauth::{Refusal, TokenResponse};
use crate::refresh::{Credentials, Row, Sealed};

/// The texts of the statements. `{table}` becomes the table's qualified name, `{schema}` its schema with a
/// dot, `{added}` the columns that a migration adds.
#[derive(Debug)]
pub(in crate::store) struct Sql {
    /// The condition that `$1` is the key of the row that has the lease, as `r`.
    pub(in crate::store) key: &'static str,
    pub(in crate::store) read_one: &'static str,
    pub(in crate::store) read_many: &'static str,
    /// Used in place of `read_many` if it reads few other rows; `None`: never.
    pub(in crate::store) read_product: Option<&'static str>,
    pub(in crate::store) lease: &'static str,
    pub(in crate::store) commit: &'static str,
    /// `commit` that also stores the response's metadata, `$15`; `None`: the table keeps none.
    pub(in crate::store) commit_metadata: Option<&'static str>,
    pub(in crate::store) expire_early: &'static str,
    pub(in crate::store) mark_revoked: &'static str,
    pub(in crate::store) version_check: &'static str,
}

/// The names of the steps in errors.
#[derive(Debug)]
pub(in crate::store) struct Steps {
    pub(in crate::store) read: &'static str,
    pub(in crate::store) lease: &'static str,
    pub(in crate::store) commit: &'static str,
    pub(in crate::store) read_again: &'static str,
    pub(in crate::store) release: &'static str,
    pub(in crate::store) expire_early: &'static str,
    pub(in crate::store) mark_revoked: &'static str,
    pub(in crate::store) row_security: &'static str,
    pub(in crate::store) write_blockers: &'static str,
}

/// The names of the steps for one kind of tokens, such as `"gmail tokens"`.
macro_rules! steps {
    ($what:literal) => {
        $crate::store::table::Steps {
            read: concat!("read ", $what),
            lease: concat!("take the lease of ", $what),
            commit: concat!("store refreshed ", $what),
            read_again: concat!("read ", $what, " again"),
            release: concat!("release the lease of ", $what),
            expire_early: concat!("mark ", $what, " for proof"),
            mark_revoked: concat!("mark ", $what, " as revoked"),
            row_security: concat!("look for row-level security of ", $what),
            write_blockers: concat!("look for what keeps ", $what, " as they are"),
        }
    };
}
pub(in crate::store) use steps;

/// What a store says about its table.
pub(in crate::store) trait RowMapping: Send + Sync + 'static {
    /// The row's natural key.
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    /// What a row holds besides tokens and times.
    type Record: Send + Sync + 'static;

    const STORE: &'static str;
    const TABLE: &'static str;
    const STEPS: Steps;
    const SQL: Sql;
    /// The columns that migrations add to an existing table; then the same with NULLs of the types of those that
    /// the last migration adds, and so on, with which a table that was not migrated can be read.
    const ADDED: &'static [&'static str];

    /// Whether row-level security hides all rows from the role because no tenant is set, which the
    /// policies of most stores ask for.
    const ROW_SECURITY: &'static str = "
        SELECT row_security_active('{table}')
          AND coalesce(current_setting('app.current_tenant_id', true), '') = ''";

    /// The same for a caller with a tenant; `None`: the policies ask for nothing else.
    const ROW_SECURITY_OF_TENANT: Option<&'static str> = None;

    /// Notes that a refresh has failed: `$1` the key, `$2` and `$3` the row version, `$4` the error's
    /// code.
    const NOTE_FAILURE: Option<&'static str> = None;

    /// Whether a row is deleted, rather than marked, when it is revoked.
    const DELETES_REVOKED: bool = false;

    /// [`column`] of a row of this table.
    ///
    /// # Errors
    /// [`Error::Schema`] with this store's name.
    fn column<'row, T: FromSql<'row>>(row: &'row crate::db::Row, index: usize) -> Result<T> {
        column(row, index).map_err(|error| error.of_store(Self::STORE))
    }

    /// The parts of a key, in the order of the statements.
    fn parts(key: &Self::Key) -> Vec<Option<&str>>;

    /// The key of a row.
    fn key(row: &crate::db::Row) -> Result<Self::Key>;

    /// The row, decoded.
    fn decode(row: &crate::db::Row) -> Result<Row<Self::Record>>;

    /// Whether the row has tokenkeep's own revoked mark, which a late answer removes.
    fn is_marked(_: &Self::Record) -> bool {
        false
    }

    /// The record once `response` is stored.
    fn recorded(record: &Arc<Self::Record>, _: &TokenResponse) -> Arc<Self::Record> {
        Arc::clone(record)
    }

    fn not_connected(&self, key: &Self::Key) -> Error;

    fn open(
        &self,
        key: &Self::Key,
        row: &Row<Self::Record>,
    ) -> impl Future<Output = Result<Credentials>> + Send;

    /// [`Table::check_seal`](crate::refresh::Table::check_seal).
    fn check_seal(&self) -> Result<()> {
        Ok(())
    }

    fn seal(
        &self,
        key: &Self::Key,
        credentials: &Credentials,
    ) -> impl Future<Output = Result<Sealed>> + Send;

    /// The fingerprints of a text under each key of the store, beginning with the key that seals; empty
    /// if the store has no key.
    fn fingerprints(&self, text: &str) -> Vec<String>;

    /// What is stored as the reason of a revoked mark.
    fn reason(&self, refusal: &Refusal) -> String {
        refusal.code.clone()
    }
}
