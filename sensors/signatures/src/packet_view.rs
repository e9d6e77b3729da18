//! What rules see of a packet, a flow and a file.

use std::net::{IpAddr, SocketAddr};

use fengsui_protocols::{AppProtocol, Direction, Sctp};
use fengsui_schema::Timestamp;

/// What rules see of a packet and of the flow it belongs to. Addresses and ports are the packet's own, not the flow's.
#[derive(Debug, Clone, Copy)]
pub struct PacketView<'a> {
    /// Packet time.
    pub time: Timestamp,
    /// Source address; none when the packet has no IP header.
    pub source: Option<IpAddr>,
    /// Destination address; none when the packet has no IP header.
    pub destination: Option<IpAddr>,
    /// Source port; 0 without ports.
    pub source_port: u16,
    /// Destination port; 0 without ports.
    pub destination_port: u16,
    /// IP protocol number (6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, 132 SCTP, …).
    pub protocol: u8,
    /// Bytes after the transport header.
    pub payload: &'a [u8],
    /// TCP: the payload was taken by the stream, so rules that want the stream do not look at the packet.
    pub in_stream: bool,
    /// Whether the payload is encrypted: no patterns are looked for in it.
    pub payload_hidden: bool,
    /// Whether there is a packet: at the end of a flow, and for the direction a packet does not go, only what the flow
    /// holds is looked at.
    pub of_packet: bool,
    /// Way of the packet within its flow; none without a flow.
    pub direction: Option<Direction>,
    /// TCP: handshake seen or session picked up midstream; others: packets seen both ways.
    pub established: bool,
    /// Application protocol of the flow, once detected.
    pub app_protocol: Option<AppProtocol>,
    /// What the flow spoke before its protocol changed (STARTTLS, CONNECT, Upgrade).
    pub app_original: Option<AppProtocol>,
    /// Whether protocol detection is over for this direction, with or without a result.
    pub app_protocol_decided: bool,
    /// Stream bytes the client has sent (keyword `stream_size`).
    pub client_bytes: u64,
    /// Stream bytes the server has sent.
    pub server_bytes: u64,
    /// Age of the flow in whole seconds (keyword `flow.age`).
    pub flow_age_seconds: u64,
    /// Packets and bytes of the flow to server, then to client (keywords `flow.pkts`, `flow.bytes`).
    pub flow_packets: [u64; 2],
    /// See [`PacketView::flow_packets`].
    pub flow_bytes: [u64; 2],
    /// Whether the flow carried much in little time, to server and to client (keyword `flow.elephant`).
    pub flow_elephant: [bool; 2],
    /// Fields of the IP header.
    pub network: NetworkView,
    /// Fields of the TCP header.
    pub tcp: Option<TcpView>,
    /// Fields of the ICMP or ICMPv6 header.
    pub icmp: Option<IcmpView>,
    /// The IP header with options or extension headers (`ipv4.hdr`, `ipv6.hdr`).
    pub network_header: &'a [u8],
    /// The Ethernet header, tags included (`ether.hdr`).
    pub ethernet_header: &'a [u8],
    /// VLAN identifiers, outermost first.
    pub vlans: &'a [u16],
    /// Whether the IPv4 header checksum and that of the transport are right; none when unchecked.
    pub checksums: (Option<bool>, Option<bool>),
    /// The SCTP packet.
    pub sctp: Option<&'a Sctp<'a>>,
    /// Type of an IGMP message.
    pub igmp_kind: Option<u8>,
    /// The transport header (`tcp.hdr`, `udp.hdr`, `icmpv4.hdr`, `icmpv6.hdr`).
    pub transport_header: &'a [u8],
    /// Decoder and stream events of the packet: `decoder.ipv4.opt_pad_required`, `stream.3whs_ack_in_wrong_dir`.
    /// The prefix `decoder.` may be missing.
    pub events: &'a [&'static str],
}

/// Fields of an IP header that rules look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct NetworkView {
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Type of service or traffic class.
    pub tos: u8,
    /// IPv4 identification.
    pub id: u16,
    /// More fragments follow.
    pub more_fragments: bool,
    /// May not be fragmented.
    pub dont_fragment: bool,
    /// Reserved flag bit.
    pub reserved_bit: bool,
    /// Offset of a fragment, in units of 8 bytes.
    pub fragment_offset: u16,
    /// Kinds of the IPv4 options, in order.
    pub options: OptionKinds,
}

