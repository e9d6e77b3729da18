//! Risk of groups of alerts and of incidents.
//!
//! Value of a group = severity × words × rarity³ × burst. Each rule counts once, with its best group. What one detector
//! says about one host in the same ten minutes is one piece of evidence: each further rule of it counts a part only. Values lose
//! half with every eight hours of distance from the moment at which their sum is greatest. The sum grows with the number of
//! tactics, detectors and hosts: many stages seen by different means are what an attack looks like, many repeats of one
//! rule are not.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{Severity, Technique, Timestamp};

use crate::correlate::{AlertGroup, Evidence, Rarity};
use crate::lexicon;

/// Distance in seconds at which a value counts half.
const HALF_LIFE_S: f64 = 8.0 * 3600.0;

/// Length of the moments in which a detector's rules are one piece of evidence, in seconds.
const MOMENT_S: i64 = 600;

/// What each further rule of a piece of evidence counts of the one before.
const FURTHER_RULE: f64 = 0.6;

/// What each further tactic, detector and host adds.
const FURTHER_TACTIC: f64 = 0.15;
const FURTHER_DETECTOR: f64 = 0.25;
const FURTHER_HOST: f64 = 0.05;

/// Hosts above which more add nothing.
const HOSTS: usize = 4;

/// Points at which the risk is 632 thousandths.
const SCALE: f64 = 12.0;

/// Moments that are tried for the greatest sum.
const MOMENTS: usize = 24;

/// Greatest burst that counts, as a natural logarithm.
const BURST: f64 = 5.0;

/// The risk of an incident and what it is made of.
pub(crate) struct Score {
    /// In thousandths.
    pub(crate) risk: u32,
    pub(crate) points: f64,
    pub(crate) tactics: BTreeSet<String>,
    /// Kinds of detectors.
    pub(crate) detectors: usize,
}

/// The value of a group.
pub(crate) fn group_value(group: &AlertGroup, rarity: &Rarity, evidence: &Evidence) -> f64 {
    let severity = match group.shape.severity {
        Severity::Info => 0.5,
        Severity::Low => 0.8,
        Severity::Medium => 1.0,
        Severity::High => 1.3,
        Severity::Critical => 1.8,
    };
    let severity = if evidence.severity { severity } else { 1.0 };
    let words = if evidence.words { lexicon::hint(&group.shape.title).weight } else { 1.0 };
    let burst = if evidence.burst { 1.0 + 0.12 * rarity.burst.min(BURST) } else { 1.0 };
    severity * words * rarity.rarity.powi(3) * burst
}

/// The best group of a rule.
struct Best<'a> {
    value: f64,
    time: Timestamp,
    bundle: (&'a str, &'a str, i64),
}

impl Score {
    /// The risk of groups with their values.
    pub(crate) fn of(groups: &[&AlertGroup], values: &[f64], techniques: &[Technique], evidence: &Evidence) -> Self {
        let mut best: BTreeMap<&str, Best<'_>> = BTreeMap::new();
        for (group, value) in groups.iter().zip(values) {
            if best.get(group.shape.rule.as_str()).is_none_or(|known| known.value < *value) {
                let moment = group.first.as_seconds().div_euclid(MOMENT_S);
                let bundle = (group.shape.detector.as_str(), group.shape.subject(), moment);
                best.insert(&group.shape.rule, Best { value: *value, time: group.first, bundle });
            }
        }
        let mut best: Vec<Best<'_>> = best.into_values().collect();
        best.sort_by(|one, other| other.value.total_cmp(&one.value).then(one.time.cmp(&other.time)));
        let moments = best.iter().take(MOMENTS).map(|best| best.time);
        let sum = moments.map(|moment| sum(&best, moment, evidence.bundles)).fold(0.0, f64::max);
        let tactics: BTreeSet<String> = techniques.iter().filter_map(|technique| technique.tactic.clone()).collect();
        let telling = || groups.iter().zip(values).filter(|(_, value)| **value > 0.2).map(|(group, _)| group);
        let detectors = telling().map(|group| group.shape.detector.as_str()).collect::<BTreeSet<_>>().len();
        let hosts = telling().map(|group| group.shape.subject()).collect::<BTreeSet<_>>().len().min(HOSTS);
        let further = |count: usize, each: f64| count.saturating_sub(1) as f64 * each;
        let diversity = 1.0
            + further(tactics.len(), FURTHER_TACTIC)
            + further(detectors, FURTHER_DETECTOR)
            + further(hosts, FURTHER_HOST);
        let points = sum * if evidence.diversity { diversity } else { 1.0 };
        // Between 0 and 1000, so the cast keeps it.
        let risk = (1000.0 * (1.0 - (-points / SCALE).exp())).round() as u32;
        Self { risk, points, tactics, detectors: detectors.max(1) }
    }
}

/// The sum of values as they count at a moment.
fn sum(best: &[Best<'_>], moment: Timestamp, bundles: bool) -> f64 {
    let mut weights: BTreeMap<(&str, &str, i64), f64> = BTreeMap::new();
    let mut sum = 0.0;
    for best in best {
        let distance_s = (best.time.nanos_since(moment) as f64 / 1e9).abs();
        let weight = weights.entry(best.bundle).or_insert(1.0);
        sum += best.value * *weight * 0.5_f64.powf(distance_s / HALF_LIFE_S);
        if bundles {
            *weight *= FURTHER_RULE;
        }
    }
    sum
}
