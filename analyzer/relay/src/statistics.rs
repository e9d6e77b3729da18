//! What the spool counts, for the conservation law: offered = accepted + shed + refused, and for every reader
//! accepted = acknowledged + in flight.

use serde::Serialize;

use crate::Class;

/// Records and their payload bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Amount {
    /// Records.
    pub records: u64,
    /// Payload bytes.
    pub bytes: u64,
}

impl Amount {
    /// Counts more.
    pub(crate) fn add(&mut self, more: Self) {
        self.records += more.records;
        self.bytes += more.bytes;
    }
}

/// Why records were not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShedCause {
    /// The class's share of the spool was used up.
    Share,
    /// The disk had no space left.
    DiskFull,
}

/// What one class was offered and what became of it since the spool was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ClassStatistics {
    /// The class's word.
    pub class: &'static str,
    /// Records on disk, synced.
    pub accepted: Amount,
    /// Records shed because the class's share was used up.
    pub shed_share: Amount,
    /// Records shed because the disk was full.
    pub shed_disk_full: Amount,
    /// Records refused with [`crate::SpoolError::Full`]; the caller still has them.
    pub refused_full: Amount,
    /// Records refused for their length.
    pub refused_too_long: Amount,
    /// Records refused because the disk failed; the caller still has them.
    pub refused_disk: Amount,
}

impl ClassStatistics {
    pub(crate) fn of(class: Class) -> Self {
        Self { class: class.as_str(), ..Self::default() }
    }
}

/// How far a reader is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReaderStatistics {
    /// The reader's name.
    pub name: String,
    /// First sequence that is not acknowledged.
    pub next_sequence: u64,
    /// Accepted records that are not acknowledged.
    pub in_flight_records: u64,
}

/// What the spool counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SpoolStatistics {
    /// By class.
    pub classes: Vec<ClassStatistics>,
    /// By reader.
    pub readers: Vec<ReaderStatistics>,
    /// Sequence that the next accepted record gets; so many were accepted in the life of the spool.
    pub next_sequence: u64,
    /// First sequence that is still on disk.
    pub first_sequence: u64,
    /// Bytes on disk.
    pub used_bytes: u64,
    /// Most bytes on disk.
    pub limit_bytes: u64,
    /// Segment files.
    pub segments: u64,
    /// Group commits since the spool was opened.
    pub commits: u64,
    /// Segments given up because the disk failed.
    pub failed_segments: u64,
    /// Records that could not be read back.
    pub unreadable_records: u64,
}
