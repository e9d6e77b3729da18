//! Connections of a listener: so many at once, each in a task of its own, with or without TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::counters::Counters;

/// Longest wait for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where connections come from.
pub(super) trait Listener: Send + Sync + 'static {
    type Connection: Send + 'static;

    fn next(&self) -> impl Future<Output = io::Result<Self::Connection>> + Send;
}

impl Listener for TcpListener {
    type Connection = (TcpStream, SocketAddr);

    async fn next(&self) -> io::Result<Self::Connection> {
        self.accept().await
    }
}

impl Listener for UnixListener {
    type Connection = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

/// Serves connections until asked to stop, then until the last of them ends. Those above the limit are closed at once and
/// counted.
pub(super) async fn connections<L: Listener, F: Future<Output = ()> + Send + 'static>(
    listener: L,
    limit: usize,
    (counters, stop): (&Counters, &CancellationToken),
    serve: impl Fn(L::Connection) -> F,
) {
    let places = Arc::new(Semaphore::new(limit));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.next() => accepted,
            () = stop.cancelled() => break,
            Some(_) = open.join_next(), if !open.is_empty() => continue,
        };
        let Ok(connection) = accepted else { continue };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            counters.connections_refused.add(1);
            continue;
        };
        let served = serve(connection);
        open.spawn(async move {
            served.await;
            drop(place);
        });
    }
    while open.join_next().await.is_some() {}
}

/// A stream in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// The stream as its sender means it, after the handshake when there is an acceptor; `None` when that failed, which is counted.
pub(super) async fn opened(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    counters: &Counters,
    peer: &str,
) -> Option<Box<dyn Duplex>> {
    let Some(acceptor) = acceptor else { return Some(Box::new(stream)) };
    let reason = match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => return Some(Box::new(stream)),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    counters.handshakes_failed.add(1);
    tracing::warn!(reason, peer, "a TLS handshake failed");
    None
}
