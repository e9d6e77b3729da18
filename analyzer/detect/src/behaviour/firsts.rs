//! Terms and when each was seen first, for detectors of what was never there before.
//!
//! A term is told when the watermark has passed its first moment, so that no earlier one can still come, and when the
//! learning of its kind was over by then. Terms not seen for long are forgotten, and so told again.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{Event, Timestamp};
use serde::{Deserialize, Serialize};

use super::essence;
use crate::limits;

/// Days after which a term that was not seen again is forgotten.
const FORGET_DAYS: i64 = 45;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// The terms of one detector.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Firsts {
    learning_s: i64,
    /// When the first event of each kind came.
    starts: BTreeMap<String, Timestamp>,
    /// First moment and last day of each term.
    terms: BTreeMap<String, (Timestamp, i64)>,
    recency: BTreeSet<(i64, String)>,
    /// Terms whose first moment the watermark has not passed.
    #[serde(with = "rows")]
    pending: BTreeMap<(Timestamp, String), Pending>,
    evicted: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pending {
    kind: String,
    event: Event,
}

/// The waiting terms as a list, as JSON has no keys of two parts.
mod rows {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Pending, Timestamp};

    pub(super) fn serialize<S: Serializer>(
        map: &BTreeMap<(Timestamp, String), Pending>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<(Timestamp, String), Pending>, D::Error> {
        Vec::deserialize(deserializer).map(|rows| rows.into_iter().collect())
    }
}

impl Firsts {
    /// No terms; what comes within the learning time is taken as known.
    pub(super) fn learning(learning_s: i64) -> Self {
        Self { learning_s, ..Self::default() }
    }

    /// Takes in a term of a kind.
    pub(super) fn see(&mut self, kind: &str, term: &str, event: &Event) {
        let start = self.starts.entry(kind.to_owned()).or_insert(event.time);
        *start = (*start).min(event.time);
        let key = format!("{kind}|{term}");
        let day = event.time.as_seconds().div_euclid(DAY_S);
        match self.terms.get(&key).copied() {
            Some((first, last)) => {
                if day > last {
                    self.recency.remove(&(last, key.clone()));
                    self.recency.insert((day, key.clone()));
                }
                let earlier = event.time < first;
                self.terms.insert(key.clone(), (first.min(event.time), last.max(day)));
                if earlier && self.pending.remove(&(first, key.clone())).is_some() {
                    self.pend(kind, key, event);
                }
            }
            None => {
                if self.terms.len() >= limits::BEHAVIOUR_KEYS
                    && let Some((_, oldest)) = self.recency.pop_first()
                {
                    self.terms.remove(&oldest);
                    self.evicted += 1;
                }
                self.terms.insert(key.clone(), (event.time, day));
                self.recency.insert((day, key.clone()));
                self.pend(kind, key, event);
            }
        }
    }

    fn pend(&mut self, kind: &str, key: String, event: &Event) {
        if self.pending.len() >= limits::BEHAVIOUR_PENDING {
            self.evicted += 1;
            return;
        }
        self.pending.insert((event.time, key), Pending { kind: kind.to_owned(), event: essence(event) });
    }

    /// The terms whose first moment is now certain and after the learning: kind and first event, in order of time.
    pub(super) fn certain(&mut self, watermark: Timestamp) -> Vec<(String, Event)> {
        let mut found = Vec::new();
        while self.pending.first_key_value().is_some_and(|((time, _), _)| *time <= watermark) {
            let Some(((time, _), pending)) = self.pending.pop_first() else { break };
            let start = self.starts.get(&pending.kind).copied().unwrap_or(time);
            if time >= start.plus_seconds(self.learning_s) {
                found.push((pending.kind, pending.event));
            }
        }
        found
    }

    /// Forgets terms that were not seen for long.
    pub(super) fn advance(&mut self, watermark: Timestamp) {
        let oldest = watermark.as_seconds().div_euclid(DAY_S) - FORGET_DAYS;
        while self.recency.first().is_some_and(|(day, _)| *day < oldest) {
            if let Some((_, key)) = self.recency.pop_first() {
                self.terms.remove(&key);
            }
        }
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }
}
