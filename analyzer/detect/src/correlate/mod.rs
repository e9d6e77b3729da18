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
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fengsui_schema::{Alert, AlertId, AlertSource, Entity, Incident, IncidentId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limits;
use crate::risk::GradingRules;
use crate::shards::{Sharded, Table, rows};
pub(crate) use baseline::Rarity;
use baseline::{History, REMEMBERED_HOURS, Span};
use group::GroupKey;
pub(crate) use group::{AlertGroup, Shape};
use incident::Parts;
use links::{Component, EntityHistory, LONGEST_COMPANY_S};
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
        let (id, revision, start) = (incident.id, incident.revision, incident.start);
        Self { id, revision, start, title_zh: incident.title_zh.clone(), digest: String::new() }
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
        }
    }

    /// Takes in an alert. One that is known already changes nothing.
    pub fn add(&mut self, alert: &Alert) {
        let shape = Shape::of(alert);
        let key = GroupKey::of(&shape, alert.time);
        if alert.source == AlertSource::Correlation && !self.is_earliest(alert, key) {
            return;
        }
        let shape = self.groups.get(&key).map_or_else(|| Arc::new(shape), |group| Arc::clone(&group.shape));
        self.add_shape(&shape, alert.time, alert.id, &alert.entities);
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

    /// The incidents that are new or changed since the last call, and those that another one took in, which come with no
    /// risk and no members. Components that nothing can reach any more after `watermark` are closed and forgotten.
    pub(crate) fn round(&mut self, grading: &GradingRules, watermark: Timestamp) -> Vec<Incident> {
        if !std::mem::take(&mut self.changed) {
            return Vec::new();
        }
        let list: Vec<(&GroupKey, &AlertGroup)> = self.groups.iter().collect();
        let (rarities, components) = self.components(&list);
        let (mut out, mut open, mut closed) = (Vec::new(), BTreeSet::new(), Vec::new());
        let mut shown = Arc::unwrap_or_clone(std::mem::take(&mut self.shown));
        let mut in_component = vec![false; list.len()];
        let is_over = |last: Timestamp| last.plus_seconds(i64::from(self.settings.link_window_s)) < watermark;
        for component in &components {
            component.nodes.iter().for_each(|node| in_component[*node] = true);
            let parts = parts(&list, &rarities, component);
            let is_closed = is_over(parts.groups.iter().map(|group| group.last).max().unwrap_or_default());
            if let Some((_, incident)) = incident::build(&parts, &self.settings, grading) {
                open.insert(incident.id);
                let id = incident.id;
                out.extend(show(&mut shown, incident));
                if is_closed {
                    shown.remove(&id);
                }
            }
            if is_closed {
                closed.extend(component.nodes.iter().map(|node| (*list[*node].0, rarities[*node])));
            }
        }
        // Background may still keep company with something rare, but not for long.
        let left = |last: Timestamp| last.plus_seconds(LONGEST_COMPANY_S) < watermark;
        let background = (0..list.len()).filter(|node| !in_component[*node] && left(list[*node].1.last));
        closed.extend(background.map(|node| (*list[node].0, rarities[node])));
        let absorbed: Vec<IncidentId> = shown.keys().filter(|id| !open.contains(*id)).copied().collect();
        out.extend(absorbed.into_iter().filter_map(|id| Some(incident::absorbed(id, &shown.remove(&id)?))));
        self.shown = Arc::new(shown);
        self.close(closed, watermark);
        out
    }

    /// Groups that are over become history.
    fn close(&mut self, closed: Vec<(GroupKey, Rarity)>, watermark: Timestamp) {
        if closed.is_empty() {
            return;
        }
        let (history, entities) = (Arc::make_mut(&mut self.history), Arc::make_mut(&mut self.entities));
        for (key, rarity) in closed {
            if let Some(group) = self.groups.remove(&key) {
                self.evicted += history.fold(&key, &group, &rarity);
                self.evicted += entities.fold(&key, &group, rarity.rarity);
                if history.is_first_day(key.hour()) {
                    self.evicted += entities.see(&key, &group, rarity.rarity);
                }
            }
        }
        let gone = self.retold.iter().filter(|(_, (key, _))| !self.groups.contains(key)).map(|(alert, _)| *alert);
        let gone: Vec<AlertId> = gone.collect();
        for alert in gone {
            self.retold.remove(&alert);
        }
        let hour = watermark.as_seconds().div_euclid(3_600);
        // Groups that are still open may need what is older than a week before the watermark.
        let oldest = hour - REMEMBERED_HOURS - i64::from(self.settings.link_window_s) / 3_600 - 24;
        // All that is remembered is gone through, so not with every round.
        if hour > self.forgotten || history.is_full() {
            self.forgotten = hour;
            self.evicted += history.forget_before(oldest, hour);
            entities.forget_before(oldest);
        }
    }

    fn components(&self, list: &[(&GroupKey, &AlertGroup)]) -> (Vec<Rarity>, Vec<Component>) {
        let span = Span::of(list, &self.history, self.settings.reference);
        let rarities = baseline::rarities(list, &self.history, span, &self.settings);
        let components = links::components(list, &rarities, &self.entities, span, &self.settings);
        (rarities, components)
    }

    /// The incidents of everything taken in, riskiest first. For runs over files, where all alerts are known.
    #[must_use]
    pub(crate) fn all(&self, grading: &GradingRules) -> Vec<Incident> {
        let list: Vec<(&GroupKey, &AlertGroup)> = self.groups.iter().collect();
        let (rarities, components) = self.components(&list);
        let mut incidents: Vec<(f64, Incident)> = components
            .iter()
            .filter_map(|component| incident::build(&parts(&list, &rarities, component), &self.settings, grading))
            .collect();
        incidents.sort_by(|(points, one), (other_points, other)| {
            other_points.total_cmp(points).then(one.start.cmp(&other.start)).then(one.id.cmp(&other.id))
        });
        incidents.into_iter().map(|(_, incident)| incident).collect()
    }
}

fn parts<'a>(list: &[(&GroupKey, &'a AlertGroup)], rarities: &[Rarity], component: &'a Component) -> Parts<'a> {
    let groups = component.nodes.iter().map(|node| list[*node].1).collect();
    Parts { groups, rarities: component.nodes.iter().map(|node| rarities[*node]).collect(), component }
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
