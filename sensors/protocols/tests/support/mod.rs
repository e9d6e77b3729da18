//! Packets and streams the tests are made of.
#![allow(
    clippy::type_complexity,
    clippy::too_many_arguments,
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

pub mod exchanges;

use fengsui_protocols::*;
use fengsui_schema::Timestamp;

/// What reassembly delivered.
#[derive(Default, Debug)]
pub struct Collected {
    pub to_server: Vec<u8>,
    pub to_client: Vec<u8>,
    /// Bytes and pieces of each call.
    pub calls: Vec<(usize, u32)>,
    pub gaps: Vec<(Direction, u64, u64)>,
    pub ends: Vec<Direction>,
    /// Bytes that both sides had said when each end was told.
    pub bytes_at_ends: Vec<usize>,
    pub events: Vec<&'static str>,
}

impl StreamSink for Collected {
    fn data(&mut self, direction: Direction, _: u64, bytes: &[u8], pieces: u32) {
        self.calls.push((bytes.len(), pieces));
        match direction {
            Direction::ToServer => self.to_server.extend_from_slice(bytes),
            Direction::ToClient => self.to_client.extend_from_slice(bytes),
        }
    }

    fn gap(&mut self, direction: Direction, offset: u64, length: u64) {
        self.gaps.push((direction, offset, length));
    }

    fn end(&mut self, direction: Direction) {
        self.ends.push(direction);
        self.bytes_at_ends.push(self.to_server.len() + self.to_client.len());
    }

    fn event(&mut self, name: &'static str) {
        self.events.push(name);
    }
}

/// Settings under which bytes are handed out as they come.
pub fn at_once() -> StreamSettings {
    StreamSettings { inline: true, ..StreamSettings::default() }
}

/// A connection driven by hand.
pub struct Connection {
    pub session: TcpSession,
    pub settings: StreamSettings,
    pub collected: Collected,
    pub client: u32,
    pub server: u32,
}

impl Connection {
    /// With the handshake done; the sequence numbers are those of the two SYNs.
    pub fn open(settings: StreamSettings, client: u32, server: u32) -> Self {
        let mut connection =
            Self { session: TcpSession::new(), settings, collected: Collected::default(), client, server };
        connection.send(Direction::ToServer, flags::SYN, client, 0, b"");
        connection.send(Direction::ToClient, flags::SYN | flags::ACK, server, client.wrapping_add(1), b"");
        connection.send(Direction::ToServer, flags::ACK, client.wrapping_add(1), server.wrapping_add(1), b"");
        connection
    }

    pub fn send(&mut self, direction: Direction, flags: u8, sequence: u32, acknowledgement: u32, data: &[u8]) -> bool {
        self.send_urgent(direction, flags, sequence, acknowledgement, 0, data)
    }

    pub fn send_urgent(
        &mut self,
        direction: Direction,
        flags: u8,
        sequence: u32,
        acknowledgement: u32,
        urgent: u16,
        data: &[u8],
    ) -> bool {
        let tcp = Tcp {
            source_port: 40_000,
            destination_port: 80,
            sequence,
            acknowledgement,
            flags,
            window: 65_535,
            urgent,
            options: TcpOptions::default(),
            header: &[],
            checksum_valid: None,
        };
        let segment = Segment { time: Timestamp::EPOCH, direction, tcp: &tcp, payload: data };
        self.session.segment(&self.settings, &segment, &mut self.collected)
    }

    /// Data of the client at an offset of its stream.
    pub fn client_data(&mut self, offset: usize, data: &[u8]) -> bool {
        let sequence = self.client.wrapping_add(1).wrapping_add(u32::try_from(offset).unwrap());
        self.send(Direction::ToServer, flags::ACK, sequence, self.server.wrapping_add(1), data)
    }

    pub fn finish(&mut self) {
        self.session.finish(&self.settings, &mut self.collected);
    }
}

