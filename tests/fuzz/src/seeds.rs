//! What seeds and measurements are made of: how each protocol begins, a record of each log source.

use std::path::Path;

use fengsui_protocols::{AppProtocol, Direction};

/// Messages of a conversation.
pub type Messages = Vec<(Direction, Vec<u8>)>;

/// The sample records of a log source, the sound ones first; none when there is no such source.
#[must_use]
pub fn records(source: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../analyzer/normalize/samples");
    let text = std::fs::read_to_string(folder.join(format!("{source}.jsonl"))).unwrap_or_default();
    let samples = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let text = |sample: &serde_json::Value| sample["text"].as_str().unwrap_or_default().to_owned();
    let (refused, sound): (Vec<_>, Vec<_>) = samples.partition(|sample| sample["refused"].as_bool() == Some(true));
    sound.iter().chain(&refused).map(text).collect()
}

/// How a conversation of a protocol begins; every registered protocol has something.
#[must_use]
pub fn conversation(protocol: AppProtocol) -> Messages {
    let (client, server) = opening(protocol);
    let messages = [(Direction::ToServer, client), (Direction::ToClient, server)];
    messages.into_iter().filter(|message| !message.1.is_empty()).collect()
}

/// What the client and the server say first.
fn opening(protocol: AppProtocol) -> (Vec<u8>, Vec<u8>) {
    let text = |client: &str, server: &str| (client.as_bytes().to_vec(), server.as_bytes().to_vec());
    match protocol {
        AppProtocol::Http => text(
            "POST /a?b=c HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ),
        AppProtocol::Smtp => text(
            "EHLO a\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n",
            "220 ready\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go ahead\r\n250 queued\r\n",
        ),
        AppProtocol::Ftp => text("USER a\r\nPASV\r\nRETR f\r\n", "220 ready\r\n227 (192,0,2,1,195,80)\r\n"),
        AppProtocol::FtpData => text("", "content of a file\n"),
        AppProtocol::Pop3 => text("USER u\r\nLIST\r\n", "+OK ready\r\n+OK\r\n+OK 1 message\r\n1 120\r\n.\r\n"),
        AppProtocol::Imap => text("a1 CAPABILITY\r\na2 STARTTLS\r\n", "* OK ready\r\na1 OK done\r\n"),
        AppProtocol::Sip => text(
            "INVITE sip:b@example.org SIP/2.0\r\nFrom: a\r\nContent-Type: application/sdp\r\nContent-Length: 10\r\n\r\nv=0\r\ns=x\r\n",
            "SIP/2.0 180 Ringing\r\nl: 0\r\n\r\n",
        ),
        AppProtocol::Ssh => text("SSH-2.0-client_1.0\r\n", "SSH-2.0-server_2.0\r\n"),
        AppProtocol::Rfb => text("RFB 003.008\n\u{1}", "RFB 003.008\n\u{1}\u{1}"),
        AppProtocol::Telnet => (bytes("fffd18 0d0a"), bytes("fffb01 6c6f67696e3a200d0a")),
        AppProtocol::BittorrentDht => text(
            "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe",
            "d1:rd2:id20:abcdefghij0123456789e1:t2:aa1:y1:re",
        ),
        AppProtocol::Tftp => text("\0\u{1}boot.cfg\0octet\0", ""),
        other => binary(other),
    }
}

fn binary(protocol: AppProtocol) -> (Vec<u8>, Vec<u8>) {
    let (client, server) = match protocol {
        AppProtocol::Http2 => (
            "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a 000000040000000000 \
             000011010500000001 828684418cf1e3c2e5f23a6ba0ab90f4ff",
            "000000040000000000 00000101040000000188",
        ),
        AppProtocol::Tls => (
            "1603030031 0100002d 0303 0707070707070707070707070707070707070707070707070707070707070707 00 0002c02f 0100 0002 0010",
            "160303002a 02000026 0303 0909090909090909090909090909090909090909090909090909090909090909 00 c02f 00",
        ),
        AppProtocol::Tlcp => (
            "1601010031 0100002d 0101 0707070707070707070707070707070707070707070707070707070707070707 00 0002e013 0100 0002 0010",
            "160101002a 02000026 0101 0909090909090909090909090909090909090909090909090909090909090909 00 e013 00",
        ),
        AppProtocol::Smb => (
            "00000044 fe534d42 4000 0000 00000000 0000 0100 00000000 00000000 0000000000000000 00000000 00000000 \
             0000000000000000 00000000000000000000000000000000 24000000",
            "",
        ),
        AppProtocol::Dcerpc => ("05000b0310000000 1000 0000 01000000", "05000c0310000000 1000 0000 01000000"),
        AppProtocol::Mqtt => ("1012 00044d515454 04c2003c 000163 000175 0000", "20020000"),
        AppProtocol::Ldap => ("300c020101600702010304008000", "300c02010161070a010004000400"),
        AppProtocol::Pgsql => ("0000000804d2162f 0000001000030000 7573657200 7500 0000", "4e 5200000008 00000000"),
        AppProtocol::Krb5 => ("0000000e 6a0c300aa103020105a20302010a", ""),
        AppProtocol::Dns | AppProtocol::Mdns | AppProtocol::Llmnr => (
            "123401000001000000000000 04686f7374076578616d706c6500 00010001",
            "123481800001000100000000 04686f7374076578616d706c6500 00010001 c00c 0001 0001 0000003c 0004 cb007109",
        ),
        AppProtocol::Quic => ("c300000001 08 0102030405060708 00 00 4010 00112233445566778899aabbccddeeff", ""),
        AppProtocol::Snmp => ("302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500", ""),
        AppProtocol::Websocket => ("818501020304 69676f686e", "810568656c6c6f"),
        AppProtocol::Dnp3 => ("056405c001000004e921", ""),
        AppProtocol::Modbus => ("0001 0000 0006 11 03 006b 0002", "0001 0000 0007 11 03 04 00050006"),
        AppProtocol::Enip => ("6500 0400 00000000 00000000 0000000000000000 00000000 0100 0000", ""),
        AppProtocol::Nfs => (
            "80000038 00000001 00000000 00000002 000186a3 00000003 00000003 00000000 00000000 00000000 00000000 \
             00000004 726f6f74 00000005 612e747874000000",
            "8000001c 00000001 00000001 00000000 00000000 00000000 00000000 00000000",
        ),
        AppProtocol::Rdp => (
            "0300002a 25 e0 0000 0000 00 436f6f6b69653a206d737473686173683d610d0a 01000800 03000000",
            "03000013 0e d0 0000 0000 00 02 01 0800 02000000",
        ),
        AppProtocol::Ike => {
            ("0102030405060708 0000000000000000 2120 2208 00000000 0000002c 00000010 000102030405060708090a0b", "")
        }
        AppProtocol::Dhcp => return (dhcp(), Vec::new()),
        AppProtocol::Ntp => return ([bytes("23020 6ec"), vec![0; 44]].concat(), Vec::new()),
        _ => ("00", "00"),
    };
    (bytes(client), bytes(server))
}

fn dhcp() -> Vec<u8> {
    let mut message = bytes("01010600 11223344 0000 0000");
    message.resize(236, 0);
    message.extend(bytes("63825363 350101 3204c0000205 ff"));
    message
}

/// The bytes of hexadecimal digits, blanks left out.
fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
}
