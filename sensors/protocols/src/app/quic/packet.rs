//! Long headers and the frames of Initial packets (RFC 9000, 17.2 and 19; RFC 9369).

use crate::app::reader::Reader;

pub(super) const VERSION_1: u32 = 1;
pub(super) const VERSION_2: u32 = 0x6b33_43cf;

/// What a packet with a long header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Initial,
    Retry,
    Negotiation,
    /// 0-RTT and Handshake: encrypted with keys nobody else has.
    Other,
}

/// A packet with a long header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) kind: Kind,
    pub(super) first: u8,
    pub(super) version: u32,
    pub(super) destination: &'a [u8],
    /// Bytes before the packet number.
    pub(super) header_bytes: usize,
    /// Bytes of the packet, its header included.
    pub(super) length: usize,
}

impl<'a> Packet<'a> {
    /// Reads a long header; `None` for short ones and what is no QUIC.
    pub(super) fn parse(data: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        let first = r.u8()?;
        if first & 0x80 == 0 {
            return None;
        }
        let version = r.u32()?;
        if is_google(version) {
            return Self::google(first, version, r, data.len());
        }
        let destination_bytes = r.u8()?;
        let destination = r.take(usize::from(destination_bytes).min(21))?;
        let source_bytes = r.u8()?;
        r.take(usize::from(source_bytes).min(21))?;
        if destination.len() > 20 || source_bytes > 20 {
            return None;
        }
        let whole = |kind| Self { kind, first, version, destination, header_bytes: r.position(), length: data.len() };
        if version == 0 {
            return Some(whole(Kind::Negotiation));
        }
        match packet_type(first, version) {
            Type::Retry => return Some(whole(Kind::Retry)),
            Type::Initial => {
                let token = variable(&mut r)?;
                r.take(usize::try_from(token).ok()?)?;
            }
            Type::ZeroRtt | Type::Handshake => {}
        }
        let kind = if packet_type(first, version) == Type::Initial { Kind::Initial } else { Kind::Other };
        let payload = usize::try_from(variable(&mut r)?).ok()?;
        let length = r.position().checked_add(payload)?;
        (length <= data.len()).then_some(Self { kind, first, version, destination, header_bytes: r.position(), length })
    }

    /// Google's QUIC 46 has both lengths in one byte and neither token nor length.
    fn google(first: u8, version: u32, mut r: Reader<'a>, length: usize) -> Option<Self> {
        let lengths = r.u8()?;
        let bytes = |nibble: u8| if nibble == 0 { 0 } else { usize::from(nibble) + 3 };
        let destination = r.take(bytes(lengths >> 4))?;
        r.take(bytes(lengths & 0xf))?;
        Some(Self { kind: Kind::Other, first, version, destination, header_bytes: r.position(), length })
    }

    pub(super) const fn is_google(&self) -> bool {
        is_google(self.version)
    }

    pub(super) const fn is_known_version(&self) -> bool {
        is_google(self.version)
            || matches!(self.version, VERSION_1 | VERSION_2)
            || (self.version >= 0xff00_0011 && self.version <= 0xff00_0022)
    }
}

/// `Q` or `T` and three digits.
pub(super) const fn is_google(version: u32) -> bool {
    let [letter, a, b, c] = version.to_be_bytes();
    matches!(letter, b'Q' | b'T') && a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit()
}

#[derive(PartialEq, Eq)]
enum Type {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

const fn packet_type(first: u8, version: u32) -> Type {
    let bits = first >> 4 & 3;
    let bits = if version == VERSION_2 { bits.wrapping_sub(1) & 3 } else { bits };
    match bits {
        0 => Type::Initial,
        1 => Type::ZeroRtt,
        2 => Type::Handshake,
        _ => Type::Retry,
    }
}

/// A variable-length integer (RFC 9000, 16).
pub(super) fn variable(r: &mut Reader<'_>) -> Option<u64> {
    let first = r.u8()?;
    let mut value = u64::from(first & 0x3f);
    for _ in 1..1_u8 << (first >> 6) {
        value = value << 8 | u64::from(r.u8()?);
    }
    Some(value)
}

/// Calls back with each CRYPTO frame; false when the payload holds what an Initial packet may not.
pub(super) fn crypto_frames(payload: &[u8], take: &mut dyn FnMut(u64, &[u8])) -> bool {
    let mut r = Reader::new(payload);
    while !r.is_empty() {
        if frame(&mut r, take).is_none() {
            return false;
        }
    }
    true
}

fn frame(r: &mut Reader<'_>, take: &mut dyn FnMut(u64, &[u8])) -> Option<()> {
    match variable(r)? {
        // PADDING, PING.
        0 | 1 => {}
        kind @ (2 | 3) => {
            let (_largest, _delay, ranges, _first) = (variable(r)?, variable(r)?, variable(r)?, variable(r)?);
            for _ in 0..ranges {
                variable(r)?;
                variable(r)?;
            }
            if kind == 3 {
                variable(r)?;
                variable(r)?;
                variable(r)?;
            }
        }
        6 => {
            let (offset, length) = (variable(r)?, variable(r)?);
            take(offset, r.take(usize::try_from(length).ok()?)?);
        }
        // CONNECTION_CLOSE.
        kind @ (0x1c | 0x1d) => {
            variable(r)?;
            if kind == 0x1c {
                variable(r)?;
            }
            let length = variable(r)?;
            r.take(usize::try_from(length).ok()?)?;
        }
        _ => return None,
    }
    Some(())
}
