//! Filling sticky buffers and the EVE object from requests and responses.

use serde_json::{Map, Value, json};

use super::headers::Headers;
use super::uri;
use crate::app::HttpSettings;
use crate::app::text::{decimal, eve_text, trim};
use crate::{Buffer, Direction, Transaction};

/// A request line cut into its parts.
#[derive(Debug, Default)]
pub(super) struct RequestLine {
    pub(super) method: Vec<u8>,
    pub(super) uri: Vec<u8>,
    /// Empty when there is none (HTTP/0.9).
    pub(super) protocol: Vec<u8>,
}

/// A status line cut into its parts.
#[derive(Debug, Default)]
pub(super) struct StatusLine {
    pub(super) protocol: Vec<u8>,
    pub(super) code: Vec<u8>,
    pub(super) message: Vec<u8>,
}

impl RequestLine {
    /// The method ends at the first blank, the protocol starts after the last one when it looks like one.
    pub(super) fn parse(line: &[u8]) -> Self {
        let line = trim(line);
        let method_end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
        let rest = trim(&line[method_end..]);
        let protocol_at = rest.iter().rposition(|byte| matches!(byte, b' ' | b'\t'));
        let (uri, protocol) = match protocol_at {
            Some(at) if rest[at + 1..].get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/")) => {
                (trim(&rest[..at]), &rest[at + 1..])
            }
            _ => (rest, &[][..]),
        };
        Self { method: line[..method_end].to_vec(), uri: uri.to_vec(), protocol: protocol.to_vec() }
    }
}

impl StatusLine {
    pub(super) fn parse(line: &[u8]) -> Self {
        let mut parts = trim(line).splitn(2, |byte| matches!(byte, b' ' | b'\t'));
        let protocol = parts.next().unwrap_or(&[]).to_vec();
        let rest = trim(parts.next().unwrap_or(&[]));
        let mut parts = rest.splitn(2, |byte| matches!(byte, b' ' | b'\t'));
        let code = parts.next().unwrap_or(&[]).to_vec();
        Self { protocol, code, message: trim(parts.next().unwrap_or(&[])).to_vec() }
    }

    /// The code as a number from 100 to 999.
    pub(super) fn number(&self) -> Option<u64> {
        decimal(&self.code).filter(|code| (100..=999).contains(code))
    }
}

const REQUEST_FIELDS: &[(&str, Buffer)] = &[
    ("User-Agent", Buffer::HttpUserAgent),
    ("Referer", Buffer::HttpReferer),
    ("Accept", Buffer::HttpAccept),
    ("Accept-Encoding", Buffer::HttpAcceptEncoding),
    ("Accept-Language", Buffer::HttpAcceptLanguage),
    ("Cookie", Buffer::HttpCookie),
];
const RESPONSE_FIELDS: &[(&str, Buffer)] =
    &[("Server", Buffer::HttpServer), ("Location", Buffer::HttpLocation), ("Set-Cookie", Buffer::HttpCookie)];
const SHARED_FIELDS: &[(&str, Buffer)] = &[
    ("Connection", Buffer::HttpConnection),
    ("Content-Type", Buffer::HttpContentType),
    ("Content-Length", Buffer::HttpContentLength),
];

/// The field of EVE that counts the bytes of the response's body.
pub(super) const LENGTH: &str = "length";

/// Buffers of the request line, known before the headers.
pub(super) fn fill_request_line(tx: &mut Transaction, raw: &[u8], line: &RequestLine, settings: &HttpSettings) {
    let direction = Direction::ToServer;
    tx.buffers.set(direction, Buffer::HttpRequestLine, trim(raw));
    tx.buffers.set(direction, Buffer::HttpMethod, line.method.clone());
    tx.buffers.set(direction, Buffer::HttpUriRaw, line.uri.clone());
    let normal = if line.method == b"CONNECT" { line.uri.clone() } else { uri::normalize(&line.uri, settings) };
    tx.buffers.set(direction, Buffer::HttpUri, normal);
    tx.buffers.set(direction, Buffer::HttpProtocol, line.protocol.clone());
    put(&mut tx.eve, "url", &line.uri);
    put(&mut tx.eve, "http_method", &line.method);
    put(&mut tx.eve, "protocol", &line.protocol);
    tx.eve.insert(LENGTH.to_owned(), 0.into());
}

/// Buffers of the request's headers.
pub(super) fn fill_request(tx: &mut Transaction, raw_line: &[u8], line: &RequestLine, headers: &Headers) {
    let direction = Direction::ToServer;
    fill_block(tx, direction, raw_line, headers, "Cookie");
    fill_fields(tx, direction, headers, REQUEST_FIELDS);
    let host = authority(line, headers);
    if let Some(raw) = &host {
        let (name, port) = uri::split_authority(raw);
        tx.buffers.set(direction, Buffer::HttpHost, name.clone());
        tx.buffers.set(direction, Buffer::HttpHostRaw, raw.clone());
        put(&mut tx.eve, "hostname", &name);
        if let Some(port) = port.and_then(decimal) {
            tx.eve.insert("http_port".to_owned(), port.into());
        }
    }
    for (name, key) in [("User-Agent", "http_user_agent"), ("Referer", "http_refer"), ("X-Forwarded-For", "xff")] {
        if let Some(value) = headers.joined(name) {
            put(&mut tx.eve, key, &value);
        }
    }
}

