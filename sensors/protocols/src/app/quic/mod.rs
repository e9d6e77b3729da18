//! QUIC (RFC 9000, 9001, 9369, drafts from 23 on) up to the hellos in its Initial packets, and Google's QUIC before it.

mod crypto;
mod eve;
mod google;
mod packet;

use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use super::tls::hello::{ClientHello, ServerHello};
use crate::limits::QUIC_CRYPTO_BYTES;
use crate::{AppProtocol, Direction};
use crypto::InitialKeys;
use packet::{Kind, Packet};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Quic,
    transports: &[TransportKind::Udp],
    ports: &[443, 80],
    probe,
    create: |_| Box::new(QuicParser::default()),
};

fn probe(probe: &Probe<'_>) -> Verdict {
    match Packet::parse(probe.data) {
        Some(packet) if packet.is_known_version() => Verdict::Yes,
        Some(packet) if packet.version == 0 && probe.port_matches => Verdict::Yes,
        None if google::has_public_header(probe.data) => Verdict::Yes,
        _ => Verdict::No,
    }
}

/// Packets of one datagram that are looked at.
const PACKETS_PER_DATAGRAM: usize = 8;
/// Pieces of a hello that wait for those before them.
const WAITING_PIECES: usize = 64;

#[derive(Default)]
struct QuicParser {
    keys: Option<InitialKeys>,
    sides: [Side; 2],
}

/// One direction's handshake bytes.
#[derive(Default)]
struct Side {
    hello_seen: bool,
    bytes: Vec<u8>,
    waiting: Vec<(u64, Vec<u8>)>,
}

impl Side {
    /// Takes a CRYPTO frame.
    fn add(&mut self, offset: u64, data: &[u8]) {
        let held: usize = self.waiting.iter().map(|piece| piece.1.len()).sum();
        if self.waiting.len() >= WAITING_PIECES || self.bytes.len() + held + data.len() > QUIC_CRYPTO_BYTES {
            return;
        }
        self.waiting.push((offset, data.to_vec()));
        self.waiting.sort_by_key(|piece| piece.0);
        let mut later = Vec::new();
        for (offset, data) in std::mem::take(&mut self.waiting) {
            match usize::try_from(offset) {
                Ok(offset) if offset <= self.bytes.len() => {
                    let known = self.bytes.len() - offset;
                    self.bytes.extend_from_slice(data.get(known..).unwrap_or_default());
                }
                _ => later.push((offset, data)),
            }
        }
        self.waiting = later;
    }

    /// The first handshake message, once it is whole.
    fn message(&self) -> Option<(u8, &[u8])> {
        let (header, rest) = self.bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes([0, header[1], header[2], header[3]])).ok()?;
        Some((header[0], rest.get(..length)?))
    }
}

impl AppParser for QuicParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let Input::Data(mut data) = input else { return };
        if google::has_public_header(data) {
            return google::public_packet(direction, data, context);
        }
        for _ in 0..PACKETS_PER_DATAGRAM {
            if self.sides[index(direction)].hello_seen {
                return;
            }
            let Some(packet) = Packet::parse(data) else { return };
            let length = packet.length;
            self.packet(direction, &packet, data, context);
            data = data.get(length..).unwrap_or_default();
        }
    }
}

fn index(direction: Direction) -> usize {
    usize::from(direction == Direction::ToClient)
}

impl QuicParser {
    fn packet(&mut self, direction: Direction, packet: &Packet<'_>, data: &[u8], context: &mut Context<'_>) {
        if packet.is_google() {
            return google::long_packet(direction, packet, data, context);
        }
        match packet.kind {
            Kind::Initial => self.initial(direction, packet, data, context),
            Kind::Negotiation | Kind::Retry => {
                tell(direction, packet.version, context, |_| {});
            }
            Kind::Other => {}
        }
    }

    fn initial(&mut self, direction: Direction, packet: &Packet<'_>, data: &[u8], context: &mut Context<'_>) {
        let fresh = || InitialKeys::derive(packet.version, packet.destination);
        if self.keys.is_none() && direction == Direction::ToServer {
            self.keys = fresh();
        }
        let Some(keys) = &self.keys else { return };
        let mut plain = keys.open(direction, packet, data);
        // After a Retry the client encrypts under another connection identifier.
        if plain.is_none()
            && direction == Direction::ToServer
            && let Some(keys) = fresh()
        {
            plain = keys.open(direction, packet, data);
            if plain.is_some() {
                self.keys = Some(keys);
            }
        }
        let Some(plain) = plain else {
            let id = tell(direction, packet.version, context, |_| {});
            return context.anomaly(Some(id), direction, "quic.failed_decrypt");
        };
        let side = &mut self.sides[index(direction)];
        if !packet::crypto_frames(&plain, &mut |offset, bytes| side.add(offset, bytes)) {
            let id = tell(direction, packet.version, context, |_| {});
            return context.anomaly(Some(id), direction, "quic.error_on_data");
        }
        if let Some((kind, body)) = side.message() {
            match (kind, direction) {
                (1, Direction::ToServer) => client_hello(packet.version, body, context),
                (2, Direction::ToClient) => server_hello(packet.version, body, context),
                _ => {}
            }
            *side = Side { hello_seen: true, ..Side::default() };
        }
    }
}

/// Makes a transaction of what one packet told.
fn tell(
    direction: Direction,
    version: u32,
    context: &mut Context<'_>,
    fill: impl FnOnce(&mut crate::Transaction),
) -> u64 {
    let id = context.open_single(AppProtocol::Quic, direction);
    context.update(id, |tx| {
        eve::version(tx, direction, version);
        fill(tx);
    });
    context.progress(id, direction);
    id
}

fn client_hello(version: u32, body: &[u8], context: &mut Context<'_>) {
    let Some(hello) = ClientHello::parse(body) else { return };
    tell(Direction::ToServer, version, context, |tx| eve::client(tx, &hello));
}

fn server_hello(version: u32, body: &[u8], context: &mut Context<'_>) {
    let Some(hello) = ServerHello::parse(body) else { return };
    tell(Direction::ToClient, version, context, |tx| eve::server(tx, &hello));
}
