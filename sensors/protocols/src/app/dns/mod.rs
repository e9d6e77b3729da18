//! DNS (RFC 1035 and what followed) over UDP and TCP, multicast DNS (RFC 6762) and LLMNR (RFC 4795). Requests and responses are transactions of their own, as in
//! Suricata's DNS records of version 3.

mod eve;
mod message;
mod names;

use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use crate::{AppProtocol, Buffer, Direction, Transaction};
use message::{HEADER_BYTES, Header, Message};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Dns,
    transports: &[TransportKind::Udp, TransportKind::Tcp],
    ports: &[53],
    probe,
    create: |transport| Box::new(DnsParser::new(AppProtocol::Dns, transport)),
};

pub(super) const MDNS_PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Mdns,
    transports: &[TransportKind::Udp],
    ports: &[5353],
    probe: |probe| match probe.port_matches {
        true => probe_datagram(probe.data, true),
        false => Verdict::No,
    },
    create: |transport| Box::new(DnsParser::new(AppProtocol::Mdns, transport)),
};

pub(super) const LLMNR_PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Llmnr,
    transports: &[TransportKind::Udp, TransportKind::Tcp],
    ports: &[5355],
    probe: |probe| match (probe.port_matches, probe.transport) {
        (false, _) => Verdict::No,
        (true, TransportKind::Udp) => probe_datagram(probe.data, true),
        (true, TransportKind::Tcp) => probe_stream(probe),
    },
    create: |transport| Box::new(DnsParser::new(AppProtocol::Llmnr, transport)),
};

/// Multicast DNS and LLMNR have the same format but are no DNS to Suricata's rules.
const LOOK_ALIKE_PORTS: [u16; 2] = [5353, 5355];

fn probe(probe: &Probe<'_>) -> Verdict {
    if LOOK_ALIKE_PORTS.contains(&probe.server_port) && !probe.port_matches {
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
    protocol: AppProtocol,
    transport: TransportKind,
    /// Bytes of the message that is not complete, by direction.
    held: [Vec<u8>; 2],
    /// A gap broke the framing of the direction.
    lost: [bool; 2],
}

impl DnsParser {
    fn new(protocol: AppProtocol, transport: TransportKind) -> Self {
        Self { protocol, transport, held: Default::default(), lost: [false; 2] }
    }

    fn stream(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        if self.lost[side] {
            return;
        }
        self.held[side].extend_from_slice(data);
        let held = &mut self.held[side];
        let mut taken = 0;
        while let Some((prefix, after)) = held[taken..].split_first_chunk::<2>() {
            let Some(message) = after.get(..usize::from(u16::from_be_bytes(*prefix))) else { break };
            take_message(self.protocol, direction, message, context);
            taken += prefix.len() + message.len();
        }
        held.drain(..taken);
    }
}

impl AppParser for DnsParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        match (input, self.transport) {
            (Input::Data(data), TransportKind::Udp) => take_message(self.protocol, direction, data, context),
            (Input::Data(data), TransportKind::Tcp) => self.stream(direction, data, context),
            (Input::Gap(_), _) => self.lost[usize::from(direction == Direction::ToClient)] = true,
            (Input::End, _) => {}
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        if self.lost[usize::from(direction == Direction::ToClient)] { Reading::BehindGap } else { Reading::On }
    }
}

