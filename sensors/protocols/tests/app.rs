//! Application parsers on known conversations, however they are cut, and on anything at all.
#![allow(clippy::type_complexity, clippy::too_many_arguments, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fengsui_protocols::Direction::{ToClient, ToServer};
use fengsui_protocols::*;
use proptest::prelude::*;
use support::{converse, dns_exchange, hellos, with_length};

const REQUEST: &[u8] =
    b"POST /a/../up%6coad?x=1 HTTP/1.1\r\nHost: Files.Example:8080\r\nUser-Agent: test\r\nCookie: k=v\r\n\
    Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhelloGET /second HTTP/1.1\r\nHost: files.example\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gbk\r\nTransfer-Encoding: chunked\r\n\r\n\
    4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";

/// Conversations every property runs over.
fn conversations() -> Vec<(TransportKind, u16, Vec<(Direction, Vec<u8>)>)> {
    let (query, answer) = dns_exchange();
    let (client, server) = hellos([3, 3], 0xc02f);
    let (tlcp_client, tlcp_server) = hellos([1, 1], 0xe013);
    let encrypted = vec![23, 3, 3, 0, 4, 1, 2, 3, 4];
    let gzip = compressed();
    // What a datagram says can not be cut.
    let mut all = support::exchanges::exchanges();
    all.retain(|(transport, ..)| *transport == TransportKind::Tcp);
    all.extend([
        (TransportKind::Tcp, 80, vec![(ToServer, REQUEST.to_vec()), (ToClient, RESPONSE.to_vec())]),
        (TransportKind::Tcp, 8081, vec![(ToServer, b"GET /z HTTP/1.0\r\n\r\n".to_vec()), (ToClient, gzip)]),
        (TransportKind::Tcp, 443, vec![(ToServer, client), (ToClient, server), (ToClient, encrypted)]),
        (TransportKind::Tcp, 443, vec![(ToServer, tlcp_client), (ToClient, tlcp_server)]),
        (TransportKind::Tcp, 22, ssh_exchange()),
        (TransportKind::Tcp, 21, ftp_exchange()),
        (TransportKind::Tcp, 53, vec![(ToServer, with_length(&query)), (ToClient, with_length(&answer))]),
    ]);
    all
}

#[test]
fn every_protocol_is_recognised_by_its_port() {
    let expected = [
        "mqtt", "smtp", "ldap", "pgsql", "rfb", "pop3", "sip", "http2", "smb", "dcerpc", "dnp3", "enip", "krb5",
        "snmp", "ntp", "tftp",
    ];
    let all = support::exchanges::exchanges();
    assert_eq!(all.len(), expected.len());
    for ((transport, port, exchange), name) in all.iter().zip(expected) {
        let said = converse(*transport, *port, &borrowed(exchange), &[usize::MAX]);
        let first = said.transactions.first().unwrap_or_else(|| panic!("{name} has no transaction"));
        assert!(first.0.starts_with(name), "{name}: {}", first.0);
        assert!(!said.anomalies.iter().any(|event| event.contains("malformed")), "{name}: {:?}", said.anomalies);
    }
}

#[test]
fn attachments_of_mails_become_files() {
    let all = support::exchanges::exchanges();
    let said = converse(TransportKind::Tcp, 25, &borrowed(&all[1].2), &[7]);
    assert_eq!(said.files, [(0, Some(b"f.txt".to_vec()), b"hello".to_vec(), true, false)]);
    assert!(said.transactions[0].0.contains(r#""url":["example.org/p"]"#), "{}", said.transactions[0].0);
}

#[test]
fn files_written_over_smb_are_put_together() {
    let all = support::exchanges::exchanges();
    let said = converse(TransportKind::Tcp, 445, &borrowed(&all[8].2), &[11]);
    assert_eq!(said.files.len(), 1);
    assert_eq!((said.files[0].2.as_slice(), said.files[0].3), (&b"abc"[..], true));
}

fn ftp_exchange() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToClient, b"220-Welcome\r\n220 ready\r\n".to_vec()),
        (ToServer, b"USER anonymous\r\n".to_vec()),
        (ToClient, b"331 password?\r\n".to_vec()),
        (ToServer, b"PASV\r\n".to_vec()),
        (ToClient, b"227 Entering Passive Mode (192,0,2,1,195,80)\r\n".to_vec()),
    ]
}

