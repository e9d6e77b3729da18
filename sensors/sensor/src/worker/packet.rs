//! From a captured packet to its flow.

use fengsui_capture::Packet;
use fengsui_protocols::{Decoded, LinkLayer, Transport, TunnelKind, decode, decode_ip};
use fengsui_schema::LossCause;
use fengsui_signatures::{IcmpView, NetworkView, OptionKinds, PacketView, TcpView};

use super::Worker;
use crate::account::{Counter, Fate};
use crate::eve::{PacketInfo, arp_record, packet_anomaly};
use crate::flow::{FlowKey, Side};

/// What encloses a decoded packet.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// Of a datagram put together from fragments: it behind the link header of its last one.
    whole: Option<&'a [u8]>,
    /// EVE's word for where it came from.
    source: &'static str,
    /// Number that tells tunnels apart: network identifier or kind.
    tunnel: u32,
    outer: Option<(Side, Side, u8)>,
}

/// Link type of packets taken out of others.
const RAW_LINK: u32 = 12;
const WIRE: Around<'static> = Around { whole: None, source: "wire/pcap", tunnel: 0, outer: None };

impl Worker {
    /// Works on one packet. `number` counts the packets of the source from 1.
    pub(crate) fn packet(&mut self, packet: &Packet<'_>, number: u64) {
        self.now = packet.time;
        self.order = (number, 0, 0);
        self.alerts_of_packet = 0;
        self.fate = if packet.is_truncated() { Fate::Lost(LossCause::Truncated) } else { Fate::Inspected };
        self.account.count(Counter::DecoderPackets);
        let length = packet.data.len() as u64;
        self.account.add(Counter::DecoderBytes, length);
        self.account.max_packet = self.account.max_packet.max(length);
        let link = LinkLayer::from_number(packet.link.number());
        let shared = std::sync::Arc::clone(&self.shared);
        let mut decoded = decode(packet.data, link, &shared.settings.decode);
        if let Some(tag) = packet.vlan {
            decoded.vlans.push_outer(tag);
        }
        self.walk(packet, number, &decoded, WIRE);
        self.account.settle(self.fate);
    }

    /// A decoded packet and whatever it carries.
    fn walk(&mut self, packet: &Packet<'_>, number: u64, decoded: &Decoded<'_>, around: Around<'_>) {
        self.count_decoded(decoded);
        let info = info_of(packet, number, decoded, around);
        self.tell_decode_events(&info, decoded);
        if let (Some(arp), true) = (&decoded.arp, self.shared.settings.eve.only.is_some() && self.writes("arp")) {
            let record = arp_record(packet.time, self.number_to_tell(number), arp);
            self.emit("arp", &record);
        }
        if decoded.invalid {
            self.account.count(Counter::DecoderInvalid);
            return self.inspect_flowless(&info, decoded);
        }
        if decoded.ip.as_ref().is_some_and(|ip| ip.fragment.is_some()) {
            return self.fragment(packet, number, decoded, &info, around);
        }
        match FlowKey::of(decoded, around.tunnel, self.shared.settings.flow.by_vlan) {
            Some(keyed) => self.flow_packet(&info, decoded, keyed),
            None => self.inspect_flowless(&info, decoded),
        }
        self.tunnelled(packet, number, decoded, around);
    }

