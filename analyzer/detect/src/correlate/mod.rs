//! Joins alerts of one attack into incidents.
//!
//! The incidents are a function of the set of alerts, not of the order in which they came: alerts are folded into groups
//! (same rule, same ends, same ten minutes), each group is measured against what is usual in the network (`baseline`),
//! groups are joined where they share an entity closer in time than chance explains (`links`), and an incident is a
//! connected component. Every round computes the components of the groups that are still open; a component that
//! no future alert can reach (its last alert is older than the watermark by more than the link window) is closed as
//! a whole. So late alerts and repeated records change nothing but what they really add.

mod baseline;
mod explain;
mod group;
mod incident;
mod links;
mod round;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use fengsui_schema::{Alert, AlertId, AlertSource, Entity, FoldId, Incident, IncidentId, Timestamp, UnitCode};
use serde::{Deserialize, Serialize};

use crate::limits;
use crate::risk::GradingRules;
use crate::shards::{Sharded, Table, rows};
use baseline::History;
pub(crate) use baseline::Rarity;
use group::GroupKey;
pub(crate) use group::{AlertGroup, Shape};
use incident::Parts;
use links::EntityHistory;
use round::{Joined, Past};
pub(crate) use round::{Round, Rounded};
pub use settings::{CorrelationSettings, Evidence, Reference};

/// Joins alerts of one attack into incidents. A clone costs a reference a shard of groups; what only changes when groups are
/// closed is shared whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Correlator {
    settings: CorrelationSettings,
    #[serde(with = "rows")]
    groups: Table<GroupKey, AlertGroup>,
    history: Arc<History>,
    entities: Arc<EntityHistory>,
    /// Where alerts of correlations are, as these may be told again with an earlier time.
    #[serde(with = "rows")]
    retold: Table<AlertId, (GroupKey, Timestamp)>,
    /// What was handed out last of every open incident: revision and digest.
    shown: Arc<BTreeMap<IncidentId, ShownIncident>>,
    changed: bool,
    /// The hour in which what is too old was forgotten last.
    #[serde(default)]
    forgotten: i64,
    evicted: u64,
    /// Whether a round is out, and history and what was shown with it.
    #[serde(skip)]
    round_is_out: bool,
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
    /// Its title in English.
    #[serde(default)]
    pub title_en: String,
    /// Its unit.
    #[serde(default)]
    pub unit: UnitCode,
    /// Whether it was told to be none any more. It is remembered all the same: should it come again, its revisions go on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ended: bool,
    /// Digest of all of it; empty when it is not known.
    #[serde(default)]
    digest: String,
}

impl Sharded for AlertId {
    type Shard = u8;

    fn shard(&self) -> u8 {
        self.as_bytes()[0]
    }
}

impl ShownIncident {
    /// What is kept of an incident that is handed out.
    #[must_use]
    pub fn of(incident: &Incident) -> Self {
        Self {
            id: incident.id,
            revision: incident.revision,
            start: incident.start,
            title_zh: incident.title_zh.clone(),
            title_en: incident.title_en.clone(),
            unit: incident.unit.clone(),
            is_ended: incident.ended.is_some(),
            digest: String::new(),
        }
    }
}

impl Correlator {
    /// A correlator with no alerts.
    #[must_use]
    pub fn new(settings: CorrelationSettings) -> Self {
        Self {
            settings,
            groups: Table::default(),
            history: Arc::default(),
            entities: Arc::default(),
            retold: Table::default(),
            shown: Arc::default(),
            changed: false,
            forgotten: 0,
            evicted: 0,
            round_is_out: false,
        }
    }

    /// Takes in an alert and says what it is folded into. One that is known already changes nothing.
    pub fn add(&mut self, alert: &Alert) -> FoldId {
        let shape = Shape::of(alert);
        let key = GroupKey::of(&shape, alert.time);
        if alert.source != AlertSource::Correlation || self.is_earliest(alert, key) {
            let shape = self.groups.get(&key).map_or_else(|| Arc::new(shape), |group| Arc::clone(&group.shape));
            self.add_shape(&shape, alert.time, alert.id, &alert.entities);
        }
        key.fold()
    }

