//! Events over HTTP: `POST /ingest/<source>` with one record a line, answered when they are on disk.
//!
//! A listener of its own for machines, apart from the console's for people (see docs/adr): no cookies, no sessions, a
//! token on every request. Where there is no room the answer is 429 with `Retry-After`, and nothing was taken.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fengsui_normalize::{Framing, SourceDefinition};
use fengsui_relay::Class;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::request::{Body, Chunks, Head, head};
use super::{Intake, Refusal, stream, tls};
use crate::{HttpListenerSettings, PipelineError, limits};

/// Longest wait for the next bytes of a request, and for a new request on an open connection.
const IDLE: Duration = Duration::from_secs(60);

/// Seconds that a sender is asked to wait when there is no room.
const RETRY_S: u32 = 5;

/// What every connection of one listener shares.
struct Listener {
    intake: Intake,
    /// Digests of the tokens that are taken.
    tokens: Vec<[u8; 32]>,
    /// Room for bodies that are being taken, in KiB.
    room: Semaphore,
}

/// Opens a listener.
pub(super) async fn open(
    settings: &HttpListenerSettings,
    intake: Intake,
) -> Result<(SocketAddr, JoinHandle<()>), PipelineError> {
    let tokens = tokens(settings)?;
    let acceptor = match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key, settings.client_authority.as_deref())?),
        (None, None) => None,
        _ => {
            let reason = "certificate and key go together: give both or neither".to_owned();
            return Err(PipelineError::Setting { key: "receivers.http".to_owned(), reason });
        }
    };
    let failed = |source| PipelineError::Listen { address: settings.address.clone(), source };
    let listener = TcpListener::bind(&settings.address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let shared = Arc::new(Listener { intake, tokens, room: Semaphore::new(limits::HTTP_BODIES_BYTES / 1024) });
    Ok((bound, tokio::spawn(accept(listener, acceptor, shared))))
}

