//! One stream: a request and its response.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::eve;
use super::hpack::Entry;
use crate::app::Context;
use crate::app::http::{Layers, normalize_uri, split_authority};
use crate::app::text::{decimal, eve_text, put};
use crate::{AppProtocol, Buffer, Direction, FileChunk, Transaction};

/// Type of content that is a message of DNS, and how long one can be.
const DNS_MESSAGE: &[u8] = b"application/dns-message";
const DNS_MESSAGE_BYTES: usize = 65_535;

pub(super) struct Stream {
    pub(super) id: u32,
    tx: Option<u64>,
    /// Numbers of its files: what is sent, what is received.
    files: u32,
    sides: [Side; 2],
    path: Vec<u8>,
    /// Header fields the request had in HTTP/1.
    inherited: Vec<Entry>,
}

#[derive(Default)]
struct Side {
    layers: Layers,
    inspected: usize,
    bytes: u64,
    file_begun: bool,
    ended: bool,
    /// A message of DNS (RFC 8484), as far as it has come.
    dns: Option<Vec<u8>>,
}

impl Stream {
    pub(super) fn new(id: u32, files: u32) -> Self {
        Self { id, tx: None, files, sides: Default::default(), path: Vec::new(), inherited: Vec::new() }
    }

    /// Stream 1 of a connection that began as HTTP/1: method, address and host with zeros between. The other header
    /// fields were told with the first request.
    pub(super) fn upgraded(request: &[u8]) -> Self {
        let mut stream = Self::new(1, u32::MAX - 2);
        for (name, value) in
            [&b":method"[..], b":path", b":authority"].into_iter().zip(request.split(|byte| *byte == 0))
        {
            stream.inherited.push(Entry::Field(name.to_vec(), value.to_vec()));
        }
        stream.sides[0].ended = true;
        stream
    }

    pub(super) fn tx(&self) -> u64 {
        self.tx.unwrap_or_default()
    }

    pub(super) const fn is_done(&self) -> bool {
        self.sides[0].ended && self.sides[1].ended
    }

    /// Opens the transaction when that was not done yet.
    pub(super) fn open(&mut self, context: &mut Context<'_>) {
        if self.tx.is_some() {
            return;
        }
        let tx = context.open(AppProtocol::Http2);
        self.tx = Some(tx);
        let id = self.id;
        context.update(tx, |tx| {
            put(&mut tx.eve, "version", "2");
            eve::side(tx, id, Direction::ToServer);
        });
        let inherited = std::mem::take(&mut self.inherited);
        if !inherited.is_empty() {
            self.headers(Direction::ToServer, inherited, context);
            context.update(tx, |tx| tx.request_complete = true);
        }
    }

    pub(super) fn frame(&self, kind: u8, context: &mut Context<'_>) {
        context.update(self.tx(), |tx| tx.facts.number("http2.frametype", kind));
    }

    pub(super) fn priority(&self, direction: Direction, weight: u8, context: &mut Context<'_>) {
        let id = self.id;
        context.update(self.tx(), |tx| {
            tx.facts.number("http2.priority", weight);
            if let Some(object) = eve::side(tx, id, direction) {
                put(object, "priority", weight);
            }
        });
        context.progress(self.tx(), direction);
    }

    pub(super) fn window(&self, direction: Direction, size: u32, context: &mut Context<'_>) {
        context.update(self.tx(), |tx| tx.facts.number("http2.window", size));
        context.progress(self.tx(), direction);
    }

    pub(super) fn reset(&mut self, direction: Direction, code: u32, context: &mut Context<'_>) {
        let id = self.id;
        context.update(self.tx(), |tx| eve::error(tx, id, direction, code));
        self.end(Direction::ToServer, false, context);
        self.end(Direction::ToClient, false, context);
    }

