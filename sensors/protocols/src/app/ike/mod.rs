//! IKE 1 and 2 (RFC 2408, 7296) over UDP: each message is a transaction.

mod proposals;

use serde_json::{Value, json};

use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use super::text::{Object, object, put};
use crate::limits::IKE_PAYLOADS;
use crate::{AppProtocol, Buffer, Direction, Transaction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Ike,
    transports: &[TransportKind::Udp],
    ports: &[500, 4500],
    probe,
    create: |_| Box::new(IkeParser),
};

/// Attributes of a security association that rules compare, and the names their numbers have in
/// [`crate::Facts`].
pub const CHOSEN_ATTRIBUTES: [(&str, &str); 10] = [
    ("alg_enc", "ike.chosen.alg_enc"),
    ("alg_hash", "ike.chosen.alg_hash"),
    ("alg_auth", "ike.chosen.alg_auth"),
    ("alg_dh", "ike.chosen.alg_dh"),
    ("alg_prf", "ike.chosen.alg_prf"),
    ("sa_group_type", "ike.chosen.sa_group_type"),
    ("sa_life_type", "ike.chosen.sa_life_type"),
    ("sa_life_duration", "ike.chosen.sa_life_duration"),
    ("sa_key_length", "ike.chosen.sa_key_length"),
    ("sa_field_size", "ike.chosen.sa_field_size"),
];

const HEADER_BYTES: usize = 28;
const ENCRYPTED_FLAG: u8 = 1;

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some(header) = Header::parse(marked(probe.data)) else { return Verdict::No };
    let plausible = matches!(header.version >> 4, 1 | 2)
        && header.version & 0xf == 0
        && header.length >= HEADER_BYTES
        && header.initiator != [0; 8];
    let exact = header.length == marked(probe.data).len();
    if plausible && (probe.port_matches || exact) { Verdict::Yes } else { Verdict::No }
}

/// The message behind the marker that tells it from ESP on port 4500 (RFC 3948).
fn marked(data: &[u8]) -> &[u8] {
    data.strip_prefix(&[0; 4]).unwrap_or(data)
}

struct Header {
    initiator: [u8; 8],
    responder: [u8; 8],
    next: u8,
    version: u8,
    exchange: u8,
    flags: u8,
    message: u32,
    length: usize,
}

impl Header {
    fn parse(data: &[u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        Some(Self {
            initiator: *r.take(8)?.first_chunk()?,
            responder: *r.take(8)?.first_chunk()?,
            next: r.u8()?,
            version: r.u8()?,
            exchange: r.u8()?,
            flags: r.u8()?,
            message: r.u32()?,
            length: usize::try_from(r.u32()?).ok()?,
        })
    }
}

struct IkeParser;

impl AppParser for IkeParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let Input::Data(data) = input else { return };
        let data = marked(data);
        let Some(header) = Header::parse(data) else {
            return context.anomaly(None, direction, "ike.malformed_data");
        };
        let id = context.open_single(AppProtocol::Ike, direction);
        let body = data.get(HEADER_BYTES..header.length.clamp(HEADER_BYTES, data.len().max(HEADER_BYTES)));
        let body = body.unwrap_or_default();
        let mut whole = true;
        context.update(id, |tx| whole = write(tx, direction, &header, body));
        if header.version >> 4 == 2 {
            let (payloads, _) = payloads(header.next, body);
            for (_, content) in payloads.iter().filter(|payload| payload.0 == 33) {
                for event in proposals::weaknesses(content) {
                    context.anomaly(Some(id), direction, event);
                }
            }
        }
        if !whole {
            context.anomaly(Some(id), direction, "ike.payload_extra_data");
        }
        context.progress(id, direction);
    }
}

fn write(tx: &mut Transaction, way: Direction, header: &Header, body: &[u8]) -> bool {
    let major = header.version >> 4;
    put(&mut tx.eve, "version_major", major);
    put(&mut tx.eve, "version_minor", header.version & 0xf);
    put(&mut tx.eve, "exchange_type", header.exchange);
    if major == 1
        && let Some(name) = exchange_name(header.exchange)
    {
        put(&mut tx.eve, "exchange_type_verbose", name);
    }
    put(&mut tx.eve, "message_id", header.message);
    let (initiator, responder) = (hex::encode(header.initiator), hex::encode(header.responder));
    put(&mut tx.eve, "init_spi", initiator.as_str());
    put(&mut tx.eve, "resp_spi", responder.as_str());
    tx.buffers.set(way, Buffer::IkeInitSpi, initiator);
    tx.buffers.set(way, Buffer::IkeRespSpi, responder);
    tx.facts.number("ike.exchtype", header.exchange);
    let is_encrypted = major == 1 && header.flags & ENCRYPTED_FLAG != 0;
    let (payloads, whole) = if is_encrypted { (Vec::new(), true) } else { payloads(header.next, body) };
    if major == 1 {
        version_1(tx, way, is_encrypted, &payloads);
    } else {
        version_2(tx, way, header, &payloads);
    }
    whole
}

/// Types and contents of the payloads, and whether they could all be read.
fn payloads(first: u8, body: &[u8]) -> (Vec<(u8, &[u8])>, bool) {
    let (mut r, mut next, mut list) = (Reader::new(body), first, Vec::new());
    while next != 0 && list.len() < IKE_PAYLOADS {
        let (Some(following), Some(_reserved), Some(length)) = (r.u8(), r.u8(), r.u16()) else { return (list, false) };
        let Some(content) = usize::from(length).checked_sub(4).and_then(|length| r.take(length)) else {
            return (list, false);
        };
        list.push((next, content));
        // What follows is inside and cannot be read.
        if next == 46 {
            return (list, true);
        }
        next = following;
    }
    (list, true)
}

