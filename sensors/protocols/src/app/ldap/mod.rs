//! LDAP 3 (RFC 4511) over TCP and UDP: one transaction for each request with its responses.

mod codes;
mod operation;

use super::ber;
use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{Object, put};
use crate::limits::{LDAP_REQUESTS, LDAP_RESPONSES, MESSAGE_BYTES};
use crate::{AppProtocol, Buffer, Direction};
pub use codes::RESULT_CODES;
use operation::{Operation, kind};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Ldap,
    transports: &[TransportKind::Tcp, TransportKind::Udp],
    ports: &[389, 3268],
    probe,
    create: |transport| Box::new(LdapParser::new(transport)),
};

/// A sequence that begins with a small number and an operation, on LDAP's ports.
fn probe(probe: &Probe<'_>) -> Verdict {
    if !probe.port_matches {
        return Verdict::No;
    }
    let data = probe.data;
    match data.first() {
        None => return Verdict::More,
        Some(0x30) => {}
        Some(_) => return Verdict::No,
    }
    let header = match data.get(1) {
        None => return Verdict::More,
        Some(length) if length & 0x80 == 0 => 2,
        Some(length) if (1..=4).contains(&(length & 0x7f)) => 2 + usize::from(length & 0x7f),
        Some(_) => return Verdict::No,
    };
    match data.get(header..) {
        Some([2, length @ 1..=4, rest @ ..]) => match rest.get(usize::from(*length)) {
            Some(tag) if (0x40..0x80).contains(tag) && tag & 0x1f <= 25 => Verdict::Yes,
            Some(_) => Verdict::No,
            None => Verdict::More,
        },
        Some([2]) | Some([]) | None => Verdict::More,
        Some(_) => Verdict::No,
    }
}

struct LdapParser {
    transport: TransportKind,
    sides: [Messages; 2],
    requests: Vec<Request>,
}

/// A request that waits, and what has answered it.
struct Request {
    id: i64,
    tx: u64,
    responses: Vec<Object>,
    starts_tls: bool,
}

impl LdapParser {
    fn new(transport: TransportKind) -> Self {
        Self { transport, sides: Default::default(), requests: Vec::new() }
    }

    fn message(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        let Some((id, operation)) = parse(data) else {
            return context.anomaly(None, direction, "ldap.invalid_data");
        };
        match direction {
            Direction::ToServer => self.request(id, &operation, context),
            Direction::ToClient => self.response(id, &operation, context),
        }
        context.frame(None, direction, (AppProtocol::Ldap, "pdu"), data);
    }

    fn request(&mut self, id: i64, operation: &Operation, context: &mut Context<'_>) {
        let way = Direction::ToServer;
        let tx = context.open(AppProtocol::Ldap);
        let request = operation.eve(id);
        context.update(tx, |tx| {
            put(&mut tx.eve, "request", request);
            tx.facts.number("ldap.request.operation", operation.kind);
            if let Some(name) = &operation.name {
                tx.buffers.set(way, Buffer::LdapRequestDn, name.clone());
            }
            for attribute in &operation.attributes {
                tx.buffers.set(way, Buffer::LdapRequestAttributeType, attribute.clone());
            }
            tx.request_complete = true;
            tx.response_complete = matches!(operation.kind, kind::UNBIND | kind::ABANDON);
        });
        context.progress(tx, way);
        if self.requests.len() >= LDAP_REQUESTS {
            let oldest = self.requests.remove(0);
            context.update(oldest.tx, |tx| tx.response_complete = true);
            context.anomaly(Some(oldest.tx), way, "ldap.too_many_transactions");
        }
        if !matches!(operation.kind, kind::UNBIND | kind::ABANDON) {
            self.requests.push(Request { id, tx, responses: Vec::new(), starts_tls: operation.starts_tls() });
        }
    }

    fn response(&mut self, id: i64, operation: &Operation, context: &mut Context<'_>) {
        let way = Direction::ToClient;
        let place = match self.requests.iter().position(|request| request.id == id) {
            Some(place) => place,
            None => {
                // The server may speak unasked (RFC 4511, 4.4).
                let tx = context.open(AppProtocol::Ldap);
                context.update(tx, |tx| tx.request_complete = true);
                if id != 0 {
                    context.anomaly(Some(tx), way, "ldap.request_not_found");
                }
                self.requests.push(Request { id, tx, responses: Vec::new(), starts_tls: false });
                self.requests.len() - 1
            }
        };
        let request = &mut self.requests[place];
        if request.responses.len() < LDAP_RESPONSES {
            request.responses.push(operation.eve(id));
        }
        let (tx, responses, starts_tls) = (request.tx, request.responses.clone(), request.starts_tls);
        let is_last = operation.is_last() || id == 0;
        context.update(tx, |tx| {
            tx.facts.item("ldap.responses.operation", operation.kind);
            tx.facts.number("ldap.responses.count", responses.len() as u64);
            put(&mut tx.eve, "responses", responses);
            if let Some(code) = operation.code {
                tx.facts.item("ldap.responses.result_code", code);
            }
            if let Some(name) = &operation.name {
                tx.buffers.set(way, Buffer::LdapResponsesDn, name.clone());
            }
            if let Some(message) = &operation.message {
                tx.buffers.set(way, Buffer::LdapResponsesMessage, message.clone());
            }
            for attribute in &operation.attributes {
                tx.buffers.set(way, Buffer::LdapResponsesAttributeType, attribute.clone());
            }
            tx.response_complete = is_last;
        });
        context.progress(tx, way);
        if is_last {
            self.requests.remove(place);
            context.switch_protocol |= starts_tls && operation.code == Some(0);
        }
    }
}

impl AppParser for LdapParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match (input, self.transport) {
            (Input::Data(data), TransportKind::Udp) => {
                // One datagram may carry several messages.
                let mut rest = data;
                while let Ok(Some(length)) = ber::announced_length(rest)
                    && let Some((message, after)) = rest.split_at_checked(length)
                {
                    self.message(direction, message, context);
                    rest = after;
                }
            }
            (Input::Data(data), TransportKind::Tcp) => {
                self.sides[side].push(data);
                while !context.switch_protocol {
                    let Some(message) = self.sides[side].next(cut) else { break };
                    self.message(direction, &message, context);
                }
                context.unread = if context.switch_protocol { self.sides[side].waiting().len() } else { 0 };
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
    if bytes.first().is_some_and(|first| *first != ber::SEQUENCE) {
        return Cut::Lost;
    }
    match ber::announced_length(bytes) {
        Ok(Some(length)) if bytes.len() >= length.min(MESSAGE_BYTES) => Cut::Message(length),
        Ok(_) => Cut::More,
        Err(()) => Cut::Lost,
    }
}

/// Message identifier and operation.
fn parse(data: &[u8]) -> Option<(i64, Operation)> {
    let mut r = Reader::new(ber::expect(&mut Reader::new(data), ber::SEQUENCE)?);
    let id = ber::signed(ber::expect(&mut r, ber::INTEGER)?)?;
    Some((id, Operation::parse(ber::next(&mut r)?)?))
}
