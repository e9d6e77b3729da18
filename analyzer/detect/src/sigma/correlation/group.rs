//! The hits of one group of a correlation in the order of time, and the windows they fill.

use std::collections::{BTreeMap, VecDeque};

use fengsui_schema::{Entity, Timestamp};
use rsigma_parser::{ConditionExpr, CorrelationType, Quantifier};
use serde::{Deserialize, Serialize};

use super::CorrelationDefinition;
use super::definition::Judgement;
use super::window::{Hit, Window};
use crate::alerting::window;
use crate::limits;

/// Hits that are judged in one go.
const JUDGED: usize = 256;

/// The hits of one group in the order of time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Group {
    hits: VecDeque<Hit>,
    /// Times of the hits of each rule, where their order is asked for.
    by_rule: BTreeMap<u32, VecDeque<Timestamp>>,
    /// Windows (by number) that fired, with the earliest end at which they did.
    fired: BTreeMap<i64, Timestamp>,
    /// Up to which hit windows were judged, where that waits for the watermark.
    judged: Option<Timestamp>,
    /// What the group is about, for alerts that no event completes.
    pub(super) entities: Vec<Entity>,
    #[serde(skip)]
    window: Option<Box<Window>>,
    /// Under which time the group is queued.
    #[serde(skip)]
    pub(super) queued: Option<Timestamp>,
}

/// A window that holds the condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Firing {
    /// Number of the window; it fires once.
    pub(super) number: i64,
    pub(super) end: Timestamp,
    /// The end at which it was thought to fire before a late hit came.
    pub(super) instead_of: Option<Timestamp>,
    pub(super) reached: String,
}

impl Group {
    /// Puts a hit in its place and names the windows that fire for it; `None` when the hit is there already.
    pub(super) fn hit(&mut self, definition: &CorrelationDefinition, hit: Hit) -> Option<Vec<Firing>> {
        let place = self.hits.partition_point(|known| *known < hit);
        if self.hits.get(place) == Some(&hit) {
            return None;
        }
        let time = hit.time;
        if definition.kind == CorrelationType::TemporalOrdered {
            let times = self.by_rule.entry(hit.rule).or_default();
            times.insert(times.partition_point(|known| *known <= time), time);
        }
        if let Some(window) = &mut self.window {
            window.inserted(place, &hit);
        }
        self.hits.insert(place, hit);
        if definition.judgement() != Judgement::AtOnce {
            return Some(Vec::new());
        }
        let last = time.plus_nanos(definition.timespan_ns);
        let mut ends: Vec<Timestamp> =
            self.hits.range(place..).map(|hit| hit.time).take_while(|end| *end < last).collect();
        ends.dedup();
        Some(
            ends.into_iter()
                .filter_map(|end| self.fire(definition, end, end.plus_nanos(-definition.timespan_ns)))
                .collect(),
        )
    }

    /// Forgets what was measured under another definition.
    pub(super) fn forget_measures(&mut self) {
        (self.window, self.queued) = (None, None);
    }

    /// Takes back a hit of another correlation that is known to have fired earlier now.
    pub(super) fn take_back(&mut self, definition: &CorrelationDefinition, hit: &Hit) {
        let Ok(place) = self.hits.binary_search(hit) else { return };
        self.drop_at(definition, place);
    }

    fn drop_at(&mut self, definition: &CorrelationDefinition, place: usize) {
        let Some(hit) = self.hits.remove(place) else { return };
        if let Some(window) = &mut self.window {
            window.removed(place, &hit);
        }
        if definition.kind == CorrelationType::TemporalOrdered
            && let Some(times) = self.by_rule.get_mut(&hit.rule)
            && let Ok(found) = times.binary_search(&hit.time)
        {
            times.remove(found);
        }
    }

    /// The window behind `start` up to `end`, when the condition holds in it and that is news.
    fn fire(&mut self, definition: &CorrelationDefinition, end: Timestamp, start: Timestamp) -> Option<Firing> {
        let number = window(end, definition.timespan_s());
        let before = self.fired.get(&number).copied();
        if before.is_some_and(|before| before <= end) {
            return None;
        }
        let reached = self.evaluate(definition, start, end)?;
        self.fired.insert(number, end);
        Some(Firing { number, end, instead_of: before, reached })
    }