    pub(super) fn headers(&mut self, direction: Direction, entries: Vec<Entry>, context: &mut Context<'_>) {
        let fields: Vec<(&[u8], &[u8])> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Field(name, value) => Some((name.as_slice(), value.as_slice())),
                Entry::TableSize(_) => None,
            })
            .collect();
        if let Some(authority) = find(&fields, b":authority").filter(|_| direction == Direction::ToServer) {
            if authority.contains(&b'@') {
                context.anomaly(Some(self.tx()), direction, "http2.userinfo_in_uri");
            }
            if find(&fields, b"host").is_some_and(|host| !host.eq_ignore_ascii_case(authority)) {
                context.anomaly(Some(self.tx()), direction, "http2.authority_host_mismatch");
            }
        }
        if let Some(path) = find(&fields, b":path").filter(|_| direction == Direction::ToServer) {
            self.path = path.split(|byte| *byte == b'?').next().unwrap_or_default().to_vec();
        }
        let side = &mut self.sides[super::index(direction)];
        if find(&fields, b"content-type").is_some_and(|kind| kind.eq_ignore_ascii_case(DNS_MESSAGE)) {
            side.dns.get_or_insert_default();
        } else if let (Some(path), None, Direction::ToServer) = (find(&fields, b":path"), &side.dns, direction) {
            side.dns = dns_question(path);
        }
        if let Some(encoding) = find(&fields, b"content-encoding") {
            let limit = context.settings.http.decompressed_bytes;
            self.sides[super::index(direction)].layers = Layers::from_header(encoding, limit);
        }
        let settings = context.settings.http.clone();
        context.update(self.tx(), |tx| {
            for entry in &entries {
                if let Entry::TableSize(size) = entry {
                    tx.facts.number("http2.size_update", *size);
                }
            }
            log_headers(tx, direction, &entries);
            match direction {
                Direction::ToServer => fill_request(tx, &fields, &settings),
                Direction::ToClient => fill_response(tx, &fields),
            }
            fill_block(tx, direction, &fields);
        });
        context.progress(self.tx(), direction);
    }

    pub(super) fn data(&mut self, direction: Direction, content: &[u8], context: &mut Context<'_>) {
        let side = &mut self.sides[super::index(direction)];
        side.bytes += content.len() as u64;
        let mut plain = Vec::new();
        side.layers.write(content, &mut |piece| plain.extend_from_slice(piece));
        self.hand_out(direction, &plain, context);
    }

    fn hand_out(&mut self, direction: Direction, plain: &[u8], context: &mut Context<'_>) {
        if plain.is_empty() {
            return;
        }
        let tx = self.tx();
        let (limit, buffer) = match direction {
            Direction::ToServer => (context.settings.http.request_body_limit, Buffer::HttpRequestBody),
            Direction::ToClient => (context.settings.http.response_body_limit, Buffer::HttpResponseBody),
        };
        let side = &mut self.sides[super::index(direction)];
        let limit = if limit == 0 { 64 << 20 } else { limit };
        let part = &plain[..plain.len().min(limit.saturating_sub(side.inspected))];
        side.inspected += part.len();
        side.file_begun = true;
        if let Some(message) = &mut side.dns {
            let room = DNS_MESSAGE_BYTES.saturating_sub(message.len()).min(plain.len());
            message.extend_from_slice(&plain[..room]);
        }
        context.update(tx, |tx| {
            tx.buffers.append(direction, buffer, part);
            tx.buffers.append(direction, Buffer::FileData, part);
        });
        self.chunk(direction, plain.to_vec(), false, false, context);
        context.progress(tx, direction);
    }

    fn chunk(&self, direction: Direction, data: Vec<u8>, end: bool, truncated: bool, context: &mut Context<'_>) {
        let file = self.files.wrapping_add(u32::from(direction == Direction::ToClient));
        let name = (!self.path.is_empty()).then(|| self.path.clone());
        context.file(FileChunk { transaction: self.tx(), file, direction, name, data, gap: 0, end, truncated });
    }

    /// A direction has ended.
    pub(super) fn end(&mut self, direction: Direction, is_whole: bool, context: &mut Context<'_>) {
        let side = &mut self.sides[super::index(direction)];
        if std::mem::replace(&mut side.ended, true) {
            return;
        }
        let mut rest = Vec::new();
        side.layers.finish(&mut |piece| rest.extend_from_slice(piece));
        let bytes = side.bytes;
        self.hand_out(direction, &rest, context);
        if self.sides[super::index(direction)].file_begun {
            self.chunk(direction, Vec::new(), true, !is_whole, context);
        }
        if let Some(message) = self.sides[super::index(direction)].dns.take().filter(|message| !message.is_empty()) {
            crate::app::dns::take_message(AppProtocol::Doh2, direction, &message, context);
            context.becomes = Some(AppProtocol::Doh2);
        }
        context.update(self.tx(), |tx| match direction {
            Direction::ToServer => tx.request_complete = true,
            Direction::ToClient => {
                tx.response_complete = true;
                if bytes > 0 && !tx.eve.contains_key("length") {
                    put(&mut tx.eve, "length", bytes);
                }
            }
        });
        context.progress(self.tx(), direction);
    }
}

