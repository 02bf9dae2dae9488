//! The combined reads of a table. A table that was not migrated is read without the added columns.

use std::marker::PhantomData;
use std::sync::Arc;

use super::mapping::RowMapping;
use super::statements::{Read, Statements, or_bare};
use crate::db::{ContextRead, Database, Fetched, Lookup, ReadKeys, RlsContext, Timeouts, Type};
use crate::error::Result;
use crate::refresh::Row;

/// The combined reads of the table.
pub(super) struct Rows<S> {
    pub(super) database: Arc<Database>,
    pub(super) statements: Arc<Statements>,
    pub(super) timeouts: Timeouts,
    pub(super) mapping: PhantomData<S>,
}

impl<S: RowMapping> Lookup for Rows<S> {
    type Key = S::Key;
    type Row = Row<S::Record>;

    async fn fetch(&self, queries: Vec<ReadKeys<S::Key>>) -> Vec<Result<Vec<Fetched<Self>>>> {
        let queries: Vec<_> = queries.iter().map(|queries| self.query(queries)).collect();
        let reads: Vec<_> = queries.iter().map(|(query, _)| query.read()).collect();
        let answers = self.database.read_each(S::STEPS.read, &reads, self.timeouts).await;
        let mut fetched = Vec::with_capacity(answers.len());
        for (answer, (query, bare)) in answers.into_iter().zip(&queries) {
            let ContextRead { rls, params, .. } = query.read();
            let read = |sql| self.database.read(rls, S::STEPS.read, sql, &params, self.timeouts);
            let rows = or_bare(answer, bare, read).await;
            let rows = rows.map_err(|error| error.of_store(S::STORE));
            fetched.push(rows.and_then(|rows| {
                rows.iter().map(|row| Ok((S::key(row)?, S::decode(row)))).collect()
            }));
        }
        fetched
    }
}

/// A read by keys. Each parameter is an array of texts.
pub(in crate::store) struct Query<'a> {
    pub(in crate::store) rls: &'a RlsContext,
    pub(in crate::store) sql: &'a str,
    pub(in crate::store) params: Vec<Parts<'a>>,
}

impl Query<'_> {
    pub(in crate::store) fn read(&self) -> ContextRead<'_> {
        let params = self.params.iter().map(|texts| (texts as _, Type::TEXT_ARRAY)).collect();
        ContextRead { rls: self.rls, sql: self.sql, params }
    }
}

/// The parts of one key.
pub(in crate::store) type Parts<'a> = Vec<Option<&'a str>>;

/// The first parts of all keys, the second ones, and so on.
pub(in crate::store) fn columns<'a>(keys: &[Parts<'a>]) -> Vec<Parts<'a>> {
    let parts = keys.first().map_or(0, Vec::len);
    (0..parts).map(|part| keys.iter().map(|key| key[part]).collect()).collect()
}

/// To read every combination of the keys' parts costs the database less than to read pairs, unless there
/// are many more combinations than keys.
const COMBINATIONS_PER_KEY: usize = 2;

/// The values of each part, each once, if their combinations are only a few more than the keys.
fn product<'a>(keys: &[Parts<'a>]) -> Option<Vec<Parts<'a>>> {
    let mut columns = columns(keys);
    for column in &mut columns {
        column.sort_unstable();
        column.dedup();
    }
    let combinations: usize = columns.iter().map(Vec::len).product();
    (combinations <= keys.len() * COMBINATIONS_PER_KEY).then_some(columns)
}

impl<S: RowMapping> Rows<S> {
    /// The query for these keys, and its forms for a table that was not migrated.
    fn query<'a>(
        &'a self,
        ReadKeys { rls, keys }: &'a ReadKeys<S::Key>,
    ) -> (Query<'a>, &'a [String]) {
        let Statements { read_one, read_many, read_product, .. } = &*self.statements;
        let mut keys: Vec<_> = keys.iter().map(S::parts).collect();
        let (Read { sql, bare }, params) = if keys.len() == 1 {
            (read_one, std::mem::take(&mut keys))
        } else {
            let product = read_product.as_ref().and_then(|read| Some((read, product(&keys)?)));
            product.unwrap_or_else(|| (read_many, columns(&keys)))
        };
        (Query { rls, sql, params }, bare)
    }
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
