//! Terms and when each was seen first, for detectors of what was never there before.
//!
//! A term is told when the watermark has passed its first moment, so that no earlier one can still come, and when the
//! learning of its kind was over by then. Terms not seen for long are forgotten, and so told again.

use std::collections::BTreeMap;
use std::sync::Arc;

use fengsui_schema::{Event, Timestamp};
use serde::{Deserialize, Serialize};

use super::essence::Essence;
use crate::limits;
use crate::shards::{Name, Shards};

/// Days after which a term that was not seen again is forgotten.
const FORGET_DAYS: i64 = 45;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Terms that are forgotten in one go; further ones have their turn the next time.
const FORGOTTEN: usize = 2_000;

/// The terms of one detector. A clone costs a reference a shard.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Saved")]
pub(super) struct Firsts {
    learning_s: i64,
    /// When the first event of each kind came.
    starts: BTreeMap<String, Timestamp>,
    /// First moment and last day of each term.
    terms: Shards<(Timestamp, i64)>,
    /// Terms by their last day.
    #[serde(skip)]
    days: BTreeMap<i64, Shards<()>>,
    /// Terms whose first moment the watermark has not passed; shared with snapshots.
    #[serde(serialize_with = "rows")]
    pending: Arc<BTreeMap<(Timestamp, Name), Arc<Pending>>>,
    evicted: u64,
}

/// What was saved.
#[derive(Deserialize)]
struct Saved {
    learning_s: i64,
    starts: BTreeMap<String, Timestamp>,
    terms: Shards<(Timestamp, i64)>,
    pending: Vec<((Timestamp, Name), Pending)>,
    evicted: u64,
}

impl From<Saved> for Firsts {
    fn from(saved: Saved) -> Self {
        let Saved { learning_s, starts, terms, pending, evicted } = saved;
        let mut days: BTreeMap<i64, Shards<()>> = BTreeMap::new();
        for (name, (_, day)) in terms.iter() {
            days.entry(*day).or_default().entry_or(name, || ());
        }
        let pending = pending.into_iter().map(|(place, pending)| (place, Arc::new(pending))).collect();
        Self { learning_s, starts, terms, days, pending: Arc::new(pending), evicted }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pending {
    kind: String,
    event: Essence,
}

/// The waiting terms as a list, as JSON has no keys of two parts.
fn rows<S: serde::Serializer>(
    map: &BTreeMap<(Timestamp, Name), Arc<Pending>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(map)
}

impl Firsts {
    /// No terms; what comes within the learning time is taken as known.
    pub(super) fn learning(learning_s: i64) -> Self {
        Self { learning_s, ..Self::default() }
    }

    /// Takes in a term of a kind.
    pub(super) fn see(&mut self, kind: &str, term: &str, event: &Event) {
        if !self.starts.contains_key(kind) {
            self.starts.insert(kind.to_owned(), event.time);
        }
        if let Some(start) = self.starts.get_mut(kind) {
            *start = (*start).min(event.time);
        }
        let key = format!("{kind}|{term}");
        let day = event.time.as_seconds().div_euclid(DAY_S);
        match self.terms.get(key.as_str()).copied() {
            Some((first, last)) => self.see_again(kind, &key, event, (first, last), day),
            None => {
                if self.terms.len() >= limits::BEHAVIOUR_KEYS && self.forget_oldest() {
                    self.evicted += 1;
                }
                let key: Name = key.into();
                self.terms.entry_or(&key, || (event.time, day));
                self.days.entry(day).or_default().entry_or(&key, || ());
                self.pend(kind, key, event);
            }
        }
    }

    fn see_again(&mut self, kind: &str, key: &str, event: &Event, (first, last): (Timestamp, i64), day: i64) {
        if day > last {
            self.leave_day(last, key);
            self.days.entry(day).or_default().entry(key);
        }
        if (day > last || event.time < first)
            && let Some(seen) = self.terms.get_mut(key)
        {
            *seen = (first.min(event.time), last.max(day));
        }
        let place = (first, Name::from(key));
        if event.time < first && self.pending.contains_key(&place) {
            Arc::make_mut(&mut self.pending).remove(&place);
            self.pend(kind, place.1, event);
        }
    }

    fn leave_day(&mut self, day: i64, key: &str) {
        if let Some(names) = self.days.get_mut(&day) {
            names.remove(key);
            if names.len() == 0 {
                self.days.remove(&day);
            }
        }
    }

    /// Forgets a term of the oldest day; false when there is none.
    fn forget_oldest(&mut self) -> bool {
        let Some(mut oldest) = self.days.first_entry() else { return false };
        let name = oldest.get_mut().pop_first();
        if oldest.get().len() == 0 {
            oldest.remove();
        }
        name.is_some_and(|(name, ())| self.terms.remove(&*name).is_some())
    }

    fn pend(&mut self, kind: &str, key: Name, event: &Event) {
        if self.pending.len() >= limits::BEHAVIOUR_PENDING {
            self.evicted += 1;
            return;
        }
        let pending = Pending { kind: kind.to_owned(), event: Essence::of(event) };
        Arc::make_mut(&mut self.pending).insert((event.time, key), Arc::new(pending));
    }

    /// The terms whose first moment is now certain and after the learning: kind and first event, in order of time.
    pub(super) fn certain(&mut self, watermark: Timestamp) -> Vec<(String, Event)> {
        let mut found = Vec::new();
        while self.pending.first_key_value().is_some_and(|((time, _), _)| *time <= watermark) {
            let Some(((time, _), pending)) = Arc::make_mut(&mut self.pending).pop_first() else { break };
            let start = self.starts.get(&pending.kind).copied().unwrap_or(time);
            if time >= start.plus_seconds(self.learning_s) {
                found.push((pending.kind.clone(), pending.event.event()));
            }
        }
        found
    }

    /// Forgets terms that were not seen for long.
    pub(super) fn advance(&mut self, watermark: Timestamp) {
        let oldest = watermark.as_seconds().div_euclid(DAY_S) - FORGET_DAYS;
        for _ in 0..FORGOTTEN {
            if self.days.first_key_value().is_none_or(|(day, _)| *day >= oldest) || !self.forget_oldest() {
                break;
            }
        }
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }
}
