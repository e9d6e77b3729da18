//! Appends batches to the last segment and begins the next one.

use crate::disk::{Disk, DiskFile};
use crate::format::{HEADER_BYTES, SegmentHeader, push_record, segment_name};
use crate::{Class, SpoolError};

/// The open end of the spool. One thread at a time holds it: the leader of a group commit.
#[derive(Debug)]
pub(crate) struct Writer {
    epoch: u64,
    segment_bytes: u64,
    /// `None` after a failure: the segment is given up and never written again.
    open: Option<OpenSegment>,
    next_number: u64,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct OpenSegment {
    name: String,
    file: Box<dyn DiskFile>,
    bytes: u64,
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) struct Written {
    /// A segment of this number and size was begun before the records.
    pub(crate) began: Option<(u64, u64)>,
    /// Bytes that the records take.
    pub(crate) result: Result<u64, SpoolError>,
}

impl Writer {
    pub(crate) fn new(epoch: u64, segment_bytes: u64, next_number: u64) -> Self {
        Self { epoch, segment_bytes, open: None, next_number, buffer: Vec::new() }
    }

    /// Writes records of consecutive sequences and syncs them.
    pub(crate) fn write(&mut self, disk: &dyn Disk, first_sequence: u64, records: &[(Class, Vec<u8>)]) -> Written {
        let began = match self.begin_if_due(disk, first_sequence) {
            Ok(began) => began,
            Err(error) => return Written { began: None, result: Err(error) },
        };
        self.buffer.clear();
        for ((class, payload), sequence) in records.iter().zip(first_sequence..) {
            push_record(&mut self.buffer, *class, sequence, payload);
        }
        let result = self.append_and_sync();
        if result.is_err() {
            self.open = None;
        }
        Written { began, result }
    }

    fn append_and_sync(&mut self) -> Result<u64, SpoolError> {
        let Some(open) = &mut self.open else { return Ok(0) };
        open.file.append(&self.buffer).map_err(SpoolError::disk("write", &open.name))?;
        open.file.sync_data().map_err(SpoolError::disk("sync", &open.name))?;
        let bytes = self.buffer.len() as u64;
        open.bytes += bytes;
        Ok(bytes)
    }

    /// Begins a segment when there is none or the last one is full.
    pub(crate) fn begin_if_due(
        &mut self,
        disk: &dyn Disk,
        first_sequence: u64,
    ) -> Result<Option<(u64, u64)>, SpoolError> {
        if self.open.as_ref().is_some_and(|open| open.bytes < self.segment_bytes) {
            return Ok(None);
        }
        let number = self.next_number;
        self.next_number += 1;
        self.open = None;
        let name = segment_name(number);
        let begun = begin(disk, &name, SegmentHeader { epoch: self.epoch, first_sequence });
        if begun.is_err() {
            // Not needed for safety, recovery knows a file without a header; it only gives the name back.
            let _ = disk.remove(&name);
        }
        self.open = Some(OpenSegment { name, file: begun?, bytes: HEADER_BYTES as u64 });
        Ok(Some((number, HEADER_BYTES as u64)))
    }
}

/// A segment counts only when its header and its name are durable.
fn begin(disk: &dyn Disk, name: &str, header: SegmentHeader) -> Result<Box<dyn DiskFile>, SpoolError> {
    let mut file = disk.create(name).map_err(SpoolError::disk("create", name))?;
    file.append(&header.encode()).map_err(SpoolError::disk("write", name))?;
    file.sync_data().map_err(SpoolError::disk("sync", name))?;
    disk.sync_directory().map_err(SpoolError::disk("sync the folder of", name))?;
    Ok(file)
}
