//! DHCP (RFC 2131, 2132). Each message is a transaction.

use std::net::Ipv4Addr;

use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, TransportKind, Verdict};
use super::text::{Object, eve_text, put};
use crate::limits::DHCP_OPTIONS;
use crate::{AppProtocol, Direction, Transaction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Dhcp,
    transports: &[TransportKind::Udp],
    ports: &[67, 68],
    probe: |probe| match probe.port_matches && Message::parse(probe.data).is_some() {
        true => Verdict::Yes,
        false => Verdict::No,
    },
    create: |_| Box::new(DhcpParser),
};

const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const ACKNOWLEDGEMENT: u8 = 5;

struct DhcpParser;

/// A message: its fixed part and its options in order.
struct Message<'a> {
    is_reply: bool,
    id: u32,
    /// Client, assigned, next server, relay.
    addresses: [Ipv4Addr; 4],
    hardware: &'a [u8],
    options: Vec<(u8, &'a [u8])>,
    truncated: bool,
    malformed: bool,
}

impl<'a> Message<'a> {
    fn parse(data: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        let (operation, kind, length, _hops) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        if !matches!(operation, 1 | 2) || kind == 0 || length > 16 {
            return None;
        }
        let id = r.u32()?;
        r.take(4)?;
        let mut address = || Some(Ipv4Addr::from(r.u32()?));
        let addresses = [address()?, address()?, address()?, address()?];
        let hardware = r.take(16)?;
        r.take(192)?;
        if r.take(4)? != COOKIE {
            return None;
        }
        let mut message = Self {
            is_reply: operation == 2,
            id,
            addresses,
            hardware: &hardware[..usize::from(length)],
            options: Vec::new(),
            truncated: false,
            malformed: false,
        };
        message.read_options(r);
        Some(message)
    }

    fn read_options(&mut self, mut r: Reader<'a>) {
        while let Some(code) = r.u8() {
            match code {
                0 => continue,
                255 => return,
                _ => {}
            }
            let Some(value) = r.u8().and_then(|length| r.take(length.into())) else {
                self.malformed = true;
                return;
            };
            if self.options.len() >= DHCP_OPTIONS {
                return;
            }
            self.options.push((code, value));
        }
        // Nothing said that the options have ended.
        self.truncated = true;
    }

    fn option(&self, code: u8) -> Option<&'a [u8]> {
        self.options.iter().find(|option| option.0 == code).map(|option| option.1)
    }

    fn number(&self, code: u8) -> Option<u32> {
        self.option(code)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    fn kind(&self) -> Option<u8> {
        self.option(53)?.first().copied()
    }
}

impl AppParser for DhcpParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let Input::Data(data) = input else { return };
        let Some(message) = Message::parse(data) else {
            return context.anomaly(None, direction, "dhcp.malformed_data");
        };
        let extended = context.settings.dhcp.extended;
        let id = context.open_single(AppProtocol::Dhcp, direction);
        context.update(id, |tx| write(tx, &message, extended));
        if message.malformed {
            context.anomaly(Some(id), direction, "dhcp.malformed_options");
        }
        if message.truncated {
            context.anomaly(Some(id), direction, "dhcp.truncated_options");
        }
        context.progress(id, direction);
    }
}

fn write(tx: &mut Transaction, message: &Message<'_>, extended: bool) {
    let eve = &mut tx.eve;
    let [client, assigned, next, relay] = message.addresses;
    put(eve, "type", if message.is_reply { "reply" } else { "request" });
    put(eve, "id", message.id);
    put(eve, "client_mac", mac(message.hardware));
    put(eve, "assigned_ip", assigned.to_string());
    if extended {
        put(eve, "client_ip", client.to_string());
        if message.is_reply {
            put(eve, "relay_ip", relay.to_string());
            put(eve, "next_server_ip", next.to_string());
        }
    }
    options(eve, message, extended);
    for (keyword, code) in [("dhcp.leasetime", 51), ("dhcp.renewal_time", 58), ("dhcp.rebinding_time", 59)] {
        if let Some(seconds) = message.number(code) {
            tx.facts.number(keyword, seconds);
        }
    }
    // In short only which address went to whom.
    tx.untold = !extended && message.kind() != Some(ACKNOWLEDGEMENT);
}

fn options(eve: &mut Object, message: &Message<'_>, extended: bool) {
    for (code, value) in &message.options {
        match code {
            53 => put(eve, "dhcp_type", value.first().map_or("unknown", |kind| kind_name(*kind))),
            51 => put_number(eve, "lease_time", value),
            _ if !extended => {}
            12 => put(eve, "hostname", eve_text(value)),
            61 => put(eve, "client_id", client_id(value)),
            60 => put(eve, "vendor_class_identifier", eve_text(value)),
            50 => put(eve, "requested_ip", addresses(value).into_iter().next().unwrap_or_default()),
            55 => put(eve, "params", value.iter().filter_map(|code| parameter(*code)).collect::<Vec<_>>()),
            1 => put(eve, "subnet_mask", addresses(value).into_iter().next().unwrap_or_default()),
            3 => put(eve, "routers", addresses(value)),
            6 => put(eve, "dns_servers", addresses(value)),
            58 => put_number(eve, "renewal_time", value),
            59 => put_number(eve, "rebinding_time", value),
            _ => {}
        }
    }
}

fn put_number(eve: &mut Object, key: &str, value: &[u8]) {
    if let Some(bytes) = value.first_chunk() {
        put(eve, key, u32::from_be_bytes(*bytes));
    }
}

fn mac(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// A hardware address behind its type, or any bytes.
fn client_id(value: &[u8]) -> String {
    mac(value.get(1..).unwrap_or_default())
}

fn addresses(value: &[u8]) -> Vec<String> {
    value.chunks_exact(4).map(|bytes| Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).to_string()).collect()
}

const fn kind_name(kind: u8) -> &'static str {
    match kind {
        1 => "discover",
        2 => "offer",
        3 => "request",
        4 => "decline",
        5 => "ack",
        6 => "nak",
        7 => "release",
        8 => "inform",
        _ => "unknown",
    }
}

const fn parameter(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "subnet_mask",
        3 => "router",
        6 => "dns_server",
        12 => "hostname",
        15 => "domain",
        35 => "arp_timeout",
        42 => "ntp_server",
        66 => "tftp_server_name",
        67 => "bootfile_name",
        120 => "sip_server",
        _ => return None,
    })
}
