//! Walks the records of one segment.

use std::io;

use crate::disk::Disk;
use crate::format::{HEADER_BYTES, RECORD_HEADER_BYTES, RecordView, parse_record, record_length};
use crate::limits;

/// Where a walk over a segment is.
#[derive(Debug)]
pub(crate) struct Cursor {
    name: String,
    /// Place in the file of `buffer[start]`.
    offset: u64,
    buffer: Vec<u8>,
    start: usize,
}

/// What comes next in a segment.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    Record(RecordView<'a>),
    /// Every valid byte has been walked over.
    End,
    /// The bytes here are no record.
    Invalid,
}

impl Cursor {
    /// Starts at the first record.
    pub(crate) fn new(name: String) -> Self {
        Self { name, offset: HEADER_BYTES as u64, buffer: Vec::new(), start: 0 }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Place in the file of the next record.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record that ends at or before byte `limit` of the file. Does not move over what is no record.
    pub(crate) fn step(&mut self, disk: &dyn Disk, limit: u64) -> io::Result<Step<'_>> {
        if self.offset >= limit {
            return Ok(Step::End);
        }
        let Some(length) = self.fetch_record(disk, limit)? else { return Ok(Step::Invalid) };
        let Some(record) = parse_record(&self.buffer[self.start..self.start + length]) else {
            return Ok(Step::Invalid);
        };
        self.start += length;
        self.offset += length as u64;
        Ok(Step::Record(record))
    }

    /// Has the next record whole in the buffer and tells its length; `None` when it reaches past the limit.
    fn fetch_record(&mut self, disk: &dyn Disk, limit: u64) -> io::Result<Option<usize>> {
        if !self.fetch(disk, RECORD_HEADER_BYTES, limit)? {
            return Ok(None);
        }
        let start = self.buffer[self.start..].first_chunk().copied();
        let Some(length) = start.and_then(record_length) else { return Ok(None) };
        Ok(self.fetch(disk, length, limit)?.then_some(length))
    }

    /// Has at least `needed` unread bytes in the buffer, unless the limit or the end of the file comes first.
    fn fetch(&mut self, disk: &dyn Disk, needed: usize, limit: u64) -> io::Result<bool> {
        let buffered = self.buffer.len() - self.start;
        if buffered >= needed {
            return Ok(true);
        }
        let left = usize::try_from(limit - self.offset).unwrap_or(usize::MAX);
        if left < needed {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let wanted = needed.max(limits::READ_CHUNK_BYTES).min(left) - buffered;
        self.buffer.extend(disk.read_at(&self.name, self.offset + buffered as u64, wanted)?);
        Ok(self.buffer.len() >= needed)
    }
}
