//! Work grows with the input and not faster, for every registered application parser and every family of rule keywords,
//! on input made to hurt.
#![allow(clippy::expect_used)] // a test that can not go on has failed

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use fengsui_fuzz::growth::{self, Case, repeated};
use fengsui_fuzz::seeds::conversation;
use fengsui_protocols::app::ParserSpec;
use fengsui_protocols::{
    AppLayer, AppProtocol, AppSettings, Buffer, Direction, Expectation, PARSERS, Transaction, TransportKind,
};
use fengsui_schema::Timestamp;
use fengsui_signatures::{
    Completion, FlowState, PacketView, RuleData, RuleSet, RuleSource, Scratch, Tracking, Variables, keyword_names, load,
};

/// Kinds of input for parsers, by name.
const KINDS: [&str; 7] = ["requests", "answers", "begun", "zeros", "ones", "letters", "lines"];

fn input(spec: &ParserSpec, kind: &str, size: usize) -> (Direction, Vec<u8>) {
    let said = conversation(spec.protocol);
    let of = |way: Direction| said.iter().find(|message| message.0 == way).or(said.first()).expect("has messages");
    let (request, answer) = (of(Direction::ToServer), of(Direction::ToClient));
    match kind {
        "requests" => (request.0, repeated(&request.1, size)),
        "answers" => (answer.0, repeated(&answer.1, size)),
        "begun" => {
            let start = &request.1[..request.1.len() / 2];
            (request.0, start.iter().copied().chain(std::iter::repeat(b'a')).take(size).collect())
        }
        "zeros" => (Direction::ToServer, vec![0; size]),
        "ones" => (Direction::ToServer, vec![0xff; size]),
        "letters" => (Direction::ToClient, vec![b'a'; size]),
        _ => (Direction::ToServer, repeated(b"a: b\r\n", size)),
    }
}

