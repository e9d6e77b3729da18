//! What is counted and kept while the index walks over the events of an answer.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::Ipv6Addr;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use crate::schema::{TIE, TIME};

/// Order of events: time, then tie; the other way round for the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) time: i64,
    pub(crate) tie: u64,
}

/// Counts all events and keeps the first ones after a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageCollector {
    pub(crate) newest_first: bool,
    pub(crate) limit: usize,
    pub(crate) after: Option<Place>,
}

/// What [`PageCollector`] found.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) total: u64,
    /// In order.
    pub(crate) hits: Vec<(Place, DocAddress)>,
}

/// A kept event: the largest key is the first to go.
type Kept = (i128, u64, DocId);

pub(crate) struct PageSegment {
    collector: PageCollector,
    segment: SegmentOrdinal,
    times: Column<i64>,
    ties: Column<u64>,
    total: u64,
    heap: BinaryHeap<Kept>,
}

impl PageCollector {
    /// A key that ascends in the order asked for.
    fn key(&self, place: Place) -> (i128, u64) {
        if self.newest_first { (-i128::from(place.time), !place.tie) } else { (i128::from(place.time), place.tie) }
    }
}

impl Collector for PageCollector {
    type Fruit = Page;
    type Child = PageSegment;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<PageSegment> {
        let (times, ties) = (reader.fast_fields().i64(TIME)?, reader.fast_fields().u64(TIE)?);
        Ok(PageSegment { collector: *self, segment, times, ties, total: 0, heap: BinaryHeap::new() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, pages: Vec<Page>) -> tantivy::Result<Page> {
        let mut merged = Page::default();
        for page in pages {
            merged.total += page.total;
            merged.hits.extend(page.hits);
        }
        merged.hits.sort_by_key(|(place, _)| self.key(*place));
        merged.hits.truncate(self.limit);
        Ok(merged)
    }
}

impl SegmentCollector for PageSegment {
    type Fruit = Page;

    fn collect(&mut self, document: DocId, _: Score) {
        self.total += 1;
        let place = Place {
            time: self.times.first(document).unwrap_or_default(),
            tie: self.ties.first(document).unwrap_or_default(),
        };
        let key = self.collector.key(place);
        if self.collector.after.is_some_and(|after| key <= self.collector.key(after)) {
            return;
        }
        if self.heap.len() < self.collector.limit {
            self.heap.push((key.0, key.1, document));
        } else if self.heap.peek().is_some_and(|last| key < (last.0, last.1)) {
            self.heap.pop();
            self.heap.push((key.0, key.1, document));
        }
    }

    fn harvest(self) -> Page {
        let hits = self.heap.into_iter().map(|(_, _, document)| {
            let place = Place {
                time: self.times.first(document).unwrap_or_default(),
                tie: self.ties.first(document).unwrap_or_default(),
            };
            (place, DocAddress::new(self.segment, document))
        });
        Page { total: self.total, hits: hits.collect() }
    }
}

/// Counts events in equal steps of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistogramCollector {
    pub(crate) start: i64,
    pub(crate) interval: i64,
    pub(crate) buckets: usize,
}

pub(crate) struct HistogramSegment {
    collector: HistogramCollector,
    times: Column<i64>,
    counts: Vec<u64>,
}

impl Collector for HistogramCollector {
    type Fruit = Vec<u64>;
    type Child = HistogramSegment;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<HistogramSegment> {
        let times = reader.fast_fields().i64(TIME)?;
        Ok(HistogramSegment { collector: *self, times, counts: vec![0; self.buckets] })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<Vec<u64>>) -> tantivy::Result<Vec<u64>> {
        let mut counts = vec![0; self.buckets];
        for part in parts {
            counts.iter_mut().zip(part).for_each(|(count, more)| *count += more);
        }
        Ok(counts)
    }
}

impl SegmentCollector for HistogramSegment {
    type Fruit = Vec<u64>;

