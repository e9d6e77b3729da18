//! Requests of machines over HTTP/1.1, with or without TLS: heads are looked at before a byte of their body is read,
//! bodies are bounded one by one and together. What a request means is the business of a [`Service`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::accept;
use super::request::{Body, Chunks, Head, head};
use crate::counters::Counters;
use crate::{PipelineError, limits};

/// Longest wait for the next bytes of a request, and for a new request on an open connection.
const IDLE: Duration = Duration::from_secs(60);

/// Bytes asked for in one read.
const READ_BYTES: usize = 64 * 1024;

/// Seconds that a sender is asked to wait when there is no room.
const RETRY_S: u32 = 5;

/// What the requests of one listener mean.
pub(super) trait Service: Send + Sync + 'static {
    /// What the head told.
    type Admitted: Send;

    /// Looks at a head; the answer instead when the body is not wanted.
    fn admit(&self, head: &Head, peer: &str) -> impl Future<Output = Result<Self::Admitted, Answer>> + Send;

    /// Takes the body.
    fn take(&self, admitted: Self::Admitted, body: Vec<u8>) -> impl Future<Output = Answer> + Send;
}

/// A status and the text that goes with it.
pub(super) struct Answer {
    pub(super) status: &'static str,
    pub(super) body: String,
    pub(super) retry: bool,
}

impl Answer {
    pub(super) fn new(status: &'static str, reason: impl Into<String>) -> Self {
        let body = serde_json::json!({ "error": reason.into() }).to_string();
        Self { status, body, retry: false }
    }

    pub(super) fn busy() -> Self {
        Self { retry: true, ..Self::new("429 Too Many Requests", "no room now; send the same again later") }
    }

    fn bytes(&self, keep_alive: bool) -> Vec<u8> {
        let retry = if self.retry { format!("Retry-After: {RETRY_S}\r\n") } else { String::new() };
        let connection = if keep_alive { "keep-alive" } else { "close" };
        format!(
            "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{retry}Connection: {connection}\r\n\r\n{}",
            self.status,
            self.body.len(),
            self.body
        )
        .into_bytes()
    }
}

/// What every connection of one listener shares.
struct Server<S> {
    service: S,
    counters: Arc<Counters>,
    stop: CancellationToken,
    /// Room for bodies that are being taken, in KiB.
    room: Semaphore,
}

/// Opens a listener.
pub(super) async fn open<S: Service>(
    address: &str,
    acceptor: Option<TlsAcceptor>,
    service: S,
    counters: Arc<Counters>,
    stop: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), PipelineError> {
    let failed = |source| PipelineError::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let room = Semaphore::new(limits::HTTP_BODIES_BYTES / 1024);
    let server = Arc::new(Server { service, counters, stop, room });
    Ok((bound, tokio::spawn(accept(listener, acceptor, server))))
}

async fn accept<S: Service>(listener: TcpListener, acceptor: Option<TlsAcceptor>, server: Arc<Server<S>>) {
    let serve = |(stream, peer): (TcpStream, SocketAddr)| {
        let (server, acceptor, peer) = (Arc::clone(&server), acceptor.clone(), peer.ip().to_canonical().to_string());
        async move {
            let Some(stream) = accept::opened(stream, acceptor, &server.counters, &peer).await else { return };
            server.serve(stream, &peer).await;
        }
    };
    accept::connections(listener, limits::HTTP_CONNECTIONS, (&server.counters, &server.stop), serve).await;
}

