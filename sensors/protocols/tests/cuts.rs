//! Text protocols made of awkward parts, in any order: what is made of them does not depend on how the stream is cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fengsui_protocols::Direction::{self, ToClient, ToServer};
use fengsui_protocols::TransportKind;
use proptest::prelude::*;
use support::converse;

/// A protocol: its port, what opens a conversation so that it is recognised, and what may follow in either direction.
struct Language {
    port: u16,
    opening: &'static [(Direction, &'static [u8])],
    client: &'static [&'static [u8]],
    server: &'static [&'static [u8]],
}

/// A head that ends within a limit, or just behind it: such lengths stand at the limits of the parsers.
const RUNS: [(u8, usize); 7] =
    [(b'x', 33), (b'x', 255), (b'a', 1_024), (b' ', 40), (b'{', 1_025), (b'y', 4_096), (b'z', 18_001)];

const HTTP: Language = Language {
    port: 80,
    opening: &[(ToServer, b"POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello")],
    client: &[
        b"HTTP/1.1 200 OK\r\n",
        b"GET /b HTTP/1.1\r\n",
        b"GET /c\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n",
        b"PUT / HTTP/1.0\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 90\r\n\r\n",
        b"--b\r\nContent-Disposition: form-data; filename=\"f\"\r\n\r\n",
        b"BREW /d HTTP/1.1\r\n",
        b"\x00\x00\r\n",
        b" GET /e HTTP/1.1\r\n",
        b"3\r\nabc\r\n",
        b"{\"a\":1}",
        b"{\r",
        b"Host: b\r\n",
        b"Expect: 100-continue\r\n",
        b" folded\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 3\r\n",
        b"0\r\n\r\n",
        b"zz\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\r\r\n",
        b"abc",
        b"\xff\xfe",
    ],
    server: &[
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 404 No\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 204 None\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Content-Encoding: br, br, br, br, br, br\r\n",
        b"Content-Encoding: deflate\r\n",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c\x4a\x06\x00\xc2\x41\x24\x35\x03\x00\x00\x00",
        b"Content-Length: 4\r\n",
        b"3\r\nabc\r\n",
        b"ffffffffffffffffff\r\n",
        b"0\r\n\r\n",
        b"junk\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"abcd",
    ],
};

const SMTP: Language = Language {
    port: 25,
    opening: &[(ToClient, b"220 mail.example ESMTP\r\n"), (ToServer, b"EHLO a.example\r\n")],
    client: &[
        b"MAIL FROM:<a@b>\r\n",
        b"RCPT TO:<c@d>\r\n",
        b"DATA\r\n",
        b"BDAT 6 LAST\r\n",
        b"BDAT 9\r\n",
        b"BDAT x\r\n",
        b"RSET\r\n",
        b"EHLO again\r\n",
        b"AUTH LOGIN\r\n",
        b"STARTTLS\r\n",
        b"Subject: s\r\n folded\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
        b"--b\r\nContent-Disposition: attachment; filename=f\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        b"aGVsbG8=\r\n",
        b"=zz\r\n",
        b"--b--\r\n",
        b"..\r\n",
        b".\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"see http://a.example/x",
    ],
    server: &[
        b"250 ok\r\n",
        b"250-more\r\n",
        b"354 go\r\n",
        b"220 go\r\n",
        b"334 x\r\n",
        b"503 no\r\n",
        b"what\r\n",
        b"\r",
    ],
};

const FTP: Language = Language {
    port: 21,
    opening: &[(ToClient, b"220 ready\r\n"), (ToServer, b"USER a\r\n")],
    client: &[
        b"PASS b\r\n",
        b"PORT 192,0,2,1,4,1\r\n",
        b"PASV\r\n",
        b"RETR f\r\n",
        b"AUTH TLS\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"X",
        b" ",
    ],
    server: &[
        b"331 more\r\n",
        b"230-text\r\n",
        b"150 opening\r\n",
        b"227 at (192,0,2,1,195,80)\r\n",
        b"234 go\r\n",
        b"plain\r\n",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\r",
        b"\n",
    ],
};

const POP3: Language = Language {
    port: 110,
    opening: &[(ToClient, b"+OK ready\r\n"), (ToServer, b"USER a\r\n")],
    client: &[b"PASS b\r\n", b"LIST\r\n", b"RETR 1\r\n", b"STLS\r\n", b"FROB\r\n", b"\r\n", b"\n", b" ", b"QUIT"],
    server: &[
        b"+OK\r\n",
        b"-ERR no\r\n",
        b".\r\n",
        b"..\r\n",
        b"text\r\n",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\r",
        b"\n",
    ],
};

const IMAP: Language = Language {
    port: 143,
    opening: &[(ToClient, b"* OK ready\r\n"), (ToServer, b"a1 LOGIN u {3}\r\n")],
    client: &[
        b"abc\r\n",
        b"a2 APPEND inbox {12}\r\n",
        b"Subject: s\r\n",
        b"a3 STARTTLS\r\n",
        b"a4 IDLE\r\n",
        b"DONE\r\n",
        b"{9999}\r\n",
        b"\r\n",
        b"\r",
        b"\n",
    ],
    server: &[
        b"+ go\r\n",
        b"a1 OK\r\n",
        b"a2 NO\r\n",
        b"a3 OK\r\n",
        b"* 1 FETCH (BODY[] {13}\r\n",
        b"Subject: s\r\n\r",
        b")\r\n",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\r",
        b"\n",
    ],
};

