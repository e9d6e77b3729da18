//! Decoding of known packets, and of anything at all.
#![allow(clippy::type_complexity, clippy::too_many_arguments, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fengsui_protocols::*;
use proptest::prelude::*;
use support::{ethernet, ipv4, udp};

fn decoded(frame: &[u8]) -> Decoded<'_> {
    decode(frame, LinkLayer::Ethernet, &DecodeSettings::default())
}

#[test]
fn a_tagged_datagram_is_decoded() {
    let inner = ipv4(17, 1, 0, &udp(1234, 53, b"hello"));
    let tagged = [&[0x20, 0x07, 0x81, 0x00, 0x00, 0x2a, 0x08, 0x00][..], &inner].concat();
    let frame = ethernet(0x88a8, &tagged);
    let packet = decoded(&frame);
    assert_eq!(packet.vlans.ids(), [7, 42]);
    assert_eq!(packet.ports(), Some((1234, 53)));
    assert_eq!(packet.payload, b"hello");
    assert_eq!(packet.ip.unwrap().checksum_valid, Some(true));
    assert_eq!(packet.events, Vec::<&str>::new());
}

#[test]
fn tunnels_hand_out_what_they_carry() {
    let innermost = ipv4(17, 1, 0, &udp(1, 2, b"deep"));
    let vxlan = [&[8, 0, 0, 0, 0, 0, 99, 0][..], &ethernet(0x0800, &innermost)].concat();
    let frame = ethernet(0x0800, &ipv4(17, 2, 0, &udp(5000, 4789, &vxlan)));
    let packet = decoded(&frame);
    let tunnel = packet.tunnel.expect("carries one");
    assert_eq!((tunnel.kind, tunnel.id), (TunnelKind::Vxlan, Some(99)));
    let inner = tunnel.decode(&DecodeSettings::default());
    assert_eq!((inner.payload, inner.depth), (&b"deep"[..], 1));

    let gre = [&[0x20, 0, 8, 0, 0, 0, 0, 5][..], &innermost].concat();
    let frame = ethernet(0x0800, &ipv4(47, 3, 0, &gre));
    let tunnel = decoded(&frame).tunnel.expect("carries one");
    assert_eq!((tunnel.kind, tunnel.id), (TunnelKind::Gre, Some(5)));
    assert_eq!(tunnel.decode(&DecodeSettings::default()).payload, b"deep");
}

/// What a frame carries at its innermost, and the tunnels on the way there.
fn innermost(frame: &[u8], link: LinkLayer) -> (Vec<u8>, Vec<(TunnelKind, Option<u32>)>, Vec<&'static str>) {
    let settings = DecodeSettings::default();
    let mut packet = decode(frame, link, &settings);
    let mut tunnels = Vec::new();
    let mut events = packet.events.to_vec();
    while let Some(tunnel) = packet.tunnel {
        tunnels.push((tunnel.kind, tunnel.id));
        packet = tunnel.decode(&settings);
        events.extend_from_slice(&packet.events);
    }
    (packet.payload.to_vec(), tunnels, events)
}