    fn fragment(
        &mut self,
        packet: &Packet<'_>,
        number: u64,
        decoded: &Decoded<'_>,
        info: &PacketInfo<'_>,
        around: Around<'_>,
    ) {
        self.account.count(Counter::DefragFragments);
        let policy = decoded.ip.as_ref().and_then(|ip| self.hosts.of(ip.destination));
        let outcome = self.defragmenter.add(packet.time, decoded, policy);
        self.settle_fragment(&outcome);
        let mut view = view_of(info, decoded);
        let events = [decoded.events.as_slice(), outcome.events.as_slice()].concat();
        view.events = &events;
        for event in &outcome.events {
            self.tell_packet_event(info, event);
        }
        self.inspect_packet_without_flow(info, &view);
        let Some(datagram) = outcome.datagram else { return };
        self.account.count(Counter::DefragReassembled);
        let shared = std::sync::Arc::clone(&self.shared);
        let mut whole = decode_ip(&datagram, &shared.settings.decode);
        whole.vlans = decoded.vlans;
        whole.ethernet = decoded.ethernet;
        whole.depth = decoded.depth;
        let framed = framed(decoded, &datagram);
        let around = Around { whole: Some(&framed), ..around };
        self.walk(packet, number, &whole, around);
    }

    fn tunnelled(&mut self, packet: &Packet<'_>, number: u64, decoded: &Decoded<'_>, around: Around<'_>) {
        let Some(tunnel) = &decoded.tunnel else { return };
        let (source, counter) = tunnel_words(tunnel.kind, decoded.ip.as_ref().map_or(4, |ip| ip.version));
        if let Some(counter) = counter {
            self.account.count(counter);
        }
        let shared = std::sync::Arc::clone(&self.shared);
        let inner = tunnel.decode(&shared.settings.decode);
        self.count_ip_in_ip(decoded, &inner, tunnel.kind);
        let outer = decoded.ip.as_ref().map(|ip| {
            let (from, to) = decoded.ports().unwrap_or((0, 0));
            ((ip.source, from), (ip.destination, to), ip.protocol)
        });
        let id = tunnel.id.unwrap_or(0) ^ ((tunnel.kind as u32 + 1) << 28) ^ around.tunnel.rotate_left(8);
        self.walk(packet, number, &inner, Around { whole: None, source, tunnel: id, outer });
    }

    fn count_ip_in_ip(&mut self, outer: &Decoded<'_>, inner: &Decoded<'_>, kind: TunnelKind) {
        let version = |decoded: &Decoded<'_>| decoded.ip.as_ref().map(|ip| ip.version);
        let counter = match (kind, version(outer), version(inner)) {
            (TunnelKind::IpInIp, Some(4), Some(4)) => Counter::DecoderIpv4InIpv4,
            (TunnelKind::IpInIp, Some(4), Some(6)) => Counter::DecoderIpv6InIpv4,
            (TunnelKind::IpInIp, Some(6), Some(4)) => Counter::DecoderIpv4InIpv6,
            (TunnelKind::IpInIp, Some(6), Some(6)) => Counter::DecoderIpv6InIpv6,
            _ => return,
        };
        self.account.count(counter);
    }

    fn count_decoded(&mut self, decoded: &Decoded<'_>) {
        let account = &mut self.account;
        let mut add = |condition: bool, counter: Counter| account.add(counter, u64::from(condition));
        let version = decoded.ip.as_ref().map(|ip| ip.version);
        add(decoded.ethernet.is_some() && !decoded.reassembled, Counter::DecoderEthernet);
        add(decoded.arp.is_some(), Counter::DecoderArp);
        add(!decoded.vlans.ids().is_empty() && !decoded.reassembled, Counter::DecoderVlan);
        add(version == Some(4), Counter::DecoderIpv4);
        add(version == Some(6), Counter::DecoderIpv6);
        add(matches!(decoded.transport, Transport::Tcp(_)), Counter::DecoderTcp);
        add(matches!(decoded.transport, Transport::Udp(_)), Counter::DecoderUdp);
        add(matches!(decoded.transport, Transport::Sctp(_)), Counter::DecoderSctp);
        add(matches!(decoded.transport, Transport::Icmpv4(_)), Counter::DecoderIcmpv4);
        add(matches!(decoded.transport, Transport::Icmpv6(_)), Counter::DecoderIcmpv6);
    }

    fn tell_decode_events(&mut self, info: &PacketInfo<'_>, decoded: &Decoded<'_>) {
        for event in &decoded.events {
            self.account.decoder_event(event);
            self.tell_packet_event(info, event);
        }
    }

