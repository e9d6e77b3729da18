//! A record as it was received, before anything looks inside: what the spool carries.

use crate::Timestamp;

/// Version byte of the encoding below.
const VERSION: u8 = 1;

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
    #[error("record has version {0}, this program reads version {VERSION}")]
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
        let mut bytes = Vec::with_capacity(13 + self.source.len() + self.instance.len() + self.payload.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.received.as_nanos().to_le_bytes());
        push_name(&mut bytes, &self.source);
        push_name(&mut bytes, &self.instance);
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    /// The record that [`RawRecord::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are cut, of another version, or hold a name that is no UTF-8.
    pub fn decode(bytes: &[u8]) -> Result<Self, RawRecordError> {
        let short = || RawRecordError::Short(bytes.len());
        let (&version, rest) = bytes.split_first().ok_or_else(short)?;
        if version != VERSION {
            return Err(RawRecordError::Version(version));
        }
        let (time, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
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
            prop_assert_eq!(RawRecord::decode(&record.encode()), Ok(record));
        }

        #[test]
        fn any_bytes_are_an_answer_not_a_panic(bytes: Vec<u8>) {
            let _ = RawRecord::decode(&bytes);
        }
    }
}
