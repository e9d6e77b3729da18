//! TLS 1.0 to 1.3 and TLCP (GB/T 38636): handshakes, certificates, fingerprints. Encrypted content is passed by.

mod certificate;
mod eve;
pub(crate) mod fingerprint;
pub(crate) mod hello;
mod names;
mod records;

use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use crate::limits::{TLS_CERTIFICATES, TLS_HANDSHAKE_BYTES};
use crate::{AppProtocol, Buffer, Direction};
use certificate::Certificate;
use hello::{ClientHello, ServerHello};
use records::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEADER, HEARTBEAT, Records};

pub(super) const TLCP_PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Tlcp,
    transports: &[TransportKind::Tcp],
    ports: &[443],
    probe: |probe| probe_records(probe, |major, minor| (major, minor) == (1, 1)),
    create: |_| Box::new(TlsParser::new(AppProtocol::Tlcp)),
};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Tls,
    transports: &[TransportKind::Tcp],
    ports: &[443, 465, 636, 853, 989, 990, 992, 993, 995, 8443],
    probe: |probe| probe_records(probe, |major, minor| major == 3 && minor <= 4),
    create: |_| Box::new(TlsParser::new(AppProtocol::Tls)),
};

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;

/// A handshake record of a known version that begins with a hello; on the usual ports any record will do.
fn probe_records(probe: &Probe<'_>, is_version: fn(u8, u8) -> bool) -> Verdict {
    let hello = if probe.direction == Direction::ToServer { CLIENT_HELLO } else { SERVER_HELLO };
    match *probe.data {
        [] => Verdict::More,
        [kind, ..] if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind) => Verdict::No,
        [kind, ..] if kind != HANDSHAKE && !probe.port_matches => Verdict::No,
        [_, major, ..] if major != 3 && major != 1 => Verdict::No,
        [_, major, minor, ..] if !is_version(major, minor) => Verdict::No,
        [_, _, _, _, _] | [_, _, _, _] | [_, _, _] | [_, _] | [_] => Verdict::More,
        [HANDSHAKE, _, _, _, _, message, ..] if message == hello || probe.port_matches => Verdict::Yes,
        [HANDSHAKE, ..] => Verdict::No,
        _ => Verdict::Yes,
    }
}

/// Bytes of padding every heartbeat has (RFC 6520, 4).
const HEARTBEAT_PADDING: usize = 16;
/// Bytes that tell the framing of SSL 2.
const OLD_HELLO_START: usize = 5;

/// Bytes of a hello in the framing of SSL 2, by which old clients offer TLS: two bytes of length with the top bit set, the
/// type of message, the version (RFC 5246, appendix E.2). What it offers has no extensions and no fingerprint.
fn old_hello(data: &[u8]) -> Option<usize> {
    match *data {
        [high, low, CLIENT_HELLO, 3, _, ..] if high & 0x80 != 0 => {
            Some(2 + usize::from(u16::from_be_bytes([high & 0x7f, low])))
        }
        _ => None,
    }
}

/// Serial numbers of the certificates of a handshake message, the one of the sender first.
pub(super) fn serial_numbers(body: &[u8]) -> Vec<String> {
    let chain = certificate::chain(body).unwrap_or_default();
    let certificates = chain.iter().take(TLS_CERTIFICATES).filter_map(|der| Certificate::parse(der));
    certificates.map(|certificate| certificate.serial.replace(':', "").to_ascii_lowercase()).collect()
}

/// One connection.
struct TlsParser {
    protocol: AppProtocol,
    tx: Option<u64>,
    sides: [Side; 2],
    client: Option<ClientHello>,
    server: Option<ServerHello>,
    /// Certificates by direction.
    certificates: [Vec<Certificate>; 2],
    client_certificate_asked: bool,
    /// Length of the encrypted heartbeat of each side that was not answered.
    heartbeats: [Option<usize>; 2],
    done: bool,
    /// What the client has said, until its framing is known.
    opening: Vec<u8>,
    opened: bool,
}

#[derive(Default)]
struct Side {
    /// Bytes to come that are no records.
    passing: usize,
    records: Records,
    /// Handshake bytes put together from records.
    handshake: Vec<u8>,
    /// Everything from here on is encrypted, or cannot be followed.
    closed: bool,
    /// Whether it was followed up to there.
    reading: Reading,
    /// It has changed to its new keys: what is left of its handshake cannot be read.
    encrypted: bool,
}

