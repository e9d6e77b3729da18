//! SIP (RFC 3261) over UDP and TCP, with session descriptions (RFC 8866). Each message is a transaction.

mod sdp;

use super::messages::{Cut, Messages};
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{decimal, eve_text, put, trim};
use crate::limits::{MESSAGE_BYTES, SIP_HEADERS};
use crate::{AppProtocol, Buffer, Direction, Transaction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Sip,
    transports: &[TransportKind::Udp, TransportKind::Tcp],
    ports: &[5060, 5061],
    probe,
    create: |transport| Box::new(SipParser { transport, sides: Default::default() }),
};

const METHODS: [&[u8]; 14] = [
    b"REGISTER",
    b"INVITE",
    b"ACK",
    b"BYE",
    b"CANCEL",
    b"UPDATE",
    b"REFER",
    b"PRACK",
    b"SUBSCRIBE",
    b"NOTIFY",
    b"PUBLISH",
    b"MESSAGE",
    b"INFO",
    b"OPTIONS",
];
/// Bytes within which the head of a message ends.
const HEAD_BYTES: usize = MESSAGE_BYTES / 4;
const SCHEMES: [&[u8]; 3] = [b"sip:", b"sips:", b"tel:"];

/// A known method and an address of SIP, or a status line.
fn probe(probe: &Probe<'_>) -> Verdict {
    let verdict = probe_start(probe.data);
    if probe.transport == TransportKind::Udp && verdict == Verdict::More { Verdict::No } else { verdict }
}

fn probe_start(data: &[u8]) -> Verdict {
    let status = b"SIP/2.0 ";
    let length = data.len().min(status.len());
    if data[..length] == status[..length] {
        return if length == status.len() { Verdict::Yes } else { Verdict::More };
    }
    for method in METHODS {
        let length = data.len().min(method.len());
        if data[..length] != method[..length] {
            continue;
        }
        let Some(rest) = data.get(method.len()..).filter(|rest| !rest.is_empty()) else { return Verdict::More };
        let Some(address) = rest.strip_prefix(b" ") else { continue };
        for scheme in SCHEMES {
            let length = address.len().min(scheme.len());
            if address[..length].eq_ignore_ascii_case(&scheme[..length]) {
                return if length == scheme.len() { Verdict::Yes } else { Verdict::More };
            }
        }
    }
    Verdict::No
}

struct SipParser {
    transport: TransportKind,
    sides: [Messages; 2],
}

impl AppParser for SipParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match (input, self.transport) {
            (Input::Data(data), TransportKind::Udp) => message(direction, data, context),
            (Input::Data(data), TransportKind::Tcp) => {
                self.sides[side].push(data);
                while let Some(bytes) = self.sides[side].next(cut) {
                    // Line ends between messages keep the connection alive.
                    if bytes.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
                        message(direction, &bytes, context);
                    }
                }
            }
            (Input::Gap(length), _) => {
                self.sides[side].gap(length);
            }
            (Input::End, _) => {}
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

fn cut(bytes: &[u8]) -> Cut {
    if matches!(bytes.first(), Some(b'\r' | b'\n')) {
        return Cut::Message(1);
    }
    let Some(end) = memchr::memmem::find(&bytes[..bytes.len().min(HEAD_BYTES)], b"\r\n\r\n") else {
        return if bytes.len() >= HEAD_BYTES { Cut::Lost } else { Cut::More };
    };
    let lines = bytes[..end].split(|byte| *byte == b'\n');
    let length = lines
        .filter_map(field)
        .find(|(name, _)| name.eq_ignore_ascii_case(b"Content-Length") || name.eq_ignore_ascii_case(b"l"));
    let body = length.and_then(|(_, value)| decimal(value)).unwrap_or(0);
    let total = (end + 4).saturating_add(usize::try_from(body).unwrap_or(usize::MAX));
    if bytes.len() >= total.min(MESSAGE_BYTES) { Cut::Message(total) } else { Cut::More }
}

/// Name and value of a header line.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((trim(&line[..colon]), trim(&line[colon + 1..])))
}

