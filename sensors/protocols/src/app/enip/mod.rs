//! EtherNet/IP with CIP inside (ODVA, "EtherNet/IP Adaptation of CIP") over TCP and UDP: one transaction for each request
//! with its response.

mod cip;
mod names;

use serde_json::json;

use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{Object, eve_text, object, put};
use crate::limits::ENIP_REQUESTS;
use crate::{AppProtocol, Buffer, Direction, Transaction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Enip,
    transports: &[TransportKind::Tcp, TransportKind::Udp],
    ports: &[44818],
    probe,
    create: |transport| Box::new(EnipParser { transport, sides: Default::default(), requests: Vec::new() }),
};

const HEADER_BYTES: usize = 24;
const LIST_SERVICES: u16 = 0x04;
const LIST_IDENTITY: u16 = 0x63;
const SEND_RR_DATA: u16 = 0x6f;
const SEND_UNIT_DATA: u16 = 0x70;

fn probe(probe: &Probe<'_>) -> Verdict {
    if !probe.port_matches {
        return Verdict::No;
    }
    match Header::parse(probe.data) {
        Some(header) if header.is_plausible() => Verdict::Yes,
        None if probe.transport == TransportKind::Tcp => match probe.data {
            [_, high, ..] if *high != 0 => Verdict::No,
            _ => Verdict::More,
        },
        _ => Verdict::No,
    }
}

#[derive(Debug, Clone, Copy)]
struct Header {
    command: u16,
    length: u16,
    session: u32,
    status: u32,
    sender: u64,
    options: u32,
}

