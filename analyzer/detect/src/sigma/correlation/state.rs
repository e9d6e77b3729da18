//! The groups of every correlation: found, bounded, and dropped when they are over, each in O(log n) and never all at once.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{
    Alert, AlertId, AlertSource, BusinessDomain, Condition, Entity, Event, EventId, Evidence, FlowSummary, Timestamp,
    UnitCode,
};
use serde::{Deserialize, Serialize};

use super::group::{Firing, Group};
use super::window::{Hit, HitValue};
use super::{CorrelationDefinition, CorrelationSet};
use crate::alerting::{Verdict, ends, group_key, window, window_id};
use crate::limits;
use crate::shards::{Name, Shards};

/// The groups of every correlation.
#[derive(Debug, Default)]
pub(crate) struct Correlations {
    /// By key of the correlation.
    states: BTreeMap<String, State>,
    evicted: u64,
    /// Groups of all correlations.
    held: usize,
}

/// What is saved of every correlation. To take it costs a reference a shard of groups.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SavedCorrelations {
    groups: BTreeMap<String, Shards<Group>>,
    evicted: u64,
}

/// The groups of one correlation.
#[derive(Debug, Default)]
struct State {
    /// By the values of `group-by`.
    groups: Shards<Group>,
    /// When each group has to be looked at again; groups may have moved on since.
    queue: BTreeSet<(Timestamp, Name)>,
}

/// Depth of correlations over correlations.
const CHAIN: usize = 4;

/// Length above which an alert's time is not rounded further, in seconds.
const ROUNDING_S: i64 = 600;

/// Groups that are looked at for one event.
const LOOKED_AT: usize = 16;

/// A rule or correlation that was hit.
struct Trigger {
    key: String,
    time: Timestamp,
    id: EventId,
    instead_of: Option<Timestamp>,
}

impl Correlations {
    /// What a saved state holds, for the correlations in force.
    pub(crate) fn of(saved: SavedCorrelations, set: &CorrelationSet) -> Self {
        let state = |groups| State { groups, queue: BTreeSet::new() };
        let states = saved.groups.into_iter().map(|(key, groups)| (key, state(groups))).collect();
        let mut correlations = Self { states, evicted: saved.evicted, held: 0 };
        correlations.adopt(set);
        correlations
    }

    /// The state, to be saved.
    pub(crate) fn save(&self) -> SavedCorrelations {
        let groups = self.states.iter().map(|(key, state)| (key.clone(), state.groups.clone())).collect();
        SavedCorrelations { groups, evicted: self.evicted }
    }

    /// How many entries were given up at limits.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Takes in the keys of the rules an event matched; alerts of correlations that fire are added.
    pub(crate) fn observe(&mut self, set: &CorrelationSet, keys: &[String], event: &Event, alerts: &mut Vec<Alert>) {
        if set.is_empty() {
            return;
        }
        let trigger = |key: &String| Trigger { key: key.clone(), time: event.time, id: event.id, instead_of: None };
        let mut triggers: Vec<Trigger> = keys.iter().map(trigger).collect();
        for _ in 0..CHAIN {
            let mut fired = Vec::new();
            for trigger in &triggers {
                for (definition, rule) in set.interested(&trigger.key) {
                    let Some((name, firings)) = self.hit(definition, rule, trigger, event) else { continue };
                    for firing in firings {
                        fired.push(next(definition, &name, &firing));
                        let retold = firing
                            .instead_of
                            .is_some_and(|before| rounded(definition, before) == rounded(definition, firing.end));
                        if !retold {
                            alerts.push(alert(definition, &name, event, &firing));
                        }
                    }
                }
            }
            if fired.is_empty() {
                return;
            }
            triggers = fired;
        }
    }

