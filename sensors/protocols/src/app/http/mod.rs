//! HTTP/1 (RFC 9112), as leniently as the most lenient client or server would take it.

mod body;
mod decompress;
mod fields;
mod framing;
mod headers;
mod lines;
mod message;
mod multipart;
mod odd;
mod ranges;
mod uri;

pub(in crate::app) use decompress::Layers;
pub(in crate::app) use uri::{normalize as normalize_uri, split_authority};

use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use crate::{AppProtocol, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Http,
    transports: &[TransportKind::Tcp],
    ports: &[80, 8000, 8080, 8888, 3128],
    probe,
    create: |_| Box::new(HttpParser::default()),
};

/// Longest method that is waited for on an HTTP port.
const METHOD_BYTES: usize = 32;
const METHODS: &[&[u8]] = &[
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
    b"SEARCH",
    b"NOTIFY",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"M-SEARCH",
    b"VERSION-CONTROL",
    b"CHECKIN",
    b"CHECKOUT",
    b"MERGE",
    b"LABEL",
    b"MKACTIVITY",
    b"BASELINE-CONTROL",
    b"LINK",
    b"UNLINK",
    b"PURGE",
    b"ACL",
    b"BIND",
    b"UNBIND",
    b"REBIND",
    b"RPC_IN_DATA",
    b"RPC_OUT_DATA",
];

fn probe(probe: &Probe<'_>) -> Verdict {
    let blanks = probe.data.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t')).count();
    let data = &probe.data[blanks..];
    match probe.direction {
        _ if blanks > 64 => Verdict::No,
        Direction::ToServer => probe_request(data, probe.port_matches),
        Direction::ToClient => probe_response(data),
    }
}

fn probe_response(data: &[u8]) -> Verdict {
    let length = data.len().min(5);
    match data[..length].eq_ignore_ascii_case(&b"HTTP/"[..length]) {
        true if length == 5 => Verdict::Yes,
        true => Verdict::More,
        false => Verdict::No,
    }
}

fn probe_request(data: &[u8], port_matches: bool) -> Verdict {
    let token = data.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
    let (method, rest) = data.split_at(token);
    match rest.first() {
        Some(b' ' | b'\t') if METHODS.iter().any(|known| known.eq_ignore_ascii_case(method)) => Verdict::Yes,
        // HTTP/2's connection preface is not for this parser.
        Some(b' ') if method == b"PRI" => Verdict::No,
        Some(b' ' | b'\t') if port_matches && token > 0 => Verdict::Yes,
        None if port_matches && token < METHOD_BYTES => Verdict::More,
        None if METHODS.iter().any(|known| starts_with_ignore_case(known, method)) => Verdict::More,
        _ => Verdict::No,
    }
}

fn starts_with_ignore_case(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// Parses one connection.
#[derive(Default)]
struct HttpParser {
    request: message::Message,
    response: message::Message,
    exchanges: message::Exchanges,
}

impl AppParser for HttpParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let message = match direction {
            Direction::ToServer => &mut self.request,
            Direction::ToClient => &mut self.response,
        };
        match input {
            Input::Data(data) => message.data(direction, data, &mut self.exchanges, context),
            Input::Gap(length) => message.gap(direction, length, &mut self.exchanges, context),
            Input::End => message.end(direction, &mut self.exchanges, context),
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        let message = if direction == Direction::ToServer { &self.request } else { &self.response };
        if message.is_lost() { Reading::BehindGap } else { Reading::On }
    }
}
