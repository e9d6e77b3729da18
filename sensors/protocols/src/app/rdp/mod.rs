//! RDP (MS-RDPBCGR): how a connection is negotiated, what the client says of itself, and the certificates when TLS follows.
//! Each step is a transaction.

mod client;
mod names;

use serde_json::json;

use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{Object, eve_text, object, put};
use crate::limits::TLS_HANDSHAKE_BYTES;
use crate::{AppProtocol, Buffer, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Rdp,
    transports: &[TransportKind::Tcp],
    ports: &[3389],
    probe,
    create: |_| Box::new(RdpParser::default()),
};

/// Version and length of RFC 1006.
const PACKET_HEADER: usize = 4;
/// X.224: a request to connect, its confirmation, and data.
const CONNECT: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;

/// A request to connect of class 0, or its confirmation; both fit into one byte of length.
fn probe(probe: &Probe<'_>) -> Verdict {
    let kind = if probe.direction == Direction::ToServer { CONNECT } else { CONFIRM };
    let wanted = [Some(3), Some(0), None, None, None, Some(kind)];
    let matches = |(have, wanted): (&u8, &Option<u8>)| wanted.is_none_or(|wanted| wanted == *have);
    if !probe.data.iter().zip(&wanted).all(matches) {
        return Verdict::No;
    }
    let Some(header) = probe.data.get(..7) else { return Verdict::More };
    // What stands before the user data is as long as the first length says, less what the second one leaves out.
    let (total, inner) = (usize::from(u16::from_be_bytes([header[2], header[3]])), usize::from(header[4]));
    let whole = total == inner + PACKET_HEADER + 1 && inner >= 6;
    if whole && (probe.port_matches || header[6] == 0) { Verdict::Yes } else { Verdict::No }
}

#[derive(Default)]
struct RdpParser {
    sides: [Messages; 2],
    /// What follows is TLS.
    secured: bool,
    handshake: Vec<u8>,
    certificates_told: bool,
}

