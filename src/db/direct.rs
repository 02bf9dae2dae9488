//! Direct mode: on a connection to a server process of its own, statements are prepared once and timeouts are
//! settings of the session, so that a write is one statement. Through a pooler the next statement may reach
//! another process, which has neither. So the mode is used only if the process that answers is the one that
//! the server named at login, and is given up for good at the first sign of another.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{Client, Error};

use super::error::is_fatal;

/// Whether the connections of a pool are used in direct mode.
pub(super) struct DirectMode(AtomicU8);

const UNKNOWN: u8 = 0;
const ON: u8 = 1;
const OFF: u8 = 2;

impl DirectMode {
    pub(super) fn new(is_allowed: bool) -> Self {
        Self(AtomicU8::new(if is_allowed { UNKNOWN } else { OFF }))
    }

    /// Whether a connection that is direct may be used so.
    pub(super) fn is_possible(&self) -> bool {
        self.0.load(Ordering::Relaxed) != OFF
    }

    /// A connection is direct.
    pub(super) fn found(&self) {
        let _ = self.0.compare_exchange(UNKNOWN, ON, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A connection is not direct: none is used so from now on.
    pub(super) fn give_up(&self) {
        self.0.store(OFF, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for DirectMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0.load(Ordering::Relaxed) {
            ON => "on",
            OFF => "off",
            _ => "not connected yet",
        })
    }
}

/// Why the server did not run a prepared statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotRun {
    /// This session does not have it, or another one of its name: it is not the session that prepared it.
    OtherSession,
    /// A migration has changed the type of a column.
    Outdated,
}

/// Whether the server has refused a prepared statement before it ran. Errors that end the connection are not
/// among them: PgBouncer reports every failure of its own with the SQLSTATE of a protocol violation.
pub(super) fn not_run(error: &Error) -> Option<NotRun> {
    let answer = error.as_db_error().filter(|answer| !is_fatal(answer))?;
    let of_other_session = [
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::DUPLICATE_PSTATEMENT,
        SqlState::PROTOCOL_VIOLATION,
    ];
    if of_other_session.contains(answer.code()) {
        return Some(NotRun::OtherSession);
    }
    let is_outdated = *answer.code() == SqlState::FEATURE_NOT_SUPPORTED
        && answer.routine() == Some("RevalidateCachedQuery");
    is_outdated.then_some(NotRun::Outdated)
}

/// The process ID that the server named at login (BackendKeyData). The driver shows it only in a cancel request,
/// so one is written into memory.
pub(super) async fn process_at_login(client: &Client) -> Option<i32> {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let request = Memory(Arc::clone(&sent));
    client.cancel_token().cancel_query_raw(request, NoHandshake).await.ok()?;
    let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
    process_in_request(&sent)
}

/// CancelRequest: its length, its code, the process ID, the secret key; four bytes each.
fn process_in_request(sent: &[u8]) -> Option<i32> {
    let (_, request) = sent.split_last_chunk::<16>()?;
    let process = request.get(8..12)?.try_into().ok()?;
    request.starts_with(&[0, 0, 0, 16]).then(|| i32::from_be_bytes(process))
}

/// A stream that keeps what is written, and answers every request for TLS with yes.
struct Memory(Arc<Mutex<Vec<u8>>>);

impl AsyncRead for Memory {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Memory {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Leaves a stream as it is.
struct NoHandshake;

impl TlsConnect<Memory> for NoHandshake {
    type Stream = Memory;
    type Error = Infallible;
    type Future = Ready<Result<Memory, Infallible>>;

    fn connect(self, stream: Memory) -> Self::Future {
        ready(Ok(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_read_from_a_cancel_request_also_after_one_for_tls() {
        let request = [0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 1, 2, 9, 9, 9, 9];
        assert_eq!(process_in_request(&request), Some(258));
        let after_tls = [&[0, 0, 0, 8, 4, 210, 22, 47][..], &request].concat();
        assert_eq!(process_in_request(&after_tls), Some(258));
        assert_eq!(process_in_request(&request[1..]), None);
    }

    #[test]
    fn a_mode_that_was_given_up_stays_off() {
        let mode = DirectMode::new(true);
        assert!(mode.is_possible());
        mode.found();
        assert_eq!(format!("{mode:?}"), "on");
        mode.give_up();
        mode.found();
        assert!(!mode.is_possible() && !DirectMode::new(false).is_possible());
    }
}
