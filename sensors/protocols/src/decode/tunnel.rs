//! Encapsulations: GRE, ERSPAN, MPLS, PPP and PPPoE, NSH, FabricPath, VXLAN, Geneve, Teredo.

use super::ethernet::{ARP, BRIDGE, IPV4, IPV6, decode_arp, decode_inner_ethernet};
use super::packet::TunnelKind;
use super::{DecodeSettings, Decoded, LinkLayer, Udp, ipv4, ipv6};
use crate::limits::MPLS_LABELS;

const PPP_IPV4: u16 = 0x0021;
const PPP_IPV6: u16 = 0x0057;
const ERSPAN_1_2: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;

/// Follows a tunnel inside UDP when its port and its header say so.
pub(super) fn decode_in_udp<'a>(decoded: &mut Decoded<'a>, udp: &Udp<'a>, data: &'a [u8], settings: &DecodeSettings) {
    if settings.vxlan_ports.contains(&udp.destination_port) {
        decode_vxlan(decoded, data);
    } else if settings.geneve_ports.contains(&udp.destination_port) {
        decode_geneve(decoded, data);
    } else if [udp.source_port, udp.destination_port].iter().any(|port| settings.teredo_ports.contains(port)) {
        decode_teredo(decoded, data);
    }
}

/// RFC 7348.
fn decode_vxlan<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) {
    let Some((header, rest)) = data.split_first_chunk::<8>() else { return };
    // The flag says that the network identifier is valid; without it this is something else on the port.
    if header[0] & 0x08 == 0 || rest.len() < 14 {
        return;
    }
    let id = u32::from_be_bytes([0, header[4], header[5], header[6]]);
    decoded.carry(TunnelKind::Vxlan, LinkLayer::Ethernet, Some(id), rest);
}

/// RFC 8926.
fn decode_geneve<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) {
    let Some(header) = data.first_chunk::<8>() else { return };
    let options = usize::from(header[0] & 0x3f) * 4;
    let Some(rest) = data.get(8 + options..) else { return };
    if header[0] >> 6 != 0 || header[7] != 0 {
        return;
    }
    let id = u32::from_be_bytes([0, header[4], header[5], header[6]]);
    let link = match u16::from_be_bytes([header[2], header[3]]) {
        BRIDGE => LinkLayer::Ethernet,
        IPV4 | IPV6 => LinkLayer::Raw,
        _ => return decoded.event("decoder.geneve.unknown_payload_type"),
    };
    decoded.carry(TunnelKind::Geneve, link, Some(id), rest);
}

/// RFC 4380: optional authentication and origin indications before an IPv6 packet.
fn decode_teredo<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) {
    let mut rest = data;
    if let [0, 1, client, authentication, tail @ ..] = rest {
        let Some(after) = tail.get(usize::from(*client) + usize::from(*authentication) + 9..) else { return };
        rest = after;
    }
    if let [0, 0, tail @ ..] = rest {
        let Some(after) = tail.get(6..) else { return };
        rest = after;
    }
    let Some(header) = rest.first_chunk::<40>() else { return };
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let known = matches!(header[6], 0 | 6 | 17 | 43 | 44 | 58 | 59 | 60);
    if header[0] >> 4 == 6 && known && (length == rest.len() - 40 || (header[6] == 59 && length == 0)) {
        decoded.carry(TunnelKind::Teredo, LinkLayer::Raw, None, rest);
    }
}

/// RFC 2784 with the key and sequence of RFC 2890; version 1 is that of PPTP (RFC 2637).
pub(super) fn decode_gre<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) {
    let Some(&[flags, version, high, low]) = data.first_chunk::<4>() else {
        return decoded.invalidate("decoder.gre.pkt_too_small");
    };
    let ether_type = u16::from_be_bytes([high, low]);
    let length = match version & 0x07 {
        0 => gre_0(decoded, flags, version, data),
        1 => gre_1(decoded, flags, version, ether_type),
        _ => return decoded.invalidate("decoder.gre.wrong_version"),
    };
    let Some((length, key_at)) = length else { return };
    let Some(rest) = data.get(length..) else {
        return decoded.invalidate(if version & 0x07 == 0 {
            "decoder.gre.version0_hdr_too_big"
        } else {
            "decoder.gre.version1_hdr_too_big"
        });
    };
    let key = key_at.and_then(|at| data.get(at..)?.first_chunk().map(|key| u32::from_be_bytes(*key)));
    decoded.payload = rest;
    match ether_type {
        IPV4 | IPV6 => decoded.carry(TunnelKind::Gre, LinkLayer::Raw, key, rest),
        BRIDGE => decoded.carry(TunnelKind::Gre, LinkLayer::Ethernet, key, rest),
        0x880b => decoded.carry(TunnelKind::Gre, LinkLayer::Ppp, key, rest),
        ARP => decode_arp(decoded, rest),
        // Type I has neither a sequence number nor a header of its own.
        ERSPAN_1_2 if flags & 0x10 == 0 => decoded.carry(TunnelKind::Erspan, LinkLayer::Ethernet, None, rest),
        ERSPAN_1_2 => decode_erspan(decoded, rest, 1, 8),
        ERSPAN_3 => decode_erspan(decoded, rest, 2, 12),
        _ => {}
    }
}