    fn collect(&mut self, document: DocId, _: Score) {
        let Some(time) = self.times.first(document) else { return };
        let Some(since) = time.checked_sub(self.collector.start).filter(|since| *since >= 0) else { return };
        let bucket = usize::try_from(since / self.collector.interval.max(1)).unwrap_or(usize::MAX);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
    }

    fn harvest(self) -> Vec<u64> {
        self.counts
    }
}

/// How the values of a field are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Text,
    Integer,
    Address,
}

/// Counts the values of a field.
#[derive(Debug, Clone)]
pub(crate) struct TermsCollector {
    pub(crate) column: String,
    pub(crate) kind: ColumnKind,
    /// Most distinct values; the answer is an error past it.
    pub(crate) limit: usize,
}

enum Values {
    None,
    Text(StrColumn),
    Integer(Column<i64>),
    Address(Column<Ipv6Addr>),
}

pub(crate) struct TermsSegment {
    values: Values,
    counts: Counts,
    seen: Vec<u128>,
}

/// How often each value was seen.
enum Counts {
    /// Of texts, by their number in the column.
    Dense(Vec<u64>),
    Sparse(HashMap<u128, u64, Keyed>),
}

impl Counts {
    fn add(&mut self, value: u128) {
        match self {
            Self::Sparse(counts) => *counts.entry(value).or_default() += 1,
            Self::Dense(counts) => {
                let place = usize::try_from(value).unwrap_or(usize::MAX);
                if place >= counts.len() {
                    counts.resize(place.saturating_add(1), 0);
                }
                counts[place] += 1;
            }
        }
    }

    fn into_pairs(self) -> Vec<(u128, u64)> {
        match self {
            Self::Sparse(counts) => counts.into_iter().collect(),
            Self::Dense(counts) => (0..).zip(counts).filter(|(_, count)| *count > 0).collect(),
        }
    }
}

/// A hash of one number for tables with an entry for nearly every event: one multiplication under a key that senders can't
/// know, so that they can't choose addresses that meet.
#[derive(Debug, Clone)]
struct Keyed(u64, u64);

impl Keyed {
    fn new() -> Self {
        let word = || RandomState::new().build_hasher().finish();
        Self(word(), word() | 1)
    }
}

impl BuildHasher for Keyed {
    type Hasher = KeyedHash;

    fn build_hasher(&self) -> KeyedHash {
        KeyedHash(self.0, self.1)
    }
}

struct KeyedHash(u64, u64);