fn ssh_exchange() -> Vec<(Direction, Vec<u8>)> {
    let mut body = vec![20];
    body.extend_from_slice(&[0; 16]);
    for list in ["kex-a", "key", "enc-c", "enc-s", "mac-c", "mac-s", "none", "none", "", ""] {
        body.extend_from_slice(&u32::try_from(list.len()).unwrap().to_be_bytes());
        body.extend_from_slice(list.as_bytes());
    }
    body.extend_from_slice(&[0; 5]);
    let length = u32::try_from(body.len() + 1).unwrap().to_be_bytes();
    let packet = [&length[..], &[0], &body].concat();
    vec![
        (ToServer, [&b"SSH-2.0-client_1.0 comment\r\n"[..], &packet].concat()),
        (ToClient, [&b"SSH-2.0-server_2.0\r\n"[..], &packet].concat()),
    ]
}

fn compressed() -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&b"the quick brown fox ".repeat(50)).unwrap();
    let body = encoder.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}

fn borrowed(exchange: &[(Direction, Vec<u8>)]) -> Vec<(Direction, &[u8])> {
    exchange.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect()
}

fn buffer(said: &support::Said, transaction: usize, direction: Direction, buffer: Buffer) -> String {
    let found = said.transactions[transaction].1.iter().find(|entry| entry.0 == direction && entry.1 == buffer);
    String::from_utf8_lossy(&found.unwrap_or_else(|| panic!("{} is not set", buffer.keyword())).2).into_owned()
}

#[test]
fn http_requests_and_responses_pair_up() {
    let said = converse(TransportKind::Tcp, 80, &[(ToServer, REQUEST), (ToClient, RESPONSE)], &[1000]);
    assert_eq!(said.transactions.len(), 2);
    let expected = [
        (0, ToServer, Buffer::HttpMethod, "POST"),
        (0, ToServer, Buffer::HttpUri, "/upload?x=1"),
        (0, ToServer, Buffer::HttpUriRaw, "/a/../up%6coad?x=1"),
        (0, ToServer, Buffer::HttpHost, "files.example"),
        (0, ToServer, Buffer::HttpHostRaw, "Files.Example:8080"),
        (0, ToServer, Buffer::HttpCookie, "k=v"),
        (0, ToServer, Buffer::HttpRequestBody, "hello"),
        (0, ToClient, Buffer::HttpStatusCode, "200"),
        (0, ToClient, Buffer::HttpResponseBody, "Wikipedia"),
        (0, ToClient, Buffer::FileData, "Wikipedia"),
        (1, ToServer, Buffer::HttpHeaderNames, "\r\nHost\r\n\r\n"),
        (1, ToServer, Buffer::HttpHeader, "Host: files.example\r\n"),
        (1, ToClient, Buffer::HttpLocation, "/there"),
    ];
    for (transaction, direction, keyword, value) in expected {
        assert_eq!(buffer(&said, transaction, direction, keyword), value, "{}", keyword.keyword());
    }
    let eve = &said.transactions[0].0;
    for part in [
        "\"hostname\":\"files.example\"",
        "\"http_port\":8080",
        "\"status\":200",
        "\"http_content_type\":\"text/html\"",
    ] {
        assert!(eve.contains(part), "{part} in {eve}");
    }
    assert!(said.transactions[1].0.contains("\"redirect\":\"/there\""));
    let names = said.files.iter().map(|file| (file.1.clone().unwrap(), file.2.clone())).collect::<Vec<_>>();
    assert_eq!(names, [(b"/upload".to_vec(), b"hello".to_vec()), (b"/upload".to_vec(), b"Wikipedia".to_vec())]);
}