/// What an application layer said, in a form that does not depend on how the stream was cut.
#[derive(Debug, PartialEq, Default)]
pub struct Said {
    pub transactions: Vec<(String, Vec<(Direction, Buffer, Vec<u8>)>, Vec<&'static str>)>,
    pub files: Vec<(u32, Option<Vec<u8>>, Vec<u8>, bool, bool)>,
    pub anomalies: Vec<&'static str>,
    pub frames: Vec<(&'static str, Vec<u8>)>,
}

/// Feeds an exchange, each message cut into pieces of the sizes given in turn.
pub fn converse(transport: TransportKind, server_port: u16, exchange: &[(Direction, &[u8])], sizes: &[usize]) -> Said {
    let settings = AppSettings::default();
    let mut app = AppLayer::new(transport, 40_000, server_port).with_interest(fengsui_protocols::Interest::ALL);
    let mut events = Vec::new();
    let mut turn = sizes.iter().cycle();
    for (direction, bytes) in exchange {
        let mut rest = *bytes;
        while !rest.is_empty() {
            let size = (*turn.next().unwrap_or(&rest.len())).clamp(1, rest.len());
            let (piece, after) = rest.split_at(size);
            app.data(&settings, Timestamp::EPOCH, *direction, piece, &mut events);
            rest = after;
        }
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        app.end(&settings, Timestamp::EPOCH, direction, &mut events);
    }
    said(&app, events)
}

fn said(app: &AppLayer, events: Vec<AppEvent>) -> Said {
    let mut said = Said::default();
    for transaction in app.transactions().iter() {
        let mut buffers = Vec::new();
        for direction in [Direction::ToServer, Direction::ToClient] {
            buffers
                .extend(transaction.buffers.of(direction).map(|(buffer, value)| (direction, buffer, value.to_vec())));
        }
        let eve = format!(
            "{} {} {} {} {}",
            transaction.protocol,
            transaction.request_complete,
            transaction.response_complete,
            serde_json::to_string(&transaction.eve).unwrap(),
            serde_json::to_string(&transaction.eve_more).unwrap(),
        );
        said.transactions.push((eve, buffers, transaction.events.clone()));
    }
    for event in events {
        match event {
            AppEvent::Progress { .. } | AppEvent::Expect(_) => {}
            AppEvent::Frame(frame) => said.frames.push((frame.kind.name, frame.data)),
            AppEvent::Anomaly { name, .. } => said.anomalies.push(name),
            AppEvent::File(chunk) => match said.files.iter_mut().find(|file| file.0 == chunk.file) {
                Some(file) => {
                    file.2.extend_from_slice(&chunk.data);
                    file.3 |= chunk.end;
                    file.4 |= chunk.truncated;
                }
                None => said.files.push((chunk.file, chunk.name, chunk.data, chunk.end, chunk.truncated)),
            },
        }
    }
    said
}

/// An IPv4 packet.
pub fn ipv4(protocol: u8, id: u16, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&id.to_be_bytes());
    packet.extend_from_slice(&fragment.to_be_bytes());
    packet.extend_from_slice(&[64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2]);
    let sum: u32 = packet.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

pub fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    datagram.extend_from_slice(&source.to_be_bytes());
    datagram.extend_from_slice(&destination.to_be_bytes());
    datagram.extend_from_slice(&u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
    datagram.extend_from_slice(&[0, 0]);
    datagram.extend_from_slice(payload);
    datagram
}

pub fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    frame.extend_from_slice(&ether_type.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A DNS question for `host.example`, and its answer.
pub fn dns_exchange() -> (Vec<u8>, Vec<u8>) {
    let name = b"\x04host\x07example\x00";
    let mut request = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    request.extend_from_slice(name);
    request.extend_from_slice(&[0, 1, 0, 1]);
    let mut response = request.clone();
    response[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
    response.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 9]);
    (request, response)
}

pub fn with_length(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

/// A ClientHello and a ServerHello of a version with these suites, in records.
pub fn hellos(version: [u8; 2], suite: u16) -> (Vec<u8>, Vec<u8>) {
    let suite = suite.to_be_bytes();
    let name = b"db.example";
    let mut sni = Vec::new();
    sni.extend_from_slice(&[0, u8::try_from(name.len() + 3).unwrap(), 0, 0, u8::try_from(name.len()).unwrap()]);
    sni.extend_from_slice(name);
    let mut extensions = vec![0, 0, 0, u8::try_from(sni.len()).unwrap()];
    extensions.extend_from_slice(&sni);
    extensions.extend_from_slice(&[0, 16, 0, 5, 0, 3, 2, b'h', b'2']);
    let mut client = version.to_vec();
    client.extend_from_slice(&[7; 32]);
    client.extend_from_slice(&[0, 0, 2, suite[0], suite[1], 1, 0]);
    client.extend_from_slice(&u16::try_from(extensions.len()).unwrap().to_be_bytes());
    client.extend_from_slice(&extensions);
    let mut server = version.to_vec();
    server.extend_from_slice(&[9; 32]);
    server.extend_from_slice(&[0, suite[0], suite[1], 0]);
    (record(version, 1, &client), record(version, 2, &server))
}

/// A handshake message in a record of its own.
pub fn record(version: [u8; 2], kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let mut message = vec![kind, 0, length[0], length[1]];
    message.extend_from_slice(body);
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&[22, version[0], version[1], length[0], length[1]][..], &message].concat()
}
