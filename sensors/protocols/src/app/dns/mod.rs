//! DNS (RFC 1035 and what followed) over UDP and TCP. Requests and responses are transactions of their own, as in
//! Suricata's DNS records of version 3.

mod eve;
mod message;
mod names;

use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use crate::{AppProtocol, Buffer, Direction, Transaction};
use message::{HEADER_BYTES, Header, Message};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Dns,
    transports: &[TransportKind::Udp, TransportKind::Tcp],
    ports: &[53],
    probe,
    create: |transport| Box::new(DnsParser::new(transport)),
};

/// Multicast DNS and LLMNR have the same format but are no DNS to Suricata's rules.
const LOOK_ALIKE_PORTS: [u16; 2] = [5353, 5355];

fn probe(probe: &Probe<'_>) -> Verdict {
    if LOOK_ALIKE_PORTS.contains(&probe.server_port) {
        return Verdict::No;
    }
    match probe.transport {
        TransportKind::Udp => probe_datagram(probe.data, probe.port_matches),
        TransportKind::Tcp => probe_stream(probe),
    }
}

fn probe_datagram(data: &[u8], port_matches: bool) -> Verdict {
    let Some(header) = Header::parse(data) else { return Verdict::No };
    let plausible = header.is_plausible(data.len());
    let strict = || {
        header.questions == 1
            && header.opcode() == 0
            && header.flags & 0x0070 == 0
            && Message::parse(data).is_some_and(|message| {
                message.trailing == 0 && message.queries.iter().all(|query| query.class == 1 && query.kind <= 257)
            })
    };
    if plausible && (port_matches || strict()) { Verdict::Yes } else { Verdict::No }
}

fn probe_stream(probe: &Probe<'_>) -> Verdict {
    let Some((prefix, rest)) = probe.data.split_first_chunk::<2>() else { return Verdict::More };
    let length = usize::from(u16::from_be_bytes(*prefix));
    if length <= HEADER_BYTES || !probe.port_matches {
        return Verdict::No;
    }
    match Header::parse(rest) {
        Some(header) if header.is_plausible(length) => Verdict::Yes,
        Some(_) => Verdict::No,
        None => Verdict::More,
    }
}

struct DnsParser {
    transport: TransportKind,
    /// Bytes of the message that is not complete, by direction.
    held: [Vec<u8>; 2],
    /// A gap broke the framing of the direction.
    lost: [bool; 2],
}

impl DnsParser {
    fn new(transport: TransportKind) -> Self {
        Self { transport, held: Default::default(), lost: [false; 2] }
    }

    fn stream(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        if self.lost[side] {
            return;
        }
        self.held[side].extend_from_slice(data);
        let held = std::mem::take(&mut self.held[side]);
        let mut rest = &held[..];
        while let Some((prefix, after)) = rest.split_first_chunk::<2>() {
            let Some((message, next)) = after.split_at_checked(usize::from(u16::from_be_bytes(*prefix))) else { break };
            take_message(direction, message, context);
            rest = next;
        }
        self.held[side] = rest.to_vec();
    }
}

impl AppParser for DnsParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        match (input, self.transport) {
            (Input::Data(data), TransportKind::Udp) => take_message(direction, data, context),
            (Input::Data(data), TransportKind::Tcp) => self.stream(direction, data, context),
            (Input::Gap(_), _) => self.lost[usize::from(direction == Direction::ToClient)] = true,
            (Input::End, _) => {}
        }
    }
}

/// Makes a transaction of one message.
fn take_message(direction: Direction, data: &[u8], context: &mut Context<'_>) {
    let Some(header) = Header::parse(data) else {
        return context.anomaly(None, direction, "dns.malformed_data");
    };
    match (direction, header.is_response()) {
        (Direction::ToServer, true) => return context.anomaly(None, direction, "dns.not_a_request"),
        (Direction::ToClient, false) => return context.anomaly(None, direction, "dns.not_a_response"),
        _ => {}
    }
    let Some(message) = Message::parse(data) else {
        return context.anomaly(None, direction, "dns.malformed_data");
    };
    let id = context.open(AppProtocol::Dns);
    context.update(id, |tx| {
        fill(tx, direction, &message);
        tx.eve = eve::record(tx.id, &message);
        tx.request_complete = true;
        tx.response_complete = true;
    });
    if header.flags & 0x0040 != 0 {
        context.anomaly(Some(id), direction, "dns.z_flag_set");
    }
    if header.opcode() >= 7 {
        context.anomaly(Some(id), direction, "dns.invalid_opcode");
    }
    if message.name_too_long {
        context.anomaly(Some(id), direction, "dns.name_too_long");
    }
    if message.pointer_loop {
        context.anomaly(Some(id), direction, "dns.infinite_loop");
    }
    context.progress(id, direction);
}

fn fill(tx: &mut Transaction, direction: Direction, message: &Message) {
    let mut set = |buffer: Buffer, name: &[u8]| tx.buffers.set(direction, buffer, name);
    let is_response = message.header.is_response();
    for query in &message.queries {
        if !is_response {
            set(Buffer::DnsQuery, &query.name);
        }
        set(Buffer::DnsQueryName, &query.name);
        set(Buffer::DnsQueriesRrname, &query.name);
        if is_response {
            set(Buffer::DnsResponseRrname, &query.name);
        }
    }
    let sections = [
        (&message.answers, Buffer::DnsAnswersRrname),
        (&message.authorities, Buffer::DnsAuthoritiesRrname),
        (&message.additionals, Buffer::DnsAdditionalsRrname),
    ];
    for (records, buffer) in sections {
        for record in records {
            set(buffer, &record.name);
            if buffer == Buffer::DnsAnswersRrname {
                set(Buffer::DnsAnswerName, &record.name);
            }
            if is_response {
                set(Buffer::DnsResponseRrname, &record.name);
            }
        }
    }
}
