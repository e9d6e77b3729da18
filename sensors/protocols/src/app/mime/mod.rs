//! Mail messages (RFC 5322, RFC 2045 to 2047, RFC 2231), line by line: header fields of the message, attachments as
//! files, addresses of the web in its text.

mod decode;
mod fields;

use md5::{Digest as _, Md5};

use crate::limits::{MIME_DEPTH, MIME_HEADER_BYTES, MIME_HEADERS, MIME_NAME_BYTES, MIME_PARTS, MIME_URLS};
use decode::Decoder;
pub(crate) use fields::{addresses, parameter};

/// What comes out of a message, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// An attachment begins.
    Begin(Vec<u8>),
    /// Its content.
    Data(Vec<u8>),
    /// It ends; the flag says whether it was whole.
    End(bool),
}

/// Reads one message.
#[derive(Debug, Default)]
pub(crate) struct Mime {
    /// Header fields of the message itself: name in lower case, value unfolded.
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) attachments: Vec<Vec<u8>>,
    pub(crate) urls: Vec<Vec<u8>>,
    /// Names of app-layer events, without the protocol.
    pub(crate) events: Vec<&'static str>,
    pub(crate) parts: Vec<Part>,
    state: State,
    /// The field being read: it may be folded.
    field: Vec<u8>,
    header_bytes: usize,
    /// Boundaries of the multiparts around, outermost first.
    boundaries: Vec<Vec<u8>>,
    entity: Entity,
    is_top: bool,
    started: bool,
    part_count: usize,
    line: Vec<u8>,
    /// Room for the content of one line.
    decoded: Vec<u8>,
    /// MD5 of the body, where anybody asks for it.
    body_digest: Option<Md5>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Headers,
    /// Content of an entity.
    Body,
    /// Between parts: nothing counts but boundaries.
    Between,
}

/// The part being read.
#[derive(Debug, Default)]
struct Entity {
    decoder: Decoder,
    name: Option<Vec<u8>>,
    boundary: Option<Vec<u8>>,
    is_message: bool,
    is_text: bool,
    in_file: bool,
    /// A line end that belongs to the content unless a boundary follows.
    line_end: bool,
}

impl Mime {
    /// Reads a message; `digests` says whether the MD5 of its body is asked for.
    pub(crate) fn new(digests: bool) -> Self {
        let entity = Entity { is_text: true, ..Entity::default() };
        Self { is_top: true, entity, body_digest: digests.then(Md5::default), ..Self::default() }
    }

    /// Takes a line, or a piece of one that goes on.
    pub(crate) fn line(&mut self, bytes: &[u8], goes_on: bool) {
        if self.state != State::Headers || self.started {
            self.body_bytes(bytes, goes_on);
        }
        if self.line.is_empty() && !goes_on {
            return self.take(bytes, false);
        }
        self.line.extend_from_slice(bytes);
        // Only text of a header may be cut; content is handed on piece by piece.
        if goes_on && self.state == State::Headers && self.line.len() < MIME_HEADER_BYTES {
            return;
        }
        let piece = std::mem::take(&mut self.line);
        self.take(&piece, goes_on);
    }

    /// The body's MD5 is over its lines as they came.
    fn body_bytes(&mut self, bytes: &[u8], goes_on: bool) {
        let Some(digest) = &mut self.body_digest else { return };
        digest.update(bytes);
        if !goes_on {
            digest.update(b"\r\n");
        }
    }

    fn take(&mut self, line: &[u8], goes_on: bool) {
        if self.state == State::Headers {
            self.header_line(line);
        } else if !self.boundary(line) && self.state == State::Body {
            self.content(line, goes_on);
        }
    }

    /// The message has ended.
    pub(crate) fn finish(&mut self, is_whole: bool) {
        let rest = std::mem::take(&mut self.line);
        if !rest.is_empty() {
            self.take(&rest, false);
        }
        if self.state == State::Headers {
            self.end_headers();
        }
        self.end_entity(is_whole);
    }

    pub(crate) fn body_md5(&self) -> Option<String> {
        self.body_digest.clone().map(|digest| hex::encode(digest.finalize()))
    }

