//! DNP3 (IEEE 1815) over TCP: link frames, transport segments, application messages. Each message is a transaction.

mod objects;
mod points;

use serde_json::{Value, json};

use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{Object, object, put};
use crate::limits::{DNP3_MESSAGE_BYTES, DNP3_OBJECTS};
use crate::{AppProtocol, Buffer, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Dnp3,
    transports: &[TransportKind::Tcp],
    ports: &[20000],
    probe,
    create: |_| Box::new(Dnp3Parser::default()),
};

const START: [u8; 2] = [0x05, 0x64];
const HEADER_BYTES: usize = 10;
const BLOCK_BYTES: usize = 16;
/// Functions of responses carry indications.
const RESPONSE: u8 = 129;
const UNSOLICITED: u8 = 130;

fn probe(probe: &Probe<'_>) -> Verdict {
    let data = probe.data;
    let length = data.len().min(2);
    if data[..length] != START[..length] {
        return Verdict::No;
    }
    match data.get(..HEADER_BYTES) {
        None => Verdict::More,
        Some(header) if data[2] >= 5 && is_intact(header) => Verdict::Yes,
        Some(_) => Verdict::No,
    }
}

/// Whether the two bytes at the end are the checksum of those before.
fn is_intact(block: &[u8]) -> bool {
    let Some((bytes, sum)) = block.split_last_chunk::<2>() else { return false };
    let mut crc = 0_u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 != 0 { crc >> 1 ^ 0xa6bc } else { crc >> 1 };
        }
    }
    !crc == u16::from_le_bytes(*sum)
}

#[derive(Default)]
struct Dnp3Parser {
    sides: [Messages; 2],
    /// The message put together from segments, and its link header.
    open: [Option<(Link, Vec<u8>)>; 2],
}

#[derive(Debug, Clone, Copy)]
struct Link {
    control: u8,
    destination: u16,
    source: u16,
}

