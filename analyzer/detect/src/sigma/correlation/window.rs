//! What is measured over the hits of a window, kept while the window moves: a hit that enters or leaves costs O(log n).

use std::collections::{HashMap, VecDeque};

use rsigma_parser::CorrelationType;
use serde::{Deserialize, Serialize};

use fengsui_schema::{EventId, Timestamp};

use super::CorrelationDefinition;

/// A hit: when, which event, which of the correlation's rules, and the value of the condition's fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Hit {
    pub(super) time: Timestamp,
    pub(super) event: EventId,
    pub(super) rule: u32,
    pub(super) value: HitValue,
}

/// The value of the condition's fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum HitValue {
    /// Not asked for, or no number where one is asked for.
    None,
    /// A number in millionths: sums of whole numbers don't depend on their order.
    Millionths(i64),
    /// A value as a text.
    Text(Box<str>),
}

/// Millionths of one.
const MILLION: f64 = 1e6;

impl HitValue {
    /// The value as a kind of correlation counts it.
    pub(super) fn of(kind: CorrelationType, text: String) -> Self {
        if kind == CorrelationType::ValueCount {
            return Self::Text(text.into());
        }
        match text.parse::<f64>() {
            // A cast of a float saturates.
            Ok(number) if number.is_finite() => Self::Millionths((number * MILLION).round() as i64),
            _ => Self::None,
        }
    }
}

/// The hits between two places, measured.
#[derive(Debug, Clone)]
pub(super) struct Window {
    from: usize,
    to: usize,
    measure: Measure,
}

#[derive(Debug, Clone)]
enum Measure {
    /// The number of hits is enough.
    Count,
    /// How often each value is there.
    Distinct(HashMap<Box<str>, u32>),
    /// Sum and number of values.
    Sum(i128, u64),
    /// The values in order.
    Ranks(Ranks),
    /// How often each rule was hit.
    Rules(Vec<u32>),
}

impl Window {
    pub(super) fn new(definition: &CorrelationDefinition) -> Self {
        let measure = match definition.kind {
            CorrelationType::EventCount | CorrelationType::TemporalOrdered => Measure::Count,
            CorrelationType::ValueCount => Measure::Distinct(HashMap::new()),
            CorrelationType::ValueSum | CorrelationType::ValueAvg => Measure::Sum(0, 0),
            CorrelationType::ValuePercentile | CorrelationType::ValueMedian => Measure::Ranks(Ranks::default()),
            CorrelationType::Temporal => Measure::Rules(vec![0; definition.rules.len()]),
        };
        Self { from: 0, to: 0, measure }
    }

    /// Moves to other places; costs as many steps as hits enter and leave.
    pub(super) fn seek(&mut self, hits: &VecDeque<Hit>, from: usize, to: usize) {
        if from >= self.to || to <= self.from {
            self.measure.clear();
            (self.from, self.to) = (from, from);
        }
        for hit in hits.range(self.to..to.max(self.to)) {
            self.measure.add(hit);
        }
        for hit in hits.range(to.min(self.to)..self.to) {
            self.measure.remove(hit);
        }
        for hit in hits.range(from.min(self.from)..self.from) {
            self.measure.add(hit);
        }
        for hit in hits.range(self.from..from.max(self.from)) {
            self.measure.remove(hit);
        }
        (self.from, self.to) = (from, to);
    }

    /// A hit was put in at a place.
    pub(super) fn inserted(&mut self, place: usize, hit: &Hit) {
        if place < self.from {
            self.from += 1;
            self.to += 1;
        } else if place < self.to {
            self.measure.add(hit);
            self.to += 1;
        }
    }

    /// The hit at a place was taken out.
    pub(super) fn removed(&mut self, place: usize, hit: &Hit) {
        if place < self.from {
            self.from -= 1;
            self.to -= 1;
        } else if place < self.to {
            self.measure.remove(hit);
            self.to -= 1;
        }
    }

    /// The number that thresholds are about; `None` when there is none.
    pub(super) fn number(&self, definition: &CorrelationDefinition) -> Option<f64> {
        match &self.measure {
            Measure::Count | Measure::Rules(_) => Some((self.to - self.from) as f64),
            Measure::Distinct(values) => Some(values.len() as f64),
            Measure::Sum(sum, _) if definition.kind == CorrelationType::ValueSum => Some(*sum as f64 / MILLION),
            Measure::Sum(sum, count) => (*count > 0).then(|| *sum as f64 / MILLION / *count as f64),
            Measure::Ranks(ranks) => {
                let median = definition.kind == CorrelationType::ValueMedian;
                ranks.percentile(if median { 50.0 } else { definition.percentile }).map(|value| value as f64 / MILLION)
            }
        }
    }