/// The name of an event of a protocol.
const fn event(protocol: AppProtocol, names: [&'static str; 3]) -> &'static str {
    match protocol {
        AppProtocol::Mdns => names[1],
        AppProtocol::Llmnr => names[2],
        _ => names[0],
    }
}

macro_rules! event {
    ($protocol:expr, $name:literal) => {
        event($protocol, [concat!("dns.", $name), concat!("mdns.", $name), concat!("llmnr.", $name)])
    };
}

/// Makes a transaction of one message.
pub(super) fn take_message(protocol: AppProtocol, way: Direction, data: &[u8], context: &mut Context<'_>) {
    let Some(header) = Header::parse(data) else {
        return context.anomaly(None, way, event!(protocol, "malformed_data"));
    };
    // Any host may ask and answer over multicast.
    match (way, header.is_response()) {
        _ if protocol == AppProtocol::Mdns => {}
        (Direction::ToServer, true) => return context.anomaly(None, way, event!(protocol, "not_request")),
        (Direction::ToClient, false) => return context.anomaly(None, way, event!(protocol, "not_response")),
        _ => {}
    }
    let Some(message) = Message::parse(data) else {
        return context.anomaly(None, way, event!(protocol, "malformed_data"));
    };
    let settings = &context.settings.dns;
    let (version, told) = (settings.version, eve::is_told(settings, &message));
    let id = context.open_single(protocol, way);
    context.update(id, |tx| {
        fill(tx, way, buffers(protocol), &message);
        tx.eve = match (protocol, version) {
            (AppProtocol::Dns | AppProtocol::Doh2, 2) => eve::record_2(tx.id, &message),
            (AppProtocol::Dns | AppProtocol::Doh2, _) => eve::record(tx.id, &message),
            _ => eve::record_local(&message),
        };
        tx.untold = !told;
    });
    let is_local = matches!(protocol, AppProtocol::Mdns | AppProtocol::Llmnr);
    if header.flags & 0x0040 != 0 && !is_local {
        context.anomaly(Some(id), way, event!(protocol, "z_flag_set"));
    }
    if header.opcode() >= 7 || (is_local && header.opcode() != 0) {
        context.anomaly(Some(id), way, event!(protocol, "invalid_opcode"));
    }
    if message.name_too_long {
        context.anomaly(Some(id), way, event!(protocol, "name_too_long"));
    }
    if message.pointer_loop {
        context.anomaly(Some(id), way, event!(protocol, "infinite_loop"));
    }
    context.progress(id, way);
    context.frame(Some(id), way, (protocol, "pdu"), data);
}

/// The buffers of names: queries, answers, authorities, additionals, all of a response.
type NameBuffers = [Buffer; 5];

const fn buffers(protocol: AppProtocol) -> NameBuffers {
    match protocol {
        AppProtocol::Mdns => [
            Buffer::MdnsQueriesRrname,
            Buffer::MdnsAnswersRrname,
            Buffer::MdnsAuthoritiesRrname,
            Buffer::MdnsAdditionalsRrname,
            Buffer::MdnsResponseRrname,
        ],
        AppProtocol::Llmnr => [
            Buffer::LlmnrQueriesRrname,
            Buffer::LlmnrAnswersRrname,
            Buffer::LlmnrAuthoritiesRrname,
            Buffer::LlmnrAdditionalsRrname,
            Buffer::LlmnrResponseRrname,
        ],
        _ => [
            Buffer::DnsQueriesRrname,
            Buffer::DnsAnswersRrname,
            Buffer::DnsAuthoritiesRrname,
            Buffer::DnsAdditionalsRrname,
            Buffer::DnsResponseRrname,
        ],
    }
}

fn fill(tx: &mut Transaction, way: Direction, buffers: NameBuffers, message: &Message) {
    let mut set = |buffer: Buffer, name: &[u8]| tx.buffers.set(way, buffer, name);
    let [queries, answers, authorities, additionals, response] = buffers;
    let (is_response, is_dns) = (message.header.is_response(), queries == Buffer::DnsQueriesRrname);
    for query in &message.queries {
        if is_dns {
            if !is_response {
                set(Buffer::DnsQuery, &query.name);
            }
            set(Buffer::DnsQueryName, &query.name);
        }
        set(queries, &query.name);
        if is_response {
            set(response, &query.name);
        }
    }
    if is_dns {
        // Rules ask for the types of what is asked and of what is answered.
        let asked = message.queries.iter().map(|query| query.kind);
        let answered = message.answers.iter().map(|record| record.kind);
        let kinds: Vec<u16> = if is_response { answered.collect() } else { asked.collect() };
        kinds.into_iter().for_each(|kind| tx.facts.item("dns.rrtype", kind));
        tx.facts.number("dns.rcode", message.header.rcode());
    }
    let mut set = |buffer: Buffer, name: &[u8]| tx.buffers.set(way, buffer, name);
    let sections =
        [(&message.answers, answers), (&message.authorities, authorities), (&message.additionals, additionals)];
    for (records, buffer) in sections {
        for record in records {
            set(buffer, &record.name);
            if buffer == Buffer::DnsAnswersRrname {
                set(Buffer::DnsAnswerName, &record.name);
            }
            if is_response {
                set(response, &record.name);
            }
        }
    }
}
