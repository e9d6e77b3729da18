//! What is asked of the store and what it answers.

use fengsui_schema::{Event, Timestamp, UnitCode};
use serde::Serialize;

/// Which events a question is about.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// A query in the search language; empty selects every event.
    pub query: String,
    /// The earliest event time, included.
    pub from: Option<Timestamp>,
    /// The latest event time, excluded.
    pub to: Option<Timestamp>,
    /// Only events of these units and the units below them; `None` for no restriction, an empty list for nothing.
    /// Set from the caller's rights: a query text can't widen it.
    pub units: Option<Vec<UnitCode>>,
}

/// A request for a page of events.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// A query in the search language; empty selects every event.
    pub query: String,
    /// The earliest event time, included.
    pub from: Option<Timestamp>,
    /// The latest event time, excluded.
    pub to: Option<Timestamp>,
    /// Only events of these units and the units below them; see [`Selection::units`].
    pub units: Option<Vec<UnitCode>>,
    /// How many events at most.
    pub limit: usize,
    /// How many events to skip; prefer `cursor` for deep pages.
    pub offset: usize,
    /// Continues after the last page, from [`SearchPage::cursor`].
    pub cursor: Option<String>,
    /// Newest events first, else oldest first.
    pub newest_first: bool,
}

impl Default for SearchRequest {
    fn default() -> Self {
        Self {
            query: String::new(),
            from: None,
            to: None,
            units: None,
            limit: 50,
            offset: 0,
            cursor: None,
            newest_first: true,
        }
    }
}

impl SearchRequest {
    /// The part of the request that selects events.
    #[must_use]
    pub fn selection(&self) -> Selection {
        Selection { query: self.query.clone(), from: self.from, to: self.to, units: self.units.clone() }
    }
}

/// A page of events.
#[derive(Debug, Clone, Default)]
pub struct SearchPage {
    /// The events, in order of time and then of id.
    pub hits: Vec<Event>,
    /// How many events the request selects in all.
    pub total: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Continues after this page; `None` at the end.
    pub cursor: Option<String>,
}

/// Events counted over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// Width of a bucket in milliseconds.
    pub interval_ms: i64,
    /// Every bucket of the time range in order, empty ones included.
    pub buckets: Vec<HistogramBucket>,
}

/// One bucket of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HistogramBucket {
    /// Start of the bucket.
    pub start: Timestamp,
    /// Events in it.
    pub count: u64,
}

/// The most frequent values of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopTerms {
    /// The values, the most frequent first; equal counts in the order of values.
    pub terms: Vec<TermCount>,
    /// Values counted that are not in the list. An event with several values is counted once for each.
    pub other: u64,
}

/// A value and how many events hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TermCount {
    /// The value.
    pub term: String,
    /// Events that hold it.
    pub count: u64,
}

/// A numeric field added up.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct NumericStatistics {
    /// Values counted.
    pub count: u64,
    /// The lowest; 0 when there is none.
    pub min: i64,
    /// The highest; 0 when there is none.
    pub max: i64,
    /// The sum, exact.
    pub sum: i128,
}

/// One day of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DaySummary {
    /// The UTC day as `YYYY-MM-DD`.
    pub day: String,
    /// Events that can be searched.
    pub events: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Highest spool sequence in the day's last commit.
    pub committed_sequence: Option<u64>,
}

/// A day index that was unreadable and has been moved aside; its events come back by replaying the spool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagedDay {
    /// The UTC day as `YYYY-MM-DD`.
    pub day: String,
    /// Name of the folder it was moved to.
    pub moved_to: String,
    /// What was wrong.
    pub reason: String,
}

/// Permission to keep events for less than the legal floor. The caller writes it to the audit log first.
#[derive(Debug, Clone)]
pub struct RetentionOverride {
    /// Account that decided.
    pub account: String,
    /// Why.
    pub reason: String,
}
