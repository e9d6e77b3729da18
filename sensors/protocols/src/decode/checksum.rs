//! The Internet checksum (RFC 1071) and its pseudo headers.

use std::net::IpAddr;

use super::Ip;

fn add(sum: u64, bytes: &[u8]) -> u64 {
    let mut chunks = bytes.chunks_exact(4);
    let mut sum = sum;
    for chunk in &mut chunks {
        sum += u64::from(u32::from_be_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]));
    }
    let mut rest = [0; 4];
    rest[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    sum + u64::from(u32::from_be_bytes(rest))
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    u16::try_from(sum).unwrap_or(u16::MAX)
}

fn is_complement(sum: u64) -> bool {
    fold(sum) == 0xffff
}

/// The checksum of bytes that hold zeros in its place.
pub(crate) fn of(bytes: &[u8]) -> u16 {
    !fold(add(0, bytes))
}

/// Whether the checksum inside `bytes` is right.
pub(super) fn is_valid(bytes: &[u8]) -> bool {
    is_complement(add(0, bytes))
}

/// Whether the checksum inside a transport segment is right, its pseudo header included.
pub(super) fn is_transport_valid(ip: &Ip<'_>, protocol: u8, segment: &[u8]) -> bool {
    let addresses = match (ip.source, ip.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => add(add(0, &source.octets()), &destination.octets()),
        (IpAddr::V6(source), IpAddr::V6(destination)) => add(add(0, &source.octets()), &destination.octets()),
        _ => 0,
    };
    is_complement(add(addresses + u64::from(protocol) + segment.len() as u64, segment))
}

/// CRC-32C (Castagnoli) of an SCTP packet with its checksum field taken as zero (RFC 9260, appendix A).
pub(super) fn crc32c_sctp(packet: &[u8]) -> u32 {
    let zeroed = packet.iter().enumerate().map(|(index, byte)| if (8..12).contains(&index) { 0 } else { *byte });
    !zeroed.fold(!0_u32, |crc, byte| (crc >> 8) ^ CRC32C[usize::from((crc & 0xff) as u8 ^ byte)])
}

const CRC32C: [u32; 256] = crc32c_table();

const fn crc32c_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0x82f6_3b78 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}
