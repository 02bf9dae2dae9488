//! What every statement begins with: it is for the primary, and its answer is not to be kept. This is
//! the one place that sends statements; clippy.toml forbids the driver's own methods anywhere else.

use std::borrow::Cow;

use tokio_postgres::{Client, Error, Row};

use super::pool::Params;

/// Pgpool-II sends a SELECT to a standby, which may be behind, and outside of the transaction that was
/// begun in one message with its settings, unless a comment stands before it. Its cache of answers is
/// left aside only where that comment is the very first.
pub const ON_PRIMARY: &str = "/*NO QUERY CACHE*/ /*NO LOAD BALANCE*/ ";

/// Runs a statement. One that begins with [`ON_PRIMARY`], as those that are made once do, is sent as
/// it is.
#[allow(clippy::disallowed_methods, reason = "all others go through here")]
pub(super) async fn query(
    client: &Client,
    sql: &str,
    params: Params<'_>,
) -> Result<Vec<Row>, Error> {
    client.query_typed(&on_primary(sql), params).await
}

fn on_primary(sql: &str) -> Cow<'_, str> {
    match missing(sql) {
        "" => sql.into(),
        missing => format!("{missing}{sql}").into(),
    }
}

/// What must still be put before `sql`.
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
