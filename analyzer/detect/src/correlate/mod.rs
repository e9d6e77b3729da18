//! Joins alerts of one attack into incidents.
//!
//! The incidents are a function of the set of alerts, not of the order in which they came: alerts are folded into groups
//! (same rule, same ends, same ten minutes), groups are joined where they share an entity close in time, and an incident
//! is a connected component. Every round computes the components of the groups that are still open; a component that
//! no future alert can reach (its last alert is older than the watermark by more than the link window) is closed as
//! a whole. So late alerts and repeated records change nothing but what they really add.

mod activity;
mod components;
mod explain;
mod group;
mod incident;

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{Alert, Incident, IncidentId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limits;
use crate::risk::GradingRules;
use activity::Activity;
pub(crate) use group::AlertGroup;
use group::GroupKey;

/// How alerts are joined.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrelationSettings {
    /// Longest pause between two alerts that share an entity for them to be joined, in seconds.
    pub link_window_s: u32,
    /// Distinct counterparts from which a target, account or name is a hub that no longer joins ordinary alerts.
    pub hub_counterparts: u32,
    /// Least risk of an incident that is shown, in thousandths.
    pub minimum_risk: u32,
    /// Share of the observed hours in which a rule fires from which it is taken for background, in hundredths.
    pub background_share: u32,
    /// Alerts that one group names.
    pub members_per_group: usize,
    /// Alerts that one incident names.
    pub members_per_incident: usize,
}

impl Default for CorrelationSettings {
    fn default() -> Self {
        Self {
            link_window_s: 2 * 3_600,
            hub_counterparts: 8,
            minimum_risk: 30,
            background_share: 25,
            members_per_group: limits::GROUP_MEMBERS,
            members_per_incident: limits::INCIDENT_MEMBERS,
        }
    }
}

/// Joins alerts of one attack into incidents.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Correlator {
    settings: CorrelationSettings,
    #[serde(with = "crate::pairs")]
    groups: BTreeMap<GroupKey, AlertGroup>,
    activity: Activity,
    /// What was handed out last of every open incident: revision and digest.
    shown: BTreeMap<IncidentId, ShownIncident>,
    changed: bool,
    evicted: u64,
}

/// What was handed out of an incident last. Kept by whoever hands incidents out before they leave, so that after a crash
/// revisions go on and an incident that another one took in is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownIncident {
    /// Which incident.
    pub id: IncidentId,
    /// Its revision.
    pub revision: u32,
    /// Its first alert.
    pub start: Timestamp,
    /// Its title.
    pub title_zh: String,
    /// Digest of all of it; empty when it is not known.
    #[serde(default)]
    digest: String,
}

impl ShownIncident {
    /// What is kept of an incident that is handed out.
    #[must_use]
    pub fn of(incident: &Incident) -> Self {
        let (id, revision, start) = (incident.id, incident.revision, incident.start);
        Self { id, revision, start, title_zh: incident.title_zh.clone(), digest: String::new() }
    }
}

impl Correlator {
    /// A correlator with no alerts.
    #[must_use]
    pub fn new(settings: CorrelationSettings) -> Self {
        let (groups, shown) = (BTreeMap::new(), BTreeMap::new());
        Self { settings, groups, activity: Activity::default(), shown, changed: false, evicted: 0 }
    }

    /// Takes in an alert. One that is known already changes nothing.
    pub fn add(&mut self, alert: &Alert) {
        self.activity.note(&alert.rule.id, alert.time);
        let key = GroupKey::of(alert);
        match self.groups.get_mut(&key) {
            Some(group) => self.changed |= group.add(alert, self.settings.members_per_group),
            None => {
                self.make_room();
                self.groups.insert(key, AlertGroup::of(alert));
                self.changed = true;
            }
        }
    }

    fn make_room(&mut self) {
        if self.groups.len() >= limits::CORRELATED_GROUPS
            && let Some((oldest, _)) = self.groups.pop_first()
        {
            self.evicted += 1;
            self.changed |= oldest.window() > i64::MIN;
        }
    }

    /// Learns what was handed out after the state was saved.
    pub(crate) fn recall(&mut self, shown: impl IntoIterator<Item = ShownIncident>) {
        for incident in shown {
            self.shown.insert(incident.id, incident);
            self.changed = true;
        }
    }

    /// Groups given up at the limit.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The incidents that are new or changed since the last call, and those that another one took in, which come with no
    /// risk and no members. Components that nothing can reach any more after `watermark` are closed and forgotten.
    pub(crate) fn round(&mut self, grading: &GradingRules, watermark: Timestamp) -> Vec<Incident> {
        if !std::mem::take(&mut self.changed) {
            return Vec::new();
        }
        let components = components::of(&self.groups, &self.activity, &self.settings);
        let (mut out, mut open, mut closed) = (Vec::new(), BTreeSet::new(), Vec::new());
        for component in components {
            let groups: Vec<&AlertGroup> = component.keys.iter().filter_map(|key| self.groups.get(key)).collect();
            let last = groups.iter().map(|group| group.last).max().unwrap_or_default();
            let is_closed = last.plus_seconds(i64::from(self.settings.link_window_s)) < watermark;
            if let Some(incident) =
                incident::build(&groups, &component.reasons, &self.activity, &self.settings, grading)
            {
                open.insert(incident.id);
                let id = incident.id;
                out.extend(show(&mut self.shown, incident));
                if is_closed {
                    self.shown.remove(&id);
                }
            }
            if is_closed {
                closed.extend(component.keys);
            }
        }
        let absorbed: Vec<IncidentId> = self.shown.keys().filter(|id| !open.contains(*id)).copied().collect();
        out.extend(absorbed.into_iter().filter_map(|id| Some(incident::absorbed(id, &self.shown.remove(&id)?))));
        for key in closed {
            self.groups.remove(&key);
        }
        self.activity.forget_before(watermark);
        out
    }

    /// The incidents of everything taken in, riskiest first. For runs over files, where all alerts are known.
    #[must_use]
    pub(crate) fn all(&self, grading: &GradingRules) -> Vec<Incident> {
        let components = components::of(&self.groups, &self.activity, &self.settings);
        let mut incidents: Vec<Incident> = components
            .iter()
            .filter_map(|component| {
                let groups: Vec<&AlertGroup> = component.keys.iter().filter_map(|key| self.groups.get(key)).collect();
                incident::build(&groups, &component.reasons, &self.activity, &self.settings, grading)
            })
            .collect();
        incidents.sort_by(|one, other| {
            other.risk.cmp(&one.risk).then(one.start.cmp(&other.start)).then(one.id.cmp(&other.id))
        });
        incidents
    }
}

/// The incident with its next revision, when it differs from what was shown last.
fn show(shown: &mut BTreeMap<IncidentId, ShownIncident>, mut incident: Incident) -> Option<Incident> {
    let digest =
        serde_json::to_vec(&incident).map(|bytes| hex::encode(&fengsui_crypto::sm3(&bytes)[..16])).unwrap_or_default();
    let before = shown.get(&incident.id);
    if before.is_some_and(|before| before.digest == digest) {
        return None;
    }
    incident.revision = before.map_or(1, |before| before.revision.saturating_add(1));
    let entry = ShownIncident { digest, ..ShownIncident::of(&incident) };
    shown.insert(incident.id, entry);
    Some(incident)
}
