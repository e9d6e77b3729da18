//! Syslog over TCP (RFC 6587): octet counting, or one message a line, told by the first byte of each message.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::Intake;
use crate::{PipelineError, limits};

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// Opens a listener.
pub(super) async fn open(address: &str, intake: Intake) -> Result<(SocketAddr, JoinHandle<()>), PipelineError> {
    let failed = |source| PipelineError::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((bound, tokio::spawn(accept(listener, intake))))
}

async fn accept(listener: TcpListener, intake: Intake) {
    let places = Arc::new(Semaphore::new(limits::SYSLOG_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = intake.stop.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let Ok((stream, peer)) = accepted else { continue };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            intake.counters.connections_refused.add(1);
            continue;
        };
        let intake = intake.clone();
        connections.spawn(async move {
            serve(stream, &peer.ip().to_canonical().to_string(), &intake).await;
            drop(place);
        });
    }
    while connections.join_next().await.is_some() {}
}

/// Takes messages until the sender closes; what stands without an end then is a message too.
async fn serve(mut stream: TcpStream, peer: &str, intake: &Intake) {
    let mut frames = Frames::default();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = tokio::select! {
            read = stream.read(&mut buffer) => read.unwrap_or(0),
            () = intake.stop.cancelled() => 0,
        };
        let messages = if read == 0 { frames.finish() } else { frames.push(&buffer[..read]) };
        intake.counters.line_bytes_dropped.add(std::mem::take(&mut frames.dropped));
        let records: Vec<Vec<u8>> =
            messages.into_iter().map(|message| intake.record("syslog", peer, message)).collect();
        for group in records.chunks(limits::RECEIVED_GROUP) {
            if !intake.append(group.to_vec()).await {
                return;
            }
        }
        if read == 0 {
            return;
        }
    }
}

/// Cuts a stream into messages.
#[derive(Debug, Default)]
struct Frames {
    pending: Vec<u8>,
    /// Bytes of the present line that are dropped until its end.
    overlong: bool,
    dropped: usize,
}

/// What the pending bytes begin with.
enum Next {
    /// A message of these bytes, then where the rest begins.
    Message(usize, usize, usize),
    /// More bytes are needed.
    Wait,
}

impl Frames {
    fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.pending.extend_from_slice(bytes);
        let (mut messages, mut start) = (Vec::new(), 0);
        while let Next::Message(from, to, rest) = self.next(start) {
            if std::mem::take(&mut self.overlong) {
                self.dropped += to - from;
            } else if to > from {
                messages.push(self.pending[from..to].to_vec());
            }
            start = rest;
        }
        self.pending.drain(..start);
        if self.pending.len() > limits::LINE_BYTES {
            self.cut(&mut messages);
        }
        messages
    }

    /// Hands out the beginning of a line that is too long and drops the rest of it.
    fn cut(&mut self, messages: &mut Vec<Vec<u8>>) {
        self.dropped += self.pending.len().saturating_sub(if self.overlong { 0 } else { limits::LINE_BYTES });
        self.pending.truncate(limits::LINE_BYTES);
        let line = std::mem::take(&mut self.pending);
        if !self.overlong {
            messages.push(line);
        }
        self.overlong = true;
    }

    fn next(&self, start: usize) -> Next {
        let pending = &self.pending[start..];
        if !self.overlong && pending.first().is_some_and(|byte| (b'1'..=b'9').contains(byte)) {
            let digits = pending.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let length = std::str::from_utf8(&pending[..digits]).ok().and_then(|digits| digits.parse::<usize>().ok());
            match (pending.get(digits), length) {
                (None, _) if digits <= 7 => return Next::Wait,
                (Some(b' '), Some(length)) if length <= limits::LINE_BYTES => {
                    let from = start + digits + 1;
                    return if self.pending.len() >= from + length {
                        Next::Message(from, from + length, from + length)
                    } else {
                        Next::Wait
                    };
                }
                _ => {}
            }
        }
        match pending.iter().position(|byte| *byte == b'\n') {
            Some(end) => Next::Message(start, start + end, start + end + 1),
            None => Next::Wait,
        }
    }

    fn finish(&mut self) -> Vec<Vec<u8>> {
        let line = std::mem::take(&mut self.pending);
        if line.is_empty() || self.overlong { Vec::new() } else { vec![line] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&str]) -> Vec<String> {
        let mut frames = Frames::default();
        let mut messages: Vec<Vec<u8>> = chunks.iter().flat_map(|chunk| frames.push(chunk.as_bytes())).collect();
        messages.extend(frames.finish());
        messages.into_iter().map(|message| String::from_utf8_lossy(&message).into_owned()).collect()
    }

    #[test]
    fn counted_and_lines() {
        assert_eq!(cut(&["8 <13>a\nbc5 <13>d"]), ["<13>a\nbc", "<13>d"]);
        assert_eq!(cut(&["<13>a\n<13", ">b\n\n<13>c"]), ["<13>a", "<13>b", "<13>c"]);
        assert_eq!(cut(&["1", "0 <13>", "123456", "<13>x\n"]), ["<13>123456", "<13>x"]);
    }

    #[test]
    fn a_line_without_end_is_cut_once() {
        let mut frames = Frames::default();
        let part = vec![b'a'; limits::LINE_BYTES / 2 + 1];
        let mut messages: Vec<Vec<u8>> = (0..6).flat_map(|_| frames.push(&part)).collect();
        messages.extend(frames.push(b"\n<13>next\n"));
        assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [limits::LINE_BYTES, 8]);
        assert_eq!(frames.dropped, part.len() * 6 - limits::LINE_BYTES);
    }
}