impl Side {
    /// Closes a side that cannot be followed.
    const fn give_up(&mut self, reading: Reading) {
        if !self.closed {
            (self.closed, self.reading) = (true, reading);
        }
    }
}

impl TlsParser {
    fn new(protocol: AppProtocol) -> Self {
        Self {
            protocol,
            tx: None,
            sides: Default::default(),
            client: None,
            server: None,
            certificates: Default::default(),
            client_certificate_asked: false,
            heartbeats: [None; 2],
            done: false,
            opening: Vec::new(),
            opened: false,
        }
    }

    fn transaction(&mut self, context: &mut Context<'_>) -> u64 {
        let protocol = self.protocol;
        *self.tx.get_or_insert_with(|| context.open(protocol))
    }

    fn data(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        let is_new = self.tx.is_none();
        let id = self.transaction(context);
        if is_new && context.interest.states {
            context.progress(id, direction);
        }
        let side = index(direction);
        let mut held = Vec::new();
        if direction == Direction::ToServer && !self.opened {
            self.opening.extend_from_slice(data);
            let may_be_old = self.opening.first().is_none_or(|first| first & 0x80 != 0);
            if may_be_old && self.opening.len() < OLD_HELLO_START {
                return;
            }
            self.opened = true;
            held = std::mem::take(&mut self.opening);
            self.sides[side].passing = old_hello(&held).unwrap_or(0);
        }
        let data = if held.is_empty() { data } else { &held[..] };
        let passed = self.sides[side].passing.min(data.len());
        self.sides[side].passing -= passed;
        let mut rest = &data[passed..];
        while !rest.is_empty() && !self.sides[side].closed {
            let Some(record) = self.sides[side].records.read(&mut rest) else { return };
            if !record.is_valid {
                context.anomaly(self.tx, direction, "tls.invalid_tls_header");
                self.sides[side].give_up(Reading::GivenUp);
                return self.finish(context);
            }
            if context.interest.frames && !record.content.is_empty() {
                let unit = [&record.header[..], &record.content].concat();
                context.unit(self.tx, direction, (AppProtocol::Tls, ["pdu", "hdr", "data"]), (&unit, HEADER));
            }
            self.record(direction, record.kind, &record.content, record.is_whole, context);
        }
    }

    fn record(&mut self, direction: Direction, kind: u8, content: &[u8], is_whole: bool, context: &mut Context<'_>) {
        let side = &mut self.sides[index(direction)];
        match kind {
            HANDSHAKE if !self.done && !side.encrypted => {
                side.handshake.extend_from_slice(content);
                self.handshakes(direction, context);
            }
            // What follows is encrypted. The server is last to change in a full handshake.
            APPLICATION_DATA => self.finish(context),
            CHANGE_CIPHER_SPEC
                if direction == Direction::ToClient && self.server.as_ref().is_none_or(|hello| !hello.is_retry) =>
            {
                self.finish(context);
            }
            // The client changes first in a full handshake; not so the one that is asked for another hello (RFC 8446, D.4).
            CHANGE_CIPHER_SPEC if direction == Direction::ToServer => {
                side.encrypted = self.server.as_ref().is_some_and(|hello| !hello.is_retry);
            }
            HEARTBEAT if is_whole => self.heartbeat(direction, content, context),
            ALERT if is_whole && content.len() == 2 && content[0] == 2 => self.finish(context),
            _ => {}
        }
    }

    /// A heartbeat (RFC 6520) that asks for more than it carries is how memory was read over the network
    /// (CVE-2014-0160); encrypted, such an answer is longer than what asked for it.
    fn heartbeat(&mut self, direction: Direction, content: &[u8], context: &mut Context<'_>) {
        let side = index(direction);
        if self.done {
            match self.heartbeats[1 - side].take() {
                Some(asked) if content.len() > asked => {
                    context.anomaly(self.tx, direction, "tls.dataleak_heartbeat_mismatch");
                }
                Some(_) => {}
                None => self.heartbeats[side] = Some(content.len()),
            }
            return;
        }
        let [kind @ 1..=2, high, low, rest @ ..] = content else {
            return context.anomaly(self.tx, direction, "tls.invalid_heartbeat_message");
        };
        if *kind == 1 {
            context.anomaly(self.tx, direction, "tls.heartbeat_message");
        }
        let claimed = usize::from(u16::from_be_bytes([*high, *low]));
        if claimed > rest.len() {
            context.anomaly(self.tx, direction, "tls.overflow_heartbeat_message");
        } else if claimed + HEARTBEAT_PADDING > rest.len() {
            context.anomaly(self.tx, direction, "tls.invalid_heartbeat_message");
        }
    }