fn version_1(tx: &mut Transaction, way: Direction, is_encrypted: bool, payloads: &[(u8, &[u8])]) {
    let mut side = Object::new();
    let mut vendors = Vec::new();
    let mut sa: Vec<Value> = Vec::new();
    for (kind, content) in payloads {
        match kind {
            1 => {
                let attributes = proposals::read(content);
                if way == Direction::ToClient {
                    attributes.iter().for_each(|attribute| chosen(tx, attribute.key, attribute.value));
                }
                sa.extend(attributes.iter().map(proposals::Attribute::eve));
            }
            4 => {
                put(&mut side, "key_exchange_payload", hex::encode(content));
                put(&mut side, "key_exchange_payload_length", content.len());
                tx.buffers.set(way, Buffer::IkeKeyExchangePayload, *content);
                tx.facts.number("ike.key_exchange_payload_length", content.len() as u64);
            }
            10 => {
                put(&mut side, "nonce_payload", hex::encode(content));
                put(&mut side, "nonce_payload_length", content.len());
                tx.buffers.set(way, Buffer::IkeNoncePayload, *content);
                tx.facts.number("ike.nonce_payload_length", content.len() as u64);
            }
            13 => {
                vendors.push(hex::encode(content));
                tx.buffers.set(way, Buffer::IkeVendor, hex::encode(content));
            }
            _ => {}
        }
    }
    if !sa.is_empty() {
        put(&mut side, "proposals", sa);
    }
    let mut ikev1 = object(json!({"encrypted_payloads": is_encrypted}));
    if !vendors.is_empty() {
        put(&mut ikev1, "vendor_ids", vendors);
    }
    if !side.is_empty() {
        put(&mut ikev1, if way == Direction::ToServer { "client" } else { "server" }, side);
    }
    put(&mut tx.eve, "ikev1", ikev1);
    put(&mut tx.eve, "_v", 2);
}

fn version_2(tx: &mut Transaction, way: Direction, header: &Header, payloads: &[(u8, &[u8])]) {
    put(&mut tx.eve, "role", if header.flags & 8 != 0 { "initiator" } else { "responder" });
    let names: Vec<&str> = payloads.iter().map(|payload| payload_name(payload.0)).collect();
    put(&mut tx.eve, "payload", names);
    let mut notify = Vec::new();
    for (kind, content) in payloads {
        match kind {
            33 if way == Direction::ToClient => {
                proposals::read_version_2(content).into_iter().for_each(|(key, value)| chosen(tx, key, value));
            }
            34 => {
                let key = content.get(4..).unwrap_or_default();
                tx.buffers.set(way, Buffer::IkeKeyExchangePayload, key);
                tx.facts.number("ike.key_exchange_payload_length", key.len() as u64);
            }
            40 => {
                tx.buffers.set(way, Buffer::IkeNoncePayload, *content);
                tx.facts.number("ike.nonce_payload_length", content.len() as u64);
            }
            41 => {
                if let Some(number) = content.get(2..4).and_then(|bytes| bytes.first_chunk()) {
                    notify.push(notify_name(u16::from_be_bytes(*number)));
                }
            }
            43 => tx.buffers.set(way, Buffer::IkeVendor, hex::encode(content)),
            _ => {}
        }
    }
    let mut ikev2 = object(json!({"errors": 0}));
    if !notify.is_empty() {
        put(&mut ikev2, "notify", notify);
    }
    put(&mut tx.eve, "ikev2", ikev2);
}

/// Notes what the responder chose, for `ike.chosen_sa_attribute`.
fn chosen(tx: &mut Transaction, key: &str, value: u64) {
    if let Some((_, keyword)) = CHOSEN_ATTRIBUTES.iter().find(|known| known.0 == key) {
        tx.facts.number(keyword, value);
    }
}

const fn exchange_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "None",
        1 => "Base",
        2 => "Identity Protection",
        3 => "Authentication Only",
        4 => "Aggressive",
        5 => "Informational",
        6 => "Transaction (Config Mode)",
        32 => "Quick Mode",
        33 => "New Group Mode",
        _ => return None,
    })
}

const fn payload_name(number: u8) -> &'static str {
    match number {
        33 => "SecurityAssociation",
        34 => "KeyExchange",
        35 => "IDi",
        36 => "IDr",
        37 => "Certificate",
        38 => "CertificateRequest",
        39 => "Authentication",
        40 => "Nonce",
        41 => "Notify",
        42 => "Delete",
        43 => "VendorID",
        44 => "TrafficSelectorInitiator",
        45 => "TrafficSelectorResponder",
        46 => "EncryptedAndAuthenticated",
        47 => "Configuration",
        48 => "ExtensibleAuthentication",
        _ => "Unknown",
    }
}

fn notify_name(number: u16) -> String {
    let name = match number {
        1 => "UNSUPPORTED_CRITICAL_PAYLOAD",
        4 => "INVALID_IKE_SPI",
        7 => "INVALID_SYNTAX",
        14 => "NO_PROPOSAL_CHOSEN",
        17 => "INVALID_KE_PAYLOAD",
        24 => "AUTHENTICATION_FAILED",
        16384 => "INITIAL_CONTACT",
        16388 => "NAT_DETECTION_SOURCE_IP",
        16389 => "NAT_DETECTION_DESTINATION_IP",
        16390 => "COOKIE",
        16393 => "REKEY_SA",
        16404 => "MULTIPLE_AUTH_SUPPORTED",
        16430 => "IKEV2_FRAGMENTATION_SUPPORTED",
        16431 => "SIGNATURE_HASH_ALGORITHMS",
        other => return format!("Unknown notify type {other}"),
    };
    name.to_owned()
}