/// Header fields that settings ask for, all of them or some by name.
pub(super) fn log_headers(tx: &mut Transaction, direction: Direction, headers: &Headers, settings: &HttpSettings) {
    let (all, key) = match direction {
        Direction::ToServer => (settings.request_headers, "request_headers"),
        Direction::ToClient => (settings.response_headers, "response_headers"),
    };
    if all {
        let list =
            headers.iter().map(|header| json!({"name": eve_text(&header.name), "value": eve_text(&header.value)}));
        tx.eve.insert(key.to_owned(), list.collect::<Vec<_>>().into());
    }
    for name in &settings.custom {
        let value = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name.replace('_', "-").as_bytes()));
        if let Some(header) = value {
            put(&mut tx.eve, &name.to_ascii_lowercase().replace('-', "_"), &header.value);
        }
    }
}

/// Host and port a request is for: the address wins over the header.
fn authority(line: &RequestLine, headers: &Headers) -> Option<Vec<u8>> {
    if line.method == b"CONNECT" {
        return Some(line.uri.clone());
    }
    let in_uri = uri::split(&line.uri).authority.map(<[u8]>::to_vec);
    in_uri.or_else(|| headers.get("Host").map(<[u8]>::to_vec))
}

/// Buffers of the status line and of the response's headers.
pub(super) fn fill_response(tx: &mut Transaction, raw_line: &[u8], line: &StatusLine, headers: &Headers) {
    let direction = Direction::ToClient;
    tx.buffers.set(direction, Buffer::HttpResponseLine, trim(raw_line));
    tx.buffers.set(direction, Buffer::HttpProtocol, line.protocol.clone());
    tx.buffers.set(direction, Buffer::HttpStatusCode, line.code.clone());
    tx.buffers.set(direction, Buffer::HttpStatusMessage, line.message.clone());
    fill_block(tx, direction, raw_line, headers, "Set-Cookie");
    fill_fields(tx, direction, headers, RESPONSE_FIELDS);
    if !tx.eve.contains_key("protocol") {
        put(&mut tx.eve, "protocol", &line.protocol);
    }
    match decimal(&line.code).filter(|code| *code <= 999) {
        Some(code) => tx.eve.insert("status".to_owned(), code.into()),
        None => tx.eve.insert("status_string".to_owned(), eve_text(&line.code).into()),
    };
    if let Some(value) = headers.joined("Content-Type") {
        put(&mut tx.eve, "http_content_type", trim(value.split(|byte| *byte == b';').next().unwrap_or(&[])));
    }
    if let (Some(301..=308), Some(location)) = (line.number(), headers.get("Location")) {
        put(&mut tx.eve, "redirect", location);
    }
    if let Some(range) = headers.get("Content-Range") {
        tx.eve.insert("content_range".to_owned(), content_range(range));
    }
}

/// `{raw, start, end, size}` of `bytes 0-99/200`.
fn content_range(value: &[u8]) -> Value {
    let mut range = Map::new();
    put(&mut range, "raw", value);
    let numbers = value.split(|byte| !byte.is_ascii_digit()).filter_map(decimal).collect::<Vec<_>>();
    let has_bounds = memchr::memchr(b'-', value).is_some();
    let keys: &[&str] = if has_bounds { &["start", "end", "size"] } else { &["size"] };
    for (key, number) in keys.iter().zip(numbers) {
        range.insert((*key).to_owned(), number.into());
    }
    Value::Object(range)
}

fn put(eve: &mut Map<String, Value>, key: &str, value: &[u8]) {
    if !value.is_empty() {
        eve.insert(key.to_owned(), eve_text(value).into());
    }
}

fn fill_fields(tx: &mut Transaction, direction: Direction, headers: &Headers, fields: &[(&'static str, Buffer)]) {
    for (name, buffer) in fields.iter().chain(SHARED_FIELDS) {
        if let Some(value) = headers.joined(name) {
            tx.buffers.set(direction, *buffer, value);
        }
    }
}

/// The buffers made of the whole header block. Cookies have a buffer of their own and are left out of `http.header`.
fn fill_block(tx: &mut Transaction, direction: Direction, line: &[u8], headers: &Headers, cookie: &str) {
    let each = match direction {
        Direction::ToServer => Buffer::HttpRequestHeader,
        Direction::ToClient => Buffer::HttpResponseHeader,
    };
    let (mut all, mut names) = (Vec::new(), b"\r\n".to_vec());
    let mut start = [trim(line), b"\r\n"].concat();
    for header in headers.iter() {
        let text = [&header.name[..], b": ", &header.value].concat();
        start.extend_from_slice(&text);
        start.extend_from_slice(b"\r\n");
        names.extend_from_slice(&header.name);
        names.extend_from_slice(b"\r\n");
        if !header.name.eq_ignore_ascii_case(cookie.as_bytes()) {
            all.extend_from_slice(&text);
            all.extend_from_slice(b"\r\n");
        }
        tx.buffers.set(direction, each, text);
    }
    start.extend_from_slice(b"\r\n");
    names.extend_from_slice(b"\r\n");
    if headers.iter().next().is_some() {
        tx.buffers.set(direction, Buffer::HttpHeaderNames, names);
        tx.buffers.set(direction, Buffer::HttpHeader, all);
        tx.buffers.set(direction, Buffer::HttpHeaderRaw, headers.raw.clone());
    }
    tx.buffers.set(direction, Buffer::HttpStart, start);
}
