//! IPv6 (RFC 8200) and its extension headers.

use std::net::IpAddr;

use pnet::packet::ipv6::Ipv6Packet;

use super::ipv4::{carry_ip, decode_transport, protocol};
use super::packet::{Fragment, Ip};
use super::{DecodeSettings, Decoded};
use crate::limits::IPV6_EXTENSION_HEADERS;

const HEADER: usize = 40;
const NEXT_HEADER_AT: usize = 6;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const NO_NEXT: u8 = 59;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;

/// Walks the chain of extension headers.
struct Walk<'a> {
    /// The packet from its IPv6 header on, cut to its length.
    packet: &'a [u8],
    at: usize,
    next: u8,
    next_header_at: usize,
    fragment: Option<Fragment>,
    hop_by_hop: bool,
    routing: bool,
    destinations: u8,
    authentication: bool,
}

pub(super) fn decode_ipv6<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some(view) = Ipv6Packet::new(data) else {
        return decoded.invalidate("decoder.ipv6.pkt_too_small");
    };
    if view.get_version() != 6 {
        return decoded.invalidate("decoder.ipv6.wrong_ip_version");
    }
    let length = HEADER + usize::from(view.get_payload_length());
    let Some(packet) = data.get(..length) else {
        return decoded.invalidate("decoder.ipv6.trunc_pkt");
    };
    let mut walk = Walk {
        packet,
        at: HEADER,
        next: view.get_next_header().0,
        next_header_at: NEXT_HEADER_AT,
        fragment: None,
        hop_by_hop: false,
        routing: false,
        destinations: 0,
        authentication: false,
    };
    walk.run(decoded);
    let ip = Ip {
        version: 6,
        source: IpAddr::V6(view.get_source()),
        destination: IpAddr::V6(view.get_destination()),
        protocol: walk.next,
        ttl: view.get_hop_limit(),
        tos: view.get_traffic_class(),
        id: walk.fragment.map_or(0, |fragment| fragment.id),
        header: &packet[..HEADER],
        options: &packet[HEADER..walk.at],
        payload: &packet[walk.at..],
        fragment: walk.fragment.filter(|fragment| fragment.more || fragment.offset > 0),
        flags: 0,
        checksum_valid: None,
    };
    decoded.ip = Some(ip);
    decoded.payload = ip.payload;
    if ip.fragment.is_none() && !decoded.invalid {
        finish(decoded, &ip, settings);
    }
}

fn finish<'a>(decoded: &mut Decoded<'a>, ip: &Ip<'a>, settings: &DecodeSettings) {
    match ip.protocol {
        NO_NEXT if !ip.payload.is_empty() => decoded.event("decoder.ipv6.data_after_none_header"),
        NO_NEXT => {}
        protocol::TCP
        | protocol::UDP
        | protocol::ICMP
        | protocol::ICMPV6
        | protocol::SCTP
        | protocol::GRE
        | protocol::IPV4
        | protocol::IPV6
        | protocol::ESP
        | protocol::MPLS => decode_transport(decoded, ip, settings),
        MOBILITY | HOST_IDENTITY | SHIM6 => {}
        _ => decoded.event("decoder.ipv6.unknown_next_header"),
    }
}

impl<'a> Walk<'a> {
    fn run(&mut self, decoded: &mut Decoded<'a>) {
        for _ in 0..IPV6_EXTENSION_HEADERS {
            let fits = match self.next {
                HOP_BY_HOP => self.hop_by_hop(decoded),
                DESTINATION => self.destination(decoded),
                ROUTING => self.routing(decoded),
                FRAGMENT => self.fragment(decoded),
                protocol::AUTHENTICATION => self.authentication(decoded),
                MOBILITY | HOST_IDENTITY | SHIM6 => self.skip(),
                _ => return,
            };
            // Whatever follows a header has at least two bytes.
            let ends_early = self.next != NO_NEXT && self.packet.len() - self.at < 2;
            if !fits || ends_early {
                return decoded.invalidate("decoder.ipv6.trunc_exthdr");
            }
            // Pieces after the first hold data where headers would be.
            if self.fragment.is_some_and(|fragment| fragment.offset > 0) {
                return;
            }
        }
    }

