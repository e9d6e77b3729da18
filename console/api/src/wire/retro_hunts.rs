//! Hunts over the past for new rules and indicators.

use fengsui_pipeline::{RetroHit, RetroPhase, RetroProgress, RetroRefusal, RetroRefusalKind, RetroReport};
use fengsui_schema::{EntityKind, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use super::alerts::SeverityWord;
use super::events::HistogramBucket;
use crate::limits::{RETRO_HUNT_ENTITIES, RETRO_HUNT_RULES};

/// What to hunt for, and when.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRetroHunt {
    /// Sigma rules: YAML of one or more documents.
    #[serde(default)]
    pub sigma: Option<String>,
    /// Indicators: one value per line, CSV, a STIX bundle or MISP events.
    #[serde(default)]
    pub indicators: Option<String>,
    /// Names of lists of indicators that the console keeps.
    #[serde(default)]
    pub lists: Vec<String>,
    /// From this time on; from the first event that is stored unless told.
    #[serde(default)]
    pub from: Option<String>,
    /// Before this time.
    #[serde(default)]
    pub to: Option<String>,
}

/// Where a hunt is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetroHuntState {
    /// It is under way.
    Running,
    /// It came to its end.
    Done,
    /// Whoever asked ended it; what was found by then is reported.
    Cancelled,
    /// It took longer than a hunt may; what was found by then is reported.
    OutOfTime,
    /// It could not be done, or the console was stopped.
    Failed,
}

/// How far a hunt is.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetroHuntProgress {
    /// It still counts what it will look at.
    pub counting: bool,
    /// Days of the range.
    pub days: i64,
    /// Of them those that were looked at to their end.
    pub days_done: i64,
    /// Events looked at.
    pub events: i64,
    /// Events to look at, as far as they are counted.
    pub expected: i64,
    /// Hits so far.
    pub hits: i64,
    /// Time of the event that was looked at last.
    #[schema(format = DateTime)]
    pub reached: Option<String>,
}

/// A hunt.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetroHuntView {
    /// Its number.
    pub id: String,
    /// Where it is in its life.
    pub state: RetroHuntState,
    /// From this time on, when told.
    #[schema(format = DateTime)]
    pub from: Option<String>,
    /// Before this time, when told.
    #[schema(format = DateTime)]
    pub to: Option<String>,
    /// Sigma rules that are hunted for.
    pub sigma_rules: i64,
    /// Indicators that are hunted for.
    pub indicators: i64,
    /// When it was begun.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// How far it is.
    pub progress: RetroHuntProgress,
    /// What it found, when it has ended; a list shows it of the newest hunt alone.
    pub report: Option<RetroHuntReport>,
}

/// What a hunt looked at.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetroHuntCoverage {
    /// First day of the range that is stored, as `YYYY-MM-DD` in UTC.
    pub first_day: Option<String>,
    /// The last one.
    pub last_day: Option<String>,
    /// Days of the range that are stored and can be read.
    pub days: i64,
    /// Of them those that were looked at to their end.
    pub days_done: i64,
    /// Events of the range that are stored and within the caller's scope.
    pub stored: i64,
    /// Of them those to look at: all, or those that the index finds something like an indicator in.
    pub candidates: i64,
    /// Events that were looked at.
    pub events: i64,
    /// Whether the index was asked, so that only events with something like an indicator were looked at.
    pub narrowed: bool,
    /// Time of the event that was looked at last.
    #[schema(format = DateTime)]
    pub reached: Option<String>,
    /// Days that can't be read, with reasons.
    pub unread: Vec<UnreadDayView>,
}

/// A day that can't be read.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnreadDayView {
    /// The day as `YYYY-MM-DD` in UTC.
    pub day: String,
    /// What is wrong.
    pub reason: String,
}

/// What a hunt found. A hit is a rule or an indicator on an event.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetroHuntReport {
    /// What was looked at.
    pub coverage: RetroHuntCoverage,
    /// Hits in all.
    pub hits: i64,
    /// Hits that a running suppression keeps out of everything else here.
    #[serde(default)]
    pub suppressed: i64,
    /// Events with a hit.
    pub events_hit: i64,
    /// Time of the first hit.
    #[schema(format = DateTime)]
    pub first: Option<String>,
    /// Time of the last hit.
    #[schema(format = DateTime)]
    pub last: Option<String>,
    /// Hits by the hour, hours without any left out.
    pub hours: Vec<HistogramBucket>,
    /// Rules and indicators with hits, the most frequent first; at most 200.
    pub rules: Vec<RetroHuntRule>,
    /// Rules and indicators with hits in all, as far as they are counted.
    pub rules_total: i64,
    /// Hosts, accounts and addresses of the hits, the most frequent first; at most 100.
    pub entities: Vec<RetroHuntEntity>,
    /// Hosts, accounts and addresses in all, as far as they are counted.
    pub entities_total: i64,
    /// Mentions of rules and entities past the 10,000 of each that are counted.
    pub uncounted: i64,
    /// The first hits, the oldest first; at most 1,000.
    pub listed: Vec<RetroHuntHit>,
    /// Hits that are not listed.
    pub unlisted: i64,
    /// What was not hunted for.
    pub refused: Vec<RetroHuntRefusal>,
}