    fn handshakes(&mut self, direction: Direction, context: &mut Context<'_>) {
        let side = index(direction);
        // Nothing is moved while a message is not complete: records may hold a single byte.
        let mut held = std::mem::take(&mut self.sides[side].handshake);
        let mut taken = 0;
        while let Some((header, after)) = held[taken..].split_first_chunk::<4>() {
            let length = usize::try_from(u32::from_be_bytes([0, header[1], header[2], header[3]])).unwrap_or(0);
            if length > TLS_HANDSHAKE_BYTES {
                context.anomaly(self.tx, direction, "tls.invalid_handshake_message");
                self.sides[side].give_up(Reading::GivenUp);
                return;
            }
            let Some(body) = after.get(..length) else { break };
            self.handshake(direction, header[0], body, context);
            taken += header.len() + length;
        }
        held.drain(..taken);
        self.sides[side].handshake = held;
    }

    fn handshake(&mut self, direction: Direction, kind: u8, body: &[u8], context: &mut Context<'_>) {
        if let Some(id) = self.tx.filter(|_| matches!(kind, CLIENT_HELLO | SERVER_HELLO | SERVER_KEY_EXCHANGE)) {
            context.update(id, |tx| tx.facts.number("ssl_state", kind));
        }
        let parsed = match (kind, direction) {
            (CLIENT_HELLO, Direction::ToServer) if self.client.is_none() => self.client_hello(body, context),
            (SERVER_HELLO, Direction::ToClient) if self.server.as_ref().is_none_or(|hello| hello.is_retry) => {
                self.server_hello(body, context)
            }
            (CERTIFICATE_REQUEST, Direction::ToClient) => {
                self.client_certificate_asked = true;
                true
            }
            // Nothing more is told in the clear, but for the client's certificate.
            (SERVER_HELLO_DONE, Direction::ToClient) if !self.client_certificate_asked => {
                self.finish(context);
                true
            }
            (CERTIFICATE, _) => self.certificate(direction, body, context),
            _ => true,
        };
        if !parsed {
            context.anomaly(self.tx, direction, "tls.invalid_handshake_message");
        }
    }

    fn client_hello(&mut self, body: &[u8], context: &mut Context<'_>) -> bool {
        let Some(hello) = ClientHello::parse(body) else { return false };
        let Some(id) = self.tx else { return true };
        context.update(id, |tx| {
            eve::fill_client(&mut tx.buffers, &hello);
        });
        for event in &hello.events {
            context.anomaly(Some(id), Direction::ToServer, event);
        }
        self.client = Some(hello);
        self.write_record(context);
        context.progress(id, Direction::ToServer);
        true
    }

    fn server_hello(&mut self, body: &[u8], context: &mut Context<'_>) -> bool {
        let Some(hello) = ServerHello::parse(body) else { return false };
        let Some(id) = self.tx else { return true };
        context.update(id, |tx| {
            eve::fill_server(&mut tx.buffers, &hello);
        });
        self.server = Some(hello);
        self.write_record(context);
        context.progress(id, Direction::ToClient);
        true
    }

    fn certificate(&mut self, direction: Direction, body: &[u8], context: &mut Context<'_>) -> bool {
        let Some(chain) = certificate::chain(body) else { return false };
        let Some(id) = self.tx else { return true };
        if !self.certificates[index(direction)].is_empty() {
            return true;
        }
        for der in chain.iter().take(TLS_CERTIFICATES) {
            context.update(id, |tx| tx.buffers.set(direction, Buffer::TlsCerts, *der));
            match Certificate::parse(der) {
                Some(certificate) => self.certificates[index(direction)].push(certificate),
                None => context.anomaly(Some(id), direction, "tls.invalid_certificate"),
            }
        }
        if let Some(leaf) = self.certificates[index(direction)].first() {
            context.update(id, |tx| eve::fill_certificate(&mut tx.buffers, direction, leaf));
        }
        self.write_record(context);
        context.progress(id, direction);
        true
    }

