//! What the spool knows about its segments and readers: which records are durable, what may be shed, which segments
//! may go. Pure: no I/O, no clock.

use std::collections::{BTreeMap, VecDeque};

use crate::{Class, SpoolSettings};

/// One segment on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) first_sequence: u64,
    /// Valid bytes: header and durable records. A failed write may have left more.
    pub(crate) bytes: u64,
}

/// What becomes of records that are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Accept,
    Shed,
    Refuse,
}

/// Segments, readers and the limits between them.
#[derive(Debug)]
pub(crate) struct Ledger {
    segments: VecDeque<Segment>,
    next_sequence: u64,
    /// First sequence that is not acknowledged, by reader.
    readers: BTreeMap<String, u64>,
    settings: SpoolSettings,
}

impl Ledger {
    pub(crate) fn new(segments: VecDeque<Segment>, next_sequence: u64, settings: SpoolSettings) -> Self {
        Self { segments, next_sequence, readers: BTreeMap::new(), settings }
    }

    pub(crate) fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    pub(crate) fn first_sequence(&self) -> u64 {
        self.segments.front().map_or(self.next_sequence, |segment| segment.first_sequence)
    }

    pub(crate) fn segment_count(&self) -> u64 {
        self.segments.len() as u64
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Whether so many more bytes of a class fit, when `waiting` bytes are already on their way to the disk.
    pub(crate) fn admit(&self, class: Class, bytes: u64, waiting: u64) -> Admission {
        let share = match class {
            Class::Flow => self.settings.shed_flow_percent,
            Class::Protocol | Class::Statistics => self.settings.shed_protocol_percent,
            Class::Alert | Class::Finding | Class::Audit => 100,
        };
        let allowed = self.settings.limit_bytes / 100 * u64::from(share.min(100));
        if self.used_bytes().saturating_add(waiting).saturating_add(bytes) <= allowed {
            Admission::Accept
        } else if class.may_be_shed() {
            Admission::Shed
        } else {
            Admission::Refuse
        }
    }

    /// Records became durable at the end of the last segment.
    pub(crate) fn appended(&mut self, records: u64, bytes: u64) {
        if let Some(last) = self.segments.back_mut() {
            last.bytes += bytes;
        }
        self.next_sequence += records;
    }

    /// A new segment begins at the next sequence.
    pub(crate) fn rotated(&mut self, number: u64, bytes: u64) {
        self.segments.push_back(Segment { number, first_sequence: self.next_sequence, bytes });
    }

    /// The segment that holds a sequence, or will hold it, and the first sequence of the one after it.
    pub(crate) fn locate(&self, sequence: u64) -> Option<(Segment, Option<u64>)> {
        let after = self.segments.partition_point(|segment| segment.first_sequence <= sequence);
        let segment = *self.segments.get(after.saturating_sub(1))?;
        Some((segment, self.segments.get(after.max(1)).map(|next| next.first_sequence)))
    }

    pub(crate) fn register(&mut self, reader: &str, next_sequence: u64) {
        self.readers.insert(reader.to_owned(), next_sequence);
    }

    pub(crate) fn forget(&mut self, reader: &str) {
        self.readers.remove(reader);
    }

    pub(crate) fn reader(&self, name: &str) -> Option<u64> {
        self.readers.get(name).copied()
    }

    pub(crate) fn readers(&self) -> impl ExactSizeIterator<Item = (&str, u64)> {
        self.readers.iter().map(|(name, next)| (name.as_str(), *next))
    }

    /// Forgets the segments that every reader has done with, never the last one, and returns their numbers.
    /// Without a reader only empty segments go.
    pub(crate) fn take_deletable(&mut self) -> Vec<u64> {
        let done = self.readers.values().min().copied().unwrap_or(0);
        let mut numbers = Vec::new();
        while let (Some(first), Some(second)) = (self.segments.front(), self.segments.get(1)) {
            let empty = first.first_sequence == second.first_sequence;
            if !empty && second.first_sequence > done {
                break;
            }
            numbers.push(first.number);
            self.segments.pop_front();
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(firsts: &[u64], next: u64) -> Ledger {
        let segments =
            firsts.iter().zip(1..).map(|(&first_sequence, number)| Segment { number, first_sequence, bytes: 100 });
        let settings = SpoolSettings { limit_bytes: 1_000, ..SpoolSettings::default() };
        Ledger::new(segments.collect(), next, settings)
    }

    #[test]
    fn sheds_the_lowest_class_first_and_never_an_alert() {
        let ledger = ledger(&[0, 5, 9], 20);
        let verdicts = |bytes| Class::ALL.map(|class| ledger.admit(class, bytes, 0));
        use Admission::{Accept, Refuse, Shed};
        assert_eq!(verdicts(400), [Accept; 6]);
        assert_eq!(verdicts(500), [Accept, Accept, Accept, Accept, Accept, Shed]);
        assert_eq!(verdicts(600), [Accept, Accept, Accept, Shed, Shed, Shed]);
        assert_eq!(verdicts(701), [Refuse, Refuse, Refuse, Shed, Shed, Shed]);
    }

    #[test]
    fn segments_go_when_the_slowest_reader_is_past_them() {
        let mut ledger = ledger(&[0, 5, 9], 20);
        assert!(ledger.take_deletable().is_empty());
        ledger.register("fast", 20);
        ledger.register("slow", 8);
        assert_eq!(ledger.take_deletable(), [1]);
        ledger.register("slow", 20);
        assert_eq!((ledger.take_deletable(), ledger.first_sequence()), (vec![2], 9));
    }

    #[test]
    fn empty_segments_go_without_a_reader() {
        assert_eq!(ledger(&[0, 0, 0, 4], 6).take_deletable(), [1, 2]);
    }

    #[test]
    fn a_sequence_is_in_the_last_segment_that_begins_at_or_before_it() {
        let ledger = ledger(&[3, 3, 9], 20);
        let place = |sequence| ledger.locate(sequence).map(|(segment, next)| (segment.number, next));
        assert_eq!(place(0), Some((1, Some(3))));
        assert_eq!(place(3), Some((2, Some(9))));
        assert_eq!(place(8), Some((2, Some(9))));
        assert_eq!(place(40), Some((3, None)));
    }
}
