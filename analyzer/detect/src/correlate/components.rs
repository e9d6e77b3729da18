//! Connected components of alert groups that share entities close in time.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{EntityKind, Severity};

use super::CorrelationSettings;
use super::activity::Activity;
use super::group::{AlertGroup, GroupKey};
use crate::techniques;

/// Groups that belong together, and the entities that joined them with the number of groups each joined.
pub(super) struct Component {
    pub(super) keys: Vec<GroupKey>,
    pub(super) reasons: BTreeMap<(EntityKind, String), u32>,
}

/// What joins groups: kind and name.
type Joint<'a> = (EntityKind, &'a str);

/// The components of all groups. Groups of background rules stand alone.
pub(super) fn of(
    groups: &BTreeMap<GroupKey, AlertGroup>,
    activity: &Activity,
    settings: &CorrelationSettings,
) -> Vec<Component> {
    let list: Vec<(&GroupKey, &AlertGroup)> = groups.iter().collect();
    let background: Vec<bool> =
        list.iter().map(|(_, group)| activity.share(&group.rule) >= settings.background_share).collect();
    let touching = touching(&list, &background);
    let mut forest = Forest::new(list.len());
    let mut links: Vec<(usize, Joint<'_>)> = Vec::new();
    for (joint, nodes) in &touching {
        let hub = is_hub(joint, nodes, &list, settings);
        let joined = nodes.iter().copied().filter(|node| !hub || crosses_hubs(joint, list[*node].1));
        join(&mut forest, &mut links, *joint, joined, &list, settings);
    }
    attach_background(&mut forest, &list, &background, &touching, settings);
    gather(&list, &mut forest, &links)
}

/// Adds each group of a background rule to the component in which its own source did something else at that time: what an
/// attacker does with many common requests belongs to the attack, but joins nothing by itself.
fn attach_background(
    forest: &mut Forest,
    list: &[(&GroupKey, &AlertGroup)],
    background: &[bool],
    touching: &BTreeMap<Joint<'_>, Vec<usize>>,
    settings: &CorrelationSettings,
) {
    let pause = i64::from(settings.link_window_s).saturating_mul(1_000_000_000);
    for (node, (_, group)) in list.iter().enumerate().filter(|(node, _)| background[*node]) {
        let sources = group.entities.iter().filter(|entity| entity.role == "source");
        let near = sources
            .filter_map(|source| nearest(touching.get(&(source.kind, source.value.as_str()))?, group, list))
            .min();
        if let Some((_, other)) = near.filter(|(distance, _)| *distance <= pause) {
            forest.join(node, other);
        }
    }
}

/// The group nearest in time among some in the order of time, with its distance in nanoseconds.
fn nearest(nodes: &[usize], group: &AlertGroup, list: &[(&GroupKey, &AlertGroup)]) -> Option<(i64, usize)> {
    let after = nodes.partition_point(|node| list[*node].1.first < group.first);
    let around = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|place| nodes.get(place));
    around.map(|node| (distance(group, list[*node].1), *node)).min()
}

/// Nanoseconds between two groups; 0 when they overlap.
fn distance(one: &AlertGroup, other: &AlertGroup) -> i64 {
    one.first.nanos_since(other.last).max(other.first.nanos_since(one.last)).max(0)
}

/// The groups that touch each entity, in the order of time.
fn touching<'a>(list: &[(&GroupKey, &'a AlertGroup)], background: &[bool]) -> BTreeMap<Joint<'a>, Vec<usize>> {
    let mut touching: BTreeMap<Joint<'a>, Vec<usize>> = BTreeMap::new();
    for (node, (_, group)) in list.iter().enumerate().filter(|(node, _)| !background[*node]) {
        let joints: BTreeSet<Joint<'a>> = group
            .entities
            .iter()
            .filter(|entity| entity.kind != EntityKind::Url)
            .map(|entity| (entity.kind, entity.value.as_str()))
            .collect();
        for joint in joints {
            touching.entry(joint).or_default().push(node);
        }
    }
    for nodes in touching.values_mut() {
        nodes.sort_by_key(|node| (list[*node].1.first, *node));
    }
    touching
}