impl<S: Service> Server<S> {
    /// Answers requests until the sender closes, one is malformed, or the listener stops.
    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin + Send, peer: &str) {
        let mut pending = Vec::new();
        loop {
            let head = match self.next_head(&mut stream, &mut pending).await {
                Ok(Some(head)) => head,
                Ok(None) => return,
                Err(reason) => {
                    let answer = Answer::new("400 Bad Request", reason);
                    let _ = stream.write_all(&answer.bytes(false)).await;
                    return;
                }
            };
            let (answer, whole) = match self.answer(&head, &mut stream, &mut pending, peer).await {
                Ok(answer) => (answer, true),
                // A body that was not read would be taken for the next request.
                Err(answer) => (answer, head.body == Body::None),
            };
            let keep_alive = head.keep_alive && whole && !self.stop.is_cancelled();
            if stream.write_all(&answer.bytes(keep_alive)).await.is_err() || !keep_alive {
                let _ = stream.shutdown().await;
                return;
            }
        }
    }

    async fn next_head(
        &self,
        stream: &mut (impl AsyncRead + Unpin + Send),
        pending: &mut Vec<u8>,
    ) -> Result<Option<Head>, &'static str> {
        loop {
            if let Some((head, length)) = head(pending)? {
                pending.drain(..length);
                return Ok(Some(head));
            }
            if !self.more(stream, pending).await {
                return Ok(None);
            }
        }
    }

    /// Reads more bytes; false at the end, after too long a wait, or when asked to stop.
    async fn more(&self, stream: &mut (impl AsyncRead + Unpin + Send), pending: &mut Vec<u8>) -> bool {
        pending.reserve(READ_BYTES);
        let read = tokio::select! {
            read = tokio::time::timeout(IDLE, stream.read_buf(pending)) => read,
            () = self.stop.cancelled() => return false,
        };
        matches!(read, Ok(Ok(size)) if size > 0)
    }

    /// The answer to a request; an error when its body was not read to the end.
    async fn answer(
        &self,
        head: &Head,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin + Send),
        pending: &mut Vec<u8>,
        peer: &str,
    ) -> Result<Answer, Answer> {
        if head.path == "/healthz" {
            return Err(Answer { status: "200 OK", body: "{\"status\":\"ok\"}".to_owned(), retry: false });
        }
        let admitted = self.service.admit(head, peer).await?;
        let kibibytes = match head.body {
            _ if head.encoded => {
                return Err(Answer::new("415 Unsupported Media Type", "send the body without encoding"));
            }
            Body::None => return Err(Answer::new("411 Length Required", "the request has no body")),
            Body::Bytes(bytes) if bytes > limits::HTTP_BODY_BYTES => {
                let reason = format!("body is longer than {} bytes; send less at once", limits::HTTP_BODY_BYTES);
                return Err(Answer::new("413 Content Too Large", reason));
            }
            Body::Bytes(bytes) => bytes.div_ceil(1024),
            Body::Chunked => limits::HTTP_BODY_BYTES / 1024,
        };
        let Ok(_room) = self.room.try_acquire_many(u32::try_from(kibibytes).unwrap_or(u32::MAX)) else {
            self.counters.requests_deferred.add(1);
            return Err(Answer::busy());
        };
        if head.expects_continue && stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
            return Err(Answer::new("400 Bad Request", "the connection broke"));
        }
        let body = self.body(head.body, stream, pending).await;
        let body = body.map_err(|reason| Answer::new("400 Bad Request", reason))?;
        Ok(self.service.take(admitted, body).await)
    }

    async fn body(
        &self,
        body: Body,
        stream: &mut (impl AsyncRead + Unpin + Send),
        pending: &mut Vec<u8>,
    ) -> Result<Vec<u8>, &'static str> {
        match body {
            Body::Bytes(length) => {
                while pending.len() < length {
                    if !self.more(stream, pending).await {
                        return Err("body ended early");
                    }
                }
                let rest = pending.split_off(length);
                Ok(std::mem::replace(pending, rest))
            }
            _ => {
                let mut chunks = Chunks::default();
                loop {
                    let bytes = std::mem::take(pending);
                    *pending = chunks.push(&bytes)?;
                    if chunks.done {
                        return Ok(chunks.body);
                    }
                    if !self.more(stream, pending).await {
                        return Err("body ended early");
                    }
                }
            }
        }
    }
}