/// A rule or indicator with hits.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetroHuntRule {
    /// Id of the rule, such as `sigma:…` or `indicator:list/value`. Untrusted.
    pub id: String,
    /// Its title. Untrusted.
    pub title: String,
    /// Hits.
    pub hits: i64,
}

/// What hits are about.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetroHuntEntity {
    /// `host`, `user` or `address`.
    pub kind: String,
    /// Its name. Untrusted.
    pub value: String,
    /// Hits that are about it.
    pub hits: i64,
}

/// A hit.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetroHuntHit {
    /// Id of the stored event.
    pub event: String,
    /// When it happened.
    #[schema(format = DateTime)]
    pub time: String,
    /// Id of the rule or indicator. Untrusted.
    pub rule: String,
    /// How grave.
    #[schema(value_type = SeverityWord)]
    pub severity: Severity,
    /// What happened, in Chinese. Untrusted.
    pub title_zh: String,
    /// The same in English. Untrusted.
    pub title_en: String,
}

/// Why something is not hunted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetroHuntRefusalKind {
    /// It did not load.
    NotLoaded,
    /// It is a correlation, whose rules are hunted for one by one.
    Correlation,
}

/// Something that was not hunted for.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetroHuntRefusal {
    /// The kind of reason.
    pub kind: RetroHuntRefusalKind,
    /// Where it is, or the title of the rule. Untrusted.
    pub subject: String,
    /// The reason in words. Untrusted.
    pub reason: String,
}

/// A count as JSON numbers hold it.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const fn kind_word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Host => "host",
        EntityKind::User => "user",
        _ => "address",
    }
}

fn text(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}

impl From<&RetroProgress> for RetroHuntProgress {
    fn from(progress: &RetroProgress) -> Self {
        Self {
            counting: progress.phase == RetroPhase::Counting,
            days: number(progress.days),
            days_done: number(progress.days_done),
            events: number(progress.events),
            expected: number(progress.expected),
            hits: number(progress.hits),
            reached: text(progress.reached),
        }
    }
}

impl From<&RetroReport> for RetroHuntCoverage {
    fn from(report: &RetroReport) -> Self {
        let coverage = &report.coverage;
        let unread = |unread: &fengsui_store::UnreadDay| UnreadDayView {
            day: unread.day.clone(),
            reason: unread.reason.clone(),
        };
        Self {
            first_day: coverage.first_day.clone(),
            last_day: coverage.last_day.clone(),
            days: number(coverage.days),
            days_done: number(coverage.days_done),
            stored: number(coverage.stored),
            candidates: number(coverage.candidates),
            events: number(coverage.events),
            narrowed: coverage.narrowed,
            reached: text(coverage.reached),
            unread: coverage.unread.iter().map(unread).collect(),
        }
    }
}

impl From<&RetroReport> for RetroHuntReport {
    fn from(report: &RetroReport) -> Self {
        let hour =
            |(time, count): (&Timestamp, &u64)| HistogramBucket { time: time.to_string(), count: number(*count) };
        let rule = |rule: &fengsui_pipeline::RetroRule| RetroHuntRule {
            id: rule.id.clone(),
            title: rule.title.clone(),
            hits: number(rule.hits),
        };
        let entity = |entity: &fengsui_pipeline::RetroEntity| RetroHuntEntity {
            kind: kind_word(entity.kind).to_owned(),
            value: entity.value.clone(),
            hits: number(entity.hits),
        };
        Self {
            coverage: report.into(),
            hits: number(report.hits),
            suppressed: number(report.suppressed),
            events_hit: number(report.events_hit),
            first: text(report.first),
            last: text(report.last),
            hours: report.hours.iter().map(hour).collect(),
            rules: report.rules.iter().take(RETRO_HUNT_RULES).map(rule).collect(),
            rules_total: number(report.rules.len() as u64),
            entities: report.entities.iter().take(RETRO_HUNT_ENTITIES).map(entity).collect(),
            entities_total: number(report.entities.len() as u64),
            uncounted: number(report.uncounted),
            listed: report.listed.iter().map(Into::into).collect(),
            unlisted: number(report.unlisted),
            refused: report.refused.iter().map(Into::into).collect(),
        }
    }
}

impl From<&RetroHit> for RetroHuntHit {
    fn from(hit: &RetroHit) -> Self {
        Self {
            event: hit.event.to_string(),
            time: hit.time.to_string(),
            rule: hit.rule.clone(),
            severity: hit.severity,
            title_zh: hit.title_zh.clone(),
            title_en: hit.title_en.clone(),
        }
    }
}

impl From<&RetroRefusal> for RetroHuntRefusal {
    fn from(refusal: &RetroRefusal) -> Self {
        let kind = match refusal.kind {
            RetroRefusalKind::NotLoaded => RetroHuntRefusalKind::NotLoaded,
            RetroRefusalKind::Correlation => RetroHuntRefusalKind::Correlation,
        };
        Self { kind, subject: refusal.subject.clone(), reason: refusal.reason.clone() }
    }
}