#[test]
fn every_encapsulation_hands_out_what_it_carries() {
    let datagram = ipv4(17, 1, 0, &udp(1, 2, b"deep"));
    let frame = ethernet(0x0800, &datagram);
    let mut version_6 = vec![0x60, 0, 0, 0, 0, 12, 17, 64];
    version_6.extend([0x20; 32]);
    version_6.extend(udp(1, 2, b"deep"));
    let in_udp = |port: u16, content: &[u8]| ethernet(0x0800, &ipv4(17, 2, 0, &udp(5_000, port, content)));
    let in_gre = |header: &[u8], content: &[u8]| ethernet(0x0800, &ipv4(47, 3, 0, &[header, content].concat()));
    let behind = |ether_type: u16, header: &[u8], content: &[u8]| ethernet(ether_type, &[header, content].concat());
    let plain = |header: &[u8]| [header, &datagram].concat();
    let cases: [(&str, Vec<u8>, LinkLayer, &[(TunnelKind, Option<u32>)]); 19] = [
        (
            "geneve",
            in_udp(6_081, &[&[1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 4][..], &frame].concat()),
            LinkLayer::Ethernet,
            &[(TunnelKind::Geneve, Some(7))],
        ),
        (
            "vxlan",
            in_udp(4_789, &[&[8, 0, 0, 0, 0, 0, 9, 0][..], &frame].concat()),
            LinkLayer::Ethernet,
            &[(TunnelKind::Vxlan, Some(9))],
        ),
        ("teredo", in_udp(3_544, &version_6), LinkLayer::Ethernet, &[(TunnelKind::Teredo, None)]),
        (
            "gre with a key",
            in_gre(&[0x20, 0, 8, 0, 0, 0, 0, 5], &datagram),
            LinkLayer::Ethernet,
            &[(TunnelKind::Gre, Some(5))],
        ),
        (
            "gre of pptp",
            in_gre(&[0x20, 1, 0x88, 0x0b, 0, 38, 0, 4], &plain(&[0xff, 3, 0, 0x21])),
            LinkLayer::Ethernet,
            &[(TunnelKind::Gre, Some(0x0026_0004))],
        ),
        ("erspan I", in_gre(&[0, 0, 0x88, 0xbe], &frame), LinkLayer::Ethernet, &[(TunnelKind::Erspan, None)]),
        (
            "erspan II",
            in_gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 3, 0, 0, 0, 0], &frame),
            LinkLayer::Ethernet,
            &[(TunnelKind::Erspan, Some(3))],
        ),
        (
            "erspan III",
            in_gre(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0], &frame),
            LinkLayer::Ethernet,
            &[(TunnelKind::Erspan, Some(4))],
        ),
        ("ip in ip", ethernet(0x0800, &ipv4(4, 4, 0, &datagram)), LinkLayer::Ethernet, &[(TunnelKind::IpInIp, None)]),
        (
            "ipv6 in ip",
            ethernet(0x0800, &ipv4(41, 5, 0, &version_6)),
            LinkLayer::Ethernet,
            &[(TunnelKind::IpInIp, None)],
        ),
        ("mpls", behind(0x8847, &[0, 1, 0x40, 64, 0, 2, 1, 64], &datagram), LinkLayer::Ethernet, &[]),
        ("ethernet over mpls", behind(0x8847, &[0, 1, 0x41, 64, 0, 0, 0, 0], &frame), LinkLayer::Ethernet, &[]),
        ("pppoe", behind(0x8864, &[0x11, 0, 0, 1, 0, 34, 0, 0x21], &datagram), LinkLayer::Ethernet, &[]),
        (
            "three tags",
            behind(0x88a8, &[0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3, 8, 0], &datagram),
            LinkLayer::Ethernet,
            &[],
        ),
        ("nsh", behind(0x894f, &[0, 2, 2, 1, 0, 0, 0, 0], &datagram), LinkLayer::Ethernet, &[]),
        ("sll", plain(&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0]), LinkLayer::Sll, &[]),
        ("sll2", plain(&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0]), LinkLayer::Sll2, &[]),
        ("loopback of bsd", plain(&[2, 0, 0, 0]), LinkLayer::Null, &[]),
        ("raw", datagram.clone(), LinkLayer::Raw, &[]),
    ];
    for (name, bytes, link, tunnels) in cases {
        let (payload, seen, events) = innermost(&bytes, link);
        assert_eq!((payload.as_slice(), seen.as_slice()), (&b"deep"[..], tunnels), "{name}: {events:?}");
        // Cut anywhere, it is decoded as far as it goes.
        for length in 0..bytes.len() {
            let (payload, ..) = innermost(&bytes[..length], link);
            assert_ne!(payload, b"deep", "{name} at {length}");
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    let packet = ipv4(17, 1, 0, &udp(1, 2, b"x"));
    let cases: [(Vec<u8>, &str); 6] = [
        (vec![0; 13], "decoder.ethernet.pkt_too_small"),
        (ethernet(0x0800, &packet[..19]), "decoder.ipv4.pkt_too_small"),
        (ethernet(0x0800, &packet[..24]), "decoder.ipv4.trunc_pkt"),
        (ethernet(0x0800, &[&[0x55][..], &packet[1..]].concat()), "decoder.ipv4.wrong_ip_version"),
        (ethernet(0x0800, &ipv4(6, 1, 0, &[0; 19])), "decoder.tcp.pkt_too_small"),
        (ethernet(0x0800, &ipv4(47, 1, 0, &[0, 2, 0, 0])), "decoder.gre.wrong_version"),
    ];
    for (frame, event) in cases {
        let packet = decoded(&frame);
        assert!(packet.invalid && packet.events.contains(&event), "{event}: {:?}", packet.events);
    }
}

#[test]
fn stacked_tags_and_tunnels_are_bounded() {
    let mut data = ipv4(17, 1, 0, &udp(1, 2, b"x"));
    for _ in 0..40 {
        data = ipv4(4, 1, 0, &data);
    }
    let mut depth = 0;
    let settings = DecodeSettings::default();
    let mut packet = decode_ip(&data, &settings);
    while let Some(tunnel) = packet.tunnel {
        packet = tunnel.decode(&settings);
        depth += 1;
    }
    assert_eq!(depth, limits::TUNNEL_LAYERS);
    assert!(packet.events.contains(&"decoder.too_many_layers"));
    let tags = [0x81, 0, 0, 1].repeat(10);
    assert!(
        decoded(&ethernet(0x8100, &[&[0, 1][..], &tags].concat())).events.contains(&"decoder.vlan.too_many_layers")
    );
}

fn fragments(payload: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut bounds = cuts.iter().map(|cut| cut % payload.len() / 8 * 8).collect::<Vec<_>>();
    bounds.extend([0, payload.len()]);
    bounds.sort_unstable();
    bounds.dedup();
    let pieces = bounds.windows(2).map(|pair| {
        let more = if pair[1] < payload.len() { 0x2000 } else { 0 };
        let field = u16::try_from(pair[0] / 8).unwrap() | more;
        ipv4(17, 77, field, &payload[pair[0]..pair[1]])
    });
    pieces.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn anything_is_decoded_without_panic(data in prop::collection::vec(any::<u8>(), 0..200), link in 0_u32..300) {
        let settings = DecodeSettings::default();
        let mut packet = decode(&data, LinkLayer::from_number(link), &settings);
        while let Some(tunnel) = packet.tunnel {
            packet = tunnel.decode(&settings);
        }
        let _ = decode_ip(&data, &settings);
    }

    #[test]
    fn mutated_packets_are_decoded_without_panic(
        kind in 0_usize..8,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let inner = ipv4(17, 1, 0, &udp(1, 2, b"payload"));
        let protocols = [1_u8, 6, 17, 41, 47, 51, 58, 132];
        let mut body = vec![0x20, 0x00, 0x08, 0x00, 0, 0, 0, 1];
        body.extend_from_slice(&inner);
        body.extend_from_slice(&[0; 40]);
        let mut frame = ethernet(0x0800, &ipv4(protocols[kind], 1, 0, &body));
        for (index, value) in changes {
            let at = index.index(frame.len());
            frame[at] = value;
        }
        frame.truncate(cut.index(frame.len()) + 1);
        let settings = DecodeSettings::default();
        let packet = decoded(&frame);
        let mut defragmenter = Defragmenter::new(DefragSettings::default());
        let _ = defragmenter.add(fengsui_schema::Timestamp::EPOCH, &packet, None);
        if let Transport::Icmpv4(icmp) | Transport::Icmpv6(icmp) = packet.transport {
            let _ = icmp.quoted_flow();
        }
        if let Some(tunnel) = packet.tunnel {
            let _ = tunnel.decode(&settings);
        }
    }

    #[test]
    fn fragments_in_any_order_make_the_datagram(
        payload in prop::collection::vec(any::<u8>(), 64..600),
        cuts in prop::collection::vec(any::<usize>(), 1..8),
        order in any::<u64>(),
    ) {
        let whole = udp(9, 10, &payload);
        let mut pieces = fragments(&whole, &cuts);
        prop_assume!(pieces.len() > 1);
        let count = u64::try_from(pieces.len()).unwrap();
        for index in 1..pieces.len() {
            let other = (order.rotate_left(u32::try_from(index).unwrap()) % count) as usize;
            pieces.swap(index, other);
        }
        let mut defragmenter = Defragmenter::new(DefragSettings::default());
        let settings = DecodeSettings::default();
        let mut complete = None;
        for piece in &pieces {
            let outcome = defragmenter.add(fengsui_schema::Timestamp::EPOCH, &decode_ip_fragment(piece, &settings), None);
            prop_assert!(outcome.events.is_empty());
            complete = complete.or(outcome.datagram);
        }
        let datagram = complete.expect("all pieces came");
        prop_assert_eq!(decode_ip(&datagram, &settings).payload, &payload[..]);
        prop_assert_eq!(defragmenter.held_bytes(), 0);
    }
}

fn decode_ip_fragment<'a>(packet: &'a [u8], settings: &DecodeSettings) -> Decoded<'a> {
    decode(packet, LinkLayer::Raw, settings)
}

#[test]
fn old_fragments_are_given_up() {
    let mut defragmenter = Defragmenter::new(DefragSettings { timeout_seconds: 10, ..DefragSettings::default() });
    let settings = DecodeSettings::default();
    let first = ipv4(17, 5, 0x2000, &[1; 16]);
    let last = ipv4(17, 5, 2, &[2; 8]);
    let start = fengsui_schema::Timestamp::EPOCH;
    defragmenter.add(start, &decode_ip_fragment(&first, &settings), None);
    let outcome = defragmenter.add(start.plus_seconds(11), &decode_ip_fragment(&last, &settings), None);
    assert_eq!(outcome.datagram, None);
    assert_eq!(defragmenter.statistics().timed_out, 1);
    let overlap = defragmenter.add(start.plus_seconds(12), &decode_ip_fragment(&last, &settings), None);
    assert_eq!(overlap.events, ["decoder.ipv4.frag_overlap"]);
}
