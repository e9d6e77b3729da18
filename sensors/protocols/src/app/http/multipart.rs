//! Files in multipart/form-data bodies.

use crate::app::text::{contains_ignore_case, trim};
use crate::limits::MULTIPART_PARTS;

/// Bytes of a part's header lines that are waited for.
const PART_HEADER_BYTES: usize = 4 << 10;

/// Cuts a multipart body into its parts as it comes.
#[derive(Debug)]
pub(super) struct Multipart {
    /// CR LF, two dashes, boundary.
    delimiter: Vec<u8>,
    held: Vec<u8>,
    /// Bytes of it that were read.
    start: usize,
    state: State,
    parts: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    Headers,
    /// Whether the part is a file.
    Content(bool),
    Done,
}

/// What a multipart body holds, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A file begins.
    Begin(Vec<u8>),
    /// Its content.
    Data(Vec<u8>),
    /// It ends.
    End,
}

impl Multipart {
    /// From a Content-Type; none when that is no multipart form with a boundary.
    pub(super) fn from_content_type(value: &[u8]) -> Option<Self> {
        if !contains_ignore_case(value, b"multipart/form-data") {
            return None;
        }
        let boundary = parameter(value, b"boundary")?;
        if boundary.is_empty() || boundary.len() > 200 {
            return None;
        }
        // The body is taken to start with a line end, so that the first delimiter looks like the others.
        let delimiter = [b"\r\n--", boundary].concat();
        Some(Self { delimiter, held: b"\r\n".to_vec(), start: 0, state: State::Preamble, parts: 0 })
    }

    pub(super) fn write(&mut self, data: &[u8], parts: &mut Vec<Part>) {
        // What was read is let go once for each piece: a piece may hold any number of parts.
        self.held.drain(..std::mem::take(&mut self.start));
        self.held.extend_from_slice(data);
        while self.step(parts) {}
    }

    /// Ends the body; a file that is open ends with it.
    pub(super) fn finish(&mut self, parts: &mut Vec<Part>) {
        if self.state == State::Content(true) {
            push_data(parts, &self.held[self.start..]);
            self.held.clear();
            self.start = 0;
            parts.push(Part::End);
        }
        self.state = State::Done;
    }

    fn step(&mut self, parts: &mut Vec<Part>) -> bool {
        match self.state {
            State::Preamble => self.content(false, parts),
            State::Content(is_file) => self.content(is_file, parts),
            State::Headers => self.headers(parts),
            State::Done => {
                self.held.clear();
                self.start = 0;
                false
            }
        }
    }

    /// Hands out content up to the next delimiter, keeping back what may be the beginning of one.
    fn content(&mut self, is_file: bool, parts: &mut Vec<Part>) -> bool {
        let waiting = &self.held[self.start..];
        let Some(at) = memchr::memmem::find(waiting, &self.delimiter) else {
            let keep = self.delimiter.len() - 1;
            let ready = waiting.len().saturating_sub(keep);
            if is_file {
                push_data(parts, &waiting[..ready]);
            }
            self.start += ready;
            return false;
        };
        if is_file {
            push_data(parts, &waiting[..at]);
            parts.push(Part::End);
        }
        self.start += at + self.delimiter.len();
        self.state = State::Headers;
        true
    }

    fn headers(&mut self, parts: &mut Vec<Part>) -> bool {
        let waiting = &self.held[self.start..];
        if waiting.starts_with(b"--") {
            self.state = State::Done;
            return true;
        }
        let Some(end) = memchr::memmem::find(&waiting[..waiting.len().min(PART_HEADER_BYTES + 1)], b"\r\n\r\n") else {
            if waiting.len() > PART_HEADER_BYTES {
                self.state = State::Done;
            }
            return false;
        };
        let name = waiting[..end].split(|byte| *byte == b'\n').find_map(file_name);
        self.start += end + 4;
        self.parts += 1;
        let is_file = name.is_some() && self.parts <= MULTIPART_PARTS;
        if let (true, Some(name)) = (is_file, name) {
            parts.push(Part::Begin(name));
        }
        self.state = State::Content(is_file);
        true
    }
}

fn push_data(parts: &mut Vec<Part>, data: &[u8]) {
    match parts.last_mut() {
        _ if data.is_empty() => {}
        Some(Part::Data(last)) => last.extend_from_slice(data),
        _ => parts.push(Part::Data(data.to_vec())),
    }
}

fn file_name(line: &[u8]) -> Option<Vec<u8>> {
    contains_ignore_case(line, b"content-disposition")
        .then(|| parameter(line, b"filename").map(<[u8]>::to_vec))
        .flatten()
}

/// The value of a parameter such as `filename="x"`; quotes are taken off.
pub(super) fn parameter<'a>(header: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    for part in split_outside_quotes(header) {
        let part = trim(part);
        let Some(equals) = memchr::memchr(b'=', part) else { continue };
        if !trim(&part[..equals]).eq_ignore_ascii_case(name) {
            continue;
        }
        let value = trim(&part[equals + 1..]);
        return Some(match value.strip_prefix(b"\"") {
            Some(quoted) => &quoted[..memchr::memchr(b'"', quoted).unwrap_or(quoted.len())],
            None => value,
        });
    }
    None
}

fn split_outside_quotes(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    text.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b';' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--xx\r\nContent-Disposition: \
        form-data; name=\"f\"; filename=\"x;y.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n-\r\n--xx--\r\n";

    #[test]
    fn files_come_out_however_the_body_is_cut() {
        let expected = vec![Part::Begin(b"x;y.txt".to_vec()), Part::Data(b"hello\r\n-".to_vec()), Part::End];
        for size in 1..BODY.len() {
            let mut multipart = Multipart::from_content_type(b"multipart/form-data; boundary=xx").expect("is one");
            let mut parts = Vec::new();
            for piece in BODY.chunks(size) {
                multipart.write(piece, &mut parts);
            }
            multipart.finish(&mut parts);
            let mut joined: Vec<Part> = Vec::new();
            for part in parts {
                match part {
                    Part::Data(data) => push_data(&mut joined, &data),
                    other => joined.push(other),
                }
            }
            assert_eq!(joined, expected, "pieces of {size}");
        }
    }
}
