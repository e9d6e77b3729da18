//! Ethernet and what may follow its type field.

use std::net::Ipv4Addr;

use pnet::packet::Packet as _;
use pnet::packet::arp::ArpPacket;
use pnet::packet::ethernet::EthernetPacket;
use pnet::packet::vlan::VlanPacket;

use super::tunnel;
use super::{DecodeSettings, Decoded, ipv4, ipv6};
use crate::limits::VLAN_LAYERS;

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const BRIDGE: u16 = 0x6558;
pub(super) const ARP: u16 = 0x0806;
const VLAN: u16 = 0x8100;
const QINQ: u16 = 0x88a8;
const QINQ_OLD: u16 = 0x9100;
const PROVIDER_BRIDGE: u16 = 0x88e7;
const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const PPPOE_DISCOVERY: u16 = 0x8863;
const PPPOE_SESSION: u16 = 0x8864;
const FABRIC_PATH: u16 = 0x8903;
const VNTAG: u16 = 0x8926;
const ETAG: u16 = 0x893f;
const NSH: u16 = 0x894f;
const HEADER: usize = 14;

/// Ethernet addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ethernet {
    /// Sender.
    pub source: [u8; 6],
    /// Receiver.
    pub destination: [u8; 6],
    /// Type of what follows all tags.
    pub ether_type: u16,
}

/// VLAN identifiers, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Vlans {
    ids: [u16; VLAN_LAYERS],
    count: u8,
}

impl Vlans {
    /// The identifiers.
    #[must_use]
    pub fn ids(&self) -> &[u16] {
        &self.ids[..usize::from(self.count)]
    }

    /// Puts a tag the capture took off the frame in front of the others; the upper four bits are dropped.
    pub fn push_outer(&mut self, tag: u16) {
        self.ids.rotate_right(1);
        self.ids[0] = tag & 0x0fff;
        self.count = (self.count + 1).min(3);
    }

    fn push_inner(&mut self, id: u16) -> bool {
        let Some(slot) = self.ids.get_mut(usize::from(self.count)) else { return false };
        *slot = id;
        self.count += 1;
        true
    }
}

/// An ARP message for IPv4 over Ethernet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    /// 1 request, 2 reply, 3 and 4 the same reversed, 8 and 9 inverse.
    pub operation: u16,
    /// Sender's hardware address.
    pub sender_hardware: [u8; 6],
    /// Sender's address.
    pub sender: Ipv4Addr,
    /// Target's hardware address.
    pub target_hardware: [u8; 6],
    /// Target's address.
    pub target: Ipv4Addr,
}

pub(super) fn decode_ethernet<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let (Some(view), Some(rest)) = (EthernetPacket::new(data), data.get(HEADER..)) else {
        return decoded.invalidate("decoder.ethernet.pkt_too_small");
    };
    let ether_type = view.get_ethertype().0;
    decoded.ethernet =
        Some(Ethernet { source: view.get_source().octets(), destination: view.get_destination().octets(), ether_type });
    decode_type(decoded, ether_type, rest, settings);
}

/// Decodes what follows a type field, walking tags in a loop so that stacked ones cost no stack.
pub(super) fn decode_type<'a>(decoded: &mut Decoded<'a>, ether_type: u16, data: &'a [u8], settings: &DecodeSettings) {
    let (mut ether_type, mut data) = (ether_type, data);
    while let Some(step) = strip_tag(decoded, ether_type, data) {
        let Some((next_type, rest)) = step else { return };
        (ether_type, data) = (next_type, rest);
    }
    if let Some(ethernet) = &mut decoded.ethernet {
        ethernet.ether_type = ether_type;
    }
    decoded.payload = data;
    match ether_type {
        IPV4 => ipv4::decode_ipv4(decoded, data, settings),
        IPV6 => ipv6::decode_ipv6(decoded, data, settings),
        ARP => decode_arp(decoded, data),
        MPLS | MPLS_MULTICAST => tunnel::decode_mpls(decoded, data, settings),
        PPPOE_SESSION => tunnel::decode_pppoe(decoded, data, settings),
        PPPOE_DISCOVERY => tunnel::decode_pppoe_discovery(decoded, data),
        NSH => tunnel::decode_nsh(decoded, data, settings),
        BRIDGE => decode_inner_ethernet(decoded, data, settings),
        FABRIC_PATH => tunnel::decode_fabric_path(decoded, data, settings),
        _ => unknown_type(decoded, ether_type),
    }
}

