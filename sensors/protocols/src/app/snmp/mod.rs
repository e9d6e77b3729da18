//! SNMP 1, 2c and 3 (RFC 1157, 3416, 3412, 3414). Each message is a transaction.

use super::ber::{self, INTEGER, OCTETS, SEQUENCE};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, TransportKind, Verdict};
use super::text::{eve_text, put};
use crate::limits::SNMP_VARIABLES;
use crate::{AppProtocol, Buffer, Direction, Transaction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Snmp,
    transports: &[TransportKind::Udp],
    ports: &[161, 162],
    probe: |probe| match probe.port_matches && Message::parse(probe.data).is_some() {
        true => Verdict::Yes,
        false => Verdict::No,
    },
    create: |_| Box::new(SnmpParser),
};

const OBJECT: u8 = 0x06;
const ADDRESS: u8 = 0x40;
const TRAP_V1: u8 = 4;
/// `snmpTrapOID.0`: the variable of a trap of version 2 that names it.
const TRAP_OID: &str = "1.3.6.1.6.3.1.1.4.1.0";

struct Message<'a> {
    /// 1, 2 or 3.
    version: u64,
    community: Option<&'a [u8]>,
    user: Option<&'a [u8]>,
    /// Type and content; none when it is encrypted.
    pdu: Option<(u8, &'a [u8])>,
}

impl<'a> Message<'a> {
    fn parse(data: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(ber::expect(&mut Reader::new(data), SEQUENCE)?);
        match ber::unsigned(ber::expect(&mut r, INTEGER)?)? {
            version @ (0 | 1) => {
                let community = ber::expect(&mut r, OCTETS)?;
                let pdu = ber::next(&mut r).filter(|pdu| pdu.tag & 0xe0 == 0xa0 && pdu.tag & 0x1f <= 8)?;
                let pdu = Some((pdu.tag & 0x1f, pdu.value));
                Some(Self { version: version + 1, community: Some(community), user: None, pdu })
            }
            3 => {
                ber::expect(&mut r, SEQUENCE)?;
                let security = ber::expect(&mut r, OCTETS)?;
                let scoped = ber::next(&mut r)?;
                let pdu = match scoped.tag {
                    SEQUENCE => ber::each(scoped.value, 3).nth(2).map(|pdu| (pdu.tag & 0x1f, pdu.value)),
                    _ => None,
                };
                Some(Self { version: 3, community: None, user: user(security), pdu })
            }
            _ => None,
        }
    }
}

/// The user of the user-based security model.
fn user(security: &[u8]) -> Option<&[u8]> {
    let parameters = ber::expect(&mut Reader::new(security), SEQUENCE)?;
    ber::each(parameters, 4).nth(3).map(|user| user.value)
}

struct SnmpParser;

impl AppParser for SnmpParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let Input::Data(data) = input else { return };
        let Some(message) = Message::parse(data) else {
            return context.anomaly(None, direction, "snmp.malformed_data");
        };
        let id = context.open_single(AppProtocol::Snmp, direction);
        context.update(id, |tx| write(tx, direction, &message));
        context.progress(id, direction);
        context.frame(Some(id), direction, (AppProtocol::Snmp, "pdu"), data);
    }
}

fn write(tx: &mut Transaction, way: Direction, message: &Message<'_>) {
    put(&mut tx.eve, "version", message.version);
    tx.facts.number("snmp.version", message.version);
    match message.pdu {
        Some((kind, content)) => {
            put(&mut tx.eve, "pdu_type", pdu_name(kind));
            tx.facts.number("snmp.pdu_type", kind);
            pdu(tx, way, kind, content);
        }
        None => put(&mut tx.eve, "pdu_type", "encrypted"),
    }
    if let Some(community) = message.community {
        put(&mut tx.eve, "community", eve_text(community));
        tx.buffers.set(way, Buffer::SnmpCommunity, community);
    }
    if let Some(user) = message.user {
        put(&mut tx.eve, "usm", eve_text(user));
        tx.buffers.set(way, Buffer::SnmpUsm, user);
    }
}

fn pdu(tx: &mut Transaction, way: Direction, kind: u8, content: &[u8]) {
    let mut elements: Vec<ber::Element<'_>> = ber::each(content, 6).collect();
    if kind == TRAP_V1 {
        if let [enterprise, address, generic, ..] = &elements[..] {
            if let Some((number, name)) = ber::unsigned(generic.value).and_then(|n| Some((n, trap_name(n)?))) {
                put(&mut tx.eve, "trap_type", name);
                tx.facts.number("snmp.trap_type", number);
            }
            if enterprise.tag == OBJECT {
                trap(tx, way, ber::object_identifier(enterprise.value));
            }
            if let (ADDRESS, [a, b, c, d]) = (address.tag, address.value) {
                let address = format!("{a}.{b}.{c}.{d}");
                put(&mut tx.eve, "trap_address", address.as_str());
                tx.buffers.set(way, Buffer::SnmpTrapAddress, address);
            }
        }
    } else if let Some(error) = elements.get(1).and_then(|error| ber::unsigned(error.value)).filter(|_| kind == 2)
        && error != 0
    {
        put(&mut tx.eve, "error", error_name(error));
    }
    let Some(variables) = elements.pop().filter(|last| last.tag == SEQUENCE) else { return };
    let mut names = Vec::new();
    for variable in ber::each(variables.value, SNMP_VARIABLES) {
        let mut r = Reader::new(variable.value);
        let Some(name) = ber::expect(&mut r, OBJECT).map(ber::object_identifier) else { break };
        if name == TRAP_OID
            && let Some(value) = ber::expect(&mut r, OBJECT)
        {
            trap(tx, way, ber::object_identifier(value));
        }
        names.push(name);
    }
    if !names.is_empty() {
        put(&mut tx.eve, "vars", names);
    }
}

fn trap(tx: &mut Transaction, way: Direction, name: String) {
    put(&mut tx.eve, "trap_oid", name.as_str());
    tx.buffers.set(way, Buffer::SnmpTrapOid, name);
}

const fn pdu_name(kind: u8) -> &'static str {
    match kind {
        0 => "get_request",
        1 => "get_next_request",
        2 => "response",
        3 => "set_request",
        4 => "trap_v1",
        5 => "get_bulk_request",
        6 => "inform_request",
        7 => "trap_v2",
        8 => "report",
        _ => "unknown",
    }
}

const fn trap_name(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "cold_start",
        1 => "warm_start",
        2 => "link_down",
        3 => "link_up",
        4 => "authentication_failure",
        5 => "egp_neighbor_loss",
        6 => "enterprise_specific",
        _ => return None,
    })
}

fn error_name(number: u64) -> String {
    const NAMES: [&str; 19] = [
        "NoError",
        "TooBig",
        "NoSuchName",
        "BadValue",
        "ReadOnly",
        "GenErr",
        "NoAccess",
        "WrongType",
        "WrongLength",
        "WrongEncoding",
        "WrongValue",
        "NoCreation",
        "InconsistentValue",
        "ResourceUnavailable",
        "CommitFailed",
        "UndoFailed",
        "AuthorizationError",
        "NotWritable",
        "InconsistentName",
    ];
    let name = usize::try_from(number).ok().and_then(|number| NAMES.get(number));
    name.map_or_else(|| number.to_string(), |name| (*name).to_owned())
}
