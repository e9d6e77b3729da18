//! What a hunt over the past tells.

use std::collections::BTreeMap;

use fengsui_schema::{EntityKind, EventId, Severity, Timestamp};
use fengsui_store::UnreadDay;
use serde::Serialize;

/// What a hunt is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetroPhase {
    /// It counts what it will look at.
    #[default]
    Counting,
    /// It looks at the events.
    Looking,
}

/// How far a hunt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RetroProgress {
    /// What it is doing.
    pub phase: RetroPhase,
    /// Days of the range.
    pub days: u64,
    /// Days that were looked at to their end.
    pub days_done: u64,
    /// Events looked at.
    pub events: u64,
    /// Events to look at, as far as they are counted; more may come meanwhile.
    pub expected: u64,
    /// Hits so far.
    pub hits: u64,
    /// Time of the event that was looked at last.
    pub reached: Option<Timestamp>,
}

/// What a hunt looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RetroCoverage {
    /// First day of the range that is stored, as `YYYY-MM-DD` in UTC.
    pub first_day: Option<String>,
    /// The last one.
    pub last_day: Option<String>,
    /// Days of the range that are stored and can be read.
    pub days: u64,
    /// Of them those that were looked at to their end.
    pub days_done: u64,
    /// Events of the range and of the units that are stored.
    pub stored: u64,
    /// Of them those to look at: all, or those that the index finds something like an indicator in.
    pub candidates: u64,
    /// Events that were looked at.
    pub events: u64,
    /// Whether the index was asked for the indicators, so that only events with something like them were looked at.
    pub narrowed: bool,
    /// Time of the event that was looked at last.
    pub reached: Option<Timestamp>,
    /// Days that can't be read, or not to their end.
    pub unread: Vec<UnreadDay>,
}

/// What a hunt found. A hit is a rule or an indicator on an event: an event may have several.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RetroReport {
    /// Whether it was cancelled: what is after `coverage.reached` was not looked at.
    pub cancelled: bool,
    /// What was looked at.
    pub coverage: RetroCoverage,
    /// Hits in all.
    pub hits: u64,
    /// Hits that a suppression keeps out of everything else here.
    pub suppressed: u64,
    /// Events with a hit.
    pub events_hit: u64,
    /// Time of the first hit.
    pub first: Option<Timestamp>,
    /// Time of the last hit.
    pub last: Option<Timestamp>,
    /// Hits by the UTC hour of the event, hours without any left out; the store's days bound them.
    pub hours: BTreeMap<Timestamp, u64>,
    /// Rules and indicators with hits, the most frequent first.
    pub rules: Vec<RetroRule>,
    /// Hosts, accounts and addresses of the hits, the most frequent first.
    pub entities: Vec<RetroEntity>,
    /// Mentions of rules and entities past [`crate::limits::RETRO_COUNTED`].
    pub uncounted: u64,
    /// The first hits, the oldest first.
    pub listed: Vec<RetroHit>,
    /// Hits that are not listed.
    pub unlisted: u64,
    /// What was not hunted for.
    pub refused: Vec<RetroRefusal>,
}

impl RetroReport {
    /// Whether everything of the range was looked at.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.cancelled && self.coverage.unread.is_empty()
    }
}

/// Why something is not hunted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetroRefusalKind {
    /// It did not load.
    NotLoaded,
    /// It is a correlation.
    Correlation,
}

/// Something that was not hunted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetroRefusal {
    /// The kind of reason.
    pub kind: RetroRefusalKind,
    /// The file, or the title of the rule. Untrusted.
    pub subject: String,
    /// The reason in words. Untrusted.
    pub reason: String,
}

/// A rule or indicator with hits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetroRule {
    /// Id of the rule, such as `sigma:…` or `indicator:list/value`.
    pub id: String,
    /// Its title. Untrusted.
    pub title: String,
    /// Hits.
    pub hits: u64,
}

/// Somebody or something that hits are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetroEntity {
    /// A host, an account or an address.
    pub kind: EntityKind,
    /// Its name. Untrusted.
    pub value: String,
    /// Hits that are about it.
    pub hits: u64,
}

/// One hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetroHit {
    /// The stored event.
    pub event: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// Id of the rule or indicator.
    pub rule: String,
    /// How grave.
    pub severity: Severity,
    /// One sentence of what happened, in Chinese. Untrusted.
    pub title_zh: String,
    /// The same in English. Untrusted.
    pub title_en: String,
}
