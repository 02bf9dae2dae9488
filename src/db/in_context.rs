//! Reads in an RLS context as single statements: on a direct connection none of them needs a transaction.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use tokio_postgres::types::Type;

use super::direct::{NotRun, not_run};
use super::error::spoils_connection;
use super::pools::Pool;
use super::primary::{prepare, query, query_prepared};
use super::rls_context::RlsContext;
use super::session::Session;
use super::transaction::{ContextRead, Rows, transactions};

/// Whether policies accept that a statement sets their settings itself.
#[derive(Debug)]
pub(super) struct SetsContext(AtomicBool);

impl Default for SetsContext {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl SetsContext {
    pub(super) fn is_possible(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// `sql`, which has this number of parameters, with the context set before it reads. A LATERAL item is evaluated
/// for each row of what it refers to, so after the settings; OFFSET 0 keeps the planner from merging both.
fn in_context(rls: &RlsContext, sql: &str, params: usize) -> String {
    let settings = rls.parameters();
    let sets = settings.iter().enumerate().map(|(index, (name, _))| {
        format!("set_config('{name}', ${}, true) AS setting_{index}", params + index + 1)
    });
    format!(
        "SELECT found.* FROM (SELECT {}) AS context, \
         LATERAL (SELECT * FROM ({sql}) AS read WHERE context.setting_0 IS NOT NULL OFFSET 0) AS found",
        sets.collect::<Vec<_>>().join(", ")
    )
}

/// Runs all, without waiting for answers in between.
async fn send(session: &Session, reads: &[ContextRead<'_>], prepares: bool) -> Vec<Rows> {
    let texts: Vec<_> = reads
        .iter()
        .map(|ContextRead { rls, sql, params }| {
            (in_context(rls, sql, params.len()), rls.parameters())
        })
        .collect();
    let all: Vec<_> = reads
        .iter()
        .zip(&texts)
        .map(|(read, (sql, settings))| {
            let mut params = read.params.clone();
            params.extend(settings.iter().map(|(_, value)| (value as _, Type::TEXT)));
            (sql, params)
        })
        .collect();
    if prepares {
        for (sql, params) in &all {
            // One after the other, so that equal ones are prepared once. An error occurs below, too.
            let _ = prepare(session, sql, params).await;
        }
    }
    join_all(all.iter().map(|(sql, params)| async move {
        match prepares {
            true => query_prepared(session, sql, params).await,
            false => query(session, sql, params).await,
        }
    }))
    .await
}

/// Runs each read as one statement, all in one round trip. What fails, or finds no row, is read again in a
/// transaction: a policy may cast the setting while the statement is planned, and the planner may choose
/// partitions by it, both before it is set. If that was the reason, this pool uses transactions from now on.
pub(super) async fn statements(
    pool: &Pool,
    session: &Session,
    (reads, prepares): (&[ContextRead<'_>], bool),
    statement_ms: u64,
) -> Vec<Rows> {
    let mut answers = send(session, reads, prepares).await;
    let again: Vec<usize> = (0..reads.len())
        .filter(|read| match &answers[*read] {
            Ok(rows) => rows.is_empty(),
            Err(error) => !spoils_connection(error),
        })
        .collect();
    if again.is_empty() {
        return answers;
    }
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        match not_run(error) {
            Some(NotRun::OtherSession) => pool.direct.give_up(),
            Some(NotRun::Outdated) => session.statement_cache.clear(),
            None => {}
        }
    }
    let reads: Vec<_> = again.iter().map(|read| reads[*read].clone()).collect();
    for (read, rows) in again.into_iter().zip(transactions(session, &reads, statement_ms).await) {
        let is_other = rows.as_ref().is_ok_and(|rows| !rows.is_empty());
        let was_run = answers[read].as_ref().err().and_then(not_run).is_none();
        if is_other && was_run {
            pool.sets_context.0.store(false, Ordering::Relaxed);
        }
        answers[read] = rows;
    }
    answers
}
