//! A store's statements, for one table name.

use super::mapping::RowMapping;
use super::write_blocker::{TOUCH, WRITE_BLOCKERS};
use crate::db::{Database, ON_PRIMARY, Row};
use crate::error::{Error, Result};
use crate::store::sql::RELEASE;

/// The statements for one table name.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) read_one: Read,
    pub(super) read_many: Read,
    pub(super) read_product: Option<Read>,
    pub(super) lease: String,
    pub(super) commit: String,
    pub(super) commit_metadata: Option<String>,
    pub(super) release: String,
    pub(super) expire_early: String,
    pub(super) mark_revoked: String,
    pub(super) row_security: String,
    pub(super) row_security_of_tenant: Option<String>,
    pub(super) note_failure: Option<String>,
    pub(super) write_blockers: String,
    pub(super) touch: String,
}

/// A read with the columns that migrations add, and its forms without some or all of them.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) sql: String,
    /// For tables that were not migrated, or by an older tokenkeep.
    pub(super) bare: Vec<String>,
}

/// The answer to a statement, or that of the first of its forms without added columns that fits the table. If none
/// fits, the error says what the table lacks.
pub(super) async fn or_bare<'form, Answer>(
    answer: Result<Vec<Row>>,
    bare: &'form [String],
    run: impl Fn(&'form str) -> Answer,
) -> Result<Vec<Row>>
where
    Answer: Future<Output = Result<Vec<Row>>>,
{
    let mut answer = answer;
    for sql in bare {
        let Err(lacking @ Error::Schema { .. }) = answer else { break };
        answer = run(sql).await.map_err(|error| match error {
            Error::Schema { .. } => lacking,
            other => other,
        });
    }
    answer
}

/// The statement `sql` with the names of this table and its schema, and with the prefix of all
/// statements.
pub(super) fn named<S: RowMapping>(database: &Database, sql: &str) -> String {
    let settings = database.settings();
    let named = sql.replace("{table}", &settings.qualified(S::TABLE));
    let named = named.replace("{schema}", &settings.qualified(""));
    ON_PRIMARY.to_owned() + &named
}

impl Statements {
    pub(super) fn of<S: RowMapping>(database: &Database) -> Self {
        let named = |sql: &str| named::<S>(database, sql);
        let read = |sql: &str| {
            let mut forms = S::ADDED.iter().map(|columns| named(&sql.replace("{added}", columns)));
            Read { sql: forms.next().unwrap_or_default(), bare: forms.collect() }
        };
        let table = database.settings().qualified(S::TABLE).replace('\'', "''");
        let literal = |sql: &str| sql.replace("{table}", &table);
        Self {
            read_one: read(S::SQL.read_one),
            read_many: read(S::SQL.read_many),
            read_product: S::SQL.read_product.map(read),
            lease: named(S::SQL.lease),
            commit: named(S::SQL.commit),
            commit_metadata: S::SQL.commit_metadata.map(named),
            release: named(&RELEASE.replace("{key}", S::SQL.key)),
            expire_early: named(S::SQL.expire_early),
            mark_revoked: named(S::SQL.mark_revoked),
            note_failure: S::NOTE_FAILURE.map(named),
            write_blockers: literal(WRITE_BLOCKERS),
            touch: named(&TOUCH.replace("{version_check}", S::SQL.version_check)),
            row_security: literal(S::ROW_SECURITY),
            row_security_of_tenant: S::ROW_SECURITY_OF_TENANT.map(literal),
        }
    }
}