fn unknown_type(decoded: &mut Decoded<'_>, ether_type: u16) {
    // Values up to 1500 are the length of an 802.3 frame.
    if ether_type > 1500 {
        decoded.event(if decoded.vlans.ids().is_empty() {
            "decoder.ethernet.unknown_ethertype"
        } else {
            "decoder.vlan.unknown_type"
        });
    }
}

/// A frame inside the frame (Ethernet over MPLS, PBB, bridged); its own tags are followed, deeper ones are tunnels.
pub(super) fn decode_inner_ethernet<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    if decoded.depth >= crate::limits::TUNNEL_LAYERS {
        return decoded.invalidate("decoder.too_many_layers");
    }
    decoded.depth += 1;
    decode_ethernet(decoded, data, settings);
}

type Stripped<'a> = Option<(u16, &'a [u8])>;

/// Takes one tag off; `None` when there is none, `Some(None)` when the tag is broken.
fn strip_tag<'a>(decoded: &mut Decoded<'a>, ether_type: u16, data: &'a [u8]) -> Option<Stripped<'a>> {
    match ether_type {
        VLAN | QINQ | QINQ_OLD => Some(strip_vlan(decoded, data)),
        PROVIDER_BRIDGE => Some(strip_fixed(decoded, data, 18, "decoder.ieee8021ah.header_too_small")),
        VNTAG => Some(strip_fixed(decoded, data, 6, "decoder.vntag.header_too_small")),
        ETAG => Some(strip_fixed(decoded, data, 8, "decoder.etag.header_too_small")),
        _ => None,
    }
}

fn strip_vlan<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) -> Stripped<'a> {
    let (Some(view), Some(rest)) = (VlanPacket::new(data), data.get(4..)) else {
        decoded.invalidate("decoder.vlan.header_too_small");
        return None;
    };
    if !decoded.vlans.push_inner(view.get_vlan_identifier()) {
        decoded.invalidate("decoder.vlan.too_many_layers");
        return None;
    }
    Some((view.get_ethertype().0, rest))
}

/// A tag of fixed length whose last two bytes name what follows.
fn strip_fixed<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], length: usize, short: &'static str) -> Stripped<'a> {
    let Some((tag, rest)) = data.split_at_checked(length) else {
        decoded.invalidate(short);
        return None;
    };
    Some((u16::from_be_bytes([tag[length - 2], tag[length - 1]]), rest))
}

pub(super) fn decode_arp<'a>(decoded: &mut Decoded<'a>, data: &'a [u8]) {
    let Some(view) = ArpPacket::new(data) else {
        return decoded.invalidate("decoder.arp.pkt_too_small");
    };
    let shape = (view.get_hardware_type().0, view.get_protocol_type().0);
    let broken = match (shape, view.get_hw_addr_len(), view.get_proto_addr_len(), view.get_operation().0) {
        ((1, IPV4), 6, 4, 1..=4 | 8 | 9) => None,
        ((1, IPV4), 6, 4, _) => Some("decoder.arp.unsupported_opcode"),
        ((1, IPV4), 6, _, _) => Some("decoder.arp.invalid_protocol_size"),
        ((1, IPV4), _, _, _) => Some("decoder.arp.invalid_hardware_size"),
        ((1, _), ..) => Some("decoder.arp.unsupported_protocol"),
        _ => Some("decoder.arp.unsupported_hardware"),
    };
    if let Some(event) = broken {
        return decoded.invalidate(event);
    }
    decoded.payload = view.payload().get(..0).map_or(&[], |_| &data[28..]);
    decoded.arp = Some(Arp {
        operation: view.get_operation().0,
        sender_hardware: view.get_sender_hw_addr().octets(),
        sender: view.get_sender_proto_addr(),
        target_hardware: view.get_target_hw_addr().octets(),
        target: view.get_target_proto_addr(),
    });
}
