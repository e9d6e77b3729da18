//! Events over HTTP: `POST /ingest/<source>` with one record a line, answered when they are on disk.
//!
//! A listener of its own for machines, apart from the console's for people (see docs/adr): no cookies, no sessions, a
//! token on every request. Where there is no room the answer is 429 with `Retry-After`, and nothing was taken.

use std::net::SocketAddr;

use fengsui_normalize::{Framing, SourceDefinition};
use fengsui_relay::Class;
use tokio::task::JoinHandle;

use super::request::Head;
use super::server::{self, Answer, Service};
use super::{Intake, Refusal, tls};
use crate::{HttpListenerSettings, PipelineError, limits};

/// What every request of one listener shares.
struct Ingest {
    intake: Intake,
    /// Digests of the tokens that are taken.
    tokens: Vec<[u8; 32]>,
}

/// Opens a listener.
pub(super) async fn open(
    settings: &HttpListenerSettings,
    intake: Intake,
) -> Result<(SocketAddr, JoinHandle<()>), PipelineError> {
    let tokens = tokens(settings)?;
    let pair = (settings.certificate.as_deref(), settings.key.as_deref());
    let acceptor = tls::acceptor_of("receivers.http", pair, settings.client_authority.as_deref())?;
    let (counters, stop) = (intake.counters.clone(), intake.stop.clone());
    server::open(&settings.address, acceptor, Ingest { intake, tokens }, counters, stop).await
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

impl Service for Ingest {
    /// Source, when the path names one, and sender.
    type Admitted = (Option<&'static SourceDefinition>, String);

    async fn admit(&self, head: &Head, peer: &str) -> Result<Self::Admitted, Answer> {
        if !self.admits(head.token.as_deref()) {
            self.intake.counters.tokens_refused.add(1);
            let reason = "send Authorization: Bearer with a token of this listener";
            return Err(Answer::new("401 Unauthorized", reason));
        }
        let source = match (head.method.as_str(), source_of(&head.path)) {
            ("POST" | "PUT", Some(source)) => source,
            ("POST" | "PUT", None) => {
                let reason =
                    format!("post to /ingest or /ingest/<source>; sources are {}", fengsui_normalize::source_names());
                return Err(Answer::new("404 Not Found", reason));
            }
            _ => return Err(Answer::new("405 Method Not Allowed", "post records, one a line")),
        };
        let named = head.query.iter().find(|(name, value)| name == "instance" && !value.is_empty());
        Ok((source, named.map_or(peer, |(_, value)| value.as_str()).to_owned()))
    }

    async fn take(&self, (source, instance): Self::Admitted, body: Vec<u8>) -> Answer {
        self.append(source, &instance, &body).await
    }
}

impl Ingest {
    /// Whether a token is one of the listener's. Digests are compared, so the time tells nothing of the token.
    fn admits(&self, token: Option<&str>) -> bool {
        let digest = token.map(|token| fengsui_crypto::sm3(token.as_bytes()));
        digest.is_some_and(|digest| self.tokens.contains(&digest))
    }

    /// Appends the records of a body; the answer says how many are on disk.
    async fn append(&self, source: Option<&'static SourceDefinition>, instance: &str, body: &[u8]) -> Answer {
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
