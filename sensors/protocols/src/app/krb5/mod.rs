//! Kerberos 5 (RFC 4120) over UDP and TCP. Each message is a transaction.

mod names;

use super::ber;
use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{eve_text, put};
use crate::limits::{KRB5_NAME_PARTS, MESSAGE_BYTES};
use crate::{AppProtocol, Buffer, Direction, Transaction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Krb5,
    transports: &[TransportKind::Udp, TransportKind::Tcp],
    ports: &[88],
    probe,
    create: |transport| Box::new(Krb5Parser { transport, sides: Default::default(), last_request: None }),
};

const ERROR: u8 = 30;

/// An application tag of Kerberos with a sequence inside that names version 5.
fn probe(probe: &Probe<'_>) -> Verdict {
    if !probe.port_matches {
        return Verdict::No;
    }
    match probe.transport {
        TransportKind::Udp if Message::parse(probe.data).is_some() => Verdict::Yes,
        TransportKind::Udp => Verdict::No,
        TransportKind::Tcp => match probe.data.get(4) {
            None if probe.data.first().is_some_and(|first| *first != 0) => Verdict::No,
            None => Verdict::More,
            Some(tag) if probe.data[0] == 0 && is_tag(*tag) => Verdict::Yes,
            Some(_) => Verdict::No,
        },
    }
}

const fn is_tag(tag: u8) -> bool {
    matches!(tag, 0x6a..=0x6f | 0x74 | 0x75 | 0x7e)
}

struct Krb5Parser {
    transport: TransportKind,
    sides: [Messages; 2],
    last_request: Option<u8>,
}

/// What a message tells.
#[derive(Debug, Default)]
struct Message {
    kind: u8,
    client: Option<Vec<u8>>,
    realm: Option<Vec<u8>>,
    server: Option<Vec<u8>>,
    encryption: Option<i64>,
    ticket_encryption: Option<i64>,
    error: Option<i64>,
}

impl Message {
    fn parse(data: &[u8]) -> Option<Self> {
        let outer = ber::next(&mut Reader::new(data))?;
        if !is_tag(outer.tag) {
            return None;
        }
        let body = ber::expect(&mut Reader::new(outer.value), ber::SEQUENCE)?;
        let mut message = Self { kind: outer.tag & 0x1f, ..Self::default() };
        let field = |number: u8| ber::find(body, 0xa0 | number);
        match message.kind {
            10 | 12 => {
                let request = ber::expect(&mut Reader::new(field(4)?), ber::SEQUENCE)?;
                let inner = |number: u8| ber::find(request, 0xa0 | number);
                message.client = inner(1).and_then(principal);
                message.realm = inner(2).and_then(text);
                message.server = inner(3).and_then(principal);
            }
            11 | 13 => {
                message.realm = field(3).and_then(text);
                message.client = field(4).and_then(principal);
                let ticket = ber::next(&mut Reader::new(field(5)?))?.value;
                let ticket = ber::expect(&mut Reader::new(ticket), ber::SEQUENCE)?;
                message.server = ber::find(ticket, 0xa2).and_then(principal);
                message.ticket_encryption = ber::find(ticket, 0xa3).and_then(encryption);
                message.encryption = field(6).and_then(encryption);
            }
            ERROR => {
                message.error = field(6).and_then(number);
                message.client = field(8).and_then(principal);
                message.realm = field(9).and_then(text);
                message.server = field(10).and_then(principal);
            }
            _ => {
                number(field(0)?)?;
            }
        }
        Some(message)
    }
}

fn text(value: &[u8]) -> Option<Vec<u8>> {
    ber::next(&mut Reader::new(value)).map(|element| element.value.to_vec())
}

fn number(value: &[u8]) -> Option<i64> {
    ber::signed(ber::next(&mut Reader::new(value))?.value)
}

/// The parts of a name with slashes between them.
fn principal(value: &[u8]) -> Option<Vec<u8>> {
    let name = ber::expect(&mut Reader::new(value), ber::SEQUENCE)?;
    let parts = ber::expect(&mut Reader::new(ber::find(name, 0xa1)?), ber::SEQUENCE)?;
    let parts: Vec<&[u8]> = ber::each(parts, KRB5_NAME_PARTS).map(|part| part.value).collect();
    Some(parts.join(&b'/'))
}

fn encryption(value: &[u8]) -> Option<i64> {
    let data = ber::expect(&mut Reader::new(value), ber::SEQUENCE)?;
    number(ber::find(data, 0xa0)?)
}

impl AppParser for Krb5Parser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match (input, self.transport) {
            (Input::Data(data), TransportKind::Udp) => self.message(direction, data, context),
            (Input::Data(data), TransportKind::Tcp) => {
                self.sides[side].push(data);
                while let Some(message) = self.sides[side].next(cut) {
                    self.message(direction, message.get(4..).unwrap_or_default(), context);
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
    let Some(length) = bytes.first_chunk::<4>() else { return Cut::More };
    match usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX) {
        0 => Cut::Lost,
        length if length > MESSAGE_BYTES => Cut::Lost,
        length if bytes.len() >= 4 + length => Cut::Message(4 + length),
        _ => Cut::More,
    }
}

impl Krb5Parser {
    fn message(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        let Some(message) = Message::parse(data) else {
            return context.anomaly(None, direction, "krb5.malformed_data");
        };
        let id = context.open_single(AppProtocol::Krb5, direction);
        let failed = self.last_request.filter(|_| message.kind == ERROR);
        if direction == Direction::ToServer {
            self.last_request = Some(message.kind);
        }
        context.update(id, |tx| write(tx, direction, &message, failed));
        if message.encryption.is_some_and(names::is_weak) {
            context.anomaly(Some(id), direction, "krb5.weak_encryption");
        }
        context.progress(id, direction);
    }
}

fn write(tx: &mut Transaction, way: Direction, message: &Message, failed: Option<u8>) {
    let eve = &mut tx.eve;
    let is_request = matches!(message.kind, 10 | 12);
    put(eve, "msg_type", names::message(message.kind));
    if let Some(failed) = failed {
        put(eve, "failed_request", names::message(failed));
    }
    if let Some(error) = message.error {
        put(eve, "error_code", names::error(error));
        tx.facts.number("krb5_err_code", u64::try_from(error).unwrap_or(u64::MAX));
    }
    let shown = |name: &Option<Vec<u8>>| name.as_ref().map_or_else(|| "<empty>".to_owned(), |name| eve_text(name));
    put(eve, "cname", shown(&message.client));
    put(eve, "realm", shown(&message.realm));
    put(eve, "sname", shown(&message.server));
    if !is_request {
        put(eve, "encryption", message.encryption.map_or_else(|| "<none>".to_owned(), names::encryption));
        put(eve, "weak_encryption", message.encryption.is_some_and(names::is_weak));
    }
    if let Some(encryption) = message.ticket_encryption {
        put(eve, "ticket_encryption", names::encryption(encryption));
        put(eve, "ticket_weak_encryption", names::is_weak(encryption));
        if let Ok(number) = u64::try_from(encryption) {
            tx.facts.number("krb5.ticket_encryption", number);
        }
    }
    tx.facts.number("krb5_msg_type", message.kind);
    if let Some(name) = &message.client {
        tx.buffers.set(way, Buffer::Krb5Cname, name.clone());
    }
    if let Some(name) = &message.server {
        tx.buffers.set(way, Buffer::Krb5Sname, name.clone());
    }
}

pub use names::ENCRYPTION_TYPES;
