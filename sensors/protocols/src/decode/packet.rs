//! What a decoded packet holds.

use std::net::IpAddr;

use super::{Arp, DecodeSettings, Ethernet, Icmp, LinkLayer, Sctp, Tcp, Udp, Vlans};
use crate::limits::{EVENTS_PER_PACKET, TUNNEL_LAYERS};

/// A decoded packet; borrows from the frame.
#[derive(Debug, Clone)]
pub struct Decoded<'a> {
    /// The bytes that were decoded.
    pub frame: &'a [u8],
    /// Ethernet addresses.
    pub ethernet: Option<Ethernet>,
    /// VLAN tags, outermost first.
    pub vlans: Vlans,
    /// Address resolution instead of IP.
    pub arp: Option<Arp>,
    /// The network layer.
    pub ip: Option<Ip<'a>>,
    /// The transport layer; [`Transport::None`] for fragments, which go to the [`crate::Defragmenter`] first.
    pub transport: Transport<'a>,
    /// Bytes after the last header that was decoded.
    pub payload: &'a [u8],
    /// A packet carried inside this one.
    pub tunnel: Option<Tunnel<'a>>,
    /// Names of the anomalies (`decoder.ipv4.trunc_pkt`), at most [`EVENTS_PER_PACKET`].
    pub events: Vec<&'static str>,
    /// Tunnels around this packet.
    pub depth: u8,
    /// Whether it was put together from fragments.
    pub reassembled: bool,
    /// Whether a header was broken so that what follows it must not be trusted (Suricata's "invalid" packets).
    pub invalid: bool,
}

impl<'a> Decoded<'a> {
    pub(crate) fn new(frame: &'a [u8], depth: u8) -> Self {
        Self {
            frame,
            ethernet: None,
            vlans: Vlans::default(),
            arp: None,
            ip: None,
            transport: Transport::None,
            payload: &[],
            tunnel: None,
            events: Vec::new(),
            depth,
            reassembled: false,
            invalid: false,
        }
    }

    pub(crate) fn event(&mut self, name: &'static str) {
        if self.events.len() < EVENTS_PER_PACKET {
            self.events.push(name);
        }
    }

    /// Raises an event that makes the packet invalid.
    pub(crate) fn invalidate(&mut self, name: &'static str) {
        self.event(name);
        self.invalid = true;
    }

    pub(crate) fn carry(&mut self, kind: TunnelKind, link: LinkLayer, id: Option<u32>, data: &'a [u8]) {
        if self.depth >= TUNNEL_LAYERS {
            return self.invalidate("decoder.too_many_layers");
        }
        self.tunnel = Some(Tunnel { kind, link, id, data, depth: self.depth + 1 });
    }

    /// TCP header, when there is one.
    #[must_use]
    pub fn tcp(&self) -> Option<&Tcp<'a>> {
        if let Transport::Tcp(tcp) = &self.transport { Some(tcp) } else { None }
    }

    /// Source and destination port of TCP, UDP and SCTP.
    #[must_use]
    pub fn ports(&self) -> Option<(u16, u16)> {
        match &self.transport {
            Transport::Tcp(tcp) => Some((tcp.source_port, tcp.destination_port)),
            Transport::Udp(udp) => Some((udp.source_port, udp.destination_port)),
            Transport::Sctp(sctp) => Some((sctp.source_port, sctp.destination_port)),
            Transport::None | Transport::Icmpv4(_) | Transport::Icmpv6(_) => None,
        }
    }
}

/// An IPv4 or IPv6 header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ip<'a> {
    /// 4 or 6.
    pub version: u8,
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// Protocol of the payload after all extension headers (IANA protocol numbers).
    pub protocol: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Type of service or traffic class.
    pub tos: u8,
    /// Identification (IPv4, or of the IPv6 fragment header).
    pub id: u32,
    /// The header's bytes, IPv4 options included, IPv6 extension headers excluded.
    pub header: &'a [u8],
    /// IPv4 options or IPv6 extension headers.
    pub options: &'a [u8],
    /// Bytes after all headers, cut to the length the header claims.
    pub payload: &'a [u8],
    /// Set when this is a piece of a datagram.
    pub fragment: Option<Fragment>,
    /// IPv4 reserved, don't-fragment and more-fragments bits as `RDM`.
    pub flags: u8,
    /// IPv4: whether the header checksum is right; none when unchecked.
    pub checksum_valid: Option<bool>,
}

/// Where a fragment belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Identification shared by the fragments of a datagram.
    pub id: u32,
    /// Offset of this piece in bytes.
    pub offset: usize,
    /// Whether more fragments follow.
    pub more: bool,
    /// IPv6: offset in the packet (from the IP header on) of the byte that names the next header and of the fragment
    /// header itself, so that the header can be taken out.
    pub next_header_at: usize,
    /// IPv6: see `next_header_at`.
    pub header_at: usize,
}

/// A transport header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport<'a> {
    /// No header that was decoded.
    None,
    /// TCP.
    Tcp(Tcp<'a>),
    /// UDP.
    Udp(Udp<'a>),
    /// ICMP.
    Icmpv4(Icmp<'a>),
    /// ICMPv6.
    Icmpv6(Icmp<'a>),
    /// SCTP.
    Sctp(Sctp<'a>),
}

/// Kinds of encapsulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelKind {
    /// GRE (RFC 2784, 2637).
    Gre,
    /// ERSPAN mirrored traffic in GRE.
    Erspan,
    /// IPv4 or IPv6 directly in IP.
    IpInIp,
    /// VXLAN (RFC 7348).
    Vxlan,
    /// Geneve (RFC 8926).
    Geneve,
    /// Teredo (RFC 4380).
    Teredo,
}

/// A packet carried inside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tunnel<'a> {
    /// Encapsulation.
    pub kind: TunnelKind,
    /// What the inner packet starts with.
    pub link: LinkLayer,
    /// VXLAN or Geneve network identifier, GRE key.
    pub id: Option<u32>,
    /// The inner packet.
    pub data: &'a [u8],
    depth: u8,
}

impl<'a> Tunnel<'a> {
    /// Decodes the inner packet, which may carry another one in turn.
    #[must_use]
    pub fn decode(&self, settings: &DecodeSettings) -> Decoded<'a> {
        let mut decoded = Decoded::new(self.data, self.depth);
        super::link::decode_link(&mut decoded, self.data, self.link, settings);
        decoded
    }
}