    /// Judges the windows that nothing can change any more after a watermark.
    pub(super) fn judge(&mut self, definition: &CorrelationDefinition, watermark: Timestamp) -> Vec<Firing> {
        let mut firings = Vec::new();
        let waits = definition.judgement() == Judgement::Afterwards;
        for _ in 0..JUDGED {
            let Some(time) = self.next_judged().filter(|time| definition.judged_at(*time) <= watermark) else { break };
            self.judged = Some(time);
            // What a rule is followed by includes what comes in the same nanosecond.
            let firing = if !waits {
                self.fire(definition, time, time.plus_nanos(-definition.timespan_ns))
            } else {
                let start = if definition.has_expression() { time.plus_nanos(-1) } else { time };
                self.fire(definition, time.plus_nanos(definition.timespan_ns), start)
            };
            firings.extend(firing);
        }
        firings
    }

    /// The time of the first hit that is not judged.
    fn next_judged(&self) -> Option<Timestamp> {
        let after = self.judged.unwrap_or(Timestamp::from_nanos(i64::MIN));
        self.hits.get(self.hits.partition_point(|hit| hit.time <= after)).map(|hit| hit.time)
    }

    /// When the group has to be looked at again.
    pub(super) fn deadline(&self, definition: &CorrelationDefinition) -> Timestamp {
        let over = self.hits.back().map(|hit| hit.time.plus_nanos(definition.timespan_ns.saturating_mul(2)));
        let over = over.unwrap_or(Timestamp::EPOCH);
        match definition.judgement() {
            Judgement::AtOnce => over,
            _ => self.next_judged().map_or(over, |time| definition.judged_at(time).min(over)),
        }
    }

    /// Whether no window can need it any more after a watermark.
    pub(super) fn is_over(&self, definition: &CorrelationDefinition, watermark: Timestamp) -> bool {
        let all_judged = definition.judgement() == Judgement::AtOnce || self.next_judged().is_none();
        let oldest = watermark.plus_nanos(definition.timespan_ns.saturating_mul(-2));
        all_judged && self.hits.back().is_none_or(|hit| hit.time <= oldest)
    }

    /// Drops the oldest hits above the limit, and those that no window can need; returns what the limit cost.
    pub(super) fn trim(&mut self, definition: &CorrelationDefinition, watermark: Timestamp) -> u64 {
        let mut cost = 0;
        while self.hits.len() > limits::CORRELATION_HITS {
            self.drop_at(definition, 0);
            cost += 1;
        }
        let oldest = watermark.plus_nanos(definition.timespan_ns.saturating_mul(-2));
        let judged = self.judged.unwrap_or(Timestamp::from_nanos(i64::MIN));
        let is_old =
            |hit: &Hit| hit.time < oldest && (definition.judgement() == Judgement::AtOnce || hit.time <= judged);
        while self.hits.front().is_some_and(is_old) {
            self.drop_at(definition, 0);
        }
        let number = window(oldest, definition.timespan_s()) - 1;
        while self.fired.first_key_value().is_some_and(|(fired, _)| *fired < number) {
            self.fired.pop_first();
        }
        cost
    }

    /// What the window behind `start` up to `end` reaches, in words, when the condition holds.
    fn evaluate(&mut self, definition: &CorrelationDefinition, start: Timestamp, end: Timestamp) -> Option<String> {
        if definition.kind == CorrelationType::TemporalOrdered {
            return self.ordered(definition, start, end);
        }
        let from = self.hits.partition_point(|hit| hit.time <= start);
        let to = self.hits.partition_point(|hit| hit.time <= end);
        let window = self.window.get_or_insert_with(|| Box::new(Window::new(definition)));
        window.seek(&self.hits, from, to);
        if definition.kind == CorrelationType::Temporal {
            let seen = window.seen();
            let holds = match &definition.expression {
                Some(expression) => holds(expression, &definition.names, &seen),
                None => seen.iter().all(|seen| *seen),
            };
            return holds.then(|| "temporal: the rules hold within the timespan".to_owned());
        }
        let number = window.number(definition)?;
        definition.passes(number).then(|| format!("{} = {number}", definition.kind.as_str()))
    }

    /// The time of a rule's last hit up to a moment.
    fn last(&self, rule: usize, end: Timestamp) -> Option<Timestamp> {
        let times = self.by_rule.get(&u32::try_from(rule).ok()?)?;
        times.get(times.partition_point(|time| *time <= end).checked_sub(1)?).copied()
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