/// Length of a version 0 header and where its key is.
fn gre_0(decoded: &mut Decoded<'_>, flags: u8, version: u8, data: &[u8]) -> Option<(usize, Option<usize>)> {
    if flags & 0x07 != 0 {
        decoded.invalidate("decoder.gre.version0_recur");
        return None;
    }
    if version & 0xf8 != 0 {
        decoded.invalidate("decoder.gre.version0_flags");
        return None;
    }
    let bit = |mask: u8, length: usize| if flags & mask != 0 { length } else { 0 };
    let key_at = 4 + if flags & 0xc0 != 0 { 4 } else { 0 };
    let length = key_at + bit(0x20, 4) + bit(0x10, 4);
    let key = (flags & 0x20 != 0).then_some(key_at);
    let routed = if flags & 0x40 != 0 { skip_source_routes(decoded, data, length)? } else { length };
    Some((routed, key))
}

/// Source route entries: address family, offset, length, bytes; a zero entry ends them.
fn skip_source_routes(decoded: &mut Decoded<'_>, data: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let Some(&[a, b, _, length]) = data.get(at..).and_then(|rest| rest.first_chunk::<4>()) else {
            decoded.invalidate("decoder.gre.version0_malformed_sre_hdr");
            return None;
        };
        at += 4 + usize::from(length);
        if (a, b, length) == (0, 0, 0) {
            return Some(at);
        }
    }
}

/// Length of a version 1 header, and where its key (payload length and call) is.
fn gre_1(decoded: &mut Decoded<'_>, flags: u8, version: u8, ether_type: u16) -> Option<(usize, Option<usize>)> {
    let broken = match flags {
        _ if flags & 0x80 != 0 => Some("decoder.gre.version1_chksum"),
        _ if flags & 0x40 != 0 => Some("decoder.gre.version1_route"),
        _ if flags & 0x08 != 0 => Some("decoder.gre.version1_ssr"),
        _ if flags & 0x07 != 0 => Some("decoder.gre.version1_recur"),
        _ if version & 0x78 != 0 => Some("decoder.gre.version1_flags"),
        _ if ether_type != 0x880b => Some("decoder.gre.version1_wrong_protocol"),
        _ if flags & 0x20 == 0 => Some("decoder.gre.version1_no_key"),
        _ => None,
    };
    if let Some(event) = broken {
        decoded.invalidate(event);
        return None;
    }
    let sequence = if flags & 0x10 != 0 { 4 } else { 0 };
    let acknowledgement = if version & 0x80 != 0 { 4 } else { 0 };
    Some((8 + sequence + acknowledgement, Some(4)))
}

fn decode_erspan<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], version: u8, length: usize) {
    let Some((header, rest)) = data.split_at_checked(length) else {
        return decoded.invalidate("decoder.erspan.header_too_small");
    };
    if header[0] >> 4 != version {
        return decoded.invalidate("decoder.erspan.unsupported_version");
    }
    let session = u32::from(u16::from_be_bytes([header[2], header[3]]) & 0x03ff);
    // The last bit of type III says that a platform header of eight bytes follows.
    let platform = version == 2 && header[11] & 1 != 0;
    let Some(rest) = rest.get(if platform { 8 } else { 0 }..) else {
        return decoded.invalidate("decoder.erspan.header_too_small");
    };
    decoded.carry(TunnelKind::Erspan, LinkLayer::Ethernet, Some(session), rest);
}

/// RFC 3032; what follows the last label is told by the label or guessed from its first bits.
pub(super) fn decode_mpls<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let mut rest = data;
    for _ in 0..MPLS_LABELS {
        let Some((entry, tail)) = rest.split_first_chunk::<4>() else {
            return decoded.invalidate("decoder.mpls.header_too_small");
        };
        rest = tail;
        if entry[2] & 1 == 1 {
            return after_labels(decoded, u32::from_be_bytes(*entry) >> 12, rest, settings);
        }
    }
    decoded.invalidate("decoder.mpls.header_too_small");
}

