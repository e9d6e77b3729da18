//! In which hours each rule fired: a rule that fires all the time says little about an attack.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alerting::window;

const HOUR_S: i64 = 3_600;

/// Hours that are remembered: a week.
const HOURS: i64 = 7 * 24;

/// Hours of observation below which nothing is taken for background.
const LEARNING_HOURS: i64 = 12;

/// In which hours each rule fired.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Activity {
    rules: BTreeMap<String, BTreeSet<i64>>,
    hours: BTreeSet<i64>,
}

impl Activity {
    /// A rule fired.
    pub(super) fn note(&mut self, rule: &str, time: Timestamp) {
        let hour = window(time, HOUR_S);
        self.hours.insert(hour);
        match self.rules.get_mut(rule) {
            Some(hours) => {
                hours.insert(hour);
            }
            None => {
                self.rules.insert(rule.to_owned(), BTreeSet::from([hour]));
            }
        }
    }

    /// Share of the observed hours in which a rule fired, in hundredths; 0 while too little was observed.
    pub(super) fn share(&self, rule: &str) -> u32 {
        let (Some(first), Some(last)) = (self.hours.first(), self.hours.last()) else { return 0 };
        let span = last - first + 1;
        if span < LEARNING_HOURS {
            return 0;
        }
        let fired = self.rules.get(rule).map_or(0, BTreeSet::len);
        u32::try_from(fired as u64 * 100 / span.unsigned_abs()).unwrap_or(100)
    }

    /// Forgets what is older than a week before a moment.
    pub(super) fn forget_before(&mut self, watermark: Timestamp) {
        let oldest = window(watermark, HOUR_S) - HOURS;
        if self.hours.first().is_none_or(|first| *first >= oldest) {
            return;
        }
        self.hours = self.hours.split_off(&oldest);
        self.rules.retain(|_, hours| {
            *hours = hours.split_off(&oldest);
            !hours.is_empty()
        });
    }
}