impl AppParser for RdpParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        self.sides[side].take(input);
        while let Some(packet) = self.sides[side].next(cut) {
            match packet.first() {
                Some(3) => self.packet(direction, &packet, context),
                Some(20..=23) => self.record(direction, &packet, context),
                // Pictures and keys on a fast path.
                _ => {}
            }
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

fn cut(bytes: &[u8]) -> Cut {
    let total = match *bytes {
        [3, _, high, low, ..] => usize::from(u16::from_be_bytes([high, low])).max(PACKET_HEADER),
        [20..=23, 3, _, high, low, ..] => 5 + usize::from(u16::from_be_bytes([high, low])),
        [20..=23, 3, ..] | [3, ..] | [] | [20..=23] => return Cut::More,
        // The fast path: the length has one byte, or two when its first bit is set.
        [_, length, low, ..] if length & 0x80 != 0 => usize::from(u16::from_be_bytes([length & 0x7f, low])).max(3),
        [_, length, ..] if length & 0x80 == 0 => usize::from(length).max(2),
        _ => return Cut::More,
    };
    if bytes.len() >= total { Cut::Message(total) } else { Cut::More }
}

impl RdpParser {
    fn packet(&mut self, direction: Direction, packet: &[u8], context: &mut Context<'_>) {
        let mut r = Reader::new(packet.get(PACKET_HEADER..).unwrap_or_default());
        let (Some(_length), Some(kind)) = (r.u8(), r.u8()) else { return };
        let eve = match (kind, direction) {
            (CONNECT, Direction::ToServer) => Some(connect(r)),
            (CONFIRM, Direction::ToClient) => Some(self.confirm(r)),
            (DATA, _) => {
                r.u8();
                match (direction, r.rest()) {
                    (Direction::ToServer, rest @ [0x7f, 0x65, ..]) => Some((client::record(rest), None)),
                    (Direction::ToClient, [0x7f, 0x66, ..]) => {
                        Some((object(json!({"event_type": "connect_response"})), None))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some((eve, cookie)) = eve {
            tell(direction, eve, cookie, context);
        }
    }

    /// The server's answer: what it chose and supports, or why not.
    fn confirm(&mut self, mut r: Reader<'_>) -> (Object, Option<Vec<u8>>) {
        let mut eve = object(json!({"event_type": "initial_response"}));
        r.take_some(5);
        if let (Some(kind), Some(flags), Some(_), Some(value)) = (r.u8(), r.u8(), r.u16_le(), r.u32_le()) {
            match kind {
                2 => {
                    self.secured = value != 0;
                    put(&mut eve, "server_supports", names::server_flags(flags));
                    put(&mut eve, "protocol", names::protocol(value));
                }
                3 => {
                    put(&mut eve, "error_code", value);
                    put(&mut eve, "reason", names::failure(value));
                }
                _ => {}
            }
        }
        (eve, None)
    }

    /// A record of TLS: certificates are told while they are not encrypted.
    fn record(&mut self, direction: Direction, record: &[u8], context: &mut Context<'_>) {
        if direction == Direction::ToServer || self.certificates_told || record.first() != Some(&22) {
            return;
        }
        let room = TLS_HANDSHAKE_BYTES.saturating_sub(self.handshake.len());
        let content = record.get(5..).unwrap_or_default();
        self.handshake.extend_from_slice(&content[..content.len().min(room)]);
        let mut at = 0;
        while let Some(header) = self.handshake.get(at..at + 4) {
            let length = usize::try_from(u32::from_be_bytes([0, header[1], header[2], header[3]])).unwrap_or(0);
            let Some(body) = self.handshake.get(at + 4..at + 4 + length) else { break };
            if header[0] == 11 {
                self.certificates_told = true;
                let serials = super::tls::serial_numbers(body);
                tell(direction, object(json!({"event_type": "tls_handshake", "x509_serials": serials})), None, context);
                break;
            }
            at += 4 + length;
        }
        self.handshake.drain(..at.min(self.handshake.len()));
    }
}

/// The client's request: a cookie, or a token of a balancer, and what it can do.
fn connect(mut r: Reader<'_>) -> (Object, Option<Vec<u8>>) {
    let mut eve = object(json!({"event_type": "initial_request"}));
    r.take_some(5);
    let rest = r.rest();
    let mut cookie = None;
    let negotiation = match memchr::memmem::find(rest, b"\r\n") {
        Some(end) if rest.starts_with(b"Cookie: ") => {
            let value = rest[8..end].strip_prefix(b"mstshash=").unwrap_or(&rest[8..end]);
            put(&mut eve, "cookie", eve_text(value));
            cookie = Some(value.to_vec());
            &rest[end + 2..]
        }
        _ => rest,
    };
    if let [1, flags, ..] = negotiation {
        let flags = names::client_flags(*flags);
        if !flags.is_empty() {
            put(&mut eve, "flags", flags);
        }
    }
    (eve, cookie)
}

fn tell(direction: Direction, eve: Object, cookie: Option<Vec<u8>>, context: &mut Context<'_>) {
    let id = context.open_single(AppProtocol::Rdp, direction);
    context.update(id, |tx| {
        put(&mut tx.eve, "tx_id", tx.id);
        tx.eve.extend(eve);
        if let Some(cookie) = cookie {
            tx.buffers.set(direction, Buffer::RdpCookie, cookie);
        }
    });
    context.progress(id, direction);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::converse;

    fn packet(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + PACKET_HEADER).unwrap_or(0).to_be_bytes();
        [&[3, 0][..], &length, content].concat()
    }

    #[test]
    fn a_negotiation_is_told_with_its_cookie_and_its_outcome() {
        let mut asked = vec![0, CONNECT, 0, 0, 0, 0, 0];
        asked.extend_from_slice(b"Cookie: mstshash=operator\r\n");
        asked.extend_from_slice(&[1, 0, 8, 0, 3, 0, 0, 0]);
        asked[0] = u8::try_from(asked.len() - 1).unwrap_or(0);
        let asked = packet(&asked);
        let answered = packet(&[14, CONFIRM, 0, 0, 0, 0, 0, 2, 1, 8, 0, 2, 0, 0, 0]);
        let said = converse(AppProtocol::Rdp, &[(Direction::ToServer, &asked), (Direction::ToClient, &answered)]);
        assert_eq!(said[0].eve["cookie"], "operator");
        assert_eq!((said[1].eve["protocol"].as_str(), said[1].eve["tx_id"].as_u64()), (Some("hybrid"), Some(1)));
        assert_eq!(said[1].eve["server_supports"][0], "extended_client_data");
    }
}