    /// Adds a hit; the group's name and the windows that fire, if it is a new hit of a group.
    fn hit(
        &mut self,
        definition: &CorrelationDefinition,
        rule: usize,
        trigger: &Trigger,
        event: &Event,
    ) -> Option<(Name, Vec<Firing>)> {
        let name: Name = definition.group(&definition.rules[rule], event)?.into();
        let value = match definition.fields.is_empty() {
            true => HitValue::None,
            false => HitValue::of(definition.kind, definition.value(event)?),
        };
        let hit = Hit { time: trigger.time, event: trigger.id, rule: u32::try_from(rule).unwrap_or(u32::MAX), value };
        if !self.states.contains_key(&definition.key) {
            self.states.insert(definition.key.clone(), State::default());
        }
        let state = self.states.get_mut(&definition.key)?;
        if self.held >= limits::CORRELATION_KEYS && !state.groups.contains(&*name) {
            let gone = state.make_room(definition);
            self.evicted += gone as u64;
            self.held -= gone;
        }
        let (group, is_new) = state.groups.entry_or(&name, Group::default);
        self.held += usize::from(is_new);
        if let Some(before) = trigger.instead_of {
            group.take_back(definition, &Hit { time: before, ..hit.clone() });
        }
        if group.entities.is_empty() && definition.waits() {
            group.entities = of_group(&name, crate::alerting::entities(event));
        }
        let firings = group.hit(definition, hit)?;
        self.evicted += group.trim(definition, Timestamp::from_nanos(i64::MIN / 2));
        enqueue(&mut state.queue, group, definition, &name);
        Some((name, firings))
    }

    /// Looks at some of the groups whose time has come: judges windows that waited for the watermark, drops what no window
    /// can need any more. The work is bounded; what is left is looked at with the next event.
    pub(crate) fn advance(&mut self, set: &CorrelationSet, watermark: Timestamp, alerts: &mut Vec<Alert>) {
        let mut dropped = Vec::new();
        for (key, state) in &mut self.states {
            let Some(definition) = set.get(key) else {
                dropped.push(key.clone());
                continue;
            };
            let before = state.groups.len();
            for _ in 0..LOOKED_AT {
                let Some((name, firings, cost)) = state.look(definition, watermark) else { break };
                self.evicted += cost;
                let entities = || state.groups.get(&*name).map(|group| group.entities.clone()).unwrap_or_default();
                alerts.extend(firings.iter().map(|firing| silent_alert(definition, &name, entities(), firing)));
            }
            self.held = self.held.saturating_sub(before - state.groups.len());
        }
        for key in dropped {
            let gone = self.states.remove(&key).map_or(0, |state| state.groups.len());
            self.held = self.held.saturating_sub(gone);
        }
    }

    /// Whether no group has to be looked at any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.states.values().all(|state| state.queue.is_empty())
    }

    /// Measures and queues every group anew, after the state was read or other correlations came into force.
    pub(crate) fn adopt(&mut self, set: &CorrelationSet) {
        self.held = self.states.values().map(|state| state.groups.len()).sum();
        for (key, state) in &mut self.states {
            let Some(definition) = set.get(key) else { continue };
            state.queue.clear();
            for (name, group) in state.groups.iter_mut() {
                group.forget_measures();
                enqueue(&mut state.queue, group, definition, name);
            }
        }
    }
}

impl State {
    /// Gives up the group that was not hit for longest; returns how many that are.
    fn make_room(&mut self, definition: &CorrelationDefinition) -> usize {
        for _ in 0..LOOKED_AT {
            let Some((queued, oldest)) = self.queue.pop_first() else { break };
            let Some(group) = self.groups.get_mut(&*oldest) else { continue };
            group.queued = None;
            if group.deadline(definition) <= queued {
                return usize::from(self.groups.remove(&*oldest).is_some());
            }
            enqueue(&mut self.queue, group, definition, &oldest);
        }
        let oldest = self.queue.pop_first().map(|(_, oldest)| oldest);
        oldest.map_or(0, |oldest| usize::from(self.groups.remove(&*oldest).is_some()))
    }

