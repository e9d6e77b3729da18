//! Risk of alerts and incidents.
//!
//! Points of a group = severity × rarity of its rule × repeats × decay. Points of an incident = its rules' best groups,
//! each further rule counting a little less, times the diversity of tactics and of kinds of detection: many stages seen by
//! different means are what an attack looks like, many repeats of one rule are not.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{Severity, Technique, Timestamp};

use crate::correlate::AlertGroup;

/// Seconds after which points count half.
const HALF_LIFE_S: f64 = 24.0 * 3600.0;

/// What each further rule counts less.
const FURTHER_RULE: f64 = 0.85;

/// What each further tactic and kind of detection adds.
const FURTHER_TACTIC: f64 = 0.25;
const FURTHER_SOURCE: f64 = 0.15;

/// Points at which the risk is 632 thousandths.
const SCALE: f64 = 250.0;

/// The risk of an incident and what it is made of.
pub(crate) struct Score {
    /// In thousandths.
    pub(crate) risk: u32,
    pub(crate) points: f64,
    pub(crate) tactics: BTreeSet<String>,
    /// Kinds of detection.
    pub(crate) sources: usize,
}

/// Points of a group; `share` is the share of hours in which its rule fires, in hundredths.
pub(crate) fn group_points(group: &AlertGroup, share: u32, end: Timestamp) -> f64 {
    let base = match group.severity {
        Severity::Info => 1.0,
        Severity::Low => 4.0,
        Severity::Medium => 15.0,
        Severity::High => 45.0,
        Severity::Critical => 90.0,
    };
    let rarity = 1.0 - f64::from(share.min(100)) / 100.0;
    let repeats = 1.0 + 0.1 * (group.count as f64).log2().max(0.0);
    let age_s = end.nanos_since(group.last) as f64 / 1e9;
    base * rarity * rarity * repeats * 0.5_f64.powf(age_s / HALF_LIFE_S)
}

impl Score {
    /// The risk of groups with their points.
    pub(crate) fn of(groups: &[&AlertGroup], points: &[f64], techniques: &[Technique]) -> Self {
        let mut best: BTreeMap<&str, f64> = BTreeMap::new();
        for (group, points) in groups.iter().zip(points) {
            let slot = best.entry(group.rule.as_str()).or_default();
            *slot = slot.max(*points);
        }
        let mut best: Vec<f64> = best.into_values().collect();
        best.sort_by(|one, other| other.total_cmp(one));
        let sum =
            best.iter().fold((0.0, 1.0), |(sum, weight), points| (sum + points * weight, weight * FURTHER_RULE)).0;
        let tactics: BTreeSet<String> = techniques.iter().filter_map(|technique| technique.tactic.clone()).collect();
        let sources = groups.iter().map(|group| format!("{:?}", group.source)).collect::<BTreeSet<_>>().len();
        let further = |count: usize, each: f64| count.saturating_sub(1) as f64 * each;
        let diversity = 1.0 + further(tactics.len(), FURTHER_TACTIC) + further(sources, FURTHER_SOURCE);
        let points = sum * diversity;
        // Between 0 and 1000, so the cast keeps it.
        let risk = (1000.0 * (1.0 - (-points / SCALE).exp())).round() as u32;
        Self { risk, points, tactics, sources }
    }
}