#[test]
fn http_bodies_are_understood_whatever_the_headers_claim() {
    let body = b"content to be found";
    let cases: [&[u8]; 7] = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncontent to be found",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 19\r\n\r\ncontent to be found",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\ncontent to be found",
        b"HTTP/1.1 200 OK\rContent-Length: 19\r\n\r\ncontent to be found",
        b"HTTP/1.1 200 OK\nContent-Length: 19 \n\ncontent to be found",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding :\r\n chunked\r\n\r\n0x8\r\r\ncontent \r\n0b,\r\nto be found\r\n0\r\n\r\n",
        b"junk\r\nHTTP/1.1 204 No\r\nContent-Length: 19\r\n\r\ncontent to be found",
    ];
    for case in cases {
        let said = converse(TransportKind::Tcp, 80, &[(ToServer, b"GET / HTTP/1.1\r\n\r\n"), (ToClient, case)], &[7]);
        let found = buffer(&said, 0, ToClient, Buffer::HttpResponseBody);
        assert!(found.as_bytes().ends_with(body), "{} gave {found}", String::from_utf8_lossy(case));
    }
}

#[test]
fn compressed_bodies_are_unpacked() {
    let response = compressed();
    let said = converse(TransportKind::Tcp, 80, &[(ToServer, b"GET /z HTTP/1.0\r\n\r\n"), (ToClient, &response)], &[9]);
    assert_eq!(said.files[0].2, b"the quick brown fox ".repeat(50));
    assert_eq!((said.files[0].3, said.files[0].4), (true, false));
}

