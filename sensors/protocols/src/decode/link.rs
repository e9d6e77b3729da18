//! Link layers.

use super::{DecodeSettings, Decoded, ethernet, ipv4, ipv6, tunnel};

/// What a frame starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkLayer {
    /// Ethernet.
    Ethernet,
    /// IPv4 or IPv6, told apart by its first four bits.
    Raw,
    /// BSD loopback: four bytes of address family, either byte order.
    Null,
    /// Linux cooked capture.
    Sll,
    /// Linux cooked capture, version 2.
    Sll2,
    /// PPP, with or without HDLC framing.
    Ppp,
    /// Cisco HDLC.
    CiscoHdlc,
    /// One that is not decoded.
    Unsupported(u32),
}

impl LinkLayer {
    /// From the number capture files use (<https://www.tcpdump.org/linktypes.html>).
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Ethernet,
            12 | 14 | 101 | 228 | 229 => Self::Raw,
            0 | 108 => Self::Null,
            113 => Self::Sll,
            276 => Self::Sll2,
            9 | 50 => Self::Ppp,
            104 => Self::CiscoHdlc,
            other => Self::Unsupported(other),
        }
    }
}

pub(super) fn decode_link<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], link: LinkLayer, settings: &DecodeSettings) {
    decoded.payload = data;
    match link {
        LinkLayer::Ethernet => ethernet::decode_ethernet(decoded, data, settings),
        LinkLayer::Raw => decode_raw(decoded, data, settings),
        LinkLayer::Null => decode_null(decoded, data, settings),
        LinkLayer::Sll => decode_sll(decoded, data, settings),
        LinkLayer::Sll2 => decode_sll2(decoded, data, settings),
        LinkLayer::Ppp => tunnel::decode_ppp_framed(decoded, data, settings),
        LinkLayer::CiscoHdlc => decode_cisco_hdlc(decoded, data, settings),
        LinkLayer::Unsupported(_) => decoded.invalidate("decoder.unsupported_link_type"),
    }
}

pub(super) fn decode_raw<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    match data.first().map(|byte| byte >> 4) {
        Some(4) => ipv4::decode_ipv4(decoded, data, settings),
        Some(6) => ipv6::decode_ipv6(decoded, data, settings),
        Some(_) => decoded.invalidate("decoder.ipraw.invalid_ip_version"),
        None => decoded.invalidate("decoder.ipv4.pkt_too_small"),
    }
}

fn decode_null<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some((family, rest)) = data.split_first_chunk::<4>() else {
        return decoded.invalidate("decoder.ltnull.pkt_too_small");
    };
    // The family is in the byte order of the host that captured.
    match u32::from_le_bytes(*family).min(u32::from_be_bytes(*family)) {
        2 => ipv4::decode_ipv4(decoded, rest, settings),
        10 | 24 | 28 | 30 => ipv6::decode_ipv6(decoded, rest, settings),
        _ => decoded.invalidate("decoder.ltnull.unsupported_type"),
    }
}

fn decode_sll<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some((header, rest)) = data.split_first_chunk::<16>() else {
        return decoded.invalidate("decoder.sll.pkt_too_small");
    };
    ethernet::decode_type(decoded, u16::from_be_bytes([header[14], header[15]]), rest, settings);
}

fn decode_sll2<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some((header, rest)) = data.split_first_chunk::<20>() else {
        return decoded.invalidate("decoder.sll2.pkt_too_small");
    };
    ethernet::decode_type(decoded, u16::from_be_bytes([header[0], header[1]]), rest, settings);
}

fn decode_cisco_hdlc<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some((header, rest)) = data.split_first_chunk::<4>() else {
        return decoded.invalidate("decoder.chdlc.pkt_too_small");
    };
    ethernet::decode_type(decoded, u16::from_be_bytes([header[2], header[3]]), rest, settings);
}
