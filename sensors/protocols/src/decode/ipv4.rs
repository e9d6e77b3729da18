//! IPv4 (RFC 791) and the step from IP to what it carries.

use std::net::IpAddr;

use pnet::packet::ipv4::Ipv4Packet;

use super::packet::{Fragment, Ip, TunnelKind};
use super::{DecodeSettings, Decoded, LinkLayer, checksum, icmp, ipv6, sctp, tcp, tunnel, udp};

const HEADER: usize = 20;
/// Where the options end early (RFC 791).
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;

pub(super) mod protocol {
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const IPV4: u8 = 4;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const IPV6: u8 = 41;
    pub(crate) const GRE: u8 = 47;
    pub(crate) const ESP: u8 = 50;
    pub(crate) const AUTHENTICATION: u8 = 51;
    pub(crate) const ICMPV6: u8 = 58;
    pub(crate) const SCTP: u8 = 132;
    pub(crate) const MPLS: u8 = 137;
}

pub(super) fn decode_ipv4<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some(view) = Ipv4Packet::new(data) else {
        return decoded.invalidate("decoder.ipv4.pkt_too_small");
    };
    if view.get_version() != 4 {
        return decoded.invalidate("decoder.ipv4.wrong_ip_version");
    }
    let header_length = usize::from(view.get_header_length()) * 4;
    let total_length = usize::from(view.get_total_length());
    if header_length < HEADER {
        return decoded.invalidate("decoder.ipv4.hlen_too_small");
    }
    if total_length < header_length {
        return decoded.invalidate("decoder.ipv4.iplen_smaller_than_hlen");
    }
    let (Some(header), Some(payload)) = (data.get(..header_length), data.get(header_length..total_length)) else {
        return decoded.invalidate("decoder.ipv4.trunc_pkt");
    };
    let offset = usize::from(view.get_fragment_offset()) * 8;
    let more = view.get_flags() & 0b001 != 0;
    let id = u32::from(view.get_identification());
    let is_fragment = (offset != 0 || more) && !decoded.reassembled;
    let ip = Ip {
        version: 4,
        source: IpAddr::V4(view.get_source()),
        destination: IpAddr::V4(view.get_destination()),
        protocol: view.get_next_level_protocol().0,
        ttl: view.get_ttl(),
        tos: view.get_dscp() << 2 | view.get_ecn(),
        id,
        header,
        options: &header[HEADER..],
        payload,
        fragment: is_fragment.then_some(Fragment { id, offset, more, next_header_at: 0, header_at: 0 }),
        flags: view.get_flags(),
        checksum_valid: (settings.verify_checksums && !decoded.reassembled).then(|| checksum::is_valid(header)),
    };
    decoded.ip = Some(ip);
    decoded.payload = payload;
    check_options(decoded, ip.options);
    if ip.fragment.is_none() && !decoded.invalid {
        decode_transport(decoded, &ip, settings);
    }
}

fn check_options(decoded: &mut Decoded<'_>, options: &[u8]) {
    if !options.len().is_multiple_of(8) {
        decoded.event("decoder.ipv4.opt_pad_required");
    }
    let mut rest = options;
    let mut seen = [0_u8; 32];
    while let [kind, tail @ ..] = rest {
        match *kind {
            END_OF_OPTIONS => return,
            NO_OPERATION => rest = tail,
            kind => {
                let length = tail.first().map_or(0, |length| usize::from(*length));
                if length < 2 || length > rest.len() {
                    return decoded.invalidate("decoder.ipv4.opt_invalid_len");
                }
                check_option(decoded, kind, length, &rest[..length]);
                let (byte, bit) = (usize::from(kind >> 3), 1 << (kind & 7));
                if seen[byte] & bit != 0 {
                    decoded.event("decoder.ipv4.opt_duplicate");
                }
                seen[byte] |= bit;
                rest = &rest[length..];
            }
        }
    }
}

/// Lengths and pointers of the options of RFC 791, 1108, 2113 and the CIPSO draft.
fn check_option(decoded: &mut Decoded<'_>, kind: u8, length: usize, option: &[u8]) {
    let pointer = option.get(2).copied().map_or(0, usize::from);
    let (valid_length, valid_pointer) = match kind {
        7 | 131 | 137 => (length >= 3 && (length - 3).is_multiple_of(4), pointer >= 4 && pointer % 4 == 0),
        68 => (length >= 4, pointer >= 5),
        130 => (length >= 3, true),
        136 => (length == 4, true),
        134 => (length >= 8, true),
        148 => (length == 4, true),
        133 => (length >= 3, true),
        _ => return decoded.event("decoder.ipv4.opt_unknown"),
    };
    if !valid_length {
        decoded.event("decoder.ipv4.opt_invalid_len");
    } else if !valid_pointer {
        decoded.event("decoder.ipv4.opt_malformed");
    }
}

/// Decodes what an IP packet carries.
pub(super) fn decode_transport<'a>(decoded: &mut Decoded<'a>, ip: &Ip<'a>, settings: &DecodeSettings) {
    let data = ip.payload;
    match ip.protocol {
        protocol::TCP => tcp::decode_tcp(decoded, ip, data, settings),
        protocol::UDP => udp::decode_udp(decoded, ip, data, settings),
        protocol::ICMP if ip.version == 4 => icmp::decode_icmpv4(decoded, data, settings),
        protocol::ICMP => decoded.event("decoder.ipv6.icmpv4"),
        protocol::ICMPV6 if ip.version == 6 => icmp::decode_icmpv6(decoded, ip, data, settings),
        protocol::ICMPV6 => decoded.event("decoder.ipv4.icmpv6"),
        protocol::SCTP => sctp::decode_sctp(decoded, data, settings),
        protocol::GRE => tunnel::decode_gre(decoded, data),
        protocol::MPLS => tunnel::decode_mpls(decoded, data, settings),
        protocol::IPV4 if ip.version == 4 => carry_ip(decoded, data),
        protocol::IPV6 if ip.version == 4 => carry_ip(decoded, data),
        protocol::IPV4 => ipv6::carry_ipv4(decoded, data),
        protocol::IPV6 => ipv6::carry_ipv6(decoded, data),
        protocol::AUTHENTICATION if ip.version == 4 => decode_authentication(decoded, ip, settings),
        protocol::ESP if data.len() < 8 => decoded.invalidate("decoder.esp.pkt_too_small"),
        _ => {}
    }
}

pub(super) fn carry_ip<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) {
    decoded.carry(TunnelKind::IpInIp, LinkLayer::Raw, None, data);
}

/// Steps over an IPv4 authentication header (RFC 4302).
fn decode_authentication<'a>(decoded: &mut Decoded<'a>, ip: &Ip<'a>, settings: &DecodeSettings) {
    let Some([next, words, ..]) = ip.payload.first_chunk::<12>() else { return };
    let Some(payload) = ip.payload.get((usize::from(*words) + 2) * 4..) else { return };
    if *next == protocol::AUTHENTICATION {
        return;
    }
    let inner = Ip { protocol: *next, payload, ..*ip };
    decoded.payload = payload;
    decode_transport(decoded, &inner, settings);
}
