//! SCTP (RFC 9260): the common header and the walk over the chunks.

use super::packet::Transport;
use super::{DecodeSettings, Decoded, checksum};
use crate::limits::SCTP_CHUNKS;

const HEADER: usize = 12;

/// An SCTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sctp<'a> {
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Verification tag.
    pub tag: u32,
    /// Whether the CRC-32C is right; none when unchecked.
    pub checksum_valid: Option<bool>,
    /// Bytes after the common header.
    pub chunks: &'a [u8],
}

/// One chunk of an SCTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SctpChunk<'a> {
    /// Chunk type; 0 is DATA.
    pub kind: u8,
    /// Chunk flags.
    pub flags: u8,
    /// Bytes after the chunk header.
    pub value: &'a [u8],
}

impl<'a> Sctp<'a> {
    /// The chunks, at most [`SCTP_CHUNKS`].
    pub fn chunks(&self) -> impl Iterator<Item = SctpChunk<'a>> {
        Chunks(self.chunks).take(SCTP_CHUNKS)
    }

    /// How many chunks there are, without a bound.
    #[must_use]
    pub fn chunk_count(&self) -> usize {
        Chunks(self.chunks).count()
    }
}

struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = SctpChunk<'a>;

    fn next(&mut self) -> Option<SctpChunk<'a>> {
        let &[kind, flags, high, low] = self.0.first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some(SctpChunk { kind, flags, value })
    }
}

pub(super) fn decode_sctp<'a>(decoded: &mut Decoded<'a>, data: &'a [u8], settings: &DecodeSettings) {
    let Some((header, chunks)) = data.split_at_checked(HEADER) else {
        return decoded.invalidate("decoder.sctp.pkt_too_small");
    };
    let claimed = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
    let sctp = Sctp {
        source_port: u16::from_be_bytes([header[0], header[1]]),
        destination_port: u16::from_be_bytes([header[2], header[3]]),
        tag: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        checksum_valid: settings.verify_checksums.then(|| checksum::crc32c_sctp(data) == claimed),
        chunks,
    };
    if Chunks(chunks).nth(SCTP_CHUNKS).is_some() {
        decoded.event("decoder.sctp.too_many_chunks");
    }
    decoded.payload = chunks;
    decoded.transport = Transport::Sctp(sctp);
}
