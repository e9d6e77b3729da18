//! Protocol data units (DCE 1.1: RPC, C706, chapter 12; MS-RPCE).

use crate::app::reader::Reader;

/// Types of protocol data units.
pub(crate) mod kind {
    pub(crate) const REQUEST: u8 = 0;
    pub(crate) const RESPONSE: u8 = 2;
    pub(crate) const FAULT: u8 = 3;
    pub(crate) const BIND: u8 = 11;
    pub(crate) const BINDACK: u8 = 12;
    pub(crate) const BINDNAK: u8 = 13;
    pub(crate) const ALTER_CONTEXT: u8 = 14;
    pub(crate) const ALTER_CONTEXT_RESPONSE: u8 = 15;
}

pub(crate) const HEADER_BYTES: usize = 16;
const FIRST_FRAGMENT: u8 = 1;
const LAST_FRAGMENT: u8 = 2;
/// Presentation contexts of one bind that are kept.
const CONTEXTS: usize = 256;

/// Name of a type as EVE writes it.
pub(crate) const fn kind_name(number: u8) -> &'static str {
    match number {
        0 => "REQUEST",
        1 => "PING",
        2 => "RESPONSE",
        3 => "FAULT",
        4 => "WORKING",
        5 => "NOCALL",
        6 => "REJECT",
        7 => "ACK",
        8 => "CL_CANCEL",
        9 => "FACK",
        10 => "CANCEL_ACK",
        11 => "BIND",
        12 => "BINDACK",
        13 => "BINDNAK",
        14 => "ALTER_CONTEXT",
        15 => "ALTER_CONTEXT_RESP",
        16 => "AUTH3",
        17 => "SHUTDOWN",
        18 => "CO_CANCEL",
        19 => "ORPHANED",
        20 => "RTS",
        _ => "UNKNOWN",
    }
}

/// A protocol data unit of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pdu<'a> {
    pub(crate) kind: u8,
    pub(crate) version: (u8, u8),
    pub(crate) is_first: bool,
    pub(crate) is_last: bool,
    pub(crate) is_little: bool,
    pub(crate) call_id: u32,
    /// Without the authentication at its end.
    pub(crate) body: &'a [u8],
}

/// The length a header announces; `None` when these bytes are no header.
pub(crate) fn announced_length(data: &[u8]) -> Option<usize> {
    let header = data.first_chunk::<HEADER_BYTES>()?;
    let bytes = [header[8], header[9]];
    let is_little = header[4] & 0x10 != 0;
    let length = if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
    (header[0] == 5 && header[1] <= 1 && header[2] <= 20 && usize::from(length) >= HEADER_BYTES)
        .then_some(usize::from(length))
}

impl<'a> Pdu<'a> {
    pub(crate) fn parse(data: &'a [u8]) -> Option<Self> {
        let length = announced_length(data)?;
        let data = data.get(..length).unwrap_or(data);
        let is_little = data[4] & 0x10 != 0;
        let mut r = Reader::new(data);
        r.seek(10);
        let auth = if is_little { r.u16_le()? } else { r.u16()? };
        let call_id = if is_little { r.u32_le()? } else { r.u32()? };
        // Authentication has a trailer of eight bytes before its value.
        let auth = if auth > 0 { usize::from(auth) + 8 } else { 0 };
        let body = r.rest();
        let body = &body[..body.len().saturating_sub(auth)];
        Some(Self {
            kind: data[2],
            version: (data[0], data[1]),
            is_first: data[3] & FIRST_FRAGMENT != 0,
            is_last: data[3] & LAST_FRAGMENT != 0,
            is_little,
            call_id,
            body,
        })
    }

    fn u16(&self, r: &mut Reader<'_>) -> Option<u16> {
        if self.is_little { r.u16_le() } else { r.u16() }
    }

    /// Context identifier, operation number and parameters of a request.
    pub(crate) fn request(&self) -> Option<(u16, u16, &'a [u8])> {
        let mut r = Reader::new(self.body);
        r.take(4)?;
        let (context, operation) = (self.u16(&mut r)?, self.u16(&mut r)?);
        Some((context, operation, r.rest()))
    }

    /// Results of a response.
    pub(crate) fn response(&self) -> Option<&'a [u8]> {
        self.body.get(8..)
    }

    /// The contexts a BIND or ALTER_CONTEXT proposes.
    pub(crate) fn proposed(&self) -> Option<Vec<Interface>> {
        let mut r = Reader::new(self.body);
        r.take(8)?;
        let count = r.u8()?;
        r.take(3)?;
        let mut interfaces = Vec::new();
        for _ in 0..count {
            let context = self.u16(&mut r)?;
            let syntaxes = r.u8()?;
            r.u8()?;
            let uuid = uuid(r.take(16)?.first_chunk()?, self.is_little);
            let (major, minor) = (self.u16(&mut r)?, self.u16(&mut r)?);
            r.take(usize::from(syntaxes) * 20)?;
            if interfaces.len() < CONTEXTS {
                interfaces.push(Interface { context, uuid, major, minor, ..Interface::default() });
            }
        }
        Some(interfaces)
    }

    /// Result and reason for each proposed context.
    pub(crate) fn results(&self) -> Option<Vec<(u16, u16)>> {
        let mut r = Reader::new(self.body);
        r.take(8)?;
        let address = self.u16(&mut r)?;
        r.take(usize::from(address))?;
        let padding = (4 - (HEADER_BYTES + r.position()) % 4) % 4;
        r.take(padding)?;
        let count = r.u8()?;
        r.take(3)?;
        let mut results = Vec::new();
        for _ in 0..count {
            results.push((self.u16(&mut r)?, self.u16(&mut r)?));
            r.take(20)?;
        }
        Some(results)
    }
}

/// An interface that calls may go to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interface {
    pub(crate) context: u16,
    pub(crate) uuid: [u8; 16],
    pub(crate) major: u16,
    pub(crate) minor: u16,
    pub(crate) result: Option<(u16, u16)>,
}

/// An identifier in network order; on the wire its first three fields are in the sender's order.
pub(crate) fn uuid(bytes: &[u8; 16], is_little: bool) -> [u8; 16] {
    let mut uuid = *bytes;
    if is_little {
        uuid[..4].reverse();
        uuid[4..6].reverse();
        uuid[6..8].reverse();
    }
    uuid
}

/// An identifier as text.
pub(crate) fn uuid_text(uuid: &[u8; 16]) -> String {
    let digits = hex::encode(uuid);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}
