//! Writes the seeds of `corpus/`: `cargo run -p fengsui-fuzz --example make_corpus`.
#![allow(clippy::expect_used)] // run by hand

use std::path::Path;

use fengsui_fuzz::seeds::conversation;
use fengsui_protocols::{Direction, PARSERS};

fn main() {
    for (place, spec) in (0_u8..).zip(PARSERS) {
        let mut seed = vec![place];
        for (direction, message) in conversation(spec.protocol) {
            seed.push(u8::from(direction == Direction::ToClient));
            seed.extend(u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes());
            seed.extend(message);
        }
        write("app_parser", spec.protocol.as_str(), &seed);
    }
    let datagram = packet(17, 0, &[&[0x13, 0x88, 0, 53, 0, 12, 0, 0][..], b"abcd"].concat());
    let ethernet = |kind: u16, content: &[u8]| [&[2; 12][..], &kind.to_be_bytes(), content].concat();
    let vxlan =
        [&[0x13, 0x88, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 7, 0][..], &ethernet(0x0800, &datagram)].concat();
    write("packet_decode", "udp", &[&[0][..], &ethernet(0x0800, &datagram)].concat());
    write("packet_decode", "vlan", &[&[0][..], &ethernet(0x8100, &[&[0, 5, 8, 0][..], &datagram].concat())].concat());
    write("packet_decode", "vxlan", &[&[0][..], &ethernet(0x0800, &packet(17, 0, &vxlan))].concat());
    write("packet_decode", "gre", &[&[1][..], &packet(47, 0, &[&[0, 0, 8, 0][..], &datagram].concat())].concat());
    let framed = |packet: Vec<u8>| [&u16::try_from(packet.len()).unwrap_or(0).to_be_bytes()[..], &packet].concat();
    let fragments = [framed(packet(17, 0x2000, &[7; 16])), framed(packet(17, 2, &[8; 9]))].concat();
    write("ip_defrag", "two", &fragments);
    let segment = |flags: u8, way: u8, numbers: [u8; 4], data: &[u8]| {
        [&[flags, way][..], &numbers, &[u8::try_from(data.len()).unwrap_or(0)], data].concat()
    };
    let opened = [
        vec![1],
        segment(2, 0, [0, 1, 0, 0], b""),
        segment(0x12, 1, [0, 9, 0, 2], b""),
        segment(0x10, 0, [0, 2, 0, 10], b""),
        segment(0x18, 0, [0, 6, 0, 10], b"later"),
        segment(0x18, 0, [0, 2, 0, 10], b"soon"),
        segment(0x11, 1, [0, 10, 0, 11], b""),
    ];
    write("tcp_reassembly", "out-of-order", &opened.concat());
    let mut capture = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 101, 0, 0, 0];
    let length = u32::try_from(datagram.len()).unwrap_or(0).to_le_bytes();
    capture.extend([&[1, 0, 0, 0, 0, 0, 0, 0][..], &length, &length, &datagram].concat());
    write("pcap_reader", "raw", &capture);
    let rules = "alert tcp any any -> any any (msg:\"a\"; content:\"ab\"; content:\"c\"; distance:1; within:9; sid:1;)\n\
        alert udp any any -> any 80 (msg:\"b\"; pcre:\"/x[0-9]+y/i\"; byte_test:2,>,5,0,relative; sid:2;)\n\nab_c x12y";
    write("suricata_rules", "two", rules.as_bytes());
    for (name, content) in [
        ("pdf", &b"%PDF-1.7\n"[..]),
        ("zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00"),
        ("elf", b"\x7fELF\x02\x01\x01\x00"),
        ("text", "烽燧\n".as_bytes()),
    ] {
        write("file_identify", name, content);
    }
}

/// An IPv4 packet without a checksum.
fn packet(protocol: u8, fragment: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + content.len()).unwrap_or(u16::MAX);
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 9]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2]);
    packet.extend_from_slice(content);
    packet
}

fn write(target: &str, name: &str, seed: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    std::fs::write(folder.join(name), seed).expect("the seed can be written");
}
