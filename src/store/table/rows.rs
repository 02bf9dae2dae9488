//! The combined reads of a table; one that lacks what a migration adds is read without it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::shape::Shape;
use super::statements::{Read, Statements};
use crate::db::{Database, Fetched, Lookup, Params, Scope, Type, Within};
use crate::error::{Error, Result};
use crate::refresh::Row;

/// The combined reads of the table.
pub(super) struct Rows<S> {
    pub(super) database: Arc<Database>,
    pub(super) statements: Arc<Statements>,
    pub(super) within: Within,
    pub(super) shape: PhantomData<S>,
}

impl<S: Shape> Lookup for Rows<S> {
    type Key = S::Key;
    type Row = Row<S::Record>;

    async fn fetch(&self, scope: &Scope, keys: Vec<S::Key>) -> Result<Vec<Fetched<Self>>> {
        let Statements { read_one, read_many, read_product, .. } = &*self.statements;
        let keys: Vec<_> = keys.iter().map(S::parts).collect();
        let rows = match keys.as_slice() {
            [key] => self.rows(scope, read_one, &[(key, Type::TEXT_ARRAY)]).await?,
            _ => {
                let product = read_product.as_ref().and_then(|read| Some((read, product(&keys)?)));
                let (read, columns) = product.unwrap_or_else(|| (read_many, columns(&keys)));
                let params: Vec<(&(dyn crate::db::ToSql + Sync), Type)> =
                    columns.iter().map(|column| (column as _, Type::TEXT_ARRAY)).collect();
                self.rows(scope, read, &params).await?
            }
        };
        rows.iter().map(|row| Ok((S::key(row)?, S::decode(row)))).collect()
    }
}

/// The parts of one key.
type Parts<'a> = Vec<Option<&'a str>>;

/// The first parts of all keys, the second ones, and so on.
fn columns<'a>(keys: &[Parts<'a>]) -> Vec<Parts<'a>> {
    let parts = keys.first().map_or(0, Vec::len);
    (0..parts).map(|part| keys.iter().map(|key| key[part]).collect()).collect()
}

/// Reading every combination of the keys' parts costs the database less than reading pairs, unless
/// there are many more of them.
const COMBINATIONS_PER_KEY: usize = 2;

/// Each part's values once, where their combinations are few more than the keys.
fn product<'a>(keys: &[Parts<'a>]) -> Option<Vec<Parts<'a>>> {
    let mut columns = columns(keys);
    for column in &mut columns {
        column.sort_unstable();
        column.dedup();
    }
    let combinations: usize = columns.iter().map(Vec::len).product();
    (combinations <= keys.len() * COMBINATIONS_PER_KEY).then_some(columns)
}

impl<S: Shape> Rows<S> {
    /// The rows; of a table that lacks what a migration adds without it.
    async fn rows(
        &self,
        scope: &Scope,
        Read { sql, bare }: &Read,
        params: Params<'_>,
    ) -> Result<Vec<crate::db::Row>> {
        let read = |sql| self.database.read(scope, S::STEPS.read, sql, params, self.within);
        match read(sql).await {
            Err(lacking @ Error::Schema { .. }) if sql != bare => {
                read(bare).await.map_err(|error| lacking_both(lacking, error))
            }
            rows => rows,
        }
    }
}

/// What is told when both forms of a statement have failed: what the table lacks, unless the second
/// has failed for another reason.
pub(super) fn lacking_both(lacking: Error, error: Error) -> Error {
    if matches!(error, Error::Schema { .. }) { lacking } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_read_only_where_they_are_few_more_than_the_keys() {
        let key = |user, provider| vec![Some(user), Some(provider)];
        let alike = [key("a", "x"), key("b", "x"), key("c", "x")];
        let parts = vec![vec![Some("a"), Some("b"), Some("c")], vec![Some("x")]];
        assert_eq!(product(&alike), Some(parts));
        assert!(product(&[key("a", "x"), key("b", "y"), key("b", "x")]).is_some());
        assert_eq!(product(&[key("a", "x"), key("b", "y"), key("c", "z")]), None);
        let pairs = vec![vec![Some("a"), Some("b")], vec![Some("x"), Some("y")]];
        assert_eq!(columns(&[key("a", "x"), key("b", "y")]), pairs);
    }
}
