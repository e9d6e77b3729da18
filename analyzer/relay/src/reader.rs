//! A reader of the spool with a durable place.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cursor::{Cursor, Step};
use crate::format::segment_name;
use crate::ledger::Segment;
use crate::spool::Shared;
use crate::{Class, SpoolError, limits};

/// One record of the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number within the spool, from 0, without gaps.
    pub sequence: u64,
    /// Its class.
    pub class: Class,
    /// The bytes that were appended.
    pub payload: Vec<u8>,
}

/// Reads records in order, each at least once: what was not acknowledged is read again after a restart.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    name: String,
    next: u64,
    /// The segment being walked.
    cursor: Option<(u64, Cursor)>,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, name: String) -> Self {
        let next = shared.state().ledger.reader(&name).unwrap_or(0);
        Self { shared, name, next, cursor: None }
    }

    /// The reader's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sequence of the record that is read next.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Up to `max_records` records; waits up to `max_wait` for the first one. Empty when none came. One call returns
    /// at most [`limits::READ_BYTES`] of payload past the first record.
    ///
    /// Stored records that can't be read back are counted
    /// ([`crate::SpoolStatistics::unreadable_records`]) and passed over.
    ///
    /// # Errors
    /// When the disk fails, or the segment still being written is damaged.
    pub fn read(&mut self, max_records: usize, max_wait: Duration) -> Result<Vec<Record>, SpoolError> {
        self.wait(max_wait);
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < max_records && bytes < limits::READ_BYTES {
            match self.read_one() {
                Ok(Some(record)) => {
                    bytes += record.payload.len();
                    records.push(record);
                }
                Ok(None) => break,
                Err(error) if records.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(records)
    }

    /// Acknowledges every record up to and with `sequence`: durable when this returns. Segments that every reader
    /// has acknowledged are deleted. Going back does nothing.
    ///
    /// # Errors
    /// When the sequence was never accepted or the disk fails.
    pub fn acknowledge(&self, sequence: u64) -> Result<(), SpoolError> {
        self.shared.acknowledge(&self.name, sequence)
    }

    /// Reads again from `sequence`, or from the first record still on disk when that is later. The acknowledged place
    /// stays.
    pub fn rewind(&mut self, sequence: u64) {
        self.next = sequence.max(self.shared.state().ledger.first_sequence());
        self.cursor = None;
    }

    fn wait(&self, max_wait: Duration) {
        let deadline = Instant::now() + max_wait;
        let mut state = self.shared.state();
        while state.ledger.next_sequence() <= self.next {
            if self.shared.changed.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }

    /// The next durable record, over the borders of segments.
    fn read_one(&mut self) -> Result<Option<Record>, SpoolError> {
        loop {
            let Some((segment, next_first)) = self.locate() else { return Ok(None) };
            let found = self.walk(segment)?;
            match (found, next_first) {
                (Some(record), _) => {
                    self.pass_over(record.sequence);
                    self.next = record.sequence + 1;
                    return Ok(Some(record));
                }
                (None, Some(first)) => self.pass_over(first),
                (None, None) => return Err(self.damaged(segment)),
            }
        }
    }

    fn locate(&self) -> Option<(Segment, Option<u64>)> {
        let state = self.shared.state();
        (self.next < state.ledger.next_sequence()).then(|| state.ledger.locate(self.next)).flatten()
    }

    /// The next record of a segment that was not read yet; `None` at its end or where it is damaged.
    fn walk(&mut self, segment: Segment) -> Result<Option<Record>, SpoolError> {
        if self.cursor.as_ref().is_none_or(|(number, _)| *number != segment.number) {
            self.cursor = Some((segment.number, Cursor::new(segment_name(segment.number))));
        }
        let Some((_, cursor)) = &mut self.cursor else { return Ok(None) };
        let name = cursor.name().to_owned();
        loop {
            match cursor.step(&*self.shared.disk, segment.bytes).map_err(SpoolError::disk("read", &name))? {
                Step::Record(record) if record.sequence < self.next => {}
                Step::Record(record) => {
                    let (sequence, class, payload) = (record.sequence, record.class, record.payload.to_vec());
                    return Ok(Some(Record { sequence, class, payload }));
                }
                Step::End | Step::Invalid => return Ok(None),
            }
        }
    }

    /// Moves on to a sequence and counts what is between as unreadable.
    fn pass_over(&mut self, sequence: u64) {
        if sequence > self.next {
            self.shared.state().unreadable_records += sequence - self.next;
            self.next = sequence;
        }
    }

    fn damaged(&self, segment: Segment) -> SpoolError {
        let offset = self.cursor.as_ref().map_or(0, |(_, cursor)| cursor.offset());
        SpoolError::Damaged { segment: segment_name(segment.number), offset }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.close_reader(&self.name);
    }
}
