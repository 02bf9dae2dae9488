//! Statements in their own transactions, pipelined: sent without waiting for responses.

use std::future::poll_fn;
use std::task::Poll;

use futures_util::future::{join, join_all, join3, maybe_done};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::error::spoils_connection;
use super::guard::guarded;
use super::pool::Params;
use super::pools::Object;
use super::primary::query;
use super::rls_context::RlsContext;
use super::session::Session;
use crate::error::Result;

/// A read in an RLS context.
#[derive(Clone)]
pub struct ContextRead<'a> {
    /// The context.
    pub rls: &'a RlsContext,
    /// The statement.
    pub sql: &'a str,
    /// Its parameters.
    pub params: Vec<(&'a (dyn ToSql + Sync), Type)>,
}

/// Runs a statement in its own transaction, in one round trip. It changes nothing unless `begin`, which sets
/// the mark of [`super::guard`], has succeeded.
pub(super) async fn transaction(
    connection: &Object,
    begin: &str,
    sql: &str,
    params: Params<'_>,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let sql = guarded(sql);
    // Each is sent when it is first polled, in this order.
    let (began, rows, committed) = join3(
        connection.batch_execute(begin),
        query(connection, &sql, params),
        connection.batch_execute("COMMIT"),
    )
    .await;
    began?;
    let rows = rows?;
    committed?;
    Ok(rows)
}

pub(super) type Rows = Result<Vec<Row>, tokio_postgres::Error>;

/// Runs each read in its own transaction, all in one round trip. Each COMMIT is sent with the next BEGIN; after
/// a failed statement, it rolls back.
pub(super) async fn transactions(
    connection: &Session,
    reads: &[ContextRead<'_>],
    statement_ms: u64,
) -> Vec<Rows> {
    let mut sent: Vec<_> = reads
        .iter()
        .enumerate()
        .map(|(index, read)| {
            let before = if index == 0 { "" } else { "COMMIT; " };
            // Each has a timeout, so that it ends even if no caller waits any more.
            let begin = format!(
                "{before}BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = {statement_ms}{}",
                read.rls.settings()
            );
            Box::pin(maybe_done(async move {
                let begin = connection.batch_execute(&begin);
                let (began, rows) =
                    join(begin, query(connection, read.sql, &read.params)).await;
                began?;
                rows
            }))
        })
        .collect();
    // Each is sent when it is first polled, in this order.
    poll_fn(|context| {
        let polled = sent.iter_mut().map(|read| read.as_mut().poll(context).is_ready());
        Poll::Ready(polled.filter(|is_ready| *is_ready).count())
    })
    .await;
    // Awaited together: the driver delivers a response only after the one before it has been read.
    let all = join_all(sent.iter_mut().map(std::pin::Pin::as_mut));
    let (ended, _) = join(connection.batch_execute("COMMIT"), all).await;
    let mut answers: Vec<_> =
        sent.iter_mut().filter_map(|read| read.as_mut().take_output()).collect();
    if let (Err(error), Some(last)) = (ended, answers.last_mut()) {
        *last = Err(error);
    }
    answers
}

/// Separates the results; an error of the connection applies to all of them.
pub(super) fn separate_errors(answers: Vec<Rows>) -> Result<Vec<Rows>, tokio_postgres::Error> {
    let mut each = Vec::with_capacity(answers.len());
    for answer in answers {
        match answer {
            Err(error) if spoils_connection(&error) => return Err(error),
            answer => each.push(answer),
        }
    }
    Ok(each)
}