const SIP: Language = Language {
    port: 5060,
    opening: &[(ToServer, b"INVITE sip:b@example.org SIP/2.0\r\nFrom: a\r\n")],
    client: &[
        b"Content-Type: application/sdp\r\n",
        b"Content-Length: 9\r\n",
        b"l: 99999999999\r\n",
        b"v=0\r\ns=x\r\n",
        b"ACK sip:b@example.org SIP/2.0\r\n",
        b"\r\n\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"x",
    ],
    server: &[b"SIP/2.0 180 Ringing\r\n", b"l: 0\r\n", b"Via: a\r\n", b"\r\n\r\n", b"\r\n", b"\n", b"x y\r\n"],
};

const TELNET: Language = Language {
    port: 23,
    opening: &[(ToServer, b"\xff\xfd\x18")],
    client: &[b"\xff\xfa\x18\x00", b"\xff\xf0", b"\xff", b"\xff\xff", b"\xff\xfb", b"root\r\n", b"\r", b"\n", b"\x00"],
    server: &[b"\xff\xfa\x18\x00", b"\xff\xf0", b"\xff", b"login: ", b"\r\n", b"\xff\xfe\x01"],
};

const SSH: Language = Language {
    port: 22,
    opening: &[(ToServer, b"SSH-2.0-a\r\n")],
    client: &[
        b"\x00\x00\x00\x0c\x0a\x14",
        b"\x00\x00\x00\x02\x00\x15",
        b"\xff\xff\xff\xff",
        b"abcdefgh",
        b"\r\n",
        b"\x00",
    ],
    server: &[b"SSH-2.0-b c\r\n", b"SSH-1.5-b\n", b"hello\r\n", b"\x00\x00\x00\x02\x00\x15", b"\n", b"abc"],
};

const LANGUAGES: [(&str, &Language); 8] = [
    ("http", &HTTP),
    ("smtp", &SMTP),
    ("ftp", &FTP),
    ("pop3", &POP3),
    ("imap", &IMAP),
    ("sip", &SIP),
    ("telnet", &TELNET),
    ("ssh", &SSH),
];

/// Who speaks, and which parts they put together in one message.
type Turn = (bool, Vec<prop::sample::Index>);

fn message(language: &Language, (from_client, parts): &Turn) -> (Direction, Vec<u8>) {
    let direction = if *from_client { ToServer } else { ToClient };
    let words = if *from_client { language.client } else { language.server };
    let mut bytes = Vec::new();
    for part in parts {
        // Long runs are rarer than words.
        match part.index(words.len() * 2 + RUNS.len()) {
            word if word < words.len() * 2 => bytes.extend_from_slice(words[word / 2]),
            run => {
                let (byte, length) = RUNS[run - words.len() * 2];
                bytes.extend(std::iter::repeat_n(byte, length));
            }
        }
    }
    (direction, bytes)
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let parts = prop::collection::vec(any::<prop::sample::Index>(), 1..9);
    prop::collection::vec((any::<bool>(), parts), 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn text_protocols_are_read_alike_however_they_are_cut(turns in turns(), sizes in prop::collection::vec(1_usize..60, 1..9)) {
        for (name, language) in LANGUAGES {
            let spoken: Vec<(Direction, Vec<u8>)> = turns.iter().map(|turn| message(language, turn)).collect();
            let mut exchange = language.opening.to_vec();
            exchange.extend(spoken.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())));
            let whole = converse(TransportKind::Tcp, language.port, &exchange, &[usize::MAX]);
            for sizes in [&sizes[..], &[1]] {
                let cut = converse(TransportKind::Tcp, language.port, &exchange, sizes);
                prop_assert_eq!(&cut, &whole, "{} in pieces of {:?}", name, sizes);
            }
        }
    }
}

#[test]
fn every_opening_is_recognised() {
    for (name, language) in LANGUAGES {
        let mut app = fengsui_protocols::AppLayer::new(TransportKind::Tcp, 40_000, language.port);
        let mut events = Vec::new();
        for (direction, bytes) in language.opening {
            let settings = fengsui_protocols::AppSettings::default();
            app.data(&settings, fengsui_schema::Timestamp::EPOCH, *direction, bytes, &mut events);
        }
        assert_eq!(app.protocol().map(|protocol| protocol.as_str()), Some(name));
    }
}

#[test]
fn what_follows_a_request_and_is_none_is_a_body_that_was_not_announced() {
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let exchange = [HTTP.opening[0], (ToServer, &answer[..]), (ToServer, b"GET /next HTTP/1.1\r\n\r\n")];
    for sizes in [usize::MAX, 1, 7] {
        let said = converse(TransportKind::Tcp, 80, &exchange, &[sizes]);
        assert_eq!(said.transactions.len(), 2, "{sizes}");
        let bodies =
            said.transactions[0].1.iter().filter(|entry| entry.1 == fengsui_protocols::Buffer::HttpRequestBody);
        let body: Vec<u8> = bodies.flat_map(|entry| entry.2.clone()).collect();
        assert_eq!(body, [b"hello", &answer[..]].concat(), "{sizes}");
        assert_eq!(said.anomalies.iter().filter(|name| **name == "http.request_body_unexpected").count(), 1);
    }
}
