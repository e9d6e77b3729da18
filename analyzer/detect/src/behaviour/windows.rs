//! State per key and window of event time, bounded in every direction.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{Alert, AlertSource, Condition, Entity, Event, RuleReference, Severity, Technique, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alerting::{Verdict, group_key, window, window_id};
use crate::{limits, techniques};

/// State per key in tumbling windows. A detector looks at a window and the one before it, so that what straddles their
/// border is seen; nothing is copied, so that an event costs the logarithm of what a window holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Windows<S> {
    seconds: i64,
    keys: BTreeMap<String, BTreeMap<i64, S>>,
    /// Keys by their newest window, for giving up the oldest.
    recency: BTreeSet<(i64, String)>,
    /// Windows that were reported already.
    reported: BTreeSet<(i64, String)>,
    evicted: u64,
}

/// A window and the one before it.
pub(super) struct Pair<'a, S> {
    pub(super) number: i64,
    before: Option<&'a S>,
    own: &'a S,
}

impl<S: Default> Windows<S> {
    /// Windows of a length in seconds.
    pub(super) fn of_seconds(seconds: i64) -> Self {
        Self { seconds, keys: BTreeMap::new(), recency: BTreeSet::new(), reported: BTreeSet::new(), evicted: 0 }
    }

    /// The state of a key's window at a moment, and its number.
    pub(super) fn at(&mut self, key: &str, time: Timestamp) -> (i64, &mut S) {
        let number = window(time, self.seconds);
        self.touch(key, number);
        (number, self.keys.entry(key.to_owned()).or_default().entry(number).or_default())
    }

    /// The pairs of windows that a change of one window is part of.
    pub(super) fn pairs(&self, key: &str, number: i64) -> impl Iterator<Item = Pair<'_, S>> {
        let windows = self.keys.get(key);
        [number, number.saturating_add(1)].into_iter().filter_map(move |number| {
            let windows = windows?;
            Some(Pair { number, before: windows.get(&(number - 1)), own: windows.get(&number)? })
        })
    }

    fn touch(&mut self, key: &str, number: i64) {
        if let Some(windows) = self.keys.get(key) {
            let newest = windows.last_key_value().map_or(i64::MIN, |(newest, _)| *newest);
            if newest >= number {
                return;
            }
            self.recency.remove(&(newest, key.to_owned()));
        } else if self.keys.len() >= limits::BEHAVIOUR_KEYS
            && let Some((_, oldest)) = self.recency.pop_first()
        {
            self.keys.remove(&oldest);
            self.evicted += 1;
        }
        self.recency.insert((number, key.to_owned()));
    }

    /// Whether a window of a key is reported for the first time.
    pub(super) fn first_report(&mut self, key: &str, number: i64) -> bool {
        self.reported.insert((number, key.to_owned()))
    }

    /// Whether a window of a key was reported.
    pub(super) fn is_reported(&self, key: &str, number: i64) -> bool {
        self.reported.contains(&(number, key.to_owned()))
    }

    /// Drops windows that no event can change any more, after keeping `kept` of them.
    pub(super) fn advance_keeping(&mut self, watermark: Timestamp, kept: i64) {
        let oldest = window(watermark, self.seconds) - kept.max(2);
        while let Some((newest, key)) = self.recency.first() {
            if *newest >= oldest {
                break;
            }
            self.keys.remove(key);
            self.recency.pop_first();
        }
        while self.reported.first().is_some_and(|(number, _)| *number < oldest) {
            self.reported.pop_first();
        }
    }

    /// Drops windows that no event can change any more.
    pub(super) fn advance(&mut self, watermark: Timestamp) {
        self.advance_keeping(watermark, 2);
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }
}

impl<'a, S> Pair<'a, S> {
    /// The states of both windows, the earlier first.
    pub(super) fn states(&self) -> impl Iterator<Item = &'a S> {
        self.before.into_iter().chain([self.own])
    }
}