    /// Which rules were hit.
    pub(super) fn seen(&self) -> Vec<bool> {
        match &self.measure {
            Measure::Rules(counts) => counts.iter().map(|count| *count > 0).collect(),
            _ => Vec::new(),
        }
    }
}

impl Measure {
    fn clear(&mut self) {
        match self {
            Self::Count => {}
            Self::Distinct(values) => values.clear(),
            Self::Sum(sum, count) => (*sum, *count) = (0, 0),
            Self::Ranks(ranks) => *ranks = Ranks::default(),
            Self::Rules(counts) => counts.fill(0),
        }
    }

    fn add(&mut self, hit: &Hit) {
        match (self, &hit.value) {
            (Self::Distinct(values), HitValue::Text(text)) => match values.get_mut(text) {
                Some(count) => *count += 1,
                None => {
                    values.insert(text.clone(), 1);
                }
            },
            (Self::Sum(sum, count), HitValue::Millionths(value)) => {
                *sum += i128::from(*value);
                *count += 1;
            }
            (Self::Ranks(ranks), HitValue::Millionths(value)) => ranks.add(*value),
            (Self::Rules(counts), _) => {
                if let Some(count) = counts.get_mut(hit.rule as usize) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }

    fn remove(&mut self, hit: &Hit) {
        match (self, &hit.value) {
            (Self::Distinct(values), HitValue::Text(text)) => {
                if let Some(count) = values.get_mut(text) {
                    *count -= 1;
                    if *count == 0 {
                        values.remove(text);
                    }
                }
            }
            (Self::Sum(sum, count), HitValue::Millionths(value)) => {
                *sum -= i128::from(*value);
                *count = count.saturating_sub(1);
            }
            (Self::Ranks(ranks), HitValue::Millionths(value)) => ranks.remove(*value),
            (Self::Rules(counts), _) => {
                if let Some(count) = counts.get_mut(hit.rule as usize) {
                    *count = count.saturating_sub(1);
                }
            }
            _ => {}
        }
    }
}

/// Numbers in order, in chunks, so that putting one in moves few others.
#[derive(Debug, Clone, Default)]
struct Ranks {
    chunks: Vec<Vec<i64>>,
    len: usize,
}

/// Numbers in a chunk at which it is split.
const CHUNK: usize = 256;

impl Ranks {
    /// The chunk a number belongs into.
    fn chunk(&self, value: i64) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| *last < value))
    }

    fn add(&mut self, value: i64) {
        self.len += 1;
        let place = self.chunk(value).min(self.chunks.len().saturating_sub(1));
        let Some(chunk) = self.chunks.get_mut(place) else { return self.chunks.push(vec![value]) };
        chunk.insert(chunk.partition_point(|known| *known < value), value);
        if chunk.len() >= CHUNK {
            let rest = chunk.split_off(CHUNK / 2);
            self.chunks.insert(place + 1, rest);
        }
    }

    fn remove(&mut self, value: i64) {
        let place = self.chunk(value);
        let Some(chunk) = self.chunks.get_mut(place) else { return };
        if let Ok(found) = chunk.binary_search(&value) {
            chunk.remove(found);
            self.len -= 1;
            if chunk.is_empty() {
                self.chunks.remove(place);
            }
        }
    }

    /// The nearest-rank percentile.
    fn percentile(&self, percent: f64) -> Option<i64> {
        // The rank is between 0 and the length, so the cast keeps it.
        let rank = ((percent / 100.0 * self.len as f64).ceil() as usize).clamp(1, self.len.max(1));
        let mut left = rank - 1;
        for chunk in &self.chunks {
            match chunk.get(left) {
                Some(value) => return Some(*value),
                None => left -= chunk.len(),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_equal_a_sorted_list(values in prop::collection::vec(-50_i64..50, 1..900), percent in 0.0_f64..100.0) {
            let (mut ranks, mut list) = (Ranks::default(), Vec::new());
            for (index, value) in values.iter().enumerate() {
                if index % 3 == 2 {
                    let gone = list.remove(index % list.len());
                    ranks.remove(gone);
                }
                ranks.add(*value);
                list.push(*value);
            }
            list.sort_unstable();
            let rank = ((percent / 100.0 * list.len() as f64).ceil() as usize).clamp(1, list.len());
            prop_assert_eq!(ranks.percentile(percent), Some(list[rank - 1]));
        }
    }
}
