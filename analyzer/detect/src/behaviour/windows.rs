//! State per key and window of event time, bounded in every direction.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{Alert, AlertSource, Condition, Entity, Event, RuleReference, Severity, Technique, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alerting::{Verdict, group_key, window, window_id};
use crate::shards::{Marks, Shards};
use crate::{limits, techniques};

/// State per key in tumbling windows. A detector looks at a window and the one before it, so that what straddles their
/// border is seen; nothing is copied, so that an event costs the logarithm of what a window holds. A clone costs a
/// reference a shard.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Saved<S>")]
#[serde(bound(deserialize = "S: Clone + Default + Deserialize<'de>"))]
pub(super) struct Windows<S> {
    seconds: i64,
    windows: BTreeMap<i64, Shards<S>>,
    /// Entries of all windows.
    #[serde(skip)]
    held: usize,
    /// Windows that were reported already.
    reported: Marks,
    evicted: u64,
}

/// What was saved. Until version 3 of the state it was by key, then window.
#[derive(Deserialize)]
#[serde(bound(deserialize = "S: Clone + Default + Deserialize<'de>"))]
struct Saved<S> {
    seconds: i64,
    #[serde(default = "BTreeMap::new")]
    windows: BTreeMap<i64, Shards<S>>,
    #[serde(default = "BTreeMap::new")]
    keys: BTreeMap<String, BTreeMap<i64, S>>,
    reported: Marks,
    evicted: u64,
}

impl<S: Clone + Default> From<Saved<S>> for Windows<S> {
    fn from(saved: Saved<S>) -> Self {
        let Saved { seconds, mut windows, keys, reported, evicted } = saved;
        for (key, states) in keys {
            for (number, state) in states {
                *windows.entry(number).or_default().entry(&key).0 = state;
            }
        }
        let held = windows.values().map(Shards::len).sum();
        Self { seconds, windows, held, reported, evicted }
    }
}

/// A window and the one before it.
pub(super) struct Pair<'a, S> {
    pub(super) number: i64,
    before: Option<&'a S>,
    own: &'a S,
}

impl<S: Clone + Default> Windows<S> {
    /// Windows of a length in seconds.
    pub(super) fn of_seconds(seconds: i64) -> Self {
        Self { seconds, windows: BTreeMap::new(), held: 0, reported: Marks::default(), evicted: 0 }
    }

    /// The state of a key's window at a moment, and its number.
    pub(super) fn at(&mut self, key: &str, time: Timestamp) -> (i64, &mut S) {
        let number = window(time, self.seconds);
        if self.held >= limits::BEHAVIOUR_KEYS && !self.windows.get(&number).is_some_and(|names| names.contains(key)) {
            self.make_room();
        }
        let (state, is_new) = self.windows.entry(number).or_default().entry(key);
        self.held += usize::from(is_new);
        (number, state)
    }

    /// The states of all keys and windows.
    pub(super) fn states(&self) -> impl Iterator<Item = &S> {
        self.windows.values().flat_map(|names| names.iter().map(|(_, state)| state))
    }

    /// Gives up one entry of the oldest window.
    fn make_room(&mut self) {
        let Some(mut oldest) = self.windows.first_entry() else { return };
        if oldest.get_mut().pop_first().is_some() {
            self.held -= 1;
            self.evicted += 1;
        }
        if oldest.get().len() == 0 {
            oldest.remove();
        }
    }

    /// The pairs of windows that a change of one window is part of.
    pub(super) fn pairs(&self, key: &str, number: i64) -> impl Iterator<Item = Pair<'_, S>> {
        let state = |number: i64| self.windows.get(&number).and_then(|names| names.get(key));
        let [before, own, after] = [state(number.saturating_sub(1)), state(number), state(number.saturating_add(1))];
        let pairs = [(number, before, own), (number.saturating_add(1), own, after)];
        pairs.into_iter().filter_map(|(number, before, own)| Some(Pair { number, before, own: own? }))
    }

    /// Whether a window of a key is reported for the first time.
    pub(super) fn first_report(&mut self, key: &str, number: i64) -> bool {
        self.reported.insert(number, key)
    }

    /// Whether a window of a key was reported.
    pub(super) fn is_reported(&self, key: &str, number: i64) -> bool {
        self.reported.contains(number, key)
    }

    /// Drops windows that no event can change any more.
    pub(super) fn advance(&mut self, watermark: Timestamp) {
        let oldest = window(watermark, self.seconds) - 2;
        while let Some(first) = self.windows.first_entry().filter(|first| *first.key() < oldest) {
            self.held -= first.remove().len();
        }
        self.reported.drop_before(oldest);
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

impl<V: Ord + Clone> Windows<BTreeSet<V>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(seconds, 0)
    }

    #[test]
    fn a_state_by_key_is_taken_up_by_window() {
        let old = r#"{"seconds":60,"keys":{"a":{"1":[7,9],"2":[9]},"b":{"2":[1]}},"recency":[[2,"a"],[2,"b"]],"reported":[[2,"a"]],"evicted":3}"#;
        let mut read: Windows<BTreeSet<u16>> = serde_json::from_str(old).expect("reads");
        assert_eq!(read.add("a", at(130), 5), [(2, 3)]);
        assert_eq!(
            (read.held, read.evicted(), read.is_reported("a", 2), read.is_reported("b", 2)),
            (3, 3, true, false)
        );
        let written = serde_json::to_string(&read).expect("is JSON");
        let again: Windows<BTreeSet<u16>> = serde_json::from_str(&written).expect("reads");
        assert_eq!((again.held, serde_json::to_string(&again).expect("is JSON")), (3, written));
    }

    #[test]
    fn at_the_limit_the_oldest_window_goes_first() {
        let mut windows: Windows<BTreeSet<u16>> = Windows::of_seconds(60);
        windows.add("old", at(0), 1);
        windows.add("kept", at(60), 1);
        for key in 0..limits::BEHAVIOUR_KEYS - 2 {
            windows.add(&key.to_string(), at(120), 1);
        }
        assert_eq!((windows.held, windows.evicted()), (limits::BEHAVIOUR_KEYS, 0));
        windows.add("one more", at(120), 1);
        assert_eq!((windows.held, windows.evicted()), (limits::BEHAVIOUR_KEYS, 1));
        assert!(windows.pairs("old", 0).next().is_none() && windows.pairs("kept", 1).next().is_some());
        windows.advance(at(360));
        assert_eq!(windows.held, 0);
    }
}