impl<V: Ord> Windows<BTreeSet<V>> {
    /// Adds a value to a key's window; the windows it changed, with the distinct values of each and the one before.
    pub(super) fn add(&mut self, key: &str, time: Timestamp, value: V) -> Vec<(i64, usize)> {
        let (number, set) = self.at(key, time);
        if set.len() >= limits::BEHAVIOUR_VALUES || !set.insert(value) {
            return Vec::new();
        }
        self.pairs(key, number).map(|pair| (pair.number, pair.distinct())).collect()
    }
}

impl<V: Ord> Pair<'_, BTreeSet<V>> {
    /// Values of both windows, each once; above [`limits::BEHAVIOUR_COUNTED`] a lower bound, as no threshold is there.
    fn distinct(&self) -> usize {
        let Some(before) = self.before else { return self.own.len() };
        let (small, large) = if before.len() < self.own.len() { (before, self.own) } else { (self.own, before) };
        if large.len() >= limits::BEHAVIOUR_COUNTED {
            return large.len();
        }
        large.len() + small.iter().filter(|value| !large.contains(*value)).count()
    }
}

/// What a detector reports about a key and window.
pub(super) struct Report {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) title_zh: &'static str,
    pub(super) severity: Severity,
    pub(super) technique: &'static str,
    pub(super) summary_zh: String,
    pub(super) summary_en: String,
    pub(super) condition: Condition,
    /// Who and what; told by the key alone, so that the order of arrival does not matter.
    pub(super) entities: Vec<Entity>,
}

impl Report {
    /// The alert of a window, raised by the event that completed it.
    pub(super) fn alert(self, event: &Event, key: &str, number: i64, seconds: i64) -> Alert {
        let rule = format!("behaviour:{}", self.name);
        let technique: Vec<Technique> = techniques::technique(self.technique).into_iter().collect();
        let verdict = Verdict {
            source: AlertSource::Behaviour,
            severity: self.severity,
            summary_zh: self.summary_zh,
            summary_en: self.summary_en,
            conditions: vec![self.condition],
            techniques: technique,
            rule: RuleReference {
                id: rule.clone(),
                title: self.title.to_owned(),
                title_zh: Some(self.title_zh.to_owned()),
                text: None,
                revision: None,
                category: Some("behaviour".to_owned()),
                references: Vec::new(),
            },
        };
        let mut alert = verdict.alert(event);
        alert.id = window_id(&rule, key, number);
        alert.time = Timestamp::from_parts(number.saturating_mul(seconds), 0);
        alert.entities = self.entities;
        alert.group_key = group_key(&rule, &alert.entities);
        alert
    }
}

/// An address in a role.
pub(super) fn address(value: &str, role: &str, event: &Event) -> Entity {
    let asset =
        ["source", "destination"].into_iter().find(|side| event.fields.text(&format!("{side}.ip")) == Some(value));
    let asset = asset.and_then(|side| event.fields.text(&format!("fengsui.{side}_asset"))).map(str::to_owned);
    Entity { kind: fengsui_schema::EntityKind::Address, value: value.to_owned(), role: role.to_owned(), asset }
}

/// Implements the parts of [`super::Behaviour`] that are the same for every detector made of windows.
macro_rules! windowed_state {
    ($($windows:ident),+) => {
        fn advance(&mut self, watermark: fengsui_schema::Timestamp) {
            $(self.$windows.advance(watermark);)+
        }

        fn evicted(&self) -> u64 {
            0 $(+ self.$windows.evicted())+
        }

        fn save(&self) -> super::SavedBehaviour {
            let state = self.clone();
            Box::new(move |bytes| serde_json::to_writer(bytes, &state))
        }

        fn restore(&mut self, state: serde_json::Value) -> bool {
            serde_json::from_value(state).map(|state| *self = state).is_ok()
        }
    };
}
pub(super) use windowed_state;