/// The message in the address of a question (RFC 8484, 4.1).
fn dns_question(path: &[u8]) -> Option<Vec<u8>> {
    let (_, query) = path.split_at(memchr::memchr(b'?', path)? + 1);
    let text = query.split(|byte| *byte == b'&').find_map(|part| part.strip_prefix(b"dns="))?;
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn find<'f>(fields: &[(&[u8], &'f [u8])], name: &[u8]) -> Option<&'f [u8]> {
    fields.iter().find(|field| field.0 == name).map(|field| field.1)
}

fn log_headers(tx: &mut Transaction, direction: Direction, entries: &[Entry]) {
    let key = if direction == Direction::ToServer { "request_headers" } else { "response_headers" };
    let shown = entries.iter().map(|entry| match entry {
        Entry::Field(name, value) => json!({"name": eve_text(name), "value": eve_text(value)}),
        Entry::TableSize(size) => json!({"table_size_update": size}),
    });
    let list = tx.eve.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = list {
        list.extend(shown);
    }
}

fn fill_request(tx: &mut Transaction, fields: &[(&[u8], &[u8])], settings: &crate::HttpSettings) {
    let way = Direction::ToServer;
    let (method, path) = (find(fields, b":method"), find(fields, b":path"));
    if let Some(method) = method {
        put(&mut tx.eve, "http_method", eve_text(method));
        tx.buffers.set(way, Buffer::HttpMethod, method);
    }
    if let Some(path) = path {
        put(&mut tx.eve, "url", eve_text(path));
        tx.buffers.set(way, Buffer::HttpUriRaw, path);
        tx.buffers.set(way, Buffer::HttpUri, normalize_uri(path, settings));
    }
    if let (Some(method), Some(path)) = (method, path) {
        tx.buffers.set(way, Buffer::HttpRequestLine, [method, b" ", path, b" HTTP/2"].concat());
    }
    tx.buffers.set(way, Buffer::HttpProtocol, &b"HTTP/2"[..]);
    if let Some(authority) = find(fields, b":authority").or_else(|| find(fields, b"host")) {
        let (host, port) = split_authority(authority);
        put(&mut tx.eve, "hostname", eve_text(&host));
        if let Some(port) = port.and_then(decimal) {
            put(&mut tx.eve, "http_port", port);
        }
        tx.buffers.set(way, Buffer::HttpHost, host);
        tx.buffers.set(way, Buffer::HttpHostRaw, authority);
    }
    copy(
        tx,
        way,
        fields,
        &[
            (b"user-agent", Buffer::HttpUserAgent, "http_user_agent"),
            (b"referer", Buffer::HttpReferer, "http_refer"),
            (b"accept", Buffer::HttpAccept, ""),
            (b"accept-encoding", Buffer::HttpAcceptEncoding, ""),
            (b"accept-language", Buffer::HttpAcceptLanguage, ""),
            (b"cookie", Buffer::HttpCookie, ""),
            (b"content-type", Buffer::HttpContentType, ""),
            (b"content-length", Buffer::HttpContentLength, ""),
        ],
    );
}