    fn tell_packet_event(&mut self, info: &PacketInfo<'_>, event: &'static str) {
        let is_stream = event.starts_with("stream.");
        let output = &self.shared.settings.eve.anomaly;
        if (if is_stream { output.stream } else { output.decode }) && self.writes("anomaly") {
            let record = packet_anomaly(&self.shared.settings, info, None, self.number_to_tell(info.number), event);
            self.emit("anomaly", &record);
        }
    }

    /// A packet that belongs to no flow is shown to the rules on its own.
    fn inspect_flowless(&mut self, info: &PacketInfo<'_>, decoded: &Decoded<'_>) {
        let mut view = view_of(info, decoded);
        view.events = &decoded.events;
        self.inspect_packet_without_flow(info, &view);
    }
}

fn tunnel_words(kind: TunnelKind, version: u8) -> (&'static str, Option<Counter>) {
    match kind {
        TunnelKind::Gre => ("gre tunnel", Some(Counter::DecoderGre)),
        TunnelKind::Erspan => ("erspan tunnel", Some(Counter::DecoderErspan)),
        TunnelKind::IpInIp if version == 6 => ("ipv6 tunnel", None),
        TunnelKind::IpInIp => ("ipv4 tunnel", None),
        TunnelKind::Vxlan => ("vxlan encapsulation", Some(Counter::DecoderVxlan)),
        TunnelKind::Geneve => ("geneve encapsulation", Some(Counter::DecoderGeneve)),
        TunnelKind::Teredo => ("teredo tunnel", Some(Counter::DecoderTeredo)),
    }
}

/// What records tell about this packet.
fn info_of<'a>(packet: &'a Packet<'a>, number: u64, decoded: &'a Decoded<'a>, around: Around<'a>) -> PacketInfo<'a> {
    let (from, to) = decoded.ports().unwrap_or((0, 0));
    let wire = around.outer.is_none();
    let bytes = match (around.whole, wire) {
        (Some(whole), _) => whole,
        (None, true) => packet.data,
        (None, false) => decoded.frame,
    };
    PacketInfo {
        time: packet.time,
        number,
        packet: Some(packet),
        source: around.source,
        sides: decoded.ip.as_ref().map(|ip| ((ip.source, from), (ip.destination, to))),
        protocol: decoded.ip.as_ref().map(|ip| ip.protocol),
        icmp: icmp_kind(decoded),
        length: decoded.frame.len(),
        payload: decoded.payload,
        tunnel: around.outer,
        macs: decoded.ethernet.as_ref().map(|ethernet| (ethernet.source, ethernet.destination)),
        bytes,
        link: if wire { packet.link.number() } else { RAW_LINK },
        headers: Some(decoded),
    }
}

/// A datagram behind what stands before the IP header of a fragment of it.
fn framed(fragment: &Decoded<'_>, datagram: &[u8]) -> Vec<u8> {
    let header = fragment.ip.as_ref().map_or(&[][..], |ip| ip.header);
    let before = (header.as_ptr() as usize).saturating_sub(fragment.frame.as_ptr() as usize);
    [fragment.frame.get(..before).unwrap_or(&[]), datagram].concat()
}

/// ICMP type and code.
pub(super) fn icmp_kind(decoded: &Decoded<'_>) -> Option<(u8, u8)> {
    match &decoded.transport {
        Transport::Icmpv4(icmp) | Transport::Icmpv6(icmp) => Some((icmp.kind, icmp.code)),
        _ => None,
    }
}

/// Whether the checksum of the transport is right; none when unchecked.
pub(super) fn transport_checksum(decoded: &Decoded<'_>) -> Option<bool> {
    match &decoded.transport {
        Transport::Tcp(tcp) => tcp.checksum_valid,
        Transport::Udp(udp) => udp.checksum_valid,
        Transport::Icmpv4(icmp) | Transport::Icmpv6(icmp) => icmp.checksum_valid,
        Transport::Sctp(sctp) => sctp.checksum_valid,
        Transport::None => None,
    }
}