/// Conversations that have hurt parsers of their protocol before: how they begin, and what is repeated.
const SPECIAL: [(AppProtocol, &str, &[u8], &[u8]); 10] = [
    (AppProtocol::Tls, "records of one byte", b"\x16\x03\x03\0\x04\x01\x03\xff\xff", b"\x16\x03\x03\0\x01a"),
    (AppProtocol::Http, "chunks of one byte", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    (AppProtocol::Http, "header fields", b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
    (AppProtocol::Http, "folded field", b"GET / HTTP/1.1\r\na: b\r\n", b" c\r\n"),
    (AppProtocol::Http, "lines behind a request", b"GET / HTTP/1.1\r\n\r\n", b"a b\r\n"),
    (AppProtocol::Http, "pipelined requests", b"", b"GET / HTTP/1.1\r\n\r\n"),
    (
        AppProtocol::Http,
        "parts of a form",
        b"POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 9999999\r\n\r\n",
        b"--x\r\n\r\n\r\n",
    ),
    (
        AppProtocol::Smtp,
        "parts of a mail",
        b"EHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n",
        b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n",
    ),
    (AppProtocol::Sip, "header that never ends", b"INVITE sip:a SIP/2.0\r\n", b"a: b\r\n"),
    (AppProtocol::Ftp, "reply that never ends", b"USER a\r\n", b"220-a\r\n"),
];

fn special(start: &[u8], unit: &[u8], size: usize) -> Vec<u8> {
    start.iter().chain(unit.iter().cycle()).copied().take(size).collect()
}

fn parse(spec: &ParserSpec, (direction, data): &(Direction, Vec<u8>)) {
    let settings = AppSettings::default();
    let (transport, port) = (spec.transports[0], spec.ports.first().copied().unwrap_or(1));
    let expected = Expectation { protocol: spec.protocol, port, from_server: false, notice: ("", Vec::new()) };
    let mut layer = AppLayer::announced(transport, 40_000, port, expected);
    let mut events = Vec::new();
    let piece = if transport == TransportKind::Tcp { 1_460 } else { 64 << 10 };
    for piece in data.chunks(piece) {
        layer.data(&settings, Timestamp::EPOCH, *direction, piece, &mut events);
        events.clear();
    }
}

/// Rules, one for each family of keywords, with the text their payload is made of.
const RULES: [(&str, &str, &str); 18] = [
    ("content", "content:\"aab\";", "a"),
    ("content chain", "content:\"a\"; content:\"a\"; distance:0; within:9; content:\"b\"; distance:1; within:4;", "a"),
    ("content without case", "content:\"ABAC\"; nocase;", "abab"),
    ("content negated", "content:\"a\"; content:!\"ac\"; within:2;", "ac"),
    ("pcre", "pcre:\"/(a+)+b/\";", "a"),
    ("pcre relative", "content:\"a\"; pcre:\"/a*b/R\";", "a"),
    ("pcre with references", "pcre:\"/(a+)\\\\1b/\";", "a"),
    ("byte_test", "content:\"a\"; byte_test:2,>,65000,0,relative;", "a"),
    ("byte_jump", "content:\"|00|\"; byte_jump:1,0,relative; content:\"b\"; within:1;", "\u{0}"),
    ("byte_extract", "content:\"a\"; byte_extract:1,0,x,relative; content:\"b\"; distance:x;", "a"),
    ("base64", "content:\"a\"; base64_decode:offset 0,relative; base64_data; content:\"zzzz\";", "aGVsbG8="),
    ("isdataat", "content:\"a\"; isdataat:!9,relative;", "a"),
    (
        "byte_math",
        "content:\"a\"; byte_math:bytes 1,offset 0,oper +,rvalue 1,result x,relative; content:\"b\"; distance:x;",
        "a",
    ),
    ("places", "content:\"a\"; offset:2; depth:9; content:\"b\"; startswith; content:\"c\"; endswith;", "a"),
    ("raw bytes", "pkt_data; content:\"ab\"; rawbytes; fast_pattern; content:\"ac\";", "ab"),
    ("asn1", "asn1:oversize_length 500,absolute_offset 0;", "\u{30}\u{2}\u{1}\u{1}"),
    ("entropy", "entropy:value >= 8,bytes 0;", "ab"),
    ("size", "dsize:>9; content:\"zzzz\";", "a"),
];

fn rule_set(protocol: &str, options: &str) -> RuleSet {
    let text = format!("alert {protocol} any any -> any any (msg:\"m\"; {options} sid:1;)");
    let source = RuleSource { file: "test", text: text.as_bytes() };
    let (rules, report) = load(&[source], &Variables::default(), &RuleData::default());
    assert_eq!(rules.len(), 1, "{options}: {:?}", report.failures);
    rules
}

/// Rules about a buffer of a transaction.
const BUFFER_RULES: [(&str, &str); 25] = [
    ("digest", "http.uri; to_sha256; content:\"|00 01 02 03|\";"),
    ("white space", "http.uri; compress_whitespace; content:\"zzzz\";"),
    ("url decoding", "http.uri; url_decode; content:\"zzzz\";"),
    ("size", "http.uri; bsize:>9; content:\"zzzz\";"),
    ("length", "urilen:>9; http.uri; content:\"zzzz\";"),
    ("older form", "uricontent:\"zzzz\";"),
    ("digest md5", "http.uri; to_md5; content:\"|00 01 02 03|\";"),
    ("digest sha1", "http.uri; to_sha1; content:\"|00 01 02 03|\";"),
    ("lower case", "http.uri; to_lowercase; content:\"zzzz\";"),
    ("upper case", "http.uri; to_uppercase; content:\"ZZZZ\";"),
    ("no white space", "http.uri; strip_whitespace; content:\"zzzz\";"),
    ("pseudo headers", "http.uri; strip_pseudo_headers; content:\"zzzz\";"),
    ("dots", "http.uri; dotprefix; content:\".zzzz\";"),
    ("header names", "http.uri; header_lowercase; content:\"zzzz\";"),
    ("domain", "http.uri; domain; content:\"zzzz\";"),
    ("top-level domain", "http.uri; tld; content:\"zzzz\";"),
    ("xor", "http.uri; xor:\"0d0ac8ff\"; content:\"zzzz\";"),
    ("expression", "http.uri; pcrexform:\"(a+) %41\"; content:\"zzzz\";"),
    ("base64", "http.uri; from_base64: offset 0; content:\"zzzz\";"),
    ("gzip", "http.uri; gunzip; content:\"zzzz\";"),
    ("zlib", "http.uri; zlib_deflate; content:\"zzzz\";"),
    ("slice", "http.uri; subslice:1; content:\"zzzz\";"),
    ("absent", "http.uri; absent:or_else; content:\"zzzz\";"),
    ("dataset", "http.uri; dataset:set,seen,type string;"),
    ("state", "app-layer-state:<request_complete; http.uri; content:\"zzzz\";"),
];

/// Keywords whose work does not grow with bytes: they compare a number, an address, a state or a short name that a parser
/// has made, say something of the rule itself, or only name the buffer that others search.
const LOOKS_AT_FEW_BYTES: &[&str] = &[
    "ack",
    "alert",
    "app-layer-event",
    "app-layer-protocol",
    "bypass",
    "cip_service",
    "classtype",
    "config",
    "datarep",
    "dce_iface",
    "dce_opnum",
    "dcerpc.iface",
    "dcerpc.opnum",
    "decode-event",
    "detection_filter",
    "dhcp.leasetime",
    "dhcp.rebinding_time",
    "dhcp.renewal_time",
    "dnp3.func",
    "dnp3.ind",
    "dnp3.obj",
    "dnp3_func",
    "dnp3_ind",
    "dnp3_obj",
    "dns.opcode",
    "dns.rcode",
    "dns.rrtype",
    "engine-event",
    "enip.capabilities",
    "enip.cip_attribute",
    "enip.cip_class",
    "enip.cip_extendedstatus",
    "enip.cip_instance",
    "enip.cip_service",
    "enip.cip_status",
    "enip.command",
    "enip.device_type",
    "enip.identity_status",
    "enip.product_code",
    "enip.protocol_version",
    "enip.revision",
    "enip.serial",
    "enip.state",
    "enip.status",
    "enip.vendor_id",
    "enip_command",
    "ether.hdr",
    "fileext",
    "filemagic",
    "filemd5",
    "filename",
    "filesha1",
    "filesha256",
    "filesize",
    "filestore",
    "flags",
    "flow",
    "flow.age",
    "flow.bytes",
    "flow.bytes_toclient",
    "flow.bytes_toserver",
    "flow.elephant",
    "flow.pkts",
    "flow.pkts_toclient",
    "flow.pkts_toserver",
    "flowbits",
    "flowint",
    "fragbits",
    "fragoffset",
    "frame",
    "ftp.dynamic_port",
    "ftp.mode",
    "ftp.reply_received",
    "ftpbounce",
    "ftpdata_command",
    "gid",
    "hostbits",
    "http2.errorcode",
    "http2.frametype",
    "http2.priority",
    "http2.settings",
    "http2.size_update",
    "http2.window",
    "http_client_body",
    "http_cookie",
    "http_header",
    "http_host",
    "http_method",
    "http_raw_header",
    "http_raw_host",
    "http_raw_uri",
    "http_server_body",
    "http_stat_code",
    "http_stat_msg",
    "http_uri",
    "http_user_agent",
    "icmp_id",
    "icmp_seq",
    "icmpv4-csum",
    "icmpv4.hdr",
    "icmpv6-csum",
    "icmpv6.hdr",
    "icmpv6.mtu",
    "icode",
    "id",
    "igmp.hdr",
    "igmp.type",
    "ike.chosen_sa_attribute",
    "ike.exchtype",
    "ike.key_exchange_payload_length",
    "ike.nonce_payload_length",
    "imap.email.direction",
    "ip.dst",
    "ip.src",
    "ip_proto",
    "ipopts",
    "iprep",
    "ipv4-csum",
    "ipv4.hdr",
    "ipv6.hdr",
    "itype",
    "krb5.ticket_encryption",
    "krb5_err_code",
    "krb5_msg_type",
    "l3_proto",
    "ldap.request.operation",
    "ldap.responses.count",
    "ldap.responses.operation",
    "ldap.responses.result_code",
    "metadata",
    "modbus",
    "mqtt.connack.return_code",
    "mqtt.connack.session_present",
    "mqtt.connect.flags",
    "mqtt.flags",
    "mqtt.protocol_version",
    "mqtt.qos",
    "mqtt.reason_code",
    "mqtt.type",
    "msg",
    "nfq_set_mark",
    "nfs.procedure",
    "nfs.version",
    "nfs_procedure",
    "nfs_version",
    "noalert",
    "ntp.mode",
    "ntp.stratum",
    "ntp.version",
    "prefilter",
    "priority",
    "reference",
    "requires",
    "rev",
    "rfb.secresult",
    "rfb.sectype",
    "rpc",
    "sameip",
    "sctp.chunk_cnt",
    "sctp.chunk_data",
    "sctp.chunk_type",
    "sctp.dst_port",
    "sctp.hdr",
    "sctp.src_port",
    "sctp.vtag",
    "seq",
    "sid",
    "smb.version",
    "snmp.pdu_type",
    "snmp.trap_type",
    "snmp.version",
    "ssh.protoversion",
    "ssh.softwareversion",
    "ssl_state",
    "ssl_version",
    "stream-event",
    "stream_size",
    "tag",
    "target",
    "tcp.ack",
    "tcp.flags",
    "tcp.hdr",
    "tcp.mss",
    "tcp.seq",
    "tcp.window",
    "tcp.wscale",
    "tcpv4-csum",
    "tcpv6-csum",
    "threshold",
    "tls.cert_chain_len",
    "tls.fingerprint",
    "tls.issuerdn",
    "tls.store",
    "tls_store",
    "tls.subject",
    "tls.version",
    "tls_cert_expired",
    "tls_cert_notafter",
    "tls_cert_notbefore",
    "tls_cert_valid",
    "tos",
    "ttl",
    "udp.hdr",
    "udpv4-csum",
    "udpv6-csum",
    "vlan.id",
    "vlan.layers",
    "websocket.flags",
    "websocket.mask",
    "websocket.opcode",
    "window",
    "xbits",
];

/// The keywords of some options.
fn keywords_of(options: &str) -> impl Iterator<Item = &str> {
    options.split(';').map(|option| option.split(':').next().unwrap_or_default().trim()).filter(|name| !name.is_empty())
}

#[test]
fn every_keyword_is_measured_or_looks_at_few_bytes() {
    let rules = RULES.iter().map(|(_, options, _)| *options).chain(BUFFER_RULES.iter().map(|(_, options)| *options));
    let measured: BTreeSet<&str> = rules.flat_map(keywords_of).collect();
    let missing: Vec<&str> =
        keyword_names().filter(|name| !measured.contains(name) && !LOOKS_AT_FEW_BYTES.contains(name)).collect();
    assert!(missing.is_empty(), "add a rule that measures these, or say that they look at few bytes: {missing:?}");
    let known: BTreeSet<&str> = keyword_names().collect();
    let stale: Vec<_> =
        LOOKS_AT_FEW_BYTES.iter().filter(|name| !known.contains(*name) || measured.contains(*name)).collect();
    assert!(stale.is_empty(), "these are no keywords, or are measured: {stale:?}");
}

fn match_buffer(rules: &RuleSet, value: Vec<u8>) {
    let side = |last, port| SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), port));
    let view = PacketView::new(side(1, 40_000), side(2, 80), 6, b"");
    let mut transaction = Transaction::new(0, AppProtocol::Http, Timestamp::EPOCH);
    transaction.buffers.set(Direction::ToServer, Buffer::HttpUri, value);
    let mut scratch = Scratch::new(Arc::new(Tracking::default()));
    let seen = (&transaction, Completion { direction: true, transaction: true });
    rules.inspect_transaction(&mut scratch, &view, &mut FlowState::default(), Direction::ToServer, seen);
}

