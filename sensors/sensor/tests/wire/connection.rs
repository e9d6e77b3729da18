//! A connection whose both sides say what a test wants.
#![allow(clippy::unwrap_used)]

use std::net::Ipv4Addr;

use crate::wire::{ip, tcp};

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// Bytes of a segment.
pub(crate) const SEGMENT: usize = 1_400;

/// One connection: what both sides say, and where they are.
pub(crate) struct Connection {
    pub(crate) packets: Vec<Vec<u8>>,
    sequences: [u32; 2],
}

impl Connection {
    pub(crate) fn open() -> Self {
        let mut connection = Self { packets: Vec::new(), sequences: [1_000, 5_000] };
        connection.send(0, 2, b"");
        connection.sequences[0] += 1;
        connection.send(1, 18, b"");
        connection.sequences[1] += 1;
        connection.send(0, 16, b"");
        connection
    }

    /// What one side sends: 0 the client, 1 the server.
    pub(crate) fn send(&mut self, side: usize, flags: u8, data: &[u8]) {
        let (ends, ports) = if side == 0 { ((CLIENT, SERVER), (40_000, 80)) } else { ((SERVER, CLIENT), (80, 40_000)) };
        let segment = tcp(ports, self.sequences[side], self.sequences[1 - side], flags, data);
        self.packets.push(ip(ends.0, ends.1, (1, 0), &segment));
        self.sequences[side] = self.sequences[side].wrapping_add(u32::try_from(data.len()).unwrap());
    }

    /// All of a text of one side, acknowledged piece by piece.
    pub(crate) fn say(&mut self, side: usize, text: &[u8]) {
        for piece in text.chunks(SEGMENT) {
            self.send(side, 24, piece);
            self.send(1 - side, 16, b"");
        }
    }

    /// A request, and an answer with this head and body.
    pub(crate) fn exchange(&mut self, head: &str, body: &[u8]) {
        self.say(0, b"GET /file.bin HTTP/1.1\r\nHost: h\r\n\r\n");
        self.say(1, &[head.as_bytes(), body].concat());
    }
}
