//! The hits of every correlation and group, and the windows they fill.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fengsui_schema::{Alert, AlertSource, Condition, Event, EventId, Timestamp};
use rsigma_parser::{ConditionExpr, CorrelationType, Quantifier};
use serde::{Deserialize, Serialize};

use super::CorrelationDefinition;
use crate::alerting::{Verdict, ends, group_key, window, window_id};
use crate::limits;

/// A hit: when, which event, which of the correlation's rules, and the value of the condition's fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Hit {
    time: Timestamp,
    event: EventId,
    rule: usize,
    value: Option<String>,
}

/// The hits of one group in the order of time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Group {
    hits: VecDeque<Hit>,
    /// Times of the hits of each rule, for the kinds that ask only which rules were hit when.
    by_rule: BTreeMap<usize, VecDeque<Timestamp>>,
    /// Windows (by number) that fired.
    fired: BTreeSet<i64>,
}

/// The hits of every correlation and group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Correlations {
    /// By key of the correlation, then by group.
    groups: BTreeMap<String, BTreeMap<String, Group>>,
    evicted: u64,
}

/// Depth of correlations over correlations.
const CHAIN: usize = 4;

/// Length above which an alert's time is not rounded further, in seconds.
const ROUNDING_S: i64 = 600;

impl Correlations {
    /// How many entries were given up at limits.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Takes in the keys of the rules an event matched; alerts of correlations that fire are added.
    pub(crate) fn observe(
        &mut self,
        definitions: &[CorrelationDefinition],
        keys: &[String],
        event: &Event,
        alerts: &mut Vec<Alert>,
    ) {
        let mut keys = keys.to_vec();
        for _ in 0..CHAIN {
            let mut fired = Vec::new();
            for definition in definitions {
                for key in &keys {
                    for (rule, _) in definition.rules.iter().enumerate().filter(|(_, name)| *name == key) {
                        if self.hit(definition, rule, event, alerts) {
                            fired.push(definition.key.clone());
                        }
                    }
                }
            }
            if fired.is_empty() {
                return;
            }
            keys = fired;
        }
    }

    /// Adds a hit; true when a window fires that had not.
    fn hit(&mut self, definition: &CorrelationDefinition, rule: usize, event: &Event, alerts: &mut Vec<Alert>) -> bool {
        let Some(name) = definition.group(&definition.rules[rule], event) else { return false };
        let value = if definition.fields.is_empty() { None } else { definition.value(event) };
        if !definition.fields.is_empty() && value.is_none() {
            return false;
        }
        let groups = self.groups.entry(definition.key.clone()).or_default();
        if !groups.contains_key(&name) && groups.len() >= limits::CORRELATION_KEYS {
            groups.pop_first();
            self.evicted += 1;
        }
        let group = groups.entry(name.clone()).or_default();
        let hit = Hit { time: event.time, event: event.id, rule, value };
        let Some(place) = group.insert(definition, hit) else { return false };
        self.evicted += group.trim();
        let seconds = definition.timespan_ns / 1_000_000_000;
        let mut any = false;
        for end in group.ends(definition, event.time, place) {
            let number = window(end, seconds);
            let Some(reached) = group.evaluate(definition, end) else { continue };
            if group.fired.insert(number) {
                alerts.push(alert(definition, &name, event, end, number, &reached));
                any = true;
            }
        }
        any
    }

    /// Drops hits that no window can need any more.
    pub(crate) fn advance(&mut self, definitions: &[CorrelationDefinition], watermark: Timestamp) {
        self.groups.retain(|key, groups| {
            let Some(definition) = definitions.iter().find(|definition| definition.key == *key) else { return false };
            let oldest = watermark.plus_nanos(definition.timespan_ns.saturating_mul(-2));
            groups.retain(|_, group| {
                group.drop_before(oldest, definition.timespan_ns / 1_000_000_000);
                !group.hits.is_empty() || !group.by_rule.is_empty()
            });
            !groups.is_empty()
        });
    }
}

