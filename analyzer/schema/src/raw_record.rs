//! A record as it was received, before anything looks inside: what the spool carries.

use crate::Timestamp;

/// Version byte of a record that was received here.
const VERSION: u8 = 1;
/// Version byte of a record that a node handed over: its place at that node stands before the names.
const VERSION_WITH_ORIGIN: u8 = 2;

/// Where a record that a node handed over stands at that node. No two records have the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordOrigin {
    /// Name of the node.
    pub node: String,
    /// Epoch of its spool: another one is another spool.
    pub epoch: u64,
    /// Sequence within that spool.
    pub sequence: u64,
}

/// One record as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRecord {
    /// Name of the parser to use, from the registry of sources.
    pub source: String,
    /// The sender: a sensor's id, a listener's peer, a file's name.
    pub instance: String,
    /// When it was received.
    pub received: Timestamp,
    /// The bytes, untouched.
    pub payload: Vec<u8>,
}

/// Bytes that are no raw record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawRecordError {
    /// The record ends before its header does.
    #[error("record of {0} bytes ends inside its header")]
    Short(usize),
    /// A version that this program does not know.
    #[error("record has version {0}, this program reads versions {VERSION} and {VERSION_WITH_ORIGIN}")]
    Version(u8),
    /// A name that is no UTF-8.
    #[error("a name in the record header is no UTF-8")]
    Name,
}

impl RawRecord {
    /// Version, time, two names with a length of two bytes each (longer names are cut at 65,535 bytes), payload.
    /// All numbers little endian.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_with(None)
    }

    /// As [`RawRecord::encode`], with epoch, sequence and node's name between time and names.
    #[must_use]
    pub fn encode_from(&self, origin: &RecordOrigin) -> Vec<u8> {
        self.encode_with(Some(origin))
    }

    fn encode_with(&self, origin: Option<&RecordOrigin>) -> Vec<u8> {
        let more = origin.map_or(0, |origin| 18 + origin.node.len());
        let mut bytes = Vec::with_capacity(13 + more + self.source.len() + self.instance.len() + self.payload.len());
        bytes.push(if origin.is_some() { VERSION_WITH_ORIGIN } else { VERSION });
        bytes.extend_from_slice(&self.received.as_nanos().to_le_bytes());
        if let Some(origin) = origin {
            bytes.extend_from_slice(&origin.epoch.to_le_bytes());
            bytes.extend_from_slice(&origin.sequence.to_le_bytes());
            push_name(&mut bytes, &origin.node);
        }
        push_name(&mut bytes, &self.source);
        push_name(&mut bytes, &self.instance);
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    /// Where a record stands at the node that handed it over; `None` for a record that was received here, and for bytes
    /// that are no record.
    #[must_use]
    pub fn origin(bytes: &[u8]) -> Option<RecordOrigin> {
        let (&version, rest) = bytes.split_first()?;
        let (epoch, sequence, node, _) = take_origin(rest.get(8..)?)?;
        if version != VERSION_WITH_ORIGIN {
            return None;
        }
        Some(RecordOrigin { node: std::str::from_utf8(node).ok()?.to_owned(), epoch, sequence })
    }

    /// The record that [`RawRecord::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are cut, of another version, or hold a name that is no UTF-8.
    pub fn decode(bytes: &[u8]) -> Result<Self, RawRecordError> {
        let short = || RawRecordError::Short(bytes.len());
        let (&version, rest) = bytes.split_first().ok_or_else(short)?;
        if !matches!(version, VERSION | VERSION_WITH_ORIGIN) {
            return Err(RawRecordError::Version(version));
        }
        let (time, mut rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        if version == VERSION_WITH_ORIGIN {
            (_, _, _, rest) = take_origin(rest).ok_or_else(short)?;
        }
        let (source, rest) = take_name(rest).ok_or_else(short)?;
        let (instance, payload) = take_name(rest).ok_or_else(short)?;
        let name = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| RawRecordError::Name);
        Ok(Self {
            source: name(source)?,
            instance: name(instance)?,
            received: Timestamp::from_nanos(i64::from_le_bytes(*time)),
            payload: payload.to_vec(),
        })
    }
}

fn push_name(bytes: &mut Vec<u8>, name: &str) {
    let name = &name[..name.floor_char_boundary(usize::from(u16::MAX))];
    bytes.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
}

/// Epoch, sequence and node, and what follows them.
fn take_origin(bytes: &[u8]) -> Option<(u64, u64, &[u8], &[u8])> {
    let (epoch, rest) = bytes.split_first_chunk::<8>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (node, rest) = take_name(rest)?;
    Some((u64::from_le_bytes(*epoch), u64::from_le_bytes(*sequence), node, rest))
}

fn take_name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn encode_and_decode_agree(source in ".{0,20}", instance in ".{0,20}", nanos: i64, payload: Vec<u8>) {
            let record = RawRecord { source, instance, received: Timestamp::from_nanos(nanos), payload };
            prop_assert_eq!(RawRecord::origin(&record.encode()), None);
            prop_assert_eq!(RawRecord::decode(&record.encode()), Ok(record));
        }

        #[test]
        fn an_origin_comes_back_and_changes_nothing_else(node in ".{0,20}", epoch: u64, sequence: u64, payload: Vec<u8>) {
            let (source, instance) = ("fengsui_eve".to_owned(), node.clone());
            let record = RawRecord { source, instance, received: Timestamp::from_nanos(7), payload };
            let origin = RecordOrigin { node, epoch, sequence };
            let bytes = record.encode_from(&origin);
            prop_assert_eq!(RawRecord::origin(&bytes), Some(origin));
            prop_assert_eq!(RawRecord::decode(&bytes), Ok(record));
        }

        #[test]
        fn any_bytes_are_an_answer_not_a_panic(bytes: Vec<u8>) {
            let _ = (RawRecord::decode(&bytes), RawRecord::origin(&bytes));
        }
    }
}
