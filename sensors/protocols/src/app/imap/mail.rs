//! A mail within a literal of IMAP, as rules and EVE see it.

use serde_json::{Value, json};

use crate::app::text::{Object, eve_text, put};
use crate::limits::IMAP_MAIL_HEADERS;
use crate::{Buffer, Direction, Transaction};

/// A mail: header fields with names in small letters and `_` for `-`, values on one line (RFC 5322, section 2.2.3).
pub(super) struct Mail<'a> {
    headers: Vec<(String, Vec<u8>)>,
    /// Bytes of the header, and of the body.
    parts: (&'a [u8], &'a [u8]),
}

impl<'a> Mail<'a> {
    /// None for what does not begin with a header field.
    pub(super) fn parse(data: &'a [u8]) -> Option<Self> {
        let end = memchr::memmem::find(data, b"\r\n\r\n");
        let (head, body) = end.map_or((data, &data[data.len()..]), |end| (&data[..end + 2], &data[end + 4..]));
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for line in head.split(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            match text.first() {
                Some(b' ' | b'\t') => {
                    if let Some((_, value)) = headers.last_mut() {
                        value.push(b' ');
                        value.extend_from_slice(text.trim_ascii());
                    }
                }
                Some(_) if headers.len() < IMAP_MAIL_HEADERS => headers.extend(field(text)),
                _ => {}
            }
        }
        (!headers.is_empty()).then_some(Self { headers, parts: (head, body) })
    }

    pub(super) fn parts(&self) -> (&'a [u8], &'a [u8]) {
        self.parts
    }

    pub(super) fn fill(&self, tx: &mut Transaction, way: Direction) {
        let body = self.parts.1;
        tx.facts.number("imap.email.direction", u8::from(way == Direction::ToClient));
        for (name, value) in &self.headers {
            tx.buffers.set(way, Buffer::ImapEmailHeader, [name.as_bytes(), b": ", value].concat());
            tx.buffers.set(way, Buffer::ImapEmailHeaderName, name.as_str());
            tx.buffers.set(way, Buffer::ImapEmailHeaderValue, value.as_slice());
        }
        tx.buffers.set(way, Buffer::ImapEmailBody, body);
        put(&mut tx.eve, "email", self.eve(way));
    }

    fn eve(&self, way: Direction) -> Value {
        let mut headers = Object::new();
        for (name, value) in &self.headers {
            put(&mut headers, name, eve_text(value));
        }
        let direction = if way == Direction::ToServer { "to_server" } else { "to_client" };
        json!({"direction": direction, "headers": headers, "body": eve_text(self.parts.1)})
    }
}

/// A field of a header line.
fn field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = memchr::memchr(b':', line)?;
    let name = &line[..colon];
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic());
    let name = is_name.then(|| String::from_utf8_lossy(name).to_ascii_lowercase().replace('-', "_"))?;
    Some((name, line[colon + 1..].trim_ascii().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_unfolded_and_named_alike() {
        let mail = Mail::parse(b"Subject: a\r\n long one\r\nContent-Type:text/plain \r\n\r\nHello\r\n").unwrap();
        let expected = [("subject", "a long one"), ("content_type", "text/plain")];
        assert_eq!(mail.headers, expected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
        assert_eq!(mail.parts().1, b"Hello\r\n");
        assert!(Mail::parse(b"\r\nno header").is_none() && Mail::parse(b"").is_none());
    }
}
