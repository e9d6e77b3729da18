//! A round of incidents: what it needs of a correlator, taken at one moment, so that another thread can work on it while
//! alerts go on coming in. What only rounds change (history, what was shown) is away with the round until it comes back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fengsui_schema::{Incident, IncidentEnd, IncidentId, Timestamp};

use super::baseline::{self, History, REMEMBERED_HOURS, Rarity, Span};
use super::group::{AlertGroup, GroupKey};
use super::incident::{self, Parts};
use super::links::{self, Component, EntityHistory, LONGEST_COMPANY_S};
use super::{CorrelationSettings, ShownIncident};
use crate::risk::GradingRules;
use crate::shards::Table;

/// What only rounds change.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) history: Arc<History>,
    pub(super) entities: Arc<EntityHistory>,
    /// What was handed out last of every open incident: revision and digest.
    pub(super) shown: Arc<BTreeMap<IncidentId, ShownIncident>>,
    /// The hour in which what is too old was forgotten last.
    pub(super) forgotten: i64,
}

/// A round that is still to be worked out.
#[derive(Debug)]
pub(crate) struct Round {
    pub(super) settings: CorrelationSettings,
    pub(super) groups: Table<GroupKey, AlertGroup>,
    pub(super) past: Past,
    pub(super) watermark: Timestamp,
}

/// What a round found.
#[derive(Debug)]
pub(crate) struct Rounded {
    pub(super) past: Past,
    /// New and changed incidents, and those that are none any more.
    pub(super) incidents: Vec<Incident>,
    /// Groups that are history now, as they were.
    pub(super) closed: Vec<(GroupKey, Arc<AlertGroup>)>,
    /// Entries that the history gave up.
    pub(super) evicted: u64,
}

/// Groups, how rare each is, and which belong together.
pub(super) struct Joined<'a> {
    list: Vec<(&'a GroupKey, &'a AlertGroup)>,
    rarities: Vec<Rarity>,
    components: Vec<Component>,
}

impl<'a> Joined<'a> {
    pub(super) fn of(
        groups: &'a Table<GroupKey, AlertGroup>,
        history: &History,
        entities: &EntityHistory,
        settings: &CorrelationSettings,
    ) -> Self {
        let list: Vec<(&GroupKey, &AlertGroup)> = groups.iter().collect();
        let span = Span::of(&list, history, settings.reference);
        let rarities = baseline::rarities(&list, history, span, settings);
        let components = links::components(&list, &rarities, entities, span, settings);
        Self { list, rarities, components }
    }

    /// What belongs together, in the order of the first groups.
    pub(super) fn parts(&self) -> impl Iterator<Item = Parts<'_>> {
        self.components.iter().map(|component| Parts {
            keys: component.nodes.iter().map(|node| self.list[*node].0).collect(),
            groups: component.nodes.iter().map(|node| self.list[*node].1).collect(),
            rarities: component.nodes.iter().map(|node| self.rarities[*node]).collect(),
            component,
        })
    }

    /// Ends what was shown and is no incident of the round, by its component: `open` says which component each one is of. What
    /// ended before stays remembered as long as the group that opens it may be there.
    fn end(
        &self,
        shown: &mut BTreeMap<IncidentId, ShownIncident>,
        open: &BTreeMap<IncidentId, usize>,
    ) -> Vec<Incident> {
        let oldest = self.list.iter().map(|(_, group)| group.first).min().unwrap_or_default();
        shown.retain(|_, incident| !incident.is_ended || incident.start >= oldest);
        let gone: Vec<&mut ShownIncident> =
            shown.values_mut().filter(|incident| !incident.is_ended && !open.contains_key(&incident.id)).collect();
        if gone.is_empty() {
            return Vec::new();
        }
        let mut taken_in: HashMap<IncidentId, IncidentId> = HashMap::new();
        for (id, number) in open {
            let groups = self.components[*number].nodes.iter().map(|node| self.list[*node].1);
            taken_in.extend(groups.map(|group| (incident::opened_by(group), *id)));
        }
        let end = |incident: &mut ShownIncident| {
            let by = taken_in.get(&incident.id).copied();
            let told = incident::ended(incident, by.map_or(IncidentEnd::Withdrawn, IncidentEnd::TakenInBy));
            *incident = ShownIncident::of(&told);
            told
        };
        gone.into_iter().map(end).collect()
    }

    fn closed(&self, node: usize) -> (GroupKey, Rarity) {
        (*self.list[node].0, self.rarities[node])
    }

    /// Frequent groups that keep company with nothing rare, and can't any more: background may be told from that only for so
    /// long.
    fn lonely(&self, watermark: Timestamp) -> impl Iterator<Item = usize> {
        let mut in_component = vec![false; self.list.len()];
        self.components.iter().flat_map(|component| &component.nodes).for_each(|node| in_component[*node] = true);
        let is_left = move |last: Timestamp| last.plus_seconds(LONGEST_COMPANY_S) < watermark;
        (0..self.list.len()).filter(move |node| !in_component[*node] && is_left(self.list[*node].1.last))
    }
}