impl Hasher for KeyedHash {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(16) {
            let mut number = [0; 16];
            number[..chunk.len()].copy_from_slice(chunk);
            self.write_u128(u128::from_le_bytes(number));
        }
    }

    fn write_u128(&mut self, number: u128) {
        let (low, high) = (number as u64, (number >> 64) as u64);
        let product = u128::from(low ^ self.0) * u128::from(high.rotate_left(32) ^ low ^ self.1);
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Collector for TermsCollector {
    type Fruit = HashMap<String, u64>;
    type Child = TermsSegment;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<TermsSegment> {
        let columns = reader.fast_fields();
        let values = match self.kind {
            ColumnKind::Text => columns.str(&self.column)?.map_or(Values::None, Values::Text),
            ColumnKind::Integer => Values::Integer(columns.i64(&self.column)?),
            ColumnKind::Address => Values::Address(columns.ip_addr(&self.column)?),
        };
        let counts = match self.kind {
            ColumnKind::Text => Counts::Dense(Vec::new()),
            ColumnKind::Integer | ColumnKind::Address => Counts::Sparse(HashMap::with_hasher(Keyed::new())),
        };
        Ok(TermsSegment { values, counts, seen: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<HashMap<String, u64>>) -> tantivy::Result<HashMap<String, u64>> {
        let mut merged: HashMap<String, u64> = HashMap::new();
        for (term, count) in parts.into_iter().flatten() {
            *merged.entry(term).or_default() += count;
        }
        if merged.len() > self.limit {
            return Err(tantivy::TantivyError::InvalidArgument(format!("more than {} distinct values", self.limit)));
        }
        Ok(merged)
    }
}

impl SegmentCollector for TermsSegment {
    type Fruit = HashMap<String, u64>;

    fn collect(&mut self, document: DocId, _: Score) {
        let (counts, seen) = (&mut self.counts, &mut self.seen);
        match &self.values {
            Values::None => {}
            Values::Text(column) => count_distinct(column.term_ords(document).map(u128::from), seen, counts),
            Values::Integer(column) => count_distinct(column.values_for_doc(document).map(number_key), seen, counts),
            Values::Address(column) => count_distinct(column.values_for_doc(document).map(u128::from), seen, counts),
        }
    }

    fn harvest(self) -> HashMap<String, u64> {
        let Self { values, counts, .. } = self;
        counts.into_pairs().into_iter().map(|(value, count)| (values.show(value), count)).collect()
    }
}

/// Counts the values of an event; the same value twice counts once.
fn count_distinct(mut values: impl Iterator<Item = u128>, seen: &mut Vec<u128>, counts: &mut Counts) {
    let Some(first) = values.next() else { return };
    let Some(second) = values.next() else { return counts.add(first) };
    seen.clear();
    seen.extend([first, second].into_iter().chain(values));
    seen.sort_unstable();
    seen.dedup();
    seen.iter().for_each(|value| counts.add(*value));
}

impl Values {
    fn show(&self, value: u128) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(column) => {
                let mut text = String::new();
                let known = u64::try_from(value).map(|number| column.ord_to_str(number, &mut text));
                if known.is_ok_and(|read| read.is_ok_and(|found| found)) { text } else { String::new() }
            }
            Self::Integer(_) => key_number(value).to_string(),
            Self::Address(_) => {
                let address = Ipv6Addr::from(value);
                address.to_ipv4_mapped().map_or_else(|| address.to_string(), |v4| v4.to_string())
            }
        }
    }
}

fn number_key(number: i64) -> u128 {
    u128::from(number.cast_unsigned())
}

fn key_number(key: u128) -> i64 {
    u64::try_from(key).unwrap_or_default().cast_signed()
}

/// Adds up a numeric column.
#[derive(Debug, Clone)]
pub(crate) struct SumCollector {
    pub(crate) column: String,
}

/// Count, extremes and sum.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) extremes: Option<(i64, i64)>,
    pub(crate) sum: i128,
}

impl Sum {
    pub(crate) fn join(self, other: Self) -> Self {
        let extremes = match (self.extremes, other.extremes) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, another) => one.or(another),
        };
        Self { count: self.count + other.count, extremes, sum: self.sum + other.sum }
    }
}

pub(crate) struct SumSegment {
    values: Column<i64>,
    sum: Sum,
}

impl Collector for SumCollector {
    type Fruit = Sum;
    type Child = SumSegment;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SumSegment> {
        Ok(SumSegment { values: reader.fast_fields().i64(&self.column)?, sum: Sum::default() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<Sum>) -> tantivy::Result<Sum> {
        Ok(parts.into_iter().fold(Sum::default(), Sum::join))
    }
}

impl SegmentCollector for SumSegment {
    type Fruit = Sum;

    fn collect(&mut self, document: DocId, _: Score) {
        for value in self.values.values_for_doc(document) {
            self.sum = self.sum.join(Sum { count: 1, extremes: Some((value, value)), sum: i128::from(value) });
        }
    }

    fn harvest(self) -> Sum {
        self.sum
    }
}

/// The most frequent terms, equal counts in the order of terms, and the count of all others.
pub(crate) fn most_frequent(counts: HashMap<String, u64>, limit: usize) -> (Vec<(String, u64)>, u64) {
    let mut terms: Vec<(String, u64)> = counts.into_iter().collect();
    terms.sort_unstable_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
    let other = terms.iter().skip(limit).map(|(_, count)| count).sum();
    terms.truncate(limit);
    (terms, other)
}