    /// Steps over a header of `length` bytes.
    fn step(&mut self, length: usize) -> Option<&'a [u8]> {
        let header = self.packet.get(self.at..self.at.checked_add(length)?)?;
        self.next_header_at = self.at;
        self.next = *header.first()?;
        self.at += length;
        Some(header)
    }

    /// Steps over a header that tells its own length in units of eight bytes.
    fn step_by_length(&mut self) -> Option<&'a [u8]> {
        let units = usize::from(*self.packet.get(self.at + 1)?);
        self.step((units + 1) * 8)
    }

    fn skip(&mut self) -> bool {
        self.step_by_length().is_some()
    }

    fn hop_by_hop(&mut self, decoded: &mut Decoded<'a>) -> bool {
        let Some(header) = self.step_by_length() else { return false };
        if std::mem::replace(&mut self.hop_by_hop, true) {
            decoded.event("decoder.ipv6.exthdr_dupl_hh");
            return true;
        }
        check_options(decoded, &header[2..], "decoder.ipv6.hopopts_unknown_opt", "decoder.ipv6.hopopts_only_padding");
        true
    }

    fn destination(&mut self, decoded: &mut Decoded<'a>) -> bool {
        let Some(header) = self.step_by_length() else { return false };
        self.destinations = self.destinations.saturating_add(1);
        // Two are allowed: before the routing header and at the end.
        if self.destinations > 2 {
            decoded.event("decoder.ipv6.exthdr_dupl_dh");
            return true;
        }
        check_options(decoded, &header[2..], "decoder.ipv6.dstopts_unknown_opt", "decoder.ipv6.dstopts_only_padding");
        true
    }

    fn routing(&mut self, decoded: &mut Decoded<'a>) -> bool {
        let Some(header) = self.step_by_length() else { return false };
        if std::mem::replace(&mut self.routing, true) {
            decoded.event("decoder.ipv6.exthdr_dupl_rh");
        } else if header[2] == 0 {
            decoded.event("decoder.ipv6.rh_type_0");
        }
        true
    }

    fn authentication(&mut self, decoded: &mut Decoded<'a>) -> bool {
        let Some(words) = self.packet.get(self.at + 1) else { return false };
        let Some(header) = self.step((usize::from(*words) + 2) * 4) else { return false };
        if std::mem::replace(&mut self.authentication, true) {
            decoded.event("decoder.ipv6.exthdr_dupl_ah");
        } else if header.get(2..4).is_some_and(|reserved| reserved != [0, 0]) {
            decoded.event("decoder.ipv6.exthdr_ah_res_not_null");
        }
        true
    }

    fn fragment(&mut self, decoded: &mut Decoded<'a>) -> bool {
        let (header_at, named_at) = (self.at, self.next_header_at);
        let Some(&[_, reserved, high, low, a, b, c, d]) = self.step(8).and_then(|header| header.first_chunk::<8>())
        else {
            return false;
        };
        let fields = u16::from_be_bytes([high, low]);
        let (offset, more) = (usize::from(fields & 0xfff8), fields & 1 != 0);
        let remaining = self.packet.len() - self.at;
        if reserved != 0 || fields & 0b110 != 0 {
            decoded.event("decoder.ipv6.fh_non_zero_reserved_field");
        }
        if self.fragment.is_some() {
            decoded.event("decoder.ipv6.exthdr_dupl_fh");
            return true;
        }
        if more && !remaining.is_multiple_of(8) {
            decoded.invalidate("decoder.ipv6.frag_invalid_length");
        }
        if offset == 0 && !more {
            decoded.event("decoder.ipv6.exthdr_useless_fh");
        }
        let id = u32::from_be_bytes([a, b, c, d]);
        self.fragment = Some(Fragment { id, offset, more, next_header_at: named_at, header_at });
        true
    }
}

/// Options of hop-by-hop and destination headers.
fn check_options(decoded: &mut Decoded<'_>, options: &[u8], unknown: &'static str, only_padding: &'static str) {
    let (mut rest, mut others) = (options, 0);
    while let [kind, tail @ ..] = rest {
        if *kind == 0 {
            rest = tail;
            continue;
        }
        let Some(after) = tail.first().and_then(|length| tail.get(1 + usize::from(*length)..)) else {
            return decoded.invalidate("decoder.ipv6.exthdr_invalid_optlen");
        };
        let length = tail[0];
        match (*kind, length) {
            (1, 0) => decoded.event("decoder.ipv6.zero_len_padn"),
            (1, _) => {}
            (5, 2) | (194, 4) | (201, 16) => others += 1,
            (5 | 194 | 201, _) => {
                others += 1;
                decoded.event("decoder.ipv6.exthdr_invalid_optlen");
            }
            _ => {
                others += 1;
                decoded.event(unknown);
            }
        }
        rest = after;
    }
    if others == 0 {
        decoded.event(only_padding);
    }
}

pub(super) fn carry_ipv4<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) {
    match data.first() {
        _ if data.len() < 20 => decoded.invalidate("decoder.ipv6.ipv4_in_ipv6_too_small"),
        Some(byte) if byte >> 4 == 4 => carry_ip(decoded, data),
        _ => decoded.invalidate("decoder.ipv6.ipv4_in_ipv6_wrong_version"),
    }
}

pub(super) fn carry_ipv6<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) {
    match data.first() {
        _ if data.len() < HEADER => decoded.invalidate("decoder.ipv6.ipv6_in_ipv6_too_small"),
        Some(byte) if byte >> 4 == 6 => carry_ip(decoded, data),
        _ => decoded.invalidate("decoder.ipv6.ipv6_in_ipv6_wrong_version"),
    }
}