impl Round {
    /// Works the round out: the incidents that are new or changed since the last one, and those that are none any more,
    /// which come with no risk and no members. Components that nothing can reach any more are closed.
    pub(crate) fn run(mut self, grading: &GradingRules) -> Rounded {
        let joined = Joined::of(&self.groups, &self.past.history, &self.past.entities, &self.settings);
        let mut shown = Arc::unwrap_or_clone(std::mem::take(&mut self.past.shown));
        let (mut incidents, mut open, mut closed) = (Vec::new(), BTreeMap::new(), Vec::new());
        let link_window_s = i64::from(self.settings.link_window_s);
        for (number, parts) in joined.parts().enumerate() {
            let last = parts.groups.iter().map(|group| group.last).max().unwrap_or_default();
            let is_closed = last.plus_seconds(link_window_s) < self.watermark;
            if is_closed {
                closed.extend(parts.component.nodes.iter().map(|node| joined.closed(*node)));
            }
            if let Some((_, incident)) = incident::build(&parts, &self.settings, grading) {
                let id = incident.id;
                open.insert(id, number);
                incidents.extend(show(&mut shown, incident));
                if is_closed {
                    shown.remove(&id);
                }
            }
        }
        closed.extend(joined.lonely(self.watermark).map(|node| joined.closed(node)));
        incidents.extend(joined.end(&mut shown, &open));
        self.past.shown = Arc::new(shown);
        self.close(incidents, closed)
    }

    /// Groups that are over become history.
    fn close(mut self, incidents: Vec<Incident>, over: Vec<(GroupKey, Rarity)>) -> Rounded {
        if over.is_empty() {
            return Rounded { past: self.past, incidents, closed: Vec::new(), evicted: 0 };
        }
        let (history, entities) = (Arc::make_mut(&mut self.past.history), Arc::make_mut(&mut self.past.entities));
        let (mut closed, mut evicted) = (Vec::with_capacity(over.len()), 0);
        for (key, rarity) in over {
            let Some(group) = self.groups.share(&key) else { continue };
            evicted += history.fold(&key, &group, &rarity);
            evicted += entities.fold(&key, &group, rarity.rarity);
            if history.is_first_day(key.hour()) {
                evicted += entities.see(&key, &group, rarity.rarity);
            }
            closed.push((key, group));
        }
        let hour = self.watermark.as_seconds().div_euclid(3_600);
        // Groups that are still open may need what is older than a week before the watermark.
        let oldest = hour - REMEMBERED_HOURS - i64::from(self.settings.link_window_s) / 3_600 - 24;
        // All that is remembered is gone through, so not with every round.
        if hour > self.past.forgotten || history.is_full() {
            self.past.forgotten = hour;
            evicted += history.forget_before(oldest, hour);
            entities.forget_before(oldest);
        }
        Rounded { past: self.past, incidents, closed, evicted }
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
