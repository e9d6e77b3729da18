//! Short conversations of the application protocols, made by hand.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use fengsui_protocols::Direction::{self, ToClient, ToServer};
use fengsui_protocols::TransportKind::{self, Tcp, Udp};

/// Carrier, port of the server, messages in turn.
pub type Conversation = (TransportKind, u16, Vec<(Direction, Vec<u8>)>);

/// One conversation of each protocol.
pub fn exchanges() -> Vec<Conversation> {
    vec![
        (Tcp, 1883, mqtt()),
        (Tcp, 25, smtp()),
        (Tcp, 389, ldap()),
        (Tcp, 5432, pgsql()),
        (Tcp, 5900, rfb()),
        (Tcp, 110, pop3()),
        (Tcp, 5060, sip()),
        (Tcp, 8080, http2()),
        (Tcp, 445, smb()),
        (Tcp, 135, dcerpc()),
        (Tcp, 20000, dnp3()),
        (Tcp, 44818, enip()),
        (Tcp, 88, kerberos()),
        (
            Udp,
            161,
            vec![(ToServer, hex("302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500"))],
        ),
        (Udp, 123, vec![(ToServer, [&[0x23, 2, 6, 0xec][..], &[0; 44]].concat())]),
        (Udp, 69, vec![(ToServer, b"\x00\x01boot.cfg\x00octet\x00".to_vec())]),
    ]
}

pub fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn mqtt() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToServer, b"\x10\x12\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01c\x00\x01u\x00\x00".to_vec()),
        (ToClient, vec![0x20, 2, 0, 0]),
        (ToServer, b"\x32\x0a\x00\x03a/b\x00\x07xyz".to_vec()),
        (ToClient, vec![0x40, 2, 0, 7]),
        (ToServer, vec![0xe0, 0]),
    ]
}

fn smtp() -> Vec<(Direction, Vec<u8>)> {
    let mail =
        b"From: a@example.org\r\nTo: b@example.org\r\nSubject: s\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\n\r\nsee http://example.org/p\r\n--x\r\nContent-Disposition: attachment; filename=f.txt\r\n\
        Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--x--\r\n.\r\n";
    vec![
        (ToClient, b"220 mail.example.org ESMTP\r\n".to_vec()),
        (ToServer, b"EHLO client.example.org\r\n".to_vec()),
        (ToClient, b"250-mail.example.org\r\n250 OK\r\n".to_vec()),
        (ToServer, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n".to_vec()),
        (ToClient, b"250 OK\r\n250 OK\r\n354 go ahead\r\n".to_vec()),
        (ToServer, mail.to_vec()),
        (ToClient, b"250 queued\r\n".to_vec()),
        (ToServer, b"QUIT\r\n".to_vec()),
    ]
}

fn ldap() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToServer, hex("300c020101600702010304008000")),
        (ToClient, hex("300c02010161070a010004000400")),
        (ToServer, hex("30050201024200")),
    ]
}

fn pgsql() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToServer, hex("0000000804d2162f")),
        (ToClient, b"N".to_vec()),
        (ToServer, [&hex("0000001000030000")[..], b"user\x00u\x00\x00"].concat()),
        (ToClient, [&hex("520000000800000000")[..], &hex("5a0000000549")].concat()),
        (ToServer, [b"Q\x00\x00\x00\x0d", &b"select 1\x00"[..]].concat()),
        (ToClient, [b"C\x00\x00\x00\x0d", &b"SELECT 1\x00"[..], &hex("5a0000000549")].concat()),
    ]
}

fn rfb() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToClient, b"RFB 003.008\n".to_vec()),
        (ToServer, b"RFB 003.008\n".to_vec()),
        (ToClient, vec![1, 1]),
        (ToServer, vec![1]),
        (ToClient, vec![0; 4]),
        (ToServer, vec![1]),
        (ToClient, [&hex("0500032020180001")[..], &[0; 12], &hex("00000001"), b"d"].concat()),
    ]
}

fn pop3() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToClient, b"+OK ready\r\n".to_vec()),
        (ToServer, b"USER u\r\n".to_vec()),
        (ToClient, b"+OK\r\n".to_vec()),
        (ToServer, b"LIST\r\n".to_vec()),
        (ToClient, b"+OK 1 message\r\n1 120\r\n.\r\n".to_vec()),
    ]
}

