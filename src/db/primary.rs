//! The prefix of every statement, which sends it to the primary and bypasses caches. Only this module sends
//! statements; clippy.toml forbids the driver's methods elsewhere.

use std::borrow::Cow;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row, Statement};

use super::pool::Params;
use super::session::Session;

/// Without these comments, Pgpool-II may send a SELECT to a standby, which may be behind, and outside the
/// transaction. To bypass its query cache, the first comment must come first.
pub const ON_PRIMARY: &str = "/*NO QUERY CACHE*/ /*NO LOAD BALANCE*/ ";

/// Runs a statement. Adds [`ON_PRIMARY`] unless the statement already starts with it.
#[allow(clippy::disallowed_methods, reason = "the only place that sends statements")]
pub(super) async fn query(
    client: &Client,
    sql: &str,
    params: Params<'_>,
) -> Result<Vec<Row>, Error> {
    client.query_typed(&on_primary(sql), params).await
}

/// The statement as the session keeps it prepared.
pub(super) async fn prepare(
    session: &Session,
    sql: &str,
    params: Params<'_>,
) -> Result<Statement, Error> {
    let types: Vec<Type> = params.iter().map(|(_, of)| of.clone()).collect();
    session.prepare_typed_cached(&on_primary(sql), &types).await
}

/// Runs a statement that the session keeps prepared; prepares it the first time.
pub(super) async fn query_prepared(
    session: &Session,
    sql: &str,
    params: Params<'_>,
) -> Result<Vec<Row>, Error> {
    let statement = prepare(session, sql, params).await?;
    query_statement(session, &statement, params).await
}

/// Runs a prepared statement. It is sent when this is first polled.
#[allow(clippy::disallowed_methods, reason = "the only place that sends statements")]
pub(super) async fn query_statement(
    session: &Session,
    statement: &Statement,
    params: Params<'_>,
) -> Result<Vec<Row>, Error> {
    let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|(value, _)| *value).collect();
    session.query(statement, &values).await
}

fn on_primary(sql: &str) -> Cow<'_, str> {
    match missing(sql) {
        "" => sql.into(),
        missing => format!("{missing}{sql}").into(),
    }
}

/// The prefix that `sql` lacks.
pub(super) fn missing(sql: &str) -> &'static str {
    if sql.starts_with(ON_PRIMARY) { "" } else { ON_PRIMARY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_begins_once_with_what_keeps_it_on_the_primary() {
        let sent = on_primary("SELECT 1");
        assert_eq!(sent, "/*NO QUERY CACHE*/ /*NO LOAD BALANCE*/ SELECT 1");
        assert!(matches!(on_primary(&sent), Cow::Borrowed(same) if same == sent));
    }
}
