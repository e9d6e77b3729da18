//! Packets that tests make.
#![allow(clippy::unwrap_used)]

use std::net::Ipv4Addr;

use fengsui_capture::{CaptureError, CaptureStatistics, LinkType, Packet, PacketSource};
use fengsui_schema::Timestamp;

/// Packets from memory.
pub(crate) struct Memory {
    pub(crate) packets: Vec<Vec<u8>>,
    pub(crate) next: usize,
}

impl PacketSource for Memory {
    fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        let Some(data) = self.packets.get(self.next) else { return Ok(None) };
        self.next += 1;
        let time = Timestamp::EPOCH.plus_seconds(1_000);
        let original_length = u32::try_from(data.len()).unwrap();
        Ok(Some(Packet { time, data, original_length, link: LinkType::RAW, vlan: None }))
    }

    fn statistics(&mut self) -> CaptureStatistics {
        CaptureStatistics::default()
    }

    fn is_live(&self) -> bool {
        false
    }
}

pub(crate) fn ip(source: Ipv4Addr, destination: Ipv4Addr, fields: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend(u16::try_from(20 + payload.len()).unwrap().to_be_bytes());
    packet.extend(fields.0.to_be_bytes());
    packet.extend(fields.1.to_be_bytes());
    packet.extend([64, 6, 0, 0]);
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend(payload);
    packet
}

pub(crate) fn tcp(ports: (u16, u16), sequence: u32, acknowledgement: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend(ports.0.to_be_bytes());
    segment.extend(ports.1.to_be_bytes());
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledgement.to_be_bytes());
    segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(data);
    segment
}
