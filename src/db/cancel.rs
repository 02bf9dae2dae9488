//! Cancelling a statement at the server. The server answers a cancel request only by closing its connection.
//! The client must not close first: PgBouncer 1.18 would drop the request.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::config::Host;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Config};

use super::settings::Connector;

/// Sends the request to one of the servers on which the statement may run; the others ignore it. Errors do
/// not matter to the caller.
pub(super) async fn cancel(statement: &CancelToken, server: &Config, mut connector: Connector) {
    let (Some(Host::Tcp(host)), port) = (server.get_hosts().first(), server.get_ports().first())
    else {
        let _ = statement.cancel_query(connector).await;
        return;
    };
    let Ok(tls) = MakeTlsConnect::<CloseAfterPeer>::make_tls_connect(&mut connector, host);
    if let Ok(stream) = TcpStream::connect((host.as_str(), port.copied().unwrap_or(5432))).await {
        let _ = statement.cancel_query_raw(CloseAfterPeer(stream), tls).await;
    }
}

/// A stream whose shutdown waits until the peer has closed it.
struct CloseAfterPeer(TcpStream);

impl AsyncRead for CloseAfterPeer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for CloseAfterPeer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut byte = [0];
            let mut buffer = ReadBuf::new(&mut byte);
            let read = ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Pin::new(&mut self.0).poll_shutdown(context);
            }
        }
    }
}
