//! Counts and keeps what a hunt over the past finds.

use std::cmp::Reverse;
use std::collections::HashMap;

use fengsui_schema::{Alert, EntityKind, Event, Timestamp};
use fengsui_store::UnreadDay;

use super::report::{RetroEntity, RetroHit, RetroProgress, RetroRefusal, RetroReport, RetroRule};
use crate::limits;

/// Nanoseconds of an hour.
const HOUR: i64 = 3_600_000_000_000;

/// What was found so far.
pub(super) struct Finding {
    pub(super) report: RetroReport,
    pub(super) progress: RetroProgress,
    room: usize,
    rules: HashMap<String, RetroRule>,
    entities: HashMap<(EntityKind, String), u64>,
}

impl Finding {
    pub(super) fn new(room: usize, narrowed: bool, refused: Vec<RetroRefusal>) -> Self {
        let mut report = RetroReport { refused, ..RetroReport::default() };
        report.coverage.narrowed = narrowed;
        Self { report, progress: RetroProgress::default(), room, rules: HashMap::new(), entities: HashMap::new() }
    }

    /// Notes what a day has: events stored, and events to look at.
    pub(super) fn counted(&mut self, day: &str, (stored, candidates): (u64, u64)) {
        let coverage = &mut self.report.coverage;
        coverage.first_day.get_or_insert_with(|| day.to_owned());
        coverage.last_day = Some(day.to_owned());
        coverage.days += 1;
        coverage.stored += stored;
        coverage.candidates += candidates;
        self.progress.expected = coverage.candidates;
    }

    pub(super) fn day_done(&mut self) {
        self.progress.days_done += 1;
    }

    pub(super) fn unread(&mut self, days: &[UnreadDay]) {
        self.report.coverage.unread.extend_from_slice(days);
    }

    pub(super) fn is_unread(&self, day: &str) -> bool {
        self.report.coverage.unread.iter().any(|unread| unread.day == day)
    }

    /// Takes an event with its alerts.
    pub(super) fn take(&mut self, event: &Event, alerts: &[Alert]) {
        self.progress.events += 1;
        self.progress.reached = Some(event.time);
        self.report.events_hit += u64::from(!alerts.is_empty());
        alerts.iter().for_each(|alert| self.hit(event, alert));
    }

    fn hit(&mut self, event: &Event, alert: &Alert) {
        let report = &mut self.report;
        self.progress.hits += 1;
        report.first = report.first.or(Some(event.time));
        report.last = Some(event.time);
        let hour = Timestamp::from_nanos(event.time.as_nanos().div_euclid(HOUR).saturating_mul(HOUR));
        *report.hours.entry(hour).or_default() += 1;
        self.count_rule(alert);
        self.count_entities(alert);
        if self.report.listed.len() >= self.room {
            self.report.unlisted += 1;
            return;
        }
        self.report.listed.push(RetroHit {
            event: event.id,
            time: event.time,
            rule: alert.rule.id.clone(),
            severity: alert.severity,
            title_zh: alert.summary_zh.clone(),
            title_en: alert.summary_en.clone(),
        });
    }

    fn count_rule(&mut self, alert: &Alert) {
        if let Some(rule) = self.rules.get_mut(&alert.rule.id) {
            rule.hits += 1;
        } else if self.rules.len() < limits::RETRO_COUNTED {
            let rule = RetroRule { id: alert.rule.id.clone(), title: alert.rule.title.clone(), hits: 1 };
            self.rules.insert(alert.rule.id.clone(), rule);
        } else {
            self.report.uncounted += 1;
        }
    }

    fn count_entities(&mut self, alert: &Alert) {
        let wanted = |kind| matches!(kind, EntityKind::Host | EntityKind::User | EntityKind::Address);
        for entity in alert.entities.iter().filter(|entity| wanted(entity.kind)) {
            let key = (entity.kind, entity.value.clone());
            if self.entities.len() < limits::RETRO_COUNTED || self.entities.contains_key(&key) {
                *self.entities.entry(key).or_default() += 1;
            } else {
                self.report.uncounted += 1;
            }
        }
    }

    /// The report.
    pub(super) fn finish(mut self) -> RetroReport {
        let (coverage, progress) = (&mut self.report.coverage, self.progress);
        (coverage.days_done, coverage.events, coverage.reached) =
            (progress.days_done, progress.events, progress.reached);
        self.report.hits = progress.hits;
        self.report.rules = self.rules.into_values().collect();
        self.report.rules.sort_by(|one, other| other.hits.cmp(&one.hits).then_with(|| one.id.cmp(&other.id)));
        let entity = |((kind, value), hits)| RetroEntity { kind, value, hits };
        self.report.entities = self.entities.into_iter().map(entity).collect();
        self.report.entities.sort_by_cached_key(|one| (Reverse(one.hits), one.kind, one.value.clone()));
        self.report
    }
}