fn sip() -> Vec<(Direction, Vec<u8>)> {
    let request =
        b"INVITE sip:b@example.org SIP/2.0\r\nFrom: a\r\nContent-Type: application/sdp\r\nContent-Length: 19\r\n\r\n\
        v=0\r\ns=x\r\na=send\r\n\r\n";
    vec![(ToServer, request.to_vec()), (ToClient, b"SIP/2.0 180 Ringing\r\nl: 0\r\n\r\n".to_vec())]
}

fn http2() -> Vec<(Direction, Vec<u8>)> {
    let headers = [&hex("000011010500000001")[..], &hex("828684418cf1e3c2e5f23a6ba0ab90f4ff")].concat();
    vec![
        (ToServer, [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &hex("000000040000000000"), &headers].concat()),
        (ToClient, [&hex("000000040000000000")[..], &hex("00000101040000000188")].concat()),
        (ToClient, [&hex("000005000100000001")[..], b"hello"].concat()),
    ]
}

fn smb() -> Vec<(Direction, Vec<u8>)> {
    let message = |command: u8, id: u8, response: bool, body: &[u8]| {
        let mut header = hex("fe534d4240000000");
        header.extend_from_slice(&[0, 0, 0, 0, command, 0, 1, 0, u8::from(response), 0, 0, 0, 0, 0, 0, 0]);
        header.extend_from_slice(&[id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        header.extend_from_slice(&[0; 16]);
        header.extend_from_slice(body);
        let length = u32::try_from(header.len()).unwrap().to_be_bytes();
        [&length[..], &header].concat()
    };
    let mut negotiate = hex("2400010000000000000000000000000000000000000000000000000000000000000000000202");
    negotiate.resize(38, 0);
    let mut answer = hex("4100010010020000");
    answer.resize(64, 0);
    let mut write =
        hex("310070000300000000000000000000000102030405060708090a0b0c0d0e0f100000000000000000000000000000000061626300");
    write.truncate(51);
    vec![
        (ToServer, message(0, 0, false, &negotiate)),
        (ToClient, message(0, 0, true, &answer)),
        (ToServer, message(9, 1, false, &write)),
        (ToClient, message(9, 1, true, &hex("1100000003000000000000000000000000"))),
        (ToServer, message(6, 2, false, &hex("18000000000000000102030405060708090a0b0c0d0e0f10"))),
        (ToClient, message(6, 2, true, &hex("3c00000000000000"))),
    ]
}

fn dcerpc() -> Vec<(Direction, Vec<u8>)> {
    let bind =
        hex("05000b03100000004800000001000000d016d016000000000100000000000100785634123412cdabef000123456789ab01000000\
         045d888aeb1cc9119fe808002b10486002000000");
    let mut ack = hex("05000c03100000003c00000001000000d016d01600000000000000000100000000000000");
    ack.extend(hex("045d888aeb1cc9119fe808002b10486002000000"));
    ack.resize(60, 0);
    let request = hex("0500000310000000200000000200000008000000000004004142434445464748");
    let response = hex("05000203100000001c0000000200000004000000000000000a0b0c0d");
    vec![(ToServer, bind), (ToClient, ack), (ToServer, request), (ToClient, response)]
}

fn dnp3() -> Vec<(Direction, Vec<u8>)> {
    let framed = |header: &[u8], content: &[u8]| [header, &sum(header), content, &sum(content)].concat();
    vec![
        (ToServer, framed(&hex("05640bc404000300"), &hex("c0c0013c0206"))),
        (ToClient, framed(&hex("05640a4403000400"), &hex("c0c0818000"))),
    ]
}

/// The checksum of DNP3.
fn sum(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0_u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 != 0 { crc >> 1 ^ 0xa6bc } else { crc >> 1 };
        }
    }
    (!crc).to_le_bytes()
}

fn enip() -> Vec<(Direction, Vec<u8>)> {
    let header = |length: u8| [&[0x65, 0, length, 0][..], &[0; 20]].concat();
    vec![(ToServer, [header(4), vec![1, 0, 0, 0]].concat()), (ToClient, [header(4), vec![1, 0, 0, 0]].concat())]
}

fn kerberos() -> Vec<(Direction, Vec<u8>)> {
    let error = hex("7e1d301ba003020105a10302011ea603020119a9041b025253aa043002a100");
    let length = u32::try_from(error.len()).unwrap().to_be_bytes();
    vec![(ToClient, [&length[..], &error].concat())]
}