    /// The value of a header field of the message.
    pub(crate) fn header(&self, name: &[u8]) -> Option<&[u8]> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_slice())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |header| header.0 == name).map(|header| header.1.as_slice())
    }

    fn event(&mut self, name: &'static str) {
        if !self.events.contains(&name) {
            self.events.push(name);
        }
    }

    fn header_line(&mut self, line: &[u8]) {
        self.header_bytes += line.len();
        match line.first() {
            None => return self.end_headers(),
            Some(b' ' | b'\t') if !self.field.is_empty() => {
                if self.header_bytes <= MIME_HEADER_BYTES {
                    // Suricata drops the white space of a fold.
                    self.field.extend_from_slice(line.trim_ascii_start());
                }
                return;
            }
            _ => {}
        }
        self.end_field();
        if self.boundary(line) {
            return;
        }
        if self.header_bytes <= MIME_HEADER_BYTES {
            self.field = line.to_vec();
        } else {
            self.event("smtp.mime_long_header_value");
        }
    }

    fn end_field(&mut self) {
        let field = std::mem::take(&mut self.field);
        let Some(colon) = memchr::memchr(b':', &field) else { return };
        let name = field[..colon].trim_ascii_end().to_ascii_lowercase();
        let value = fields::unfold(&field[colon + 1..]);
        match name.as_slice() {
            b"content-type" => self.content_type(&value),
            b"content-transfer-encoding" => self.entity.decoder = Decoder::of(&value),
            b"content-disposition" => {
                if let Some(name) = parameter(&value, b"filename") {
                    self.file_name(name);
                }
            }
            _ => {}
        }
        if self.is_top && self.headers.len() < MIME_HEADERS {
            self.headers.push((name, value));
        }
    }

    fn content_type(&mut self, value: &[u8]) {
        let kind = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
        self.entity.is_text = kind.is_empty() || kind.starts_with(b"text/");
        self.entity.is_message = kind == b"message/rfc822";
        if kind.starts_with(b"multipart/") {
            self.entity.boundary = parameter(value, b"boundary").filter(|boundary| !boundary.is_empty());
            if self.entity.boundary.as_ref().is_some_and(|boundary| boundary.len() > 254) {
                self.event("smtp.mime_long_boundary");
            }
        }
        if let Some(name) = parameter(value, b"name")
            && self.entity.name.is_none()
        {
            self.file_name(name);
        }
    }

    fn file_name(&mut self, mut name: Vec<u8>) {
        if name.len() > MIME_NAME_BYTES {
            name.truncate(MIME_NAME_BYTES);
            self.event("smtp.mime_long_filename");
        }
        if !name.is_empty() {
            self.entity.name = Some(name);
        }
    }

    /// The empty line after the header fields.
    fn end_headers(&mut self) {
        self.end_field();
        self.header_bytes = 0;
        self.is_top = false;
        self.started = true;
        if let Some(boundary) = self.entity.boundary.take() {
            if self.boundaries.len() < MIME_DEPTH {
                self.boundaries.push([b"--", boundary.as_slice()].concat());
            } else {
                self.event("smtp.mime_malformed_msg");
            }
            self.state = State::Between;
            return;
        }
        if self.entity.is_message {
            // A message within: its own header fields, its content as they say.
            self.entity = Entity { is_text: true, ..Entity::default() };
            self.state = State::Headers;
            return;
        }
        self.state = State::Body;
        if let Some(name) = self.entity.name.clone()
            && self.part_count < MIME_PARTS
        {
            self.part_count += 1;
            self.attachments.push(name.clone());
            self.entity.in_file = true;
            self.parts.push(Part::Begin(name));
        }
    }

    /// Ends the part when the line is a boundary.
    fn boundary(&mut self, line: &[u8]) -> bool {
        if !line.starts_with(b"--") {
            return false;
        }
        let line = line.trim_ascii_end();
        let matching = |boundary: &Vec<u8>| {
            line.strip_prefix(boundary.as_slice()).is_some_and(|rest| rest.is_empty() || rest == b"--")
        };
        let Some(level) = self.boundaries.iter().rposition(matching) else { return false };
        let is_last = line.len() > self.boundaries[level].len();
        self.end_entity(true);
        self.boundaries.truncate(if is_last { level } else { level + 1 });
        self.entity = Entity { is_text: true, ..Entity::default() };
        self.field.clear();
        self.state = if is_last { State::Between } else { State::Headers };
        true
    }

    fn end_entity(&mut self, is_whole: bool) {
        let entity = std::mem::take(&mut self.entity);
        if entity.in_file {
            let (rest, valid) = entity.decoder.finish();
            self.push_data(&rest);
            if !valid {
                self.event("smtp.mime_invalid_base64");
            }
            self.parts.push(Part::End(is_whole));
        }
    }

    fn content(&mut self, line: &[u8], goes_on: bool) {
        let entity = &mut self.entity;
        if !entity.in_file && !entity.is_text {
            return;
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        if std::mem::take(&mut entity.line_end) {
            entity.decoder.line_end(&mut decoded);
        }
        let valid = entity.decoder.line(line, &mut decoded);
        entity.line_end = !goes_on;
        let (in_file, is_text, encoding) = (entity.in_file, entity.is_text, entity.decoder.event());
        if !valid {
            self.event(encoding);
        }
        if is_text {
            self.find_urls(&decoded);
        }
        if in_file {
            self.push_data(&decoded);
        }
        self.decoded = decoded;
    }

    fn push_data(&mut self, data: &[u8]) {
        match self.parts.last_mut() {
            _ if data.is_empty() => {}
            Some(Part::Data(last)) => last.extend_from_slice(data),
            _ => self.parts.push(Part::Data(data.to_vec())),
        }
    }

    fn find_urls(&mut self, text: &[u8]) {
        for url in fields::urls(text) {
            if self.urls.len() < MIME_URLS && !self.urls.iter().any(|known| known == url) {
                self.urls.push(url.to_vec());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: a <a@example.org>\r\nSubject: folded\r\n line\r\nContent-Type: multipart/mixed;\r\n \
        boundary=\"b1\"\r\n\r\npreamble\r\n--b1\r\n\r\nsee http://example.org/x now\r\n--b1\r\nContent-Type: a/b\r\n\
        Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"f.bin\"\r\n\r\naGVs\r\nbG8=\r\n\
        --b1\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Disposition: attachment; \
        filename=g.txt\r\n\r\none\r\ntwo\r\n--b1--\r\n";

    #[test]
    fn attachments_and_addresses_come_out() {
        let mut mime = Mime::new(true);
        MAIL.split("\r\n").for_each(|line| mime.line(line.as_bytes(), false));
        mime.finish(true);
        assert_eq!(mime.header(b"subject"), Some(&b"foldedline"[..]));
        assert_eq!(mime.urls, [b"example.org/x".to_vec()]);
        let expected = [
            Part::Begin(b"f.bin".to_vec()),
            Part::Data(b"hello".to_vec()),
            Part::End(true),
            Part::Begin(b"g.txt".to_vec()),
            Part::Data(b"one\r\ntwo".to_vec()),
            Part::End(true),
        ];
        assert_eq!(mime.parts, expected);
    }
}