fn fill_response(tx: &mut Transaction, fields: &[(&[u8], &[u8])]) {
    let way = Direction::ToClient;
    if let Some(status) = find(fields, b":status") {
        if let Some(number) = decimal(status) {
            put(&mut tx.eve, "status", number);
        }
        tx.buffers.set(way, Buffer::HttpStatusCode, status);
        tx.buffers.set(way, Buffer::HttpStatusMessage, &b""[..]);
        tx.buffers.set(way, Buffer::HttpResponseLine, [b"HTTP/2 ", status, b"\r\n"].concat());
    }
    tx.buffers.set(way, Buffer::HttpProtocol, &b"HTTP/2"[..]);
    if let Some(kind) = find(fields, b"content-type") {
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        put(&mut tx.eve, "http_content_type", eve_text(kind.trim_ascii()));
    }
    if let Some(length) = find(fields, b"content-length").and_then(decimal) {
        put(&mut tx.eve, "length", length);
    }
    copy(
        tx,
        way,
        fields,
        &[
            (b"server", Buffer::HttpServer, ""),
            (b"location", Buffer::HttpLocation, "redirect"),
            (b"set-cookie", Buffer::HttpCookie, ""),
            (b"content-type", Buffer::HttpContentType, ""),
            (b"content-length", Buffer::HttpContentLength, ""),
        ],
    );
}

/// Copies fields to buffers and, where there is a key, to the record. Several values are joined by commas.
fn copy(tx: &mut Transaction, way: Direction, fields: &[(&[u8], &[u8])], wanted: &[(&[u8], Buffer, &str)]) {
    for (name, buffer, key) in wanted {
        let values: Vec<&[u8]> = fields.iter().filter(|field| field.0 == *name).map(|field| field.1).collect();
        if values.is_empty() {
            continue;
        }
        let joined = values.join(&b", "[..]);
        if !key.is_empty() {
            put(&mut tx.eve, key, eve_text(&joined));
        }
        tx.buffers.set(way, *buffer, joined);
    }
}

/// The buffers of all header fields together. Cookies have a buffer of their own.
fn fill_block(tx: &mut Transaction, way: Direction, fields: &[(&[u8], &[u8])]) {
    let (each, cookie) = match way {
        Direction::ToServer => (Buffer::HttpRequestHeader, &b"cookie"[..]),
        Direction::ToClient => (Buffer::HttpResponseHeader, &b"set-cookie"[..]),
    };
    let (mut all, mut raw, mut names) = (Vec::new(), Vec::new(), b"\r\n".to_vec());
    for (name, value) in fields {
        let text = [*name, b": ", value].concat();
        names.extend_from_slice(name);
        names.extend_from_slice(b"\r\n");
        raw.extend_from_slice(&text);
        raw.extend_from_slice(b"\r\n");
        if *name != cookie {
            all.extend_from_slice(&text);
            all.extend_from_slice(b"\r\n");
        }
        tx.buffers.set(way, each, text);
        tx.buffers.set(way, Buffer::Http2HeaderName, *name);
        tx.buffers.set(
            way,
            Buffer::Http2Header,
            [&with_colons_doubled(name)[..], b": ", &with_colons_doubled(value)].concat(),
        );
    }
    names.extend_from_slice(b"\r\n");
    tx.buffers.set(way, Buffer::HttpHeaderNames, names);
    tx.buffers.set(way, Buffer::HttpHeader, all);
    tx.buffers.set(way, Buffer::HttpHeaderRaw, raw);
}

/// As `http2.header` wants names and values, so that the colon between them is the only single one.
fn with_colons_doubled(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| std::iter::repeat_n(*byte, if *byte == b':' { 2 } else { 1 })).collect()
}
