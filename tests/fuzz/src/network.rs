//! Packets, fragments, segments and capture files.

use fengsui_capture::{FileSource, PacketSource as _};
use fengsui_protocols::{
    DecodeSettings, DefragSettings, Defragmenter, Direction, LinkLayer, Segment, StreamSettings, StreamSink, Tcp,
    TcpOptions, TcpSession, TcpState, decode,
};
use fengsui_schema::Timestamp;

use crate::{byte, short, take};

/// The flag of a segment with an urgent byte.
const URGENT: u8 = 0x20;

const LINKS: [LinkLayer; 4] = [LinkLayer::Ethernet, LinkLayer::Raw, LinkLayer::Ppp, LinkLayer::Sll];

/// First byte: the link. The rest: a packet and all that is in it.
pub(crate) fn packet_decode(data: &[u8]) {
    let mut rest = data;
    let link = LINKS[usize::from(byte(&mut rest)) % LINKS.len()];
    let settings = DecodeSettings::default();
    let mut decoded = decode(rest, link, &settings);
    let mut layers = 0;
    while let Some(tunnel) = decoded.tunnel {
        decoded = tunnel.decode(&settings);
        layers += 1;
        assert!(layers <= 64, "tunnels end");
    }
}

/// Packets of the network layer behind two bytes of length each.
pub(crate) fn ip_defrag(data: &[u8]) {
    let mut rest = data;
    let settings = DecodeSettings { verify_checksums: false, ..DecodeSettings::default() };
    let mut defragmenter = Defragmenter::new(DefragSettings::default());
    let mut time = 0;
    while !rest.is_empty() {
        let length = usize::from(short(&mut rest));
        let decoded = decode(take(&mut rest, length), LinkLayer::Raw, &settings);
        if decoded.ip.as_ref().is_some_and(|ip| ip.fragment.is_some()) {
            time += 1;
            let outcome = defragmenter.add(Timestamp::from_parts(time, 0), &decoded, None);
            if let Some(datagram) = outcome.datagram {
                assert!(datagram.len() <= fengsui_protocols::limits::DEFRAGMENTED_BYTES + 64, "datagrams end");
            }
        }
    }
}

/// What a session hands out, checked on the way.
#[derive(Default)]
struct Delivered {
    /// Bytes and gaps of each direction so far.
    position: [u64; 2],
    ended: [bool; 2],
    /// Segments with an urgent byte so far.
    left_out: u64,
}

impl StreamSink for Delivered {
    fn data(&mut self, direction: Direction, offset: u64, bytes: &[u8], _: u32) {
        let side = usize::from(direction == Direction::ToClient);
        // Urgent bytes may be left out between two pieces.
        assert!(
            (self.position[side]..=self.position[side] + self.left_out).contains(&offset),
            "bytes follow each other"
        );
        self.position[side] = offset + bytes.len() as u64;
    }

    fn gap(&mut self, direction: Direction, offset: u64, length: u64) {
        let side = usize::from(direction == Direction::ToClient);
        assert!(
            (self.position[side]..=self.position[side] + self.left_out).contains(&offset),
            "gaps follow what was handed out"
        );
        self.position[side] = offset + length;
    }

    fn end(&mut self, direction: Direction) {
        let side = usize::from(direction == Direction::ToClient);
        assert!(!std::mem::replace(&mut self.ended[side], true), "an end is told once");
    }

    fn event(&mut self, _: &'static str) {}
}

/// First byte: the settings. Then segments: flags, direction, sequence and acknowledgement near the start, length, data.
pub(crate) fn tcp_reassembly(data: &[u8]) {
    let mut rest = data;
    let first = byte(&mut rest);
    let settings = StreamSettings {
        inline: first & 1 != 0,
        midstream: first & 2 != 0,
        async_oneside: first & 4 != 0,
        ..StreamSettings::default()
    };
    let (mut session, mut delivered) = (TcpSession::new(), Delivered::default());
    while !rest.is_empty() {
        let flags = byte(&mut rest);
        let direction = if byte(&mut rest) & 1 == 0 { Direction::ToServer } else { Direction::ToClient };
        let (sequence, acknowledgement) = (short(&mut rest), short(&mut rest));
        let length = usize::from(byte(&mut rest));
        let payload = take(&mut rest, length);
        let tcp = Tcp {
            source_port: 40_000,
            destination_port: 80,
            sequence: u32::from(sequence),
            acknowledgement: u32::from(acknowledgement),
            flags,
            window: 65_535,
            urgent: acknowledgement & 0x0f,
            options: TcpOptions::default(),
            header: &[],
            checksum_valid: None,
        };
        if session.state() == TcpState::Closed && tcp.is_syn() && direction == Direction::ToServer {
            // The ports are used again: what follows is another stream.
            delivered = Delivered::default();
        }
        delivered.left_out += u64::from(tcp.has(URGENT));
        let segment = Segment { time: Timestamp::EPOCH, direction, tcp: &tcp, payload };
        session.segment(&settings, &segment, &mut delivered);
    }
    session.finish(&settings, &mut delivered);
}

/// A capture file.
pub(crate) fn pcap_reader(data: &[u8]) {
    let Ok(mut source) = FileSource::from_reader("input", std::io::Cursor::new(data.to_vec())) else { return };
    let mut packets = 0;
    while let Ok(Some(packet)) = source.next() {
        packets += 1;
        assert!(packet.data.len() <= data.len(), "packets are part of the file");
        assert!(packets <= data.len(), "every packet takes bytes of the file: reading ends");
    }
}