    fn write_record(&self, context: &mut Context<'_>) {
        let Some(id) = self.tx else { return };
        let record = eve::record(&eve::Seen {
            protocol: self.protocol,
            client: self.client.as_ref(),
            server: self.server.as_ref(),
            client_certificates: &self.certificates[0],
            server_certificates: &self.certificates[1],
            done: self.done,
            custom: context.settings.tls.custom.as_deref(),
        });
        let from = context.previous.filter(|previous| *previous != self.protocol);
        context.update(id, |tx| {
            tx.eve = record;
            if let Some(from) = from {
                crate::app::text::put(&mut tx.eve, "from_proto", from.as_str());
            }
        });
    }

    /// The handshake is over.
    fn finish(&mut self, context: &mut Context<'_>) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        self.write_record(context);
        let id = self.transaction(context);
        context.update(id, |tx| {
            tx.request_complete = true;
            tx.response_complete = true;
        });
        context.progress(id, Direction::ToServer);
        context.progress(id, Direction::ToClient);
    }
}

impl AppParser for TlsParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        match input {
            Input::Data(data) => self.data(direction, data, context),
            Input::Gap(_) => self.sides[index(direction)].give_up(Reading::BehindGap),
            Input::End if self.tx.is_some() => self.finish(context),
            Input::End => {}
        }
    }

    /// Behind the handshake everything is encrypted: then a gap costs nothing.
    fn reading(&self, direction: Direction) -> Reading {
        match self.sides[index(direction)].reading {
            Reading::BehindGap if self.done => Reading::On,
            reading => reading,
        }
    }
}

fn index(direction: Direction) -> usize {
    usize::from(direction == Direction::ToClient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::converse;

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 3, 2, length[0], length[1]][..], content].concat()
    }

    #[test]
    fn what_the_client_says_under_its_new_keys_is_no_broken_message() {
        let hello = |kind: u8, rest: &[u8]| {
            let body = [&[3, 3][..], &[7; 32], &[0], rest].concat();
            record(HANDSHAKE, &[&[kind, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat())
        };
        let (client, server) = (hello(CLIENT_HELLO, &[0, 2, 0, 0x2f, 1, 0]), hello(SERVER_HELLO, &[0, 0x2f, 0]));
        let (change, finished) = (record(CHANGE_CIPHER_SPEC, &[1]), record(HANDSHAKE, &[0xff; 40]));
        let said = |changes: bool| {
            let mut said = vec![(Direction::ToServer, &client[..]), (Direction::ToClient, &server[..])];
            said.extend(changes.then_some((Direction::ToServer, &change[..])));
            said.push((Direction::ToServer, &finished[..]));
            converse(AppProtocol::Tls, &said).first().map(|tx| tx.events.clone()).unwrap_or_default()
        };
        assert_eq!(said(true), [""; 0]);
        assert_eq!(said(false), ["tls.invalid_handshake_message"]);
    }

    #[test]
    fn heartbeats_that_ask_for_too_much_are_told() {
        let honest = record(HEARTBEAT, &[&[1, 0, 4][..], &[7; 20]].concat());
        let greedy = record(HEARTBEAT, &[1, 0x40, 0]);
        let (asked, answered) = (record(HEARTBEAT, &[9; 40]), record(HEARTBEAT, &[9; 400]));
        let encrypted = record(APPLICATION_DATA, b"x");
        for (exchange, events) in [
            (vec![(Direction::ToServer, &honest[..])], &["tls.heartbeat_message"][..]),
            (vec![(Direction::ToServer, &greedy[..])], &["tls.heartbeat_message", "tls.overflow_heartbeat_message"]),
            (
                vec![
                    (Direction::ToServer, &encrypted[..]),
                    (Direction::ToServer, &asked[..]),
                    (Direction::ToClient, &answered[..]),
                ],
                &["tls.dataleak_heartbeat_mismatch"],
            ),
            (
                vec![
                    (Direction::ToServer, &encrypted[..]),
                    (Direction::ToServer, &asked[..]),
                    (Direction::ToClient, &asked[..]),
                ],
                &[],
            ),
        ] {
            let transactions = converse(AppProtocol::Tls, &exchange);
            assert_eq!(transactions.first().map(|tx| tx.events.clone()).unwrap_or_default(), events);
        }
    }
}
