//! Where a body ends: by length, by chunks, or with the connection.

use super::lines::LineReader;
use crate::app::text::is_blank;

/// Bytes of a line that is no chunk length after which waiting for its end is pointless.
const CHUNK_LINE_BYTES: usize = 4_096;

/// Cuts one body out of the stream.
#[derive(Debug)]
pub(super) struct Framing {
    kind: Kind,
    /// Content-Length, to fall back to when chunks turn out to be none.
    length: Option<u64>,
    /// A chunk length made no sense.
    pub(super) bad_chunk: bool,
    /// Bytes on the wire that are no content (chunk lengths).
    pub(super) overhead: u64,
}

#[derive(Debug)]
enum Kind {
    Length(u64),
    UntilClose,
    ChunkLength(LineReader, usize),
    ChunkData(u64),
    ChunkEnd(LineReader),
    Trailer(LineReader),
    Done,
}

impl Framing {
    pub(super) fn by_length(length: u64) -> Self {
        Self { kind: Kind::Length(length), length: Some(length), bad_chunk: false, overhead: 0 }
    }

    pub(super) fn until_close() -> Self {
        Self { kind: Kind::UntilClose, length: None, bad_chunk: false, overhead: 0 }
    }

    pub(super) fn chunked(length: Option<u64>) -> Self {
        Self { kind: Kind::ChunkLength(LineReader::default(), 0), length, bad_chunk: false, overhead: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.kind, Kind::Done | Kind::Length(0))
    }

    /// How long the content is, as far as the headers tell.
    pub(super) fn announced(&self) -> Option<u64> {
        self.length.filter(|_| matches!(self.kind, Kind::Length(_)))
    }

    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(self.kind, Kind::UntilClose)
    }

    /// Passes by bytes that are missing: how many of them belong to the body, and whether what follows is known.
    pub(super) fn skip(&mut self, length: u64) -> (u64, bool) {
        match &mut self.kind {
            Kind::Length(left) | Kind::ChunkData(left) => {
                let inside = length.min(*left);
                *left -= inside;
                (inside, inside == length)
            }
            Kind::UntilClose => (length, true),
            _ => (0, false),
        }
    }

    /// Takes bytes of one kind off the input; gives content to `content`.
    pub(super) fn step(&mut self, input: &mut &[u8], content: &mut dyn FnMut(&[u8])) {
        match &mut self.kind {
            Kind::Length(left) => take(left, input, content),
            Kind::UntilClose => content(std::mem::take(input)),
            Kind::ChunkLength(..) => self.chunk_length(input, content),
            Kind::ChunkData(left) => {
                take(left, input, content);
                if *left == 0 {
                    self.kind = Kind::ChunkEnd(LineReader::default());
                }
            }
            Kind::ChunkEnd(_) => self.chunk_end(input),
            Kind::Trailer(lines) => {
                if lines.read(input).is_some_and(|line| line.text.is_empty()) {
                    self.kind = Kind::Done;
                }
            }
            Kind::Done => {}
        }
    }

    fn chunk_length(&mut self, input: &mut &[u8], content: &mut dyn FnMut(&[u8])) {
        let Kind::ChunkLength(lines, seen) = &mut self.kind else { return };
        let before = input.len();
        // Waiting for a line that never ends would hide what follows.
        let window = CHUNK_LINE_BYTES.saturating_sub(*seen).max(1).min(input.len());
        let mut part = &input[..window];
        let line = lines.read(&mut part);
        let used = window - part.len();
        *input = &input[used..];
        *seen += used;
        self.overhead += (before - input.len()) as u64;
        match line {
            Some(line) => match parse_chunk_length(&line.text) {
                Some(0) => self.kind = Kind::Trailer(LineReader::default()),
                Some(length) => self.kind = Kind::ChunkData(length),
                None if line.text.iter().all(|byte| is_blank(*byte)) => {
                    self.kind = Kind::ChunkLength(LineReader::default(), 0);
                }
                None => {
                    let raw = [&line.text, line.ending.bytes()].concat();
                    self.give_up_chunks(&raw, content);
                }
            },
            None if *seen >= CHUNK_LINE_BYTES => {
                let raw = lines.take_rest();
                self.give_up_chunks(&raw, content);
            }
            None => {}
        }
    }

    /// What was announced as chunks is none: everything is content, up to the length or the end of the connection.
    fn give_up_chunks(&mut self, raw: &[u8], content: &mut dyn FnMut(&[u8])) {
        self.bad_chunk = true;
        self.overhead = self.overhead.saturating_sub(raw.len() as u64);
        content(raw);
        self.kind = match self.length {
            Some(length) => Kind::Length(length.saturating_sub(raw.len() as u64)),
            None => Kind::UntilClose,
        };
    }

    /// The bytes of a chunk length line that the end of the connection cut off: content when it was none.
    pub(super) fn finish(&mut self, content: &mut dyn FnMut(&[u8])) {
        if let Kind::ChunkLength(lines, _) = &mut self.kind {
            let raw = lines.take_rest();
            if !raw.is_empty() && parse_chunk_length(&raw).is_none() {
                self.give_up_chunks(&raw, content);
            }
        }
    }

    /// The line end behind a chunk; when it is missing, what stands there is the next length.
    fn chunk_end(&mut self, input: &mut &[u8]) {
        let Kind::ChunkEnd(lines) = &mut self.kind else { return };
        if lines.is_empty() && !input.first().is_some_and(|byte| is_blank(*byte)) {
            self.kind = Kind::ChunkLength(LineReader::default(), 0);
            return;
        }
        let before = input.len();
        let ended = lines.read(input).is_some();
        self.overhead += (before - input.len()) as u64;
        if ended {
            self.kind = Kind::ChunkLength(LineReader::default(), 0);
        }
    }
}

fn take(left: &mut u64, input: &mut &[u8], content: &mut dyn FnMut(&[u8])) {
    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
    let (part, rest) = input.split_at(length);
    content(part);
    *left -= length as u64;
    *input = rest;
}

/// The hexadecimal number at the start of a line, after blanks and an optional `0x`.
fn parse_chunk_length(line: &[u8]) -> Option<u64> {
    let start = line.iter().position(|byte| !is_blank(*byte))?;
    let mut digits = &line[start..];
    if let [b'0', b'x' | b'X', rest @ ..] = digits {
        digits = rest;
    }
    let count = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let after = digits.get(count).copied();
    if count == 0 || after.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(&digits[..count]).ok()?, 16).ok()
}