/// Whether so many different counterparts meet at an entity that meeting there says nothing. What an entity does as a
/// source is its own, so sources don't make it a hub until they are very many.
fn is_hub(
    joint: &Joint<'_>,
    nodes: &[usize],
    list: &[(&GroupKey, &AlertGroup)],
    settings: &CorrelationSettings,
) -> bool {
    let limit = usize::try_from(settings.hub_counterparts).unwrap_or(usize::MAX);
    let mut counterparts: BTreeSet<&str> = BTreeSet::new();
    for node in nodes {
        let group = list[*node].1;
        let own_role = group
            .entities
            .iter()
            .find(|entity| (entity.kind, entity.value.as_str()) == *joint)
            .map(|entity| entity.role.as_str());
        if own_role == Some("source") {
            continue;
        }
        let others =
            group.entities.iter().filter(|entity| entity.role == "source" && entity.kind == EntityKind::Address);
        counterparts.extend(others.map(|entity| entity.value.as_str()));
        if joint.0 != EntityKind::Address && joint.0 != EntityKind::Host {
            let hosts = group.entities.iter().filter(|entity| entity.role == "target");
            counterparts.extend(hosts.map(|entity| entity.value.as_str()));
        }
        if counterparts.len() > limit {
            return true;
        }
    }
    false
}

/// Whether a group is joined even at a hub: its own source, or something that grave or late in the kill chain.
fn crosses_hubs(joint: &Joint<'_>, group: &AlertGroup) -> bool {
    let own =
        group.entities.iter().any(|entity| entity.role == "source" && (entity.kind, entity.value.as_str()) == *joint);
    // A grave alert that names no technique may be of any stage.
    let late = group.techniques.is_empty()
        || group.techniques.iter().any(|technique| {
            let order = techniques::order(technique.tactic.as_deref());
            order > 2 && order < techniques::TACTICS.len()
        });
    own || (matches!(joint.0, EntityKind::Address | EntityKind::Host) && group.severity >= Severity::High && late)
}

/// Joins neighbours in time whose pause is within the link window.
fn join<'a>(
    forest: &mut Forest,
    links: &mut Vec<(usize, Joint<'a>)>,
    joint: Joint<'a>,
    nodes: impl Iterator<Item = usize>,
    list: &[(&GroupKey, &AlertGroup)],
    settings: &CorrelationSettings,
) {
    let pause = i64::from(settings.link_window_s).saturating_mul(1_000_000_000);
    let mut before: Option<(usize, fengsui_schema::Timestamp)> = None;
    for node in nodes {
        let group = list[node].1;
        if let Some((previous, reach)) = before
            && group.first.nanos_since(reach) <= pause
        {
            forest.join(previous, node);
            links.push((node, joint));
        }
        let reach = before.map_or(group.last, |(_, reach)| reach.max(group.last));
        before = Some((node, reach));
    }
}

fn gather(list: &[(&GroupKey, &AlertGroup)], forest: &mut Forest, links: &[(usize, Joint<'_>)]) -> Vec<Component> {
    let mut components: BTreeMap<usize, Component> = BTreeMap::new();
    for (node, (key, _)) in list.iter().enumerate() {
        let empty = || Component { keys: Vec::new(), reasons: BTreeMap::new() };
        components.entry(forest.root(node)).or_insert_with(empty).keys.push((*key).clone());
    }
    for (node, (kind, name)) in links {
        if let Some(component) = components.get_mut(&forest.root(*node)) {
            *component.reasons.entry((*kind, (*name).to_owned())).or_default() += 1;
        }
    }
    components.into_values().collect()
}

/// Disjoint sets with path halving; the smaller number is the root, so that roots don't depend on the order of joins.
struct Forest(Vec<usize>);

impl Forest {
    fn new(size: usize) -> Self {
        Self((0..size).collect())
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.0[node] != node {
            self.0[node] = self.0[self.0[node]];
            node = self.0[node];
        }
        node
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}