    /// Looks at the first group of the queue, if its time has come.
    fn look(&mut self, definition: &CorrelationDefinition, watermark: Timestamp) -> Option<(Name, Vec<Firing>, u64)> {
        let (queued, _) = self.queue.first()?;
        if *queued > watermark {
            return None;
        }
        let (_, name) = self.queue.pop_first()?;
        let Some(group) = self.groups.get_mut(&*name) else { return Some((name, Vec::new(), 0)) };
        group.queued = None;
        let firings = group.judge(definition, watermark);
        let cost = group.trim(definition, watermark);
        if firings.is_empty() && group.is_over(definition, watermark) {
            self.groups.remove(&*name);
        } else {
            enqueue(&mut self.queue, group, definition, &name);
        }
        Some((name, firings, cost))
    }
}

/// Puts a group into the queue, unless it is there for an earlier time anyway.
fn enqueue(
    queue: &mut BTreeSet<(Timestamp, Name)>,
    group: &mut Group,
    definition: &CorrelationDefinition,
    name: &Name,
) {
    let deadline = group.deadline(definition);
    if group.queued.is_some_and(|queued| queued <= deadline) {
        return;
    }
    if let Some(queued) = group.queued.replace(deadline) {
        queue.remove(&(queued, name.clone()));
    }
    queue.insert((deadline, name.clone()));
}

/// The hit that a window that fires is for correlations over this one.
fn next(definition: &CorrelationDefinition, name: &Name, firing: &Firing) -> Trigger {
    let id = window_id(&definition.card.reference.id, name, firing.number);
    Trigger {
        key: definition.key.clone(),
        time: firing.end,
        id: EventId::from_bytes(*id.as_bytes()),
        instead_of: firing.instead_of,
    }
}

/// The entities that the group is made by, so that they don't depend on which event completed the window.
fn of_group(name: &Name, entities: Vec<Entity>) -> Vec<Entity> {
    let is_named = |entity: &Entity| name.split('\u{1f}').any(|value| value == entity.value);
    entities.into_iter().filter(is_named).collect()
}

/// An alert's time: the start of the ten minutes (or the timespan) in which the window ends.
fn rounded(definition: &CorrelationDefinition, end: Timestamp) -> Timestamp {
    let rounding = definition.timespan_s().clamp(1, ROUNDING_S);
    Timestamp::from_parts(window(end, rounding).saturating_mul(rounding), 0)
}

fn alert(definition: &CorrelationDefinition, name: &Name, event: &Event, firing: &Firing) -> Alert {
    let (source, target) = ends(event);
    let mut alert = verdict(definition, name, firing, &format!("{source} → {target}")).alert(event);
    let named = of_group(name, alert.entities.clone());
    if !named.is_empty() {
        alert.entities = named;
    }
    finish(definition, name, firing, alert)
}

/// An alert that no event completes: something stayed away, or the watermark had to be waited for.
fn silent_alert(definition: &CorrelationDefinition, name: &Name, entities: Vec<Entity>, firing: &Firing) -> Alert {
    let verdict = verdict(definition, name, firing, &shown(name));
    let alert = Alert {
        id: AlertId::from_bytes([0; 16]),
        time: firing.end,
        source: verdict.source,
        rule: verdict.rule,
        severity: verdict.severity,
        summary_zh: verdict.summary_zh,
        summary_en: verdict.summary_en,
        conditions: verdict.conditions,
        entities,
        techniques: verdict.techniques,
        observer: "correlation".to_owned(),
        unit: UnitCode::default(),
        domain: BusinessDomain::Network,
        flow: FlowSummary::default(),
        evidence: Evidence::default(),
        events: Vec::new(),
        group_key: String::new(),
        fold: None,
    };
    finish(definition, name, firing, alert)
}

