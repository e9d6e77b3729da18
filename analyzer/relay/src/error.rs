//! What can go wrong in the spool.

use crate::limits;

/// What can go wrong in the spool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// No room, and the records may not be shed: slow down and try again.
    #[error("spool is full: {used} of {limit} bytes; wait until a reader acknowledges, or raise limit_bytes")]
    Full {
        /// Bytes in use.
        used: u64,
        /// The limit.
        limit: u64,
    },
    /// A record past [`limits::RECORD_BYTES`]; nothing of the batch was accepted.
    #[error("record of {bytes} bytes is longer than the limit of {}; split it", limits::RECORD_BYTES)]
    RecordTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The disk failed. Records of the failed call are not accepted; the next append begins a new segment.
    #[error("{action} {file}: {reason}; check the disk")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// Which file.
        file: String,
        /// What the system answered.
        reason: String,
        /// Whether the disk has no space left.
        no_space: bool,
    },
    /// A reader's name that can't be a file name.
    #[error("reader name {0} is not made of 1 to {max} characters a-z, 0-9, - and _", max = limits::READER_NAME)]
    ReaderName(String),
    /// Too many readers.
    #[error("spool has {} readers already; forget one that is not used", limits::READERS)]
    TooManyReaders,
    /// Two readers of the same name at once would acknowledge each other's records.
    #[error("reader {0} is open already; drop the other one first")]
    ReaderBusy(String),
    /// A sequence that was never accepted can't be acknowledged.
    #[error("sequence {sequence} can't be acknowledged: the next one to be accepted is {next}")]
    NotAccepted {
        /// What was acknowledged.
        sequence: u64,
        /// The next sequence that the spool will give out.
        next: u64,
    },
    /// A setting makes no sense.
    #[error("spool setting {key}: {reason}")]
    Setting {
        /// The key.
        key: &'static str,
        /// What is wrong, with the remedy.
        reason: String,
    },
    /// Stored records that can't be read.
    #[error("segment {segment} is damaged at byte {offset}; its later records are lost")]
    Damaged {
        /// File name of the segment.
        segment: String,
        /// Where.
        offset: u64,
    },
}

impl SpoolError {
    /// A [`SpoolError::Disk`] of a file.
    pub(crate) fn disk(action: &'static str, file: &str) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let file = file.to_owned();
        move |source| Self::Disk {
            action,
            file,
            reason: source.to_string(),
            no_space: source.kind() == std::io::ErrorKind::StorageFull,
        }
    }
}
