//! How alerts are joined and what counts as evidence.

use serde::{Deserialize, Serialize};

use crate::limits;

/// How alerts are joined.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrelationSettings {
    /// Longest pause between two alerts that share an entity for them to be joined, in seconds; shorter at busy ones.
    pub link_window_s: u32,
    /// How probable it may be that two alerts that are joined meet by chance, in thousandths.
    pub chance: u32,
    /// Least risk of an incident that is shown, in thousandths.
    pub minimum_risk: u32,
    /// Alerts that one group names.
    pub members_per_group: usize,
    /// Alerts that one incident names.
    pub members_per_incident: usize,
    /// Which hours say what is usual.
    pub reference: Reference,
    /// What counts as evidence.
    pub evidence: Evidence,
}

impl Default for CorrelationSettings {
    fn default() -> Self {
        Self {
            link_window_s: 4 * 3_600,
            chance: 100,
            minimum_risk: 70,
            members_per_group: limits::GROUP_MEMBERS,
            members_per_incident: limits::INCIDENT_MEMBERS,
            reference: Reference::Past,
            evidence: Evidence::default(),
        }
    }
}

/// Which hours say what is usual in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The week before it: for a service.
    Past,
    /// The week before and the week after it: for files, where all is known.
    Whole,
}

/// What counts as evidence of an attack. All of it does; parts are switched off to measure what they are worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Evidence {
    /// That a rule seldom says such a thing.
    pub rarity: bool,
    /// That a count is far above what is usual for the rule on the host.
    pub burst: bool,
    /// That nothing like it comes at this time of other days.
    pub rhythm: bool,
    /// That few hosts see it.
    pub breadth: bool,
    /// The severity the detector gives.
    pub severity: bool,
    /// Words of the rule's title.
    pub words: bool,
    /// That detectors, hosts and tactics are many.
    pub diversity: bool,
    /// That alerts of one detector on one host in one moment tell less together than apart.
    pub bundles: bool,
    /// That an entity with many alerts joins them only over short pauses.
    pub hubs: bool,
    /// That rare alerts of a quiet network that come together belong together, even without a common entity.
    pub coincidence: bool,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            rarity: true,
            burst: true,
            rhythm: true,
            breadth: true,
            severity: true,
            words: true,
            diversity: true,
            bundles: true,
            hubs: true,
            coincidence: true,
        }
    }
}

impl Evidence {
    /// The names of the parts.
    pub const PARTS: [&str; 10] =
        ["rarity", "burst", "rhythm", "breadth", "severity", "words", "diversity", "bundles", "hubs", "coincidence"];

    /// Switches a part off by its name; `None` when there is no such part.
    pub fn switch_off(&mut self, part: &str) -> Option<()> {
        let switch = match part {
            "rarity" => &mut self.rarity,
            "burst" => &mut self.burst,
            "rhythm" => &mut self.rhythm,
            "breadth" => &mut self.breadth,
            "severity" => &mut self.severity,
            "words" => &mut self.words,
            "diversity" => &mut self.diversity,
            "bundles" => &mut self.bundles,
            "hubs" => &mut self.hubs,
            "coincidence" => &mut self.coincidence,
            _ => return None,
        };
        *switch = false;
        Some(())
    }
}