fn finish(definition: &CorrelationDefinition, name: &Name, firing: &Firing, mut alert: Alert) -> Alert {
    let rule = &definition.card.reference.id;
    alert.id = window_id(rule, name, firing.number);
    alert.time = rounded(definition, firing.end);
    alert.group_key = group_key(rule, &alert.entities);
    alert
}

fn shown(name: &Name) -> String {
    name.trim_end_matches('\u{1f}').replace('\u{1f}', ", ")
}

fn verdict(definition: &CorrelationDefinition, name: &Name, firing: &Firing, about: &str) -> Verdict {
    let card = &definition.card;
    let seconds = definition.timespan_s();
    let title = card.reference.title_zh.as_deref().unwrap_or(&card.reference.title);
    let condition = Condition { condition: firing.reached.clone(), field: "group-by".to_owned(), value: shown(name) };
    Verdict {
        source: AlertSource::Correlation,
        severity: card.severity,
        summary_zh: format!("{title}：{about}，{seconds} 秒内关联命中"),
        summary_en: format!("{}: {about} within {seconds} s", card.reference.title),
        conditions: vec![condition],
        techniques: card.techniques.clone(),
        rule: card.reference.clone(),
    }
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
        // What waits for the watermark is written as -1.
        for _ in 0..8 {
            let mut alerts = Vec::new();
            let end = plain(10 * 86_400, &[]).time;
            state.advance(detection.correlations(), end, &mut alerts);
            times.extend(alerts.iter().map(|_| -1));
        }
        assert!(state.states.values().all(|state| state.groups.len() == 0 && state.queue.is_empty()));
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
        assert_eq!(fired(&rule("value_avg", "    field: bytes\n    gte: 20\n"), &[(0, A), (1, B)]), [-1]);
        assert_eq!(fired(&rule("value_median", "    field: bytes\n    gte: 30\n"), &[(0, A), (1, B), (2, B)]), [-1]);
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

    #[test]
    fn what_stays_away_is_told_when_the_watermark_has_passed() {
        let rule =
            "  type: event_count\n  rules: [failed]\n  group-by: [user]\n  timespan: 60s\n  condition:\n    eq: 0\n";
        assert_eq!(fired(rule, &[(0, A), (30, A), (80, A)]), [-1]);
        assert_eq!(fired(rule, &[(0, A), (100, A)]), [-1, -1]);
        let rule = "  type: temporal\n  rules: [failed, good_login]\n  group-by: [user]\n  timespan: 60s\n  condition: failed and not good_login\n";
        assert_eq!(fired(rule, &[(0, A)]), [-1]);
        assert!(fired(rule, &[(0, A), (10, OK), (20, OK)]).is_empty());
    }

    #[test]
    fn a_chain_counts_what_another_correlation_found() {
        let inner =
            "  type: event_count\n  rules: [failed]\n  group-by: [user]\n  timespan: 60s\n  condition:\n    gte: 2\n";
        let chain = format!(
            "{inner}---\ntitle: d\nid: d\ncorrelation:\n  type: temporal_ordered\n  rules: [c, good_login]\n  group-by: [user]\n  timespan: 5m\n"
        );
        let mut builder = DetectionBuilder::new();
        builder.add_sigma("c.yml", &format!("{BASE}title: c\nid: c\ncorrelation:\n{chain}"));
        let (detection, report) = builder.finish();
        assert_eq!((report.failures, report.sigma_correlations), (vec![], 2));
        let mut found = Vec::new();
        let mut state = Correlations::default();
        for (index, (seconds, fields)) in [(0, A), (9, A), (30, OK)].into_iter().enumerate() {
            let mut event = plain(seconds, fields);
            event.id = EventId::from_bytes([u8::try_from(index).expect("few"); 16]);
            state.observe(detection.correlations(), &detection.sigma_keys(&event), &event, &mut found);
        }
        let rules: Vec<&str> = found.iter().map(|alert| alert.rule.id.as_str()).collect();
        assert_eq!(rules, ["sigma:c", "sigma:d"]);
    }
}