fn after_labels<'a>(decoded: &mut Decoded<'a>, label: u32, data: &'a [u8], settings: &DecodeSettings) {
    decoded.payload = data;
    match (label, data.first().map(|byte| byte >> 4)) {
        (0, _) => ipv4::decode_ipv4(decoded, data, settings),
        (1, _) => decoded.invalidate("decoder.mpls.bad_label_router_alert"),
        (2, _) => ipv6::decode_ipv6(decoded, data, settings),
        (3, _) => decoded.invalidate("decoder.mpls.bad_label_implicit_null"),
        (4..=15, _) => decoded.event("decoder.mpls.bad_label_reserved"),
        (_, None) => decoded.invalidate("decoder.mpls.pkt_too_small"),
        (_, Some(4)) => ipv4::decode_ipv4(decoded, data, settings),
        (_, Some(6)) => ipv6::decode_ipv6(decoded, data, settings),
        // A control word of a pseudo wire, then Ethernet (RFC 4385).
        (_, Some(0)) if data.len() >= 18 => decode_inner_ethernet(decoded, &data[4..], settings),
        _ => decoded.event("decoder.mpls.unknown_payload_type"),
    }
}

/// RFC 2516, session stage.
pub(super) fn decode_pppoe<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some((header, rest)) = data.split_first_chunk::<6>() else {
        return decoded.invalidate("decoder.pppoe.pkt_too_small");
    };
    if header[1] != 0 {
        return decoded.event("decoder.pppoe.wrong_code");
    }
    decode_ppp(decoded, rest, settings);
}

/// RFC 2516, discovery stage: the tags must fill the length.
pub(super) fn decode_pppoe_discovery(decoded: &mut Decoded<'_>, data: &[u8]) {
    let Some((header, rest)) = data.split_first_chunk::<6>() else {
        return decoded.invalidate("decoder.pppoe.pkt_too_small");
    };
    if !matches!(header[1], 0x07 | 0x09 | 0x19 | 0x65 | 0xa7) {
        decoded.event("decoder.pppoe.wrong_code");
    }
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let Some(mut tags) = rest.get(..length) else {
        return decoded.event("decoder.pppoe.malformed_tags");
    };
    while let [_, _, high, low, tail @ ..] = tags {
        let Some(after) = tail.get(usize::from(u16::from_be_bytes([*high, *low]))..) else {
            return decoded.event("decoder.pppoe.malformed_tags");
        };
        tags = after;
    }
}

/// PPP as a link layer: skips the HDLC framing when it is there.
pub(super) fn decode_ppp_framed<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let unframed = if let [0xff, 0x03, rest @ ..] = data { rest } else { data };
    decode_ppp(decoded, unframed, settings);
}

/// RFC 1661; the protocol field may be compressed to one byte.
fn decode_ppp<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let (protocol, rest) = match data {
        [first, rest @ ..] if first & 1 == 1 => (u16::from(*first), rest),
        [high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
        _ => return decoded.invalidate("decoder.ppp.pkt_too_small"),
    };
    decoded.payload = rest;
    match protocol {
        PPP_IPV4 if rest.len() < 20 => decoded.invalidate("decoder.ppp.ip4_pkt_too_small"),
        PPP_IPV4 => ipv4::decode_ipv4(decoded, rest, settings),
        PPP_IPV6 if rest.len() < 40 => decoded.invalidate("decoder.ppp.ip6_pkt_too_small"),
        PPP_IPV6 => ipv6::decode_ipv6(decoded, rest, settings),
        0x0023..=0x004f | 0x8021..=0x80ff | 0xc021..=0xc481 => decoded.event("decoder.ppp.unsup_proto"),
        _ => decoded.event("decoder.ppp.wrong_type"),
    }
}

/// Network service header (RFC 8300).
pub(super) fn decode_nsh<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some(header) = data.first_chunk::<8>() else {
        return decoded.invalidate("decoder.nsh.header_too_small");
    };
    let length = usize::from(header[1] & 0x3f) * 4;
    let Some(rest) = data.get(length..).filter(|_| length >= 8) else {
        return decoded.invalidate("decoder.nsh.bad_header_length");
    };
    match header[2] & 0x0f {
        _ if header[0] >> 6 != 0 => return decoded.invalidate("decoder.nsh.unsupported_version"),
        0 | 15 => return decoded.invalidate("decoder.nsh.reserved_type"),
        1 if length != 24 => return decoded.invalidate("decoder.nsh.bad_header_length"),
        1 | 2 => {}
        _ => return decoded.event("decoder.nsh.unsupported_type"),
    }
    match header[3] {
        1 => ipv4::decode_ipv4(decoded, rest, settings),
        2 => ipv6::decode_ipv6(decoded, rest, settings),
        3 => decode_inner_ethernet(decoded, rest, settings),
        5 => decode_mpls(decoded, rest, settings),
        4 => decoded.event("decoder.nsh.unsupported_type"),
        _ => decoded.event("decoder.nsh.unknown_payload"),
    }
}

/// Cisco FabricPath: a frame within a 16-byte outer frame, of which two bytes follow the type field here.
pub(super) fn decode_fabric_path<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some(rest) = data.get(2..).filter(|rest| rest.len() >= 14) else {
        return decoded.invalidate("decoder.dce.pkt_too_small");
    };
    decode_inner_ethernet(decoded, rest, settings);
}