impl AppParser for Dnp3Parser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        self.sides[side].take(input);
        while let Some(frame) = self.sides[side].next(cut) {
            if frame.starts_with(&START) {
                self.frame(direction, &frame, context);
            }
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

fn cut(bytes: &[u8]) -> Cut {
    let length = bytes.len().min(2);
    if bytes[..length] != START[..length] {
        // Looks for the next frame.
        let next = bytes.iter().skip(1).position(|byte| *byte == START[0]).map_or(bytes.len(), |place| place + 1);
        return Cut::Message(next);
    }
    let Some(announced) = bytes.get(2) else { return Cut::More };
    let content = usize::from(*announced).saturating_sub(5);
    let total = HEADER_BYTES + content + content.div_ceil(BLOCK_BYTES) * 2;
    if bytes.len() >= total { Cut::Message(total) } else { Cut::More }
}

impl Dnp3Parser {
    fn frame(&mut self, direction: Direction, frame: &[u8], context: &mut Context<'_>) {
        let mut r = Reader::new(frame);
        r.seek(2);
        let (Some(length), Some(control), Some(destination), Some(source)) = (r.u8(), r.u8(), r.u16_le(), r.u16_le())
        else {
            return;
        };
        if length < 5 {
            return context.anomaly(None, direction, "dnp3.len_too_small");
        }
        if !is_intact(frame.get(..HEADER_BYTES).unwrap_or_default()) {
            return context.anomaly(None, direction, "dnp3.bad_link_crc");
        }
        let mut content = Vec::new();
        for block in frame.get(HEADER_BYTES..).unwrap_or_default().chunks(BLOCK_BYTES + 2) {
            if !is_intact(block) {
                return context.anomaly(None, direction, "dnp3.bad_transport_crc");
            }
            content.extend_from_slice(&block[..block.len() - 2]);
        }
        let Some((transport, segment)) = content.split_first() else { return };
        self.segment(direction, Link { control, destination, source }, *transport, segment, context);
    }

    fn segment(&mut self, direction: Direction, link: Link, transport: u8, segment: &[u8], context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        if transport & 0x40 != 0 {
            self.open[side] = Some((link, Vec::new()));
        }
        let Some((link, message)) = &mut self.open[side] else { return };
        let link = *link;
        if message.len() + segment.len() <= DNP3_MESSAGE_BYTES {
            message.extend_from_slice(segment);
        }
        if transport & 0x80 != 0
            && let Some((_, message)) = self.open[side].take()
        {
            message_transaction(direction, link, &message, context);
        }
    }
}

fn message_transaction(direction: Direction, link: Link, data: &[u8], context: &mut Context<'_>) {
    let mut r = Reader::new(data);
    let (Some(control), Some(function)) = (r.u8(), r.u8()) else {
        return context.anomaly(None, direction, "dnp3.malformed");
    };
    let is_response = link.control & 0x80 == 0;
    let indications = if matches!(function, RESPONSE | UNSOLICITED) { r.u16() } else { None };
    let kind = match (is_response, function) {
        (true, UNSOLICITED) => "unsolicited_response",
        (true, _) => "response",
        (false, _) => "request",
    };
    let (list, complete) = objects::read(r, DNP3_OBJECTS, function);
    let id = context.open_single(AppProtocol::Dnp3, direction);
    context.update(id, |tx| {
        tx.facts.number("dnp3_func", function);
        tx.facts.number("dnp3.func", function);
        tx.buffers.set(direction, Buffer::Dnp3Data, data);
        if let Some(bits) = indications {
            tx.facts.number("dnp3_ind", bits);
            tx.facts.number("dnp3.ind", bits);
        }
        for entry in &list {
            tx.facts.bytes("dnp3_obj", [entry.group, entry.variation]);
        }
        let eve = &mut tx.eve;
        put(eve, "type", kind);
        put(eve, "control", link_control(link.control));
        put(eve, "src", link.source);
        put(eve, "dst", link.destination);
        let objects: Vec<Value> = list.into_iter().map(|entry| entry.eve.into()).collect();
        let application = json!({
            "control": {
                "con": control & 0x20 != 0,
                "fir": control & 0x80 != 0,
                "fin": control & 0x40 != 0,
                "uns": control & 0x10 != 0,
                "sequence": control & 0x0f,
            },
            "function_code": function,
            "objects": objects,
            "complete": complete,
        });
        put(eve, "application", application);
        if is_response {
            put(eve, "iin", json!({"indicators": indicators(indications.unwrap_or(0))}));
        }
    });
    context.progress(id, direction);
}

fn link_control(control: u8) -> Object {
    object(json!({
        "dir": control & 0x80 != 0,
        "pri": control & 0x40 != 0,
        "fcb": control & 0x20 != 0,
        "fcv": control & 0x10 != 0,
        "function_code": control & 0x0f,
    }))
}

fn indicators(bits: u16) -> Vec<&'static str> {
    const NAMES: [(u16, &str); 14] = [
        (0x8000, "device_restart"),
        (0x4000, "device_trouble"),
        (0x2000, "local_control"),
        (0x1000, "need_time"),
        (0x0800, "class_3_events"),
        (0x0400, "class_2_events"),
        (0x0200, "class_1_events"),
        (0x0100, "all_stations"),
        (0x0020, "config_corrupt"),
        (0x0010, "already_executing"),
        (0x0008, "event_buffer_overflow"),
        (0x0004, "parameter_error"),
        (0x0002, "object_unknown"),
        (0x0001, "no_func_code_support"),
    ];
    NAMES.iter().filter(|name| bits & name.0 != 0).map(|name| name.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link header with its checksum, as the standard's examples have it.
    #[test]
    fn checksums_are_those_of_the_standard() {
        assert!(is_intact(&[0x05, 0x64, 0x05, 0xc0, 0x01, 0x00, 0x00, 0x04, 0xe9, 0x21]));
        assert!(!is_intact(&[0x05, 0x64, 0x05, 0xc0, 0x01, 0x00, 0x00, 0x04, 0xe9, 0x22]));
    }
}