fn only_times(definition: &CorrelationDefinition) -> bool {
    matches!(definition.kind, CorrelationType::Temporal | CorrelationType::TemporalOrdered)
}

impl Group {
    /// Puts a hit in its place; `None` when it is there already.
    fn insert(&mut self, definition: &CorrelationDefinition, hit: Hit) -> Option<usize> {
        let place = self.hits.partition_point(|known| *known < hit);
        if self.hits.get(place) == Some(&hit) {
            return None;
        }
        if only_times(definition) {
            let times = self.by_rule.entry(hit.rule).or_default();
            times.insert(times.partition_point(|time| *time <= hit.time), hit.time);
        }
        self.hits.insert(place, hit);
        Some(place)
    }

    fn trim(&mut self) -> u64 {
        let mut dropped = 0;
        while self.hits.len() > limits::CORRELATION_HITS
            && let Some(hit) = self.hits.pop_front()
        {
            if let Some(times) = self.by_rule.get_mut(&hit.rule) {
                times.pop_front();
            }
            dropped += 1;
        }
        dropped
    }

    /// The ends of the windows that a new hit belongs to: its own time, and those of later hits within the timespan.
    fn ends(&self, definition: &CorrelationDefinition, time: Timestamp, place: usize) -> Vec<Timestamp> {
        let last = time.plus_nanos(definition.timespan_ns);
        let mut ends: Vec<Timestamp> =
            self.hits.iter().skip(place).map(|hit| hit.time).take_while(|end| *end < last).collect();
        ends.dedup();
        ends
    }

    /// What the window with an end reaches, in words, when the condition holds.
    fn evaluate(&self, definition: &CorrelationDefinition, end: Timestamp) -> Option<String> {
        let start = end.plus_nanos(-definition.timespan_ns);
        let from = self.hits.partition_point(|hit| hit.time <= start);
        let to = self.hits.partition_point(|hit| hit.time <= end);
        let values = || self.hits.range(from..to).filter_map(|hit| hit.value.as_deref());
        let numbers = || values().filter_map(|value| value.parse::<f64>().ok());
        let number = match definition.kind {
            CorrelationType::EventCount => (to - from) as f64,
            CorrelationType::ValueCount => values().collect::<BTreeSet<_>>().len() as f64,
            CorrelationType::ValueSum => numbers().sum(),
            CorrelationType::ValueAvg => average(numbers())?,
            CorrelationType::ValuePercentile => percentile(numbers().collect(), definition.percentile)?,
            CorrelationType::ValueMedian => percentile(numbers().collect(), 50.0)?,
            CorrelationType::Temporal => return self.temporal(definition, start, end),
            CorrelationType::TemporalOrdered => return self.ordered(definition, start, end),
        };
        definition.passes(number).then(|| format!("{} = {number}", definition.kind.as_str()))
    }

    /// The time of a rule's last hit up to a moment.
    fn last(&self, rule: usize, end: Timestamp) -> Option<Timestamp> {
        let times = self.by_rule.get(&rule)?;
        times.get(times.partition_point(|time| *time <= end).checked_sub(1)?).copied()
    }

    fn temporal(&self, definition: &CorrelationDefinition, start: Timestamp, end: Timestamp) -> Option<String> {
        let seen: Vec<bool> =
            (0..definition.rules.len()).map(|rule| self.last(rule, end).is_some_and(|time| time > start)).collect();
        let holds = match &definition.expression {
            Some(expression) => holds(expression, &definition.names, &seen),
            None => seen.iter().all(|seen| *seen),
        };
        holds.then(|| "temporal: all rules within the timespan".to_owned())
    }

    /// The latest hit of the last rule, the latest of the one before that is earlier, and so on: the chain that begins
    /// latest, so that if any chain fits the window this one does.
    fn ordered(&self, definition: &CorrelationDefinition, start: Timestamp, end: Timestamp) -> Option<String> {
        let mut before = end;
        for (index, rule) in (0..definition.rules.len()).rev().enumerate() {
            let bound = if index == 0 { before } else { before.plus_nanos(-1) };
            before = self.last(rule, bound)?;
        }
        (before > start).then(|| "temporal_ordered: all rules in order within the timespan".to_owned())
    }