impl Header {
    fn parse(data: &[u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        Some(Self {
            command: r.u16_le()?,
            length: r.u16_le()?,
            session: r.u32_le()?,
            status: r.u32_le()?,
            sender: r.u64_le()?,
            options: r.u32_le()?,
        })
    }

    const fn is_plausible(&self) -> bool {
        matches!(self.command, 0 | 4 | 0x63..=0x66 | 0x6f | 0x70 | 0x72 | 0x73)
            && self.options == 0
            && (self.status <= 3 || matches!(self.status, 0x64 | 0x65 | 0x69))
    }
}

struct EnipParser {
    transport: TransportKind,
    sides: [Messages; 2],
    /// Requests that wait: command, session, sender's context, transaction.
    requests: Vec<(Header, u64)>,
}

impl AppParser for EnipParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match (input, self.transport) {
            (Input::Data(data), TransportKind::Udp) => self.message(direction, data, context),
            (Input::Data(data), TransportKind::Tcp) => {
                self.sides[side].push(data);
                while let Some(message) = self.sides[side].next(cut) {
                    self.message(direction, &message, context);
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
    match Header::parse(bytes) {
        None => Cut::More,
        Some(header) => {
            let total = HEADER_BYTES + usize::from(header.length);
            if bytes.len() >= total { Cut::Message(total) } else { Cut::More }
        }
    }
}

impl EnipParser {
    fn message(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        let Some(header) = Header::parse(data) else {
            return context.anomaly(None, direction, "enip.invalid_pdu");
        };
        let body = data.get(HEADER_BYTES..).unwrap_or_default();
        let id = self.place(direction, header, context);
        context.update(id, |tx| {
            tx.facts.number_in(direction, "enip_command", header.command);
            tx.facts.number_in(direction, "enip.command", header.command);
            tx.facts.number_in(direction, "enip.status", header.status);
            let eve = record(tx, direction, header, body);
            put(&mut tx.eve, if direction == Direction::ToServer { "request" } else { "response" }, eve);
            tx.request_complete = true;
            tx.response_complete = direction == Direction::ToClient;
        });
        context.progress(id, direction);
        context.unit(Some(id), direction, (AppProtocol::Enip, ["pdu", "hdr", "data"]), (data, HEADER_BYTES));
    }

    fn place(&mut self, direction: Direction, header: Header, context: &mut Context<'_>) -> u64 {
        let same = |waiting: &(Header, u64)| {
            let (asked, _) = waiting;
            asked.command == header.command
                && (asked.session == header.session || header.command == 0x65)
                && asked.sender == header.sender
        };
        if direction == Direction::ToClient
            && let Some(place) = self.requests.iter().position(same)
        {
            return self.requests.remove(place).1;
        }
        let id = context.open(AppProtocol::Enip);
        if direction == Direction::ToServer {
            if self.requests.len() >= ENIP_REQUESTS {
                let oldest = self.requests.remove(0);
                context.update(oldest.1, |tx| tx.response_complete = true);
            }
            self.requests.push((header, id));
        }
        id
    }
}

fn record(tx: &mut Transaction, way: Direction, header: Header, body: &[u8]) -> Object {
    let mut eve = object(json!({
        "command": names::command(header.command),
        "status": names::status(header.status),
    }));
    let known = match header.command {
        0x65 => register_session(tx, way, body, &mut eve),
        LIST_IDENTITY if way == Direction::ToClient => identity(tx, way, body, &mut eve),
        LIST_SERVICES if way == Direction::ToClient => services(tx, way, body, &mut eve),
        SEND_RR_DATA | SEND_UNIT_DATA => data(tx, way, body, &mut eve),
        _ => Some(()),
    };
    tx.events.extend(known.is_none().then_some("enip.invalid_pdu"));
    eve
}

fn register_session(tx: &mut Transaction, way: Direction, body: &[u8], eve: &mut Object) -> Option<()> {
    let mut r = Reader::new(body);
    let (version, options) = (r.u16_le()?, r.u16_le()?);
    tx.facts.number_in(way, "enip.protocol_version", version);
    put(eve, "register_session", json!({"protocol_version": version, "options": options}));
    Some(())
}

fn identity(tx: &mut Transaction, way: Direction, body: &[u8], eve: &mut Object) -> Option<()> {
    let mut r = Reader::new(body);
    let count = r.u16_le()?;
    for _ in 0..count.min(8) {
        let (kind, length) = (r.u16_le()?, r.u16_le()?);
        let mut item = Reader::new(r.take(length.into())?);
        if kind != 0x0c {
            continue;
        }
        let version = item.u16_le()?;
        item.take(16)?;
        let (vendor, device, product) = (item.u16_le()?, item.u16_le()?, item.u16_le()?);
        let (major, minor) = (item.u8()?, item.u8()?);
        let (status, serial) = (item.u16_le()?, item.u32_le()?);
        let length = item.u8()?;
        let name = item.take(length.into())?;
        let state = item.u8()?;
        let numbers: [(&'static str, u64); 8] = [
            ("enip.protocol_version", version.into()),
            ("enip.vendor_id", vendor.into()),
            ("enip.device_type", device.into()),
            ("enip.product_code", product.into()),
            ("enip.revision", u64::from(major) << 8 | u64::from(minor)),
            ("enip.identity_status", status.into()),
            ("enip.serial", serial.into()),
            ("enip.state", state.into()),
        ];
        for (keyword, number) in numbers {
            tx.facts.number_in(way, keyword, number);
        }
        tx.buffers.set(way, Buffer::EnipProductName, name);
        let entry = json!({
            "protocol_version": version,
            "revision": format!("{major}.{minor}"),
            "vendor_id": names::vendor(vendor),
            "device_type": names::device(device),
            "product_code": product,
            "status": status,
            "serial": serial,
            "product_name": eve_text(name),
            "state": state,
        });
        put(eve, "identity", entry);
    }
    Some(())
}

fn services(tx: &mut Transaction, way: Direction, body: &[u8], eve: &mut Object) -> Option<()> {
    let mut r = Reader::new(body);
    let count = r.u16_le()?;
    for _ in 0..count.min(8) {
        let (_kind, length) = (r.u16_le()?, r.u16_le()?);
        let mut item = Reader::new(r.take(length.into())?);
        let (version, capabilities) = (item.u16_le()?, item.u16_le()?);
        let name = item.rest().split(|byte| *byte == 0).next().unwrap_or_default();
        tx.facts.number_in(way, "enip.protocol_version", version);
        tx.facts.number_in(way, "enip.capabilities", capabilities);
        tx.buffers.set(way, Buffer::EnipServiceName, name);
        let entry = json!({
            "protocol_version": version,
            "capabilities": capabilities,
            "service_name": eve_text(name),
        });
        put(eve, "list_services", entry);
    }
    Some(())
}

/// The items of a message that carries CIP.
fn data(tx: &mut Transaction, way: Direction, body: &[u8], eve: &mut Object) -> Option<()> {
    let mut r = Reader::new(body);
    r.take(6)?;
    let count = r.u16_le()?;
    for _ in 0..count.min(8) {
        let (kind, length) = (r.u16_le()?, r.u16_le()?);
        let item = r.take(length.into())?;
        let message = match kind {
            0xb2 => item,
            // Connected data begins with a sequence number.
            0xb1 => item.get(2..)?,
            _ => continue,
        };
        put(eve, "cip", cip::message(tx, way, message, 0)?);
    }
    Some(())
}
