//! CIP messages (CIP Networks Library, volume 1).

use serde_json::{Value, json};

use super::names;
use crate::app::reader::Reader;
use crate::app::text::{Object, object, put};
use crate::limits::CIP_SERVICES;
use crate::{Direction, Transaction};

const GET_ATTRIBUTES: u8 = 0x03;
const SET_ATTRIBUTES: u8 = 0x04;
const MULTIPLE_SERVICES: u8 = 0x0a;

/// Reads a message and those inside it.
pub(super) fn message(tx: &mut Transaction, way: Direction, data: &[u8], depth: u8) -> Option<Object> {
    let mut r = Reader::new(data);
    let service = r.u8()?;
    let code = service & 0x7f;
    tx.facts.number_in(way, "cip_service", code);
    let mut eve = object(json!({"service": names::service(code)}));
    if service & 0x80 == 0 {
        let words = r.u8()?;
        let path = r.take(usize::from(words) * 2)?;
        put(&mut eve, "path", segments(tx, way, path));
        attributes(tx, way, code, r.rest());
    } else {
        r.u8()?;
        let (status, words) = (r.u8()?, r.u8()?);
        let extended = r.take(usize::from(words) * 2)?;
        tx.facts.number_in(way, "enip.cip_status", status);
        put(&mut eve, "status", names::cip_status(status));
        if let Some(bytes) = extended.first_chunk() {
            let extended = u16::from_le_bytes(*bytes);
            tx.facts.number_in(way, "enip.cip_extendedstatus", extended);
            put(&mut eve, "status_extended", format!("{extended:04x}"));
        }
    }
    if code == MULTIPLE_SERVICES && depth == 0 {
        let inner = several(tx, way, r.rest());
        if !inner.is_empty() {
            put(&mut eve, "multiple", inner);
        }
    }
    Some(eve)
}

/// Attributes a request lists; those after the first one to set stand behind values of unknown length.
fn attributes(tx: &mut Transaction, way: Direction, service: u8, data: &[u8]) {
    let mut r = Reader::new(data);
    let count = match (service, r.u16_le().unwrap_or(0)) {
        (GET_ATTRIBUTES, count) => usize::from(count).min(CIP_SERVICES),
        (SET_ATTRIBUTES, 1..) => 1,
        _ => 0,
    };
    (0..count).map_while(|_| r.u16_le()).for_each(|id| tx.facts.number_in(way, "enip.cip_attribute", id));
}

/// The messages of a multiple service packet. They stand one after another: one that begins inside an earlier one is passed
/// by, or a small packet would be read hundreds of times.
fn several(tx: &mut Transaction, way: Direction, data: &[u8]) -> Vec<Value> {
    let mut r = Reader::new(data);
    let count = r.u16_le().unwrap_or(0);
    let offsets: Vec<usize> = (0..count).map_while(|_| r.u16_le()).map(usize::from).take(CIP_SERVICES).collect();
    let ends = offsets.iter().skip(1).copied().chain([data.len()]);
    let (mut read, mut list) = (0, Vec::new());
    for (start, end) in offsets.iter().copied().zip(ends) {
        let part = data.get(start..end).filter(|_| start >= read);
        read = read.max(end);
        list.extend(part.and_then(|part| message(tx, way, part, 1)).map(Value::from));
    }
    list
}

/// Class, instance and attribute of a path.
fn segments(tx: &mut Transaction, way: Direction, path: &[u8]) -> Vec<Value> {
    let mut r = Reader::new(path);
    let mut list = Vec::new();
    while let Some(kind) = r.u8() {
        let value = match kind & 3 {
            0 => r.u8().map(u32::from),
            1 => r.u8().and_then(|_| r.u16_le()).map(u32::from),
            2 => r.u8().and_then(|_| r.u32_le()),
            _ => None,
        };
        let (name, keyword) = match kind & 0xfc {
            0x20 => ("class", "enip.cip_class"),
            0x24 => ("instance", "enip.cip_instance"),
            0x30 => ("attribute", "enip.cip_attribute"),
            _ => break,
        };
        let Some(value) = value else { break };
        tx.facts.number_in(way, keyword, value);
        list.push(json!({"segment_type": name, "value": value}));
    }
    list
}

#[cfg(test)]
mod tests {
    use fengsui_schema::Timestamp;

    use super::*;
    use crate::AppProtocol;

    /// A multiple service packet with these offsets and then a request for attributes again and again.
    fn read(offsets: &[u16], requests: usize) -> Vec<Value> {
        let mut tx = Transaction::new(0, AppProtocol::Enip, Timestamp::EPOCH);
        let mut data = u16::try_from(offsets.len()).unwrap_or(u16::MAX).to_le_bytes().to_vec();
        offsets.iter().for_each(|offset| data.extend(offset.to_le_bytes()));
        (0..requests).for_each(|_| data.extend([0x0e, 2, 0x20, 1, 0x24, 1]));
        several(&mut tx, Direction::ToServer, &data)
    }

    #[test]
    fn messages_that_stand_inside_others_are_passed_by() {
        assert_eq!(read(&[6, 12], 2).len(), 2);
        // Every other one would be the whole packet once more.
        let (start, end) = (2 + 2 * 256, 2 + 2 * 256 + 6 * 100);
        let offsets: Vec<u16> = [start, end].into_iter().cycle().take(256).collect();
        assert_eq!(read(&offsets, 100).len(), 1);
        let falling: Vec<u16> = (0..256).map(|number| end - number).collect();
        assert!(read(&falling, 100).len() <= 1);
    }
}