#[test]
fn dns_messages_are_transactions() {
    let (query, answer) = dns_exchange();
    let said = converse(TransportKind::Udp, 53, &[(ToServer, &query), (ToClient, &answer)], &[1000]);
    assert_eq!(buffer(&said, 0, ToServer, Buffer::DnsQuery), "host.example");
    assert!(said.transactions[0].0.contains(r#""type":"request","tx_id":0,"id":4660,"flags":"100","rd":true"#));
    assert!(
        said.transactions[1]
            .0
            .contains(r#""answers":[{"rrname":"host.example","rrtype":"A","ttl":60,"rdata":"203.0.113.9"}]"#)
    );
    assert!(said.transactions[1].0.contains(r#""grouped":{"A":["203.0.113.9"]}"#));
}

#[test]
fn ssh_and_ftp_are_read() {
    let exchange = ssh_exchange();
    let said = converse(TransportKind::Tcp, 2222, &borrowed(&exchange), &[1000]);
    assert_eq!(buffer(&said, 0, ToServer, Buffer::SshSoftware), "client_1.0");
    assert_eq!(buffer(&said, 0, ToServer, Buffer::SshHasshString), "kex-a;enc-c;mac-c;none");
    assert_eq!(buffer(&said, 0, ToClient, Buffer::SshHasshServerString), "kex-a;enc-s;mac-s;none");
    let exchange = ftp_exchange();
    let said = converse(TransportKind::Tcp, 21, &borrowed(&exchange), &[1000]);
    assert_eq!(said.transactions.len(), 3);
    assert!(said.transactions[0].0.contains(r#""completion_code":["220"],"reply":["Welcome","ready"]"#));
    assert!(said.transactions[2].0.contains(r#""dynamic_port":50000,"mode":"passive""#), "{}", said.transactions[2].0);
}

#[test]
fn tls_and_tlcp_hellos_are_read() {
    let (client, server) = hellos([3, 3], 0xc02f);
    let said = converse(TransportKind::Tcp, 4433, &[(ToServer, &client), (ToClient, &server)], &[1000]);
    assert_eq!(buffer(&said, 0, ToServer, Buffer::TlsSni), "db.example");
    assert_eq!(buffer(&said, 0, ToServer, Buffer::Ja3String), "771,49199,0-16,,");
    assert!(said.transactions[0].0.contains(r#""version":"TLS 1.2""#), "{}", said.transactions[0].0);
    let (client, server) = hellos([1, 1], 0xe013);
    let said = converse(TransportKind::Tcp, 4433, &[(ToServer, &client), (ToClient, &server)], &[3]);
    assert!(said.transactions[0].0.starts_with("tlcp"));
    for part in [r#""version":"TLCP""#, r#""cipher_suite":"ECC_SM4_CBC_SM3""#, r#""sni":"db.example""#] {
        assert!(said.transactions[0].0.contains(part), "{part} in {}", said.transactions[0].0);
    }
}

#[test]
fn a_hello_in_the_framing_of_ssl_2_opens_tls() {
    let (_, server) = hellos([3, 1], 0x002f);
    let hello = [&[0x80, 28, 1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 0x2f][..], &[7; 16]].concat();
    for sizes in [usize::MAX, 1, 3] {
        let said = converse(TransportKind::Tcp, 443, &[(ToServer, &hello), (ToClient, &server)], &[sizes]);
        assert!(said.transactions[0].0.contains(r#""version":"TLSv1""#), "{}", said.transactions[0].0);
        assert_eq!(said.anomalies, Vec::<&str>::new());
    }
}

#[test]
fn a_line_that_is_too_long_is_told_before_it_ends_and_once() {
    let long = [&b"GET / HTTP/1.1\r\nHost: "[..], &[b'x'; 20_000]].concat();
    let whole = [&long[..], b"\r\n\r\n"].concat();
    let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    for (request, sizes) in [(&long, 1_448), (&whole, 1_448), (&whole, usize::MAX)] {
        let said = converse(TransportKind::Tcp, 80, &[(ToServer, request), (ToClient, answer)], &[sizes]);
        let told = said.anomalies.iter().filter(|name| **name == "http.request_field_too_long");
        assert_eq!(told.count(), 1, "{sizes}");
    }
}

#[test]
fn when_both_sides_have_ended_the_protocol_is_still_known() {
    let settings = AppSettings::default();
    let mut app = AppLayer::new(TransportKind::Tcp, 40_000, 80);
    let mut events = Vec::new();
    for (direction, bytes) in [(ToServer, REQUEST), (ToClient, RESPONSE)] {
        app.data(&settings, fengsui_schema::Timestamp::EPOCH, direction, bytes, &mut events);
        app.end(&settings, fengsui_schema::Timestamp::EPOCH, direction, &mut events);
    }
    assert!(!app.is_over(), "transactions wait to be told");
    let live: Vec<u64> = app.transactions().iter().map(|transaction| transaction.id).collect();
    live.into_iter().for_each(|id| app.release(id));
    assert!(app.is_over());
    app.data(&settings, fengsui_schema::Timestamp::EPOCH, ToServer, REQUEST, &mut events);
    assert_eq!((app.protocol(), app.transactions().opened()), (Some(AppProtocol::Http), 2));
}

#[test]
fn what_follows_starttls_is_held_to_it() {
    let (hello, _) = hellos([3, 3], 0xc02f);
    let begin: [(Direction, &[u8]); 5] = [
        (ToClient, b"220 mail.example ESMTP\r\n"),
        (ToServer, b"EHLO a\r\n"),
        (ToClient, b"250 STARTTLS\r\n"),
        (ToServer, b"STARTTLS\r\n"),
        (ToClient, b"220 go ahead\r\n"),
    ];
    for (next, told) in [(&hello[..], false), (b"EHLO a\r\n", true), (&[0; 32], false)] {
        let exchange = [&begin[..], &[(ToServer, next)]].concat();
        let said = converse(TransportKind::Tcp, 25, &exchange, &[usize::MAX]);
        assert_eq!(said.anomalies.contains(&"applayer_no_tls_after_starttls"), told, "{}", next.escape_ascii());
    }
    // Neither side speaks anything that is known.
    let silence = [&begin[..], &[(ToServer, &[0; 32][..]), (ToClient, &[0; 32])]].concat();
    let said = converse(TransportKind::Tcp, 25, &silence, &[usize::MAX]);
    assert!(said.anomalies.contains(&"applayer_no_tls_after_starttls"), "{:?}", said.anomalies);
}

#[test]
fn transactions_are_counted_anew_when_the_protocol_changes() {
    let settings = AppSettings::default();
    let mut app = AppLayer::new(TransportKind::Tcp, 40_000, 8_080);
    let mut events = Vec::new();
    let exchange: [(Direction, &[u8]); 3] = [
        (ToServer, b"CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n"),
        (ToClient, b"HTTP/1.1 200 OK\r\n\r\n"),
        (ToServer, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    ];
    for (direction, bytes) in exchange {
        app.data(&settings, fengsui_schema::Timestamp::EPOCH, direction, bytes, &mut events);
    }
    let numbers: Vec<(u64, u64)> = app.transactions().iter().map(|tx| (tx.id, tx.number)).collect();
    assert_eq!(numbers, [(0, 0), (1, 0)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn results_do_not_depend_on_the_cutting(sizes in prop::collection::vec(1_usize..40, 1..12)) {
        for (transport, port, exchange) in conversations() {
            let exchange = borrowed(&exchange);
            let whole = converse(transport, port, &exchange, &[usize::MAX]);
            prop_assert!(!whole.transactions.is_empty(), "nothing was recognised on port {}", port);
            prop_assert_eq!(converse(transport, port, &exchange, &sizes), whole);
        }
    }

    #[test]
    fn damaged_conversations_are_survived_and_cut_alike(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        sizes in prop::collection::vec(1_usize..40, 1..6),
    ) {
        let all = conversations();
        let (transport, port, mut exchange) = all[which.index(all.len())].clone();
        for (index, value) in changes {
            let turn = index.index(exchange.len());
            let bytes = &mut exchange[turn].1;
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        let exchange = borrowed(&exchange);
        prop_assert_eq!(converse(transport, port, &exchange, &sizes), converse(transport, port, &exchange, &[usize::MAX]));
    }

    #[test]
    fn every_parser_survives_anything(
        pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80), 0_u64..100), 0..12),
    ) {
        let settings = AppSettings::default();
        for spec in PARSERS {
            for transport in spec.transports {
                let mut parser = (spec.create)(*transport);
                let (mut transactions, mut events) = (Transactions::default(), Vec::new());
                for (to_server, bytes, gap) in &pieces {
                    let direction = if *to_server { ToServer } else { ToClient };
                    let mut context = app::Context::new(fengsui_schema::Timestamp::EPOCH, &settings, &mut transactions, &mut events);
                    parser.parse(direction, app::Input::Data(bytes), &mut context);
                    if *gap > 90 {
                        parser.parse(direction, app::Input::Gap(*gap), &mut context);
                    }
                    if *gap == 90 {
                        parser.parse(direction, app::Input::End, &mut context);
                    }
                }
            }
        }
    }

    #[test]
    fn probes_never_change_their_mind(data in prop::collection::vec(any::<u8>(), 0..40), port_matches in any::<bool>(), known in 0_usize..4) {
        let starts: [&[u8]; 4] = [b"", b"GET /", b"\x16\x03\x01", b"\x00\x20\x12"];
        let data = [starts[known], &data].concat();
        for spec in PARSERS.iter().filter(|spec| spec.transports.contains(&TransportKind::Tcp)) {
            for direction in [ToServer, ToClient] {
                let mut decided = None;
                for length in 0..=data.len() {
                    let probe = app::Probe { data: &data[..length], direction, transport: TransportKind::Tcp, port_matches, server_port: 1 };
                    let verdict = (spec.probe)(&probe);
                    prop_assert!(decided.is_none_or(|decided| decided == verdict), "{} after {} bytes", spec.protocol, length);
                    if verdict != app::Verdict::More { decided = Some(verdict); }
                }
            }
        }
    }
}