/// The tokens of a listener's file, one a line.
fn tokens(settings: &HttpListenerSettings) -> Result<Vec<[u8; 32]>, PipelineError> {
    let path = &settings.token_file;
    let text = std::fs::read_to_string(path).map_err(PipelineError::file("read", path))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (good, short): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.len() >= limits::TOKEN_BYTES);
    if good.is_empty() || !short.is_empty() {
        let reason = format!(
            "{} must hold at least one token and none shorter than {} characters",
            path.display(),
            limits::TOKEN_BYTES
        );
        return Err(PipelineError::Setting { key: "receivers.http.token_file".to_owned(), reason });
    }
    Ok(good.iter().map(|token| fengsui_crypto::sm3(token.as_bytes())).collect())
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Listener>) {
    let places = Arc::new(Semaphore::new(limits::HTTP_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.intake.stop.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let Ok((stream, peer)) = accepted else { continue };
        let Some(place) = stream::place(&places, &shared.intake) else { continue };
        let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
        connections.spawn(async move {
            let peer = peer.ip().to_canonical().to_string();
            match acceptor {
                None => shared.serve(stream, &peer).await,
                Some(acceptor) => match tokio::time::timeout(IDLE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => shared.serve(stream, &peer).await,
                    _ => shared.intake.counters.handshakes_failed.add(1),
                },
            }
            drop(place);
        });
    }
    while connections.join_next().await.is_some() {}
}

/// A status and the text that goes with it.
struct Answer {
    status: &'static str,
    body: String,
    retry: bool,
}

impl Answer {
    fn new(status: &'static str, reason: impl Into<String>) -> Self {
        let body = serde_json::json!({ "error": reason.into() }).to_string();
        Self { status, body, retry: false }
    }

    fn busy() -> Self {
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

impl Listener {
    /// Answers requests until the sender closes, one is malformed, or the listener stops.
    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, peer: &str) {
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
            let (answer, whole) = self.answer(&head, &mut stream, &mut pending, peer).await;
            // A body that was not read would be taken for the next request.
            let keep_alive = head.keep_alive && whole && !self.intake.stop.is_cancelled();
            if stream.write_all(&answer.bytes(keep_alive)).await.is_err() || !keep_alive {
                let _ = stream.shutdown().await;
                return;
            }
        }
    }

    async fn next_head(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
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
    async fn more(&self, stream: &mut (impl AsyncRead + Unpin), pending: &mut Vec<u8>) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        let read = tokio::select! {
            read = tokio::time::timeout(IDLE, stream.read(&mut buffer)) => read,
            () = self.intake.stop.cancelled() => return false,
        };
        match read {
            Ok(Ok(size)) if size > 0 => {
                pending.extend_from_slice(&buffer[..size]);
                true
            }
            _ => false,
        }
    }

    /// The answer to a request, and whether its body was read to the end.
    async fn answer(
        &self,
        head: &Head,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        pending: &mut Vec<u8>,
        peer: &str,
    ) -> (Answer, bool) {
        let bodiless = head.body == Body::None;
        if head.path == "/healthz" {
            return (Answer { status: "200 OK", body: "{\"status\":\"ok\"}".to_owned(), retry: false }, bodiless);
        }
        if !self.admits(head.token.as_deref()) {
            self.intake.counters.tokens_refused.add(1);
            return (
                Answer::new("401 Unauthorized", "send Authorization: Bearer with a token of this listener"),
                false,
            );
        }
        let source = match (head.method.as_str(), source_of(&head.path)) {
            ("POST" | "PUT", Some(source)) => source,
            ("POST" | "PUT", None) => {
                let reason =
                    format!("post to /ingest or /ingest/<source>; sources are {}", fengsui_normalize::source_names());
                return (Answer::new("404 Not Found", reason), false);
            }
            _ => return (Answer::new("405 Method Not Allowed", "post records, one a line"), false),
        };
        let body = match head.body {
            _ if head.encoded => {
                return (Answer::new("415 Unsupported Media Type", "send the body without encoding"), false);
            }
            Body::None => return (Answer::new("411 Length Required", "the request has no body"), true),
            Body::Bytes(bytes) if bytes > limits::HTTP_BODY_BYTES => {
                let reason = format!("body is longer than {} bytes; send less at once", limits::HTTP_BODY_BYTES);
                return (Answer::new("413 Content Too Large", reason), false);
            }
            body => body,
        };
        let kibibytes = match body {
            Body::Bytes(bytes) => bytes.div_ceil(1024),
            _ => limits::HTTP_BODY_BYTES / 1024,
        };
        let Ok(_room) = self.room.try_acquire_many(u32::try_from(kibibytes).unwrap_or(u32::MAX)) else {
            self.intake.counters.requests_deferred.add(1);
            return (Answer::busy(), false);
        };
        if head.expects_continue && stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
            return (Answer::new("400 Bad Request", "the connection broke"), false);
        }
        match self.body(body, stream, pending).await {
            Ok(bytes) => {
                let instance = head.query.iter().find(|(name, _)| name == "instance").map(|(_, value)| value.as_str());
                (self.take(source, instance.filter(|name| !name.is_empty()).unwrap_or(peer), &bytes).await, true)
            }
            Err(reason) => (Answer::new("400 Bad Request", reason), false),
        }
    }

    /// Whether a token is one of the listener's. Digests are compared, so the time tells nothing of the token.
    fn admits(&self, token: Option<&str>) -> bool {
        let digest = token.map(|token| fengsui_crypto::sm3(token.as_bytes()));
        digest.is_some_and(|digest| self.tokens.contains(&digest))
    }

    async fn body(
        &self,
        body: Body,
        stream: &mut (impl AsyncRead + Unpin),
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

    /// Appends the records of a body; the answer says how many are on disk.
    async fn take(&self, source: Option<&'static SourceDefinition>, instance: &str, body: &[u8]) -> Answer {
        let Some(source) = source.or_else(|| fengsui_normalize::recognize(body)) else {
            return Answer::new(
                "422 Unprocessable Content",
                "the first lines resemble no known source; name one in the path",
            );
        };
        let mut framing = Framing::of(source);
        let records: Vec<Vec<u8>> = body
            .split(|byte| *byte == b'\n')
            .filter_map(|line| framing.record(line))
            .map(|payload| self.intake.record(source.name, instance, payload))
            .collect();
        let mut accepted = 0;
        for group in records.chunks(limits::HTTP_GROUP) {
            match self.intake.try_append(Class::Protocol, group.to_vec()).await {
                Ok(()) => accepted += group.len(),
                Err(Refusal::Full) if accepted == 0 => {
                    self.intake.counters.requests_deferred.add(1);
                    return Answer::busy();
                }
                Err(Refusal::Full) => {
                    self.intake.counters.requests_deferred.add(1);
                    let body = serde_json::json!({"accepted": accepted, "error": "no room for the rest; send only it again later"});
                    return Answer { status: "429 Too Many Requests", body: body.to_string(), retry: true };
                }
                Err(Refusal::Failed(error)) => {
                    tracing::error!(%error, "the spool did not take a request's records");
                    let body = serde_json::json!({"accepted": accepted, "error": "the disk failed; send the rest again later"});
                    return Answer { status: "503 Service Unavailable", body: body.to_string(), retry: true };
                }
            }
        }
        let body = serde_json::json!({"accepted": accepted, "source": source.name}).to_string();
        Answer { status: "200 OK", body, retry: false }
    }
}

/// The source a path names; recognised by the first lines for `/ingest`. `None` for other paths and unknown names.
fn source_of(path: &str) -> Option<Option<&'static SourceDefinition>> {
    match path.trim_end_matches('/').strip_prefix("/ingest")? {
        "" => Some(None),
        rest => fengsui_normalize::source(rest.strip_prefix('/')?).map(Some),
    }
}