/// Kinds of the options of an IPv4 header, in order, at most forty.
#[derive(Debug, Clone, Copy)]
pub struct OptionKinds {
    kinds: [u8; 40],
    count: u8,
}

impl Default for OptionKinds {
    fn default() -> Self {
        Self { kinds: [0; 40], count: 0 }
    }
}

impl OptionKinds {
    /// Adds a kind; more than forty fit in no header.
    pub const fn push(&mut self, kind: u8) {
        if (self.count as usize) < self.kinds.len() {
            self.kinds[self.count as usize] = kind;
            self.count += 1;
        }
    }

    pub(crate) fn contains(&self, kind: u8) -> bool {
        self.kinds[..usize::from(self.count)].contains(&kind)
    }
}

/// Fields of a TCP header that rules look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpView {
    /// Flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128.
    pub flags: u8,
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// Window as on the wire.
    pub window: u16,
    /// Maximum segment size option.
    pub mss: Option<u16>,
    /// Window scale option.
    pub window_scale: Option<u8>,
}

/// Fields of an ICMP header that rules look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct IcmpView {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Identifier of echo messages.
    pub id: Option<u16>,
    /// Sequence number of echo messages.
    pub sequence: Option<u16>,
    /// MTU of "packet too big".
    pub mtu: Option<u32>,
}

/// How much of a transaction has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Completion {
    /// Everything in the inspected direction has arrived: growing buffers (bodies) are final.
    pub direction: bool,
    /// Both directions are over: what is remembered of earlier transactions may be dropped.
    pub transaction: bool,
}

/// What rules see of a file that goes over the wire.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileView<'a> {
    /// Number of the file within the flow.
    pub id: u32,
    /// Content after decoding, from `offset` on.
    pub data: &'a [u8],
    /// Where `data` starts in the file, in bytes.
    pub offset: u64,
    /// Bytes of the file so far.
    pub size: u64,
    /// Whether this is all of it.
    pub complete: bool,
    /// Name, when the protocol tells one.
    pub name: Option<&'a [u8]>,
    /// Description of its type.
    pub magic: Option<&'a str>,
    /// MD5 of a complete file.
    pub md5: Option<[u8; 16]>,
    /// SHA-1 of a complete file.
    pub sha1: Option<[u8; 20]>,
    /// SHA-256 of a complete file.
    pub sha256: Option<[u8; 32]>,
}

impl<'a> PacketView<'a> {
    /// A packet with addresses, ports, IP protocol number and payload; everything else empty or unknown.
    #[must_use]
    pub fn new(source: SocketAddr, destination: SocketAddr, protocol: u8, payload: &'a [u8]) -> Self {
        Self {
            source: Some(source.ip()),
            destination: Some(destination.ip()),
            source_port: source.port(),
            destination_port: destination.port(),
            protocol,
            payload,
            ..Self::without_addresses()
        }
    }

    /// A packet without an IP header; rules with protocol `pkthdr` and `decode-event` still see it.
    #[must_use]
    pub fn without_addresses() -> Self {
        Self {
            time: Timestamp::EPOCH,
            source: None,
            destination: None,
            source_port: 0,
            destination_port: 0,
            protocol: 255,
            payload: &[],
            in_stream: false,
            of_packet: true,
            payload_hidden: false,
            direction: None,
            established: false,
            app_protocol: None,
            app_original: None,
            app_protocol_decided: false,
            client_bytes: 0,
            server_bytes: 0,
            flow_age_seconds: 0,
            flow_packets: [0; 2],
            flow_bytes: [0; 2],
            flow_elephant: [false; 2],
            network: NetworkView::default(),
            tcp: None,
            icmp: None,
            network_header: &[],
            ethernet_header: &[],
            vlans: &[],
            checksums: (None, None),
            sctp: None,
            igmp_kind: None,
            transport_header: &[],
            events: &[],
        }
    }
}
