//! Streams of messages: syslog over TCP (RFC 6587) and TLS (RFC 5425), and local sockets that carry lines such as EVE.

use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use fengsui_normalize::{Framing, SourceDefinition};
use fengsui_relay::Class;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::frames::Frames;
use super::{Intake, accept};
use crate::{PipelineError, SocketSettings, limits};

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// Opens a listener for syslog, encrypted when there is an acceptor.
pub(super) async fn open_tcp(
    address: &str,
    tls: Option<TlsAcceptor>,
    intake: Intake,
) -> Result<(SocketAddr, JoinHandle<()>), PipelineError> {
    let failed = |source| PipelineError::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((bound, tokio::spawn(accept_tcp(listener, tls, intake))))
}

async fn accept_tcp(listener: TcpListener, tls: Option<TlsAcceptor>, intake: Intake) {
    let serve = |(stream, peer): (TcpStream, SocketAddr)| {
        let (intake, tls, sender) = (intake.clone(), tls.clone(), peer.ip().to_canonical().to_string());
        async move {
            let Some(stream) = accept::opened(stream, tls, &intake.counters, &sender).await else { return };
            let feed = Feed { sender, source: None, framing: Framing::default() };
            feed.serve(stream, Frames::of_syslog(), &intake).await;
        }
    };
    accept::connections(listener, limits::SYSLOG_CONNECTIONS, (&intake.counters, &intake.stop), serve).await;
}

/// Opens a local socket that takes lines, as Suricata's `unix_stream` output writes them.
pub(super) fn open_unix(settings: &SocketSettings, intake: Intake) -> Result<JoinHandle<()>, PipelineError> {
    let path = settings.path.clone();
    let source = match settings.source.as_str() {
        "" => None,
        name => Some(fengsui_normalize::source(name).ok_or_else(|| PipelineError::Setting {
            key: "receivers.sockets.source".to_owned(),
            reason: format!("{} is none of {}", fengsui_schema::shown(name), fengsui_normalize::source_names()),
        })?),
    };
    remove_stale(&path)?;
    let listener = UnixListener::bind(&path).map_err(PipelineError::file("listen on", &path))?;
    Ok(tokio::spawn(async move {
        accept_unix(listener, &path, source, intake).await;
        let _ = std::fs::remove_file(&path);
    }))
}

/// A socket that a process before us left behind is in the way; anything else stays.
fn remove_stale(path: &Path) -> Result<(), PipelineError> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path).map_err(PipelineError::file("delete", path))?;
    }
    Ok(())
}

async fn accept_unix(listener: UnixListener, path: &Path, source: Option<&'static SourceDefinition>, intake: Intake) {
    let serve = |stream| {
        let (intake, sender) = (intake.clone(), path.display().to_string());
        async move {
            let feed = Feed { sender, source, framing: source.map(Framing::of).unwrap_or_default() };
            let is_syslog = source.is_some_and(|source| source.name == "syslog");
            let frames = if is_syslog { Frames::of_syslog() } else { Frames::of_lines() };
            feed.serve(stream, frames, &intake).await;
        }
    };
    accept::connections(listener, limits::SYSLOG_CONNECTIONS, (&intake.counters, &intake.stop), serve).await;
}

/// One sender's stream.
struct Feed {
    sender: String,
    /// How its lines are parsed; none for syslog over the network, and until a local sender's first lines tell.
    source: Option<&'static SourceDefinition>,
    framing: Framing,
}

impl Feed {
    /// Takes messages until the sender closes; what stands without an end then is a message too. While the spool is
    /// full nothing more is read, so that the sender waits.
    async fn serve(mut self, mut stream: impl AsyncRead + Unpin, mut frames: Frames, intake: &Intake) {
        let recognizes = !frames.is_syslog() && self.source.is_none();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let read = tokio::select! {
                read = stream.read(&mut buffer) => read.unwrap_or(0),
                () = intake.stop.cancelled() => 0,
            };
            let messages = if read == 0 { frames.finish() } else { frames.push(&buffer[..read]) };
            intake.counters.line_bytes_dropped.add(std::mem::take(&mut frames.dropped));
            if recognizes && self.source.is_none() && !messages.is_empty() {
                self.source = fengsui_normalize::recognize(&messages.join(&b'\n'));
                self.framing = self.source.map(Framing::of).unwrap_or_default();
            }
            let source = self.source.map_or("syslog", |source| source.name);
            let records = messages
                .iter()
                .filter_map(|message| Some(intake.record(source, &self.sender, self.framing.record(message)?)))
                .collect();
            if !intake.append_all(Class::Protocol, records).await || read == 0 {
                return;
            }
        }
    }
}