fn message(direction: Direction, data: &[u8], context: &mut Context<'_>) {
    let end = memchr::memchr(b'\n', data).unwrap_or(data.len());
    let line = data[..end].strip_suffix(b"\r").unwrap_or(&data[..end]);
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let (Some(first), Some(second), third) = (words.next(), words.next(), words.next()) else {
        return context.anomaly(None, direction, "sip.invalid_data");
    };
    let is_response = first.starts_with(b"SIP/");
    if !is_response && third.is_none_or(|version| !version.starts_with(b"SIP/")) {
        return context.anomaly(None, direction, "sip.invalid_data");
    }
    let id = context.open_single(AppProtocol::Sip, direction);
    let third = third.unwrap_or_default();
    context.update(id, |tx| {
        if is_response {
            response(tx, direction, line, (first, second, third));
        } else {
            request(tx, direction, line, (first, second, third));
        }
        headers(tx, direction, data.get(end + 1..).unwrap_or_default());
    });
    context.progress(id, direction);
    mark(id, direction, is_response, data, context);
}

/// Marks a message and its parts.
fn mark(id: u64, direction: Direction, is_response: bool, data: &[u8], context: &mut Context<'_>) {
    if !context.interest.frames {
        return;
    }
    let names = match is_response {
        false => ["request.line", "request.headers", "request.body"],
        true => ["response.line", "response.headers", "response.body"],
    };
    let line = memchr::memchr(b'\n', data).map_or(data.len(), |end| end + 1);
    let headers = memchr::memmem::find(data, b"\r\n\r\n").map_or(data.len(), |end| end + 2).max(line);
    let body = (headers + 2).min(data.len());
    context.frame(Some(id), direction, (AppProtocol::Sip, "pdu"), data);
    for (name, part) in names.into_iter().zip([&data[..line], &data[line..headers], &data[body..]]) {
        context.frame(Some(id), direction, (AppProtocol::Sip, name), part);
    }
}

fn request(tx: &mut Transaction, way: Direction, line: &[u8], (method, uri, version): (&[u8], &[u8], &[u8])) {
    put(&mut tx.eve, "method", eve_text(method));
    put(&mut tx.eve, "uri", eve_text(uri));
    put(&mut tx.eve, "version", eve_text(version));
    put(&mut tx.eve, "request_line", eve_text(line));
    tx.buffers.set(way, Buffer::SipMethod, method);
    tx.buffers.set(way, Buffer::SipUri, uri);
    tx.buffers.set(way, Buffer::SipProtocol, version);
    tx.buffers.set(way, Buffer::SipRequestLine, line);
}

fn response(tx: &mut Transaction, way: Direction, line: &[u8], (version, code, reason): (&[u8], &[u8], &[u8])) {
    put(&mut tx.eve, "version", eve_text(version));
    put(&mut tx.eve, "code", eve_text(code));
    put(&mut tx.eve, "reason", eve_text(reason));
    put(&mut tx.eve, "response_line", eve_text(line));
    tx.buffers.set(way, Buffer::SipProtocol, version);
    tx.buffers.set(way, Buffer::SipStatCode, code);
    tx.buffers.set(way, Buffer::SipStatMsg, reason);
    tx.buffers.set(way, Buffer::SipResponseLine, line);
}

/// Header fields with their short forms, and the buffers they fill.
const FIELDS: [(&[u8], &[u8], Buffer); 6] = [
    (b"from", b"f", Buffer::SipFrom),
    (b"to", b"t", Buffer::SipTo),
    (b"via", b"v", Buffer::SipVia),
    (b"user-agent", b"", Buffer::SipUserAgent),
    (b"content-type", b"c", Buffer::SipContentType),
    (b"content-length", b"l", Buffer::SipContentLength),
];

fn headers(tx: &mut Transaction, way: Direction, data: &[u8]) {
    let (head, body) = match memchr::memmem::find(data, b"\r\n\r\n") {
        Some(end) => (&data[..end], &data[end + 4..]),
        None => (data, &[][..]),
    };
    let mut has_description = false;
    for (name, value) in head.split(|byte| *byte == b'\n').take(SIP_HEADERS).filter_map(field) {
        let known = FIELDS.iter().find(|known| {
            name.eq_ignore_ascii_case(known.0) || (!known.1.is_empty() && name.eq_ignore_ascii_case(known.1))
        });
        let Some((_, _, buffer)) = known else { continue };
        has_description |=
            *buffer == Buffer::SipContentType && value.to_ascii_lowercase().starts_with(b"application/sdp");
        if tx.buffers.get(way, *buffer).next().is_none() {
            tx.buffers.set(way, *buffer, value);
        }
    }
    if has_description && !body.is_empty() {
        sdp::read(tx, way, body);
    }
}
