//! The Internet checksum (RFC 1071) and its pseudo headers.

use std::net::IpAddr;

use super::Ip;

/// Adds bytes to a sum, as numbers whose lowest byte comes first: such a sum is that of the network's order with its two
/// bytes changed over (RFC 1071, 2), and needs no turning of every number.
fn add(sum: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let sum = words.iter().fold(sum, |sum, word| sum + u64::from(u32::from_le_bytes(*word)));
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    sum + u64::from(u32::from_le_bytes(last))
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
    !fold(add(0, bytes)).swap_bytes()
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
    let length = u32::try_from(segment.len()).unwrap_or(u32::MAX).to_be_bytes();
    is_complement(add(add(add(addresses, &[0, 0, 0, protocol]), &length), segment))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_network_order() {
        // The example of RFC 1071, 3.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(of(&bytes), !0xddf2);
        for length in 0..=bytes.len() {
            let words = bytes[..length].chunks(2).map(|pair| [pair[0], pair.get(1).copied().unwrap_or(0)]);
            let sum: u64 = words.map(|pair| u64::from(u16::from_be_bytes(pair))).sum();
            assert_eq!(of(&bytes[..length]), !fold(sum), "{length}");
        }
        let checked = [&bytes[..], &of(&bytes).to_be_bytes()].concat();
        assert!(is_valid(&checked) && !is_valid(&bytes));
    }
}
