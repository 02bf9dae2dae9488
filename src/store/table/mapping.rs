//! A store's own side of its table: its statements, what a row means, how its values are sealed.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::oauth::{Refusal, TokenResponse};
use crate::refresh::{Credentials, Row, Sealed};

/// The texts of the statements. `{table}` and `{schema}` are replaced by the table's qualified name
/// and by its schema with a dot, `{added}` by the columns that a migration adds.
#[derive(Debug)]
pub(in crate::store) struct Sql {
    pub(in crate::store) read_one: &'static str,
    pub(in crate::store) read_many: &'static str,
    /// Asked in the place of `read_many` where that reads few other rows; `None`: never.
    pub(in crate::store) read_product: Option<&'static str>,
    pub(in crate::store) lease: &'static str,
    pub(in crate::store) commit: &'static str,
    pub(in crate::store) release: &'static str,
    pub(in crate::store) expire_early: &'static str,
    pub(in crate::store) mark_revoked: &'static str,
    pub(in crate::store) version_check: &'static str,
}

/// What each step is called in errors.
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
    pub(in crate::store) hindrances: &'static str,
}

/// The steps with what they are about, such as `"gmail tokens"`.
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
            hindrances: concat!("look for what keeps ", $what, " as they are"),
        }
    };
}
pub(in crate::store) use steps;

/// A store's own side of its table.
pub(in crate::store) trait RowMapping: Send + Sync + 'static {
    /// The row's natural key.
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    /// What a row holds beside tokens.
    type Record: Send + Sync + 'static;

    const STORE: &'static str;
    const TABLE: &'static str;
    const STEPS: Steps;
    const SQL: Sql;
    /// The columns that a migration adds to a table that was made by hand, and NULLs of their
    /// types: without them a table can be read all the same.
    const ADDED: [&'static str; 2];

    /// Whether rows are hidden from the role: row-level security is active for it, and nothing tells
    /// whose rows it may see. The policies of most stores ask for a tenant.
    const ROW_SECURITY: &'static str = "
        SELECT row_security_active('{table}')
          AND coalesce(current_setting('app.current_tenant_id', true), '') = ''";

    /// The same for a caller who has told a tenant; `None`: a tenant is what the policies ask for.
    const ROW_SECURITY_OF_TENANT: Option<&'static str> = None;

    /// Notes that a refresh has failed: `$1` the key, `$2` and `$3` the texts, `$4` the error's code.
    const NOTE_FAILURE: Option<&'static str> = None;

    /// Whether a row is deleted when its grant is dead.
    const ENDS_BY_DELETING: bool = false;

    /// The parts of a key, as the statements take them.
    fn parts(key: &Self::Key) -> Vec<Option<&str>>;

    /// Whose row it is.
    fn key(row: &crate::db::Row) -> Result<Self::Key>;

    /// What the row says.
    fn decode(row: &crate::db::Row) -> Result<Row<Self::Record>>;

    /// Whether a refresher has marked the row: a late answer revives it.
    fn is_marked(_: &Self::Record) -> bool {
        false
    }

    /// What the row holds once `response` is stored.
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

    /// The fingerprints of a text under every key of the store, the one that seals first; without a key
    /// under none.
    fn fingerprints(&self, text: &str) -> Vec<String>;

    /// Why a row was marked revoked, as far as it is kept.
    fn reason(&self, refusal: &Refusal) -> String {
        refusal.code.clone()
    }
}