/// Kinds of the options of an IPv4 header, in order.
fn option_kinds(options: &[u8]) -> OptionKinds {
    let mut kinds = OptionKinds::default();
    let mut rest = options;
    while let [kind, tail @ ..] = rest {
        kinds.push(*kind);
        rest = match (kind, tail.first()) {
            (0, _) => break,
            (1, _) => tail,
            (_, Some(length)) if *length >= 2 => rest.get(usize::from(*length)..).unwrap_or(&[]),
            _ => break,
        };
    }
    kinds
}

/// An Ethernet header with its tags.
fn ethernet_header<'a>(decoded: &Decoded<'a>) -> &'a [u8] {
    let tags = 4 * decoded.vlans.ids().len();
    let present = decoded.ethernet.is_some() && !decoded.reassembled;
    if present { decoded.frame.get(..14 + tags).or(decoded.frame.get(..14)).unwrap_or(&[]) } else { &[] }
}

/// What rules see of this packet, without its flow.
pub(super) fn view_of<'a>(info: &PacketInfo<'a>, decoded: &'a Decoded<'a>) -> PacketView<'a> {
    let mut view = PacketView::without_addresses();
    view.time = info.time;
    view.payload = decoded.payload;
    view.events = &decoded.events;
    view.ethernet_header = ethernet_header(decoded);
    view.vlans = decoded.vlans.ids();
    let Some(ip) = &decoded.ip else { return view };
    view.source = Some(ip.source);
    view.destination = Some(ip.destination);
    view.protocol = ip.protocol;
    view.network_header = ip.header;
    view.network = NetworkView {
        ttl: ip.ttl,
        tos: ip.tos,
        id: u16::try_from(ip.id & 0xffff).unwrap_or_default(),
        more_fragments: ip.fragment.is_some_and(|fragment| fragment.more),
        dont_fragment: ip.flags & 0b010 != 0,
        reserved_bit: ip.flags & 0b100 != 0,
        fragment_offset: ip.fragment.map_or(0, |fragment| u16::try_from(fragment.offset / 8).unwrap_or(u16::MAX)),
        options: if ip.version == 4 { option_kinds(ip.options) } else { OptionKinds::default() },
    };
    view.checksums = (ip.checksum_valid, transport_checksum(decoded));
    view.igmp_kind = (ip.protocol == 2).then(|| ip.payload.first().copied()).flatten();
    if ip.protocol == 2 {
        view.transport_header = ip.payload.get(..8).unwrap_or(ip.payload);
    }
    if let Some((from, to)) = decoded.ports() {
        (view.source_port, view.destination_port) = (from, to);
    }
    add_transport(&mut view, decoded);
    view
}

fn add_transport<'a>(view: &mut PacketView<'a>, decoded: &'a Decoded<'a>) {
    match &decoded.transport {
        Transport::Tcp(tcp) => {
            view.transport_header = tcp.header;
            view.tcp = Some(TcpView {
                flags: tcp.flags,
                sequence: tcp.sequence,
                acknowledgement: tcp.acknowledgement,
                window: tcp.window,
                mss: tcp.options.mss,
                window_scale: tcp.options.window_scale,
            });
        }
        Transport::Udp(udp) => view.transport_header = udp.header,
        Transport::Icmpv4(icmp) | Transport::Icmpv6(icmp) => {
            view.transport_header = icmp.header;
            view.icmp = Some(IcmpView {
                kind: icmp.kind,
                code: icmp.code,
                id: icmp.id,
                sequence: icmp.sequence,
                mtu: icmp.mtu,
            });
        }
        Transport::Sctp(sctp) => view.sctp = Some(sctp),
        Transport::None => {}
    }
}
