//! Reads in RLS contexts on a direct connection: its session gets the settings of each context in turn, and none
//! in the end.

use futures_util::future::{join, join_all};
use tokio_postgres::Statement;
use tokio_postgres::types::Type;

use super::pool::Params;
use super::pools::Pool;
use super::primary::{prepare, query, query_statement};
use super::session::Session;
use super::transaction::{ContextRead, Rows};

/// Sets one setting of the session.
const SET: &str = "SELECT set_config($1, $2, false)";

/// A setting, and its value.
type Setting = (&'static str, String);

/// The settings that change from one context to the next; what the next one lacks becomes empty, as after a
/// transaction that has set it.
fn changes(before: &[Setting], now: &[Setting]) -> Vec<Setting> {
    let lacks = |name: &str| now.iter().all(|(other, _)| *other != name);
    let emptied = before.iter().filter(|(name, value)| lacks(name) && !value.is_empty());
    let emptied = emptied.map(|(name, _)| (*name, String::new()));
    now.iter().filter(|setting| !before.contains(setting)).cloned().chain(emptied).collect()
}

/// Runs each read in its context, all in one round trip. `None`: they are to be run in transactions. Until the
/// last message is answered, the session is not clean, and does not return to its pool.
pub(super) async fn reads(
    pool: &Pool,
    session: &Session,
    reads: &[ContextRead<'_>],
    prepares: bool,
) -> Option<Vec<Rows>> {
    // All are prepared before the first is run: later, a read that waits for that would run in another context.
    let set_one = prepare(session, SET, &[(&"", Type::TEXT), (&"", Type::TEXT)]).await.ok()?;
    let mut statements = Vec::with_capacity(reads.len());
    for ContextRead { sql, params, .. } in reads.iter().filter(|_| prepares) {
        statements.push(prepare(session, sql, params).await.ok()?);
    }
    let mut before = Vec::new();
    let mut steps = Vec::with_capacity(reads.len());
    for (index, read) in reads.iter().enumerate() {
        let now = read.rls.parameters();
        steps.push((changes(&before, &now), read, statements.get(index)));
        before = now;
    }
    let end = changes(&before, &[]);
    session.set_clean(false);
    // Each is sent when it is first polled, in this order.
    let all = join_all(steps.iter().map(|(settings, read, statement)| {
        let set = set(session, &set_one, settings);
        let rows = async {
            match statement {
                Some(statement) => query_statement(session, statement, &read.params).await,
                None => query(session, read.sql, &read.params).await,
            }
        };
        async {
            let (set, rows) = join(set, rows).await;
            set?;
            rows
        }
    }));
    let (answers, ended) = join(all, set(session, &set_one, &end)).await;
    session.set_clean(ended.is_ok());
    let mut errors = answers.iter().filter_map(|answer| answer.as_ref().err());
    (!errors.any(|error| pool.was_not_run(session, error))).then_some(answers)
}

/// Changes settings of the session.
async fn set(
    session: &Session,
    set_one: &Statement,
    settings: &[Setting],
) -> Result<(), tokio_postgres::Error> {
    let sent = settings.iter().map(|(name, value)| async move {
        let params: Params<'_> = &[(name, Type::TEXT), (value, Type::TEXT)];
        query_statement(session, set_one, params).await
    });
    join_all(sent).await.into_iter().try_for_each(|set| set.map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_context_is_left_for_the_next_one() {
        let set = |name, value: &str| (name, value.to_owned());
        let both = [set("tenant", "a"), set("user", "u")];
        assert_eq!(changes(&[], &both), both);
        assert_eq!(changes(&both, &both), []);
        assert_eq!(changes(&both, &[set("tenant", "b")]), [set("tenant", "b"), set("user", "")]);
        assert_eq!(changes(&both, &[]), [set("tenant", ""), set("user", "")]);
    }
}
