//! Writes the seeds of `corpus/`: `cargo run -p fengsui-fuzz --example make_corpus`.
#![allow(clippy::expect_used)] // run by hand

use std::path::Path;

use fengsui_fuzz::seeds::{conversation, records};
use fengsui_normalize::SOURCES;
use fengsui_protocols::{Direction, PARSERS};
use fengsui_schema::{RawRecord, RecordOrigin, Timestamp};

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
    packets();
    rules();
    sources();
    relayed();
    documents();
}

fn packets() {
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
}

fn rules() {
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
    let sigma = "title: t\nid: 4a1f7e0c-5d0e-4c7e-9a52-000000000001\nlogsource: {product: windows}\ndetection:\n  \
        a: {Image|endswith: ['\\\\a.exe'], CommandLine|re: 'a.*b'}\n  condition: a\n---\ntitle: c\ncorrelation:\n  \
        type: event_count\n  rules: [4a1f7e0c-5d0e-4c7e-9a52-000000000001]\n  group-by: [source.ip]\n  timespan: 5m\n  \
        condition: {gte: 2}\n";
    write("detection_rules", "sigma", &[&[0], sigma.as_bytes()].concat());
    let list = "type,value,severity,expires,description\nip,192.0.2.0/24,3,2027-01-01,a\ndomain,a.example,2,,b\n";
    write("detection_rules", "list", &[&[1], list.as_bytes()].concat());
    let bundle = r#"{"type":"bundle","objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '192.0.2.7']"}]}"#;
    write("detection_rules", "bundle", &[&[1], bundle.as_bytes()].concat());
    write("detection_rules", "suppression", b"\x02[[suppression]]\nname = \"a\"\nreason = \"b\"\n");
}

fn sources() {
    for (place, source) in (0_u8..).zip(SOURCES) {
        for (number, record) in records(source.name).iter().take(3).enumerate() {
            write("log_source", &format!("{}-{number}", source.name), &[&[place], record.as_bytes()].concat());
        }
    }
    let place = u8::try_from(SOURCES.len()).unwrap_or(u8::MAX);
    let framed = |datagram: &[u8]| [&u16::try_from(datagram.len()).unwrap_or(0).to_be_bytes()[..], datagram].concat();
    // Version 9: a template of two fields, then a flow of it.
    let head = |count: u8| [&[0, 9, 0, count, 0, 0, 0, 9][..], &[0x6a; 4], &[0; 8]].concat();
    let template = [head(1), vec![0, 0, 0, 16, 1, 0, 0, 2, 0, 8, 0, 4, 0, 12, 0, 4]].concat();
    let flow = [head(1), vec![1, 0, 0, 12, 192, 0, 2, 1, 198, 51, 100, 2]].concat();
    write("log_source", "flows-9", &[&[place][..], &framed(&template), &framed(&flow)].concat());
    let version_5 = [&[0, 5, 0, 1][..], &[0x6a; 20], &[1; 48]].concat();
    write("log_source", "flows-5", &[&[place][..], &framed(&version_5)].concat());
}

fn relayed() {
    let record = RawRecord {
        source: "syslog".to_owned(),
        instance: "s1".to_owned(),
        received: Timestamp::from_parts(1_795_348_800, 0),
        payload: b"<13>Nov 22 12:00:00 host app: text".to_vec(),
    };
    let origin = RecordOrigin { node: "s1".to_owned(), epoch: 1, sequence: 9 };
    write("relay_frame", "record", &[&[0][..], &record.encode()].concat());
    write("relay_frame", "record-with-place", &[&[0][..], &record.encode_from(&origin)].concat());
    let body = [&[1][..], &[1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0], b"ab"].concat();
    write("relay_frame", "body", &body);
    write("relay_frame", "header", b"\x02{\"header\":{\"v\":1},\"sig\":\"\"}");
    write("relay_frame", "batch", b"\x03{\"header\":{\"v\":1},\"sig\":\"\",\"messages\":[]}");
    write("relay_frame", "answer", br#"{"lane":"p0","epoch":1,"cursor":0,"sending":0}"#);
    write("relay_frame", "policy", b"\x05[[kind]]\nname = \"alert\"\n");
}

fn documents() {
    let page = "<html><body><p>\u{59d3}\u{540d}\u{ff1a}\u{9a6c}\u{6587}\u{5fe0} 13800138000</p></body></html>";
    let mail = "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n";
    let dump = "INSERT INTO `t` (`a`,`b`) VALUES ('x',1),('y\\'z',2);\n";
    let pdf = "%PDF-1.4\n1 0 obj<</Type/Page/Contents 2 0 R>>endobj\n2 0 obj<</Length 20>>stream\nBT (a) Tj ET\nendstream endobj\n";
    for (name, place, text) in [
        ("text", 1, "\u{7535}\u{8bdd}13800138000"),
        ("table", 2, "a,b\n1,\"2\n3\"\n"),
        ("json", 3, r#"{"a":[{"b":"13800138000"}]}"#),
        ("page", 6, page),
        ("mail", 7, mail),
        ("dump", 9, dump),
        ("pdf", 11, pdf),
    ] {
        write("document", name, &[&[place], text.as_bytes()].concat());
    }
    let text = "\u{8eab}\u{4efd}\u{8bc1}62010219800101001X\u{ff0c}\u{7535}\u{8bdd}\u{ff1a}138 0013 8000\u{ff0c}a@b.example\u{ff0c}\u{7518}A\u{b7}12345";
    write("sensitive_text", "line", text.as_bytes());
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
