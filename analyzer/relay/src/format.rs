//! The bytes of a segment file and of an offset file. Pure: no I/O.
//!
//! Segment header (32 bytes): magic, version (u32), epoch (u64), first sequence (u64), CRC32C of these (u32).
//! Record: payload length (u32), CRC32C (u32) of all that follows and of the length, class (u8), sequence (u64),
//! payload. All numbers are little endian.

use crate::{Class, limits};

/// Bytes of a segment header.
pub(crate) const HEADER_BYTES: usize = 32;
/// Bytes of a record before its payload.
pub(crate) const RECORD_HEADER_BYTES: usize = 17;
const MAGIC: [u8; 8] = *b"FSSPOOL\n";
const OFFSET_MAGIC: [u8; 8] = *b"FSREADR\n";
const VERSION: u32 = 1;

/// What a segment header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Drawn at random when the spool was created; another epoch is another spool.
    pub(crate) epoch: u64,
    /// Sequence of the first record; records of this and later sequences in earlier segments are void.
    pub(crate) first_sequence: u64,
}

impl SegmentHeader {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.first_sequence.to_le_bytes());
        push_checksum(&mut bytes);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let body = checked(bytes.get(..HEADER_BYTES)?, &MAGIC)?;
        let (version, body) = body.split_first_chunk::<4>()?;
        let (epoch, first) = two_numbers(body)?;
        (u32::from_le_bytes(*version) == VERSION).then_some(Self { epoch, first_sequence: first })
    }
}

/// Bytes of a reader's offset file.
pub(crate) fn encode_offset(epoch: u64, next_sequence: u64) -> Vec<u8> {
    let mut bytes = OFFSET_MAGIC.to_vec();
    bytes.extend_from_slice(&epoch.to_le_bytes());
    bytes.extend_from_slice(&next_sequence.to_le_bytes());
    push_checksum(&mut bytes);
    bytes
}

/// Epoch and next sequence of a reader's offset file.
pub(crate) fn decode_offset(bytes: &[u8]) -> Option<(u64, u64)> {
    two_numbers(checked(bytes, &OFFSET_MAGIC)?)
}

fn push_checksum(bytes: &mut Vec<u8>) {
    let checksum = crc32c::crc32c(bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
}

/// What is between magic and checksum when both are right.
fn checked<'a>(bytes: &'a [u8], magic: &[u8; 8]) -> Option<&'a [u8]> {
    let (body, checksum) = bytes.split_last_chunk::<4>()?;
    (u32::from_le_bytes(*checksum) == crc32c::crc32c(body)).then_some(body)?.strip_prefix(magic)
}

fn two_numbers(bytes: &[u8]) -> Option<(u64, u64)> {
    let (first, rest) = bytes.split_first_chunk::<8>()?;
    let second: &[u8; 8] = rest.try_into().ok()?;
    Some((u64::from_le_bytes(*first), u64::from_le_bytes(*second)))
}

/// Appends one record. Payloads past [`limits::RECORD_BYTES`] are refused before they come here.
pub(crate) fn push_record(bytes: &mut Vec<u8>, class: Class, sequence: u64, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    let start = bytes.len();
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&[0; 4]);
    bytes.push(class.as_number());
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes.extend_from_slice(payload);
    let checksum = record_checksum(&length, &bytes[start + 8..]);
    bytes[start + 4..start + 8].copy_from_slice(&checksum.to_le_bytes());
}

fn record_checksum(length: &[u8; 4], rest: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(length), rest)
}

/// One record within the bytes of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecordView<'a> {
    pub(crate) class: Class,
    pub(crate) sequence: u64,
    pub(crate) payload: &'a [u8],
}

/// Length of the record whose first four bytes these are; `None` when no record is that long.
pub(crate) fn record_length(start: [u8; 4]) -> Option<usize> {
    let payload_length = usize::try_from(u32::from_le_bytes(start)).ok()?;
    (payload_length <= limits::RECORD_BYTES).then_some(RECORD_HEADER_BYTES + payload_length)
}

/// The record that these bytes are, header included; `None` when they are torn or not written by a spool.
pub(crate) fn parse_record(bytes: &[u8]) -> Option<RecordView<'_>> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, body) = rest.split_first_chunk::<4>()?;
    if record_length(*length)? != bytes.len() || u32::from_le_bytes(*checksum) != record_checksum(length, body) {
        return None;
    }
    let (&class, after) = body.split_first()?;
    let (sequence, payload) = after.split_first_chunk::<8>()?;
    Some(RecordView { class: Class::from_number(class)?, sequence: u64::from_le_bytes(*sequence), payload })
}

/// File name of a segment.
pub(crate) fn segment_name(number: u64) -> String {
    format!("segment-{number:012}.spool")
}

/// Number of a segment's file name.
pub(crate) fn segment_number(name: &str) -> Option<u64> {
    name.strip_prefix("segment-")?.strip_suffix(".spool")?.parse().ok()
}

/// File name of a reader's acknowledged offset.
pub(crate) fn offset_name(reader: &str) -> String {
    format!("reader-{reader}.offset")
}

/// Reader of an offset file's name.
pub(crate) fn offset_reader(name: &str) -> Option<&str> {
    name.strip_prefix("reader-")?.strip_suffix(".offset")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_come_back(sequence: u64, payload: Vec<u8>, class in proptest::sample::select(Class::ALL.to_vec())) {
            let mut bytes = Vec::new();
            push_record(&mut bytes, class, sequence, &payload);
            prop_assert_eq!(parse_record(&bytes), Some(RecordView { class, sequence, payload: &payload }));
            prop_assert_eq!(bytes.first_chunk().copied().and_then(record_length), Some(bytes.len()));
        }

        #[test]
        fn any_flipped_bit_is_noticed(payload: Vec<u8>, bit: prop::sample::Index) {
            let mut bytes = Vec::new();
            push_record(&mut bytes, Class::Flow, 7, &payload);
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(parse_record(&bytes), None);
        }

        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>) {
            let _ = (parse_record(&bytes), SegmentHeader::decode(&bytes), decode_offset(&bytes));
        }
    }

    #[test]
    fn headers_come_back_and_cut_ones_do_not() {
        let header = SegmentHeader { epoch: 5, first_sequence: 9 };
        let bytes = header.encode();
        assert_eq!((bytes.len(), SegmentHeader::decode(&bytes)), (HEADER_BYTES, Some(header)));
        assert!((0..HEADER_BYTES).all(|length| SegmentHeader::decode(&bytes[..length]).is_none()));
        assert_eq!(decode_offset(&encode_offset(1, 2)), Some((1, 2)));
    }

    #[test]
    fn names_come_back() {
        assert_eq!(segment_number(&segment_name(42)), Some(42));
        assert_eq!(offset_reader(&offset_name("a-b")), Some("a-b"));
        assert_eq!(segment_number("segment-x.spool"), None);
    }
}