fn match_rule(rules: &RuleSet, payload: &[u8]) {
    let side = |last, port| SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), port));
    let mut view = PacketView::new(side(1, 40_000), side(2, 53), 17, payload);
    view.direction = Some(Direction::ToServer);
    let mut scratch = Scratch::new(Arc::new(Tracking::default()));
    rules.inspect_packet(&mut scratch, &view, Some(&mut FlowState::default()), None);
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for spec in PARSERS {
        for kind in KINDS {
            let name = format!("{}: {kind}", spec.protocol);
            cases.push(Case::new(name, move |size| parse(spec, &input(spec, kind, size))));
        }
    }
    for (protocol, name, start, unit) in SPECIAL {
        let spec = PARSERS.iter().find(|spec| spec.protocol == protocol).expect("is registered");
        let work = move |size| parse(spec, &(Direction::ToServer, special(start, unit, size)));
        cases.push(Case::new(format!("{protocol}: {name}"), work));
    }
    for (name, options, unit) in RULES {
        let rules = rule_set("udp", options);
        let work = move |size| match_rule(&rules, &repeated(unit.as_bytes(), size));
        cases.push(Case::new(format!("rule: {name}"), work));
    }
    for (name, options) in BUFFER_RULES {
        let rules = rule_set("http", options);
        let work = move |size| match_buffer(&rules, repeated(b"a %41 ", size));
        cases.push(Case::new(format!("rule: {name}"), work));
    }
    cases
}

#[test]
fn work_grows_with_the_input_and_not_faster() {
    growth::check("work_grows_with_the_input_and_not_faster", &cases());
}
