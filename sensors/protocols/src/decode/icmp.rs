//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

use std::net::IpAddr;

use super::packet::{Ip, Transport};
use super::{DecodeSettings, Decoded, checksum};

const HEADER: usize = 8;

/// An ICMP or ICMPv6 header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icmp<'a> {
    /// Message type.
    pub kind: u8,
    /// Code within the type.
    pub code: u8,
    /// Identifier of echo and its like.
    pub id: Option<u16>,
    /// Sequence number of echo and its like.
    pub sequence: Option<u16>,
    /// MTU of "packet too big" and "fragmentation needed".
    pub mtu: Option<u32>,
    /// The packet an error message quotes, from its IP header on.
    pub quoted: &'a [u8],
    /// The header's bytes.
    pub header: &'a [u8],
    /// Whether the checksum is right; none when unchecked.
    pub checksum_valid: Option<bool>,
}

impl Icmp<'_> {
    /// Addresses, protocol and ports of the packet an error message quotes, as that packet was sent.
    #[must_use]
    pub fn quoted_flow(&self) -> Option<(IpAddr, IpAddr, u8, u16, u16)> {
        let (source, destination, protocol, rest) = match self.quoted.first()? >> 4 {
            4 => {
                let header = self.quoted.first_chunk::<20>()?;
                let [.., a, b, c, d, e, f, g, h] = *header;
                let rest = self.quoted.get(usize::from(header[0] & 0xf) * 4..)?;
                (IpAddr::from([a, b, c, d]), IpAddr::from([e, f, g, h]), header[9], rest)
            }
            6 => {
                let source: [u8; 16] = *self.quoted.get(8..)?.first_chunk()?;
                let destination: [u8; 16] = *self.quoted.get(24..)?.first_chunk()?;
                (source.into(), destination.into(), *self.quoted.get(6)?, self.quoted.get(40..)?)
            }
            _ => return None,
        };
        let [a, b, c, d] = *rest.first_chunk::<4>()?;
        Some((source, destination, protocol, u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
    }
}

pub(super) fn decode_icmpv4<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some((header, rest)) = data.split_at_checked(HEADER) else {
        return decoded.invalidate("decoder.icmpv4.pkt_too_small");
    };
    let (kind, code) = (header[0], header[1]);
    let words = [u16::from_be_bytes([header[4], header[5]]), u16::from_be_bytes([header[6], header[7]])];
    let paired = matches!(kind, 0 | 8 | 13..=18);
    let is_error = matches!(kind, 3 | 4 | 5 | 11 | 12);
    decoded.payload = rest;
    decoded.transport = Transport::Icmpv4(Icmp {
        kind,
        code,
        id: paired.then_some(words[0]),
        sequence: paired.then_some(words[1]),
        mtu: (kind == 3 && code == 4).then_some(u32::from(words[1])),
        quoted: if is_error { rest } else { &[] },
        header,
        checksum_valid: settings.verify_checksums.then(|| checksum::is_valid(data)),
    });
    if check_v4(decoded, kind, code) && is_error {
        check_quoted_v4(decoded, rest);
    }
}

/// Whether type and code are in the IANA registry.
fn check_v4(decoded: &mut Decoded<'_>, kind: u8, code: u8) -> bool {
    let last_code = match kind {
        0 | 4 | 8 | 10 | 13..=18 => 0,
        9 => 16,
        3 => 15,
        5 => 3,
        11 => 1,
        12 => 2,
        _ => {
            decoded.event("decoder.icmpv4.unknown_type");
            return false;
        }
    };
    if code > last_code {
        decoded.event("decoder.icmpv4.unknown_code");
    }
    code <= last_code
}

fn check_quoted_v4(decoded: &mut Decoded<'_>, quoted: &[u8]) {
    match quoted.first() {
        None => {}
        Some(_) if quoted.len() < 20 => decoded.event("decoder.icmpv4.ipv4_trunc_pkt"),
        Some(byte) if byte >> 4 != 4 => decoded.event("decoder.icmpv4.ipv4_unknown_ver"),
        Some(_) => {}
    }
}

pub(super) fn decode_icmpv6<'a>(decoded: &mut Decoded<'a>, ip: &Ip<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some((header, rest)) = data.split_at_checked(HEADER) else {
        return decoded.invalidate("decoder.icmpv6.pkt_too_small");
    };
    let (kind, code) = (header[0], header[1]);
    let value = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
    let echo = matches!(kind, 128 | 129);
    decoded.payload = rest;
    decoded.transport = Transport::Icmpv6(Icmp {
        kind,
        code,
        id: echo.then_some(u16::from_be_bytes([header[4], header[5]])),
        sequence: echo.then_some(u16::from_be_bytes([header[6], header[7]])),
        mtu: (kind == 2).then_some(value),
        quoted: if (1..=4).contains(&kind) { rest } else { &[] },
        header,
        checksum_valid: settings.verify_checksums.then(|| checksum::is_transport_valid(ip, 58, data)),
    });
    check_v6(decoded, ip, kind, code);
    if (1..=4).contains(&kind) {
        check_quoted_v6(decoded, rest);
    }
}

fn check_v6(decoded: &mut Decoded<'_>, ip: &Ip<'_>, kind: u8, code: u8) {
    let last_code = match kind {
        1 => 7,
        2 | 128..=132 | 143 => 0,
        3 => 1,
        4 => 3,
        133..=137 => 0,
        138 => 255,
        139 | 140 => 2,
        141..=142 | 144..=155 | 157..=158 | 160..=161 => 255,
        100 | 101 | 200 | 201 => return decoded.event("decoder.icmpv6.experimentation_type"),
        5..=99 | 102..=126 => return decoded.event("decoder.icmpv6.unassigned_type"),
        _ => return decoded.event("decoder.icmpv6.unknown_type"),
    };
    if code > last_code {
        decoded.event("decoder.icmpv6.unknown_code");
    }
    // Multicast listener discovery stays on the link (RFC 2710, 3810).
    if matches!(kind, 130..=132 | 143) && ip.ttl != 1 {
        decoded.event("decoder.icmpv6.mld_message_with_invalid_hl");
    }
}

fn check_quoted_v6(decoded: &mut Decoded<'_>, quoted: &[u8]) {
    match quoted.first() {
        None => {}
        Some(_) if quoted.len() < 40 => decoded.event("decoder.icmpv6.ipv6_trunc_pkt"),
        Some(byte) if byte >> 4 != 6 => decoded.event("decoder.icmpv6.ipv6_unknown_version"),
        Some(_) => {}
    }
}