    /// A correlation that is found to have fired earlier tells its alert again: the earliest counts.
    fn is_earliest(&mut self, alert: &Alert, key: GroupKey) -> bool {
        let (told, is_new) = self.retold.entry_or(&alert.id, || (key, alert.time));
        let (before, time) = *told;
        if is_new || time <= alert.time {
            return time == alert.time;
        }
        *told = (key, alert.time);
        if let Some(group) = self.groups.get_mut(&before)
            && group.take_back(time, alert.id)
        {
            self.groups.remove(&before);
        }
        true
    }

    /// What an alert has in common with others.
    pub(crate) fn shape(alert: &Alert) -> Shape {
        Shape::of(alert)
    }

    /// Takes in an alert of a shape.
    pub(crate) fn add_shape(&mut self, shape: &Arc<Shape>, time: Timestamp, alert: AlertId, related: &[Entity]) {
        let key = GroupKey::of(shape, time);
        if !self.groups.contains(&key) {
            self.make_room();
        }
        let group = self.groups.entry_or(&key, || AlertGroup::new(shape, time)).0;
        self.changed |= group.add(time, alert, related, self.settings.members_per_group);
    }

    fn make_room(&mut self) {
        if self.settings.reference == Reference::Past
            && self.groups.len() >= limits::CORRELATED_GROUPS
            && let Some((oldest, _)) = self.groups.pop_first()
        {
            self.evicted += 1;
            self.changed |= oldest.window() > i64::MIN;
        }
    }

    /// Learns what was handed out after the state was saved.
    pub(crate) fn recall(&mut self, shown: impl IntoIterator<Item = ShownIncident>) {
        for incident in shown {
            Arc::make_mut(&mut self.shown).insert(incident.id, incident);
            self.changed = true;
        }
    }

    /// Groups given up at the limit.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// A round over what is known now, to be worked out by whoever has time for it; `None` when nothing changed since the last
    /// one, or that one is not back yet. Until [`Self::end_round`] no other begins and no state can be saved.
    pub(crate) fn begin_round(&mut self, watermark: Timestamp) -> Option<Round> {
        if self.round_is_out || !std::mem::take(&mut self.changed) {
            return None;
        }
        self.round_is_out = true;
        let past = Past {
            history: std::mem::take(&mut self.history),
            entities: std::mem::take(&mut self.entities),
            shown: std::mem::take(&mut self.shown),
            forgotten: self.forgotten,
        };
        Some(Round { settings: self.settings.clone(), groups: self.groups.clone(), past, watermark })
    }

    /// Takes a round back; what it found. A closed group that changed meanwhile stays open with what came late, as it would
    /// have begun anew had the round taken no time.
    pub(crate) fn end_round(&mut self, rounded: Rounded) -> Vec<Incident> {
        let Past { history, entities, shown, forgotten } = rounded.past;
        (self.history, self.entities, self.shown, self.forgotten) = (history, entities, shown, forgotten);
        self.round_is_out = false;
        self.evicted += rounded.evicted;
        for (key, closed) in &rounded.closed {
            let Some(group) = self.groups.take(key).filter(|group| !Arc::ptr_eq(group, closed)) else { continue };
            if let Some(late) = group.beyond(closed) {
                self.groups.entry_or(key, || late);
            }
        }
        if !rounded.closed.is_empty() {
            let gone = self.retold.iter().filter(|(_, (key, _))| !self.groups.contains(key)).map(|(alert, _)| *alert);
            let gone: Vec<AlertId> = gone.collect();
            for alert in gone {
                self.retold.remove(&alert);
            }
        }
        rounded.incidents
    }

    /// Whether a round is out.
    pub(crate) fn round_is_out(&self) -> bool {
        self.round_is_out
    }

    /// The incidents of everything taken in, riskiest first. For runs over files, where all alerts are known.
    #[must_use]
    pub(crate) fn all(&self, grading: &GradingRules) -> Vec<Incident> {
        let joined = Joined::of(&self.groups, &self.history, &self.entities, &self.settings);
        let build = |parts: Parts<'_>| incident::build(&parts, &self.settings, grading);
        let mut incidents: Vec<(f64, Incident)> = joined.parts().filter_map(build).collect();
        incidents.sort_by(|(points, one), (other_points, other)| {
            other_points.total_cmp(points).then(one.start.cmp(&other.start)).then(one.id.cmp(&other.id))
        });
        incidents.into_iter().map(|(_, incident)| incident).collect()
    }
}