    fn drop_before(&mut self, oldest: Timestamp, seconds: i64) {
        while self.hits.front().is_some_and(|hit| hit.time < oldest) {
            self.hits.pop_front();
        }
        self.by_rule.retain(|_, times| {
            while times.front().is_some_and(|time| *time < oldest) {
                times.pop_front();
            }
            !times.is_empty()
        });
        self.fired = self.fired.split_off(&(window(oldest, seconds) - 1));
    }
}

fn average(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), number| (sum + number, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// The nearest-rank percentile.
fn percentile(mut numbers: Vec<f64>, percent: f64) -> Option<f64> {
    if numbers.is_empty() {
        return None;
    }
    // The rank is between 0 and the length, so the cast keeps it.
    let rank = ((percent / 100.0 * numbers.len() as f64).ceil() as usize).clamp(1, numbers.len());
    Some(*numbers.select_nth_unstable_by(rank - 1, f64::total_cmp).1)
}

fn holds(expression: &ConditionExpr, names: &[String], seen: &[bool]) -> bool {
    match expression {
        ConditionExpr::And(inner) => inner.iter().all(|inner| holds(inner, names, seen)),
        ConditionExpr::Or(inner) => inner.iter().any(|inner| holds(inner, names, seen)),
        ConditionExpr::Not(inner) => !holds(inner, names, seen),
        ConditionExpr::Identifier(name) => names.iter().zip(seen).any(|(known, seen)| known == name && *seen),
        ConditionExpr::Selector { quantifier, .. } => {
            let count = seen.iter().filter(|seen| **seen).count();
            match quantifier {
                Quantifier::Any => count > 0,
                Quantifier::All => count == seen.len(),
                Quantifier::Count(least) => count as u64 >= *least,
            }
        }
    }
}

fn alert(
    definition: &CorrelationDefinition,
    group: &str,
    event: &Event,
    end: Timestamp,
    number: i64,
    reached: &str,
) -> Alert {
    let card = &definition.card;
    let (source, target) = ends(event);
    let seconds = definition.timespan_ns / 1_000_000_000;
    let title = card.reference.title_zh.as_deref().unwrap_or(&card.reference.title);
    let shown: String = group.trim_end_matches('\u{1f}').replace('\u{1f}', ", ");
    let verdict = Verdict {
        source: AlertSource::Correlation,
        severity: card.severity,
        summary_zh: format!("{title}：{source} → {target}，{seconds} 秒内关联命中"),
        summary_en: format!("{}: {source} → {target} within {seconds} s", card.reference.title),
        conditions: vec![Condition { condition: reached.to_owned(), field: "group-by".to_owned(), value: shown }],
        techniques: card.techniques.clone(),
        rule: card.reference.clone(),
    };
    let mut alert = verdict.alert(event);
    let rounding = seconds.clamp(1, ROUNDING_S);
    alert.id = window_id(&card.reference.id, group, number);
    alert.time = Timestamp::from_parts(window(end, rounding).saturating_mul(rounding), 0);
    alert.group_key = group_key(&card.reference.id, &alert.entities);
    alert
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DetectionBuilder;
    use crate::testing::plain;

    const BASE: &str = "title: failed\nid: failed\nlogsource:\n  product: x\ndetection:\n  s:\n    outcome: failure\n  condition: s\n---\ntitle: good\nid: good\nname: good_login\nlogsource:\n  product: x\ndetection:\n  s:\n    outcome: success\n  condition: s\n---\n";

    /// The times (in seconds) of the events after which a correlation fired.
    fn fired(correlation: &str, events: &[(i64, &[(&'static str, &str)])]) -> Vec<i64> {
        let mut builder = DetectionBuilder::new();
        builder.add_sigma("c.yml", &format!("{BASE}title: c\nid: c\ncorrelation:\n{correlation}"));
        let (detection, report) = builder.finish();
        assert_eq!((report.failures, report.sigma_correlations), (vec![], 1));
        let (mut state, mut times) = (Correlations::default(), Vec::new());
        for (index, (seconds, fields)) in events.iter().enumerate() {
            let mut event = plain(*seconds, fields);
            event.id = EventId::from_bytes([u8::try_from(index).expect("few"); 16]);
            let mut alerts = Vec::new();
            state.observe(detection.correlations(), &detection.sigma_keys(&event), &event, &mut alerts);
            times.extend(alerts.iter().map(|_| *seconds));
        }
        times
    }

    const A: &[(&str, &str)] = &[("outcome", "failure"), ("user", "a"), ("bytes", "10")];
    const B: &[(&str, &str)] = &[("outcome", "failure"), ("user", "b"), ("bytes", "30")];
    const OK: &[(&str, &str)] = &[("outcome", "success"), ("user", "a")];

    #[test]
    fn counts_by_group_and_timespan() {
        let rule =
            "  type: event_count\n  rules: [failed]\n  group-by: [user]\n  timespan: 60s\n  condition:\n    gte: 3\n";
        assert_eq!(fired(rule, &[(0, A), (10, A), (15, B), (20, A)]), [20]);
        assert!(fired(rule, &[(0, A), (50, A), (100, A)]).is_empty());
        let nobody: &[(&str, &str)] = &[("outcome", "failure")];
        assert!(fired(rule, &[(0, nobody), (1, nobody), (2, nobody)]).is_empty());
    }

    #[test]
    fn late_and_skewed_events_neither_count_wrongly_nor_wipe() {
        let rule =
            "  type: event_count\n  rules: [failed]\n  group-by: [user]\n  timespan: 5m\n  condition:\n    gte: 3\n";
        assert!(fired(rule, &[(86_400, A), (79_200, A), (0, A)]).is_empty());
        assert_eq!(fired(rule, &[(0, A), (86_400, A), (10, A), (20, A)]), [20]);
        assert_eq!(fired(rule, &[(0, A), (20, A), (10, A)]), [10]);
    }

    #[test]
    fn values_are_counted_summed_and_ranked() {
        let rule = |kind: &str, condition: &str| {
            format!("  type: {kind}\n  rules: [failed]\n  timespan: 1m\n  condition:\n{condition}")
        };
        assert_eq!(fired(&rule("value_count", "    field: user\n    gte: 2\n"), &[(0, A), (1, A), (2, B)]), [2]);
        assert_eq!(fired(&rule("value_sum", "    field: bytes\n    gt: 45\n"), &[(0, A), (1, B), (2, A)]), [2]);
        assert_eq!(fired(&rule("value_avg", "    field: bytes\n    gte: 20\n"), &[(0, A), (1, B)]), [1]);
        assert_eq!(fired(&rule("value_median", "    field: bytes\n    gte: 30\n"), &[(0, A), (1, B), (2, B)]), [2]);
        assert!(
            fired(&rule("value_percentile", "    field: bytes\n    percentile: 95\n    gt: 40\n"), &[(0, A), (1, B)])
                .is_empty()
        );
    }

    #[test]
    fn order_matters_where_it_should() {
        let rule =
            |kind: &str| format!("  type: {kind}\n  rules: [failed, good_login]\n  group-by: [user]\n  timespan: 1m\n");
        assert_eq!(fired(&rule("temporal"), &[(0, OK), (5, A)]), [5]);
        assert!(fired(&rule("temporal"), &[(0, OK), (65, A)]).is_empty());
        assert!(fired(&rule("temporal_ordered"), &[(0, OK), (5, A)]).is_empty());
        assert!(fired(&rule("temporal_ordered"), &[(5, OK), (5, A)]).is_empty());
        assert_eq!(fired(&rule("temporal_ordered"), &[(0, A), (5, OK)]), [5]);
    }
}
