//! Which groups of alerts belong together.
//!
//! Two groups that share an entity are joined when it would be a coincidence that something as rare comes at this entity within
//! so short a pause: the longest pause is the tolerated chance divided by how often such groups come there at other
//! times. An attacker's address that was never seen before may rest for hours; a name server that everybody's alerts mention
//! joins only what comes within seconds. On the first day, when little is known of other times, an entity that many sources have
//! to do with counts as busy. So no list of hubs is needed, and chains through busy hosts stay short. In a quiet
//! network the same holds for rare groups that share nothing but the moment. Frequent groups join nothing; what a
//! source does besides is added to the component in which it did something rare.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use fengsui_schema::{Entity, EntityKind, Timestamp};
use serde::{Deserialize, Serialize};

use super::baseline::{REMEMBERED_HOURS, Rarity, Span};
use super::group::{AlertGroup, GroupKey};
use super::settings::CorrelationSettings;
use crate::limits;

/// Rarities from which groups are joined; each level asks for the frequency of its own kind.
const LEVELS: [f64; 4] = [0.35, 0.6, 0.8, 0.95];

/// Hours of observation that are assumed at the beginning.
const ASSUMED_HOURS: f64 = 24.0;

/// Sources of rare groups at an entity within the last hours up to which a network without a past takes it for a quiet one.
const FEW_SOURCES: usize = 2;

/// What the tolerated chance is divided by for groups that share nothing but the moment.
const NO_ENTITY: f64 = 4.0;

/// Pause within which a frequent group of a source is added to what the source did besides, in seconds: at least, and at most
/// where the source is quiet at other times.
const COMPANY_S: f64 = 600.0;
pub(super) const LONGEST_COMPANY_S: i64 = 3_600;

/// Level of rarity of what a source did for what it does besides to be added.
const COMPANY_LEVEL: usize = 2;

/// Groups that belong together, by their places in the list, and the entities that joined them with the number of groups.
#[derive(Debug, Default)]
pub(super) struct Component {
    pub(super) nodes: Vec<usize>,
    pub(super) reasons: BTreeMap<(EntityKind, String), u32>,
    /// Groups that were joined by nothing but the moment.
    pub(super) by_moment: u32,
}

/// Counts by level of rarity.
type Levels = [u32; LEVELS.len()];

/// How many rare groups each entity had in past hours.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct EntityHistory {
    #[serde(with = "crate::pairs")]
    entities: BTreeMap<(EntityKind, String), BTreeMap<i64, Levels>>,
    network: BTreeMap<i64, Levels>,
    /// The sources of these groups by hour, on the first day, with the number of levels the rarest reached.
    #[serde(default, with = "crate::pairs")]
    sources: BTreeMap<(EntityKind, String), BTreeMap<i64, Sources>>,
    /// How many these are.
    #[serde(default)]
    sources_held: usize,
}

/// Sources, by their digests, with the number of levels of rarity that the rarest of each reached.
type Sources = BTreeMap<u64, u8>;

/// How many levels a rarity reaches.
fn levels(rarity: f64) -> u8 {
    LEVELS.iter().map(|level| u8::from(rarity >= *level)).sum()
}

impl EntityHistory {
    /// Remembers the source of a group at what it touches; how often that had to be left out.
    pub(super) fn see(&mut self, key: &GroupKey, group: &AlertGroup, rarity: f64) -> u64 {
        let (Some(source), 1..) = (group.shape.source_digest(), levels(rarity)) else { return 0 };
        let mut left_out = 0;
        for entity in group.entities().filter(|entity| entity.kind != EntityKind::Url) {
            let hours = self.sources.entry((entity.kind, entity.value.clone())).or_default();
            let sources = hours.entry(key.hour()).or_default();
            let is_new = !sources.contains_key(&source);
            if is_new && self.sources_held >= limits::FIRST_DAY_SOURCES {
                left_out += 1;
                continue;
            }
            self.sources_held += usize::from(is_new);
            let slot = sources.entry(source).or_default();
            *slot = levels(rarity).max(*slot);
        }
        left_out
    }

    /// Takes in a group that is closed; 1 when an entity had to be left out.
    pub(super) fn fold(&mut self, key: &GroupKey, group: &AlertGroup, rarity: f64) -> u64 {
        if rarity < LEVELS[0] {
            return 0;
        }
        raise(self.network.entry(key.hour()).or_default(), rarity);
        let mut left_out = 0;
        for entity in group.entities().filter(|entity| entity.kind != EntityKind::Url) {
            let name = (entity.kind, entity.value.clone());
            if self.entities.len() >= limits::ENTITY_HISTORY && !self.entities.contains_key(&name) {
                left_out += 1;
                continue;
            }
            raise(self.entities.entry(name).or_default().entry(key.hour()).or_default(), rarity);
        }
        left_out
    }

    pub(super) fn forget_before(&mut self, oldest: i64) {
        self.network = self.network.split_off(&oldest);
        self.sources.retain(|_, hours| {
            *hours = hours.split_off(&oldest);
            !hours.is_empty()
        });
        self.sources_held = self.sources.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum();
        self.entities.retain(|_, hours| {
            if hours.first_key_value().is_some_and(|(hour, _)| *hour < oldest) {
                *hours = hours.split_off(&oldest);
            }
            !hours.is_empty()
        });
    }
}

fn raise(levels: &mut Levels, rarity: f64) {
    for (level, count) in LEVELS.iter().zip(levels) {
        *count += u32::from(rarity >= *level);
    }
}

/// What joins groups; `None` is the network as a whole.
type Joint<'a> = Option<(EntityKind, &'a str)>;

struct Linker<'a> {
    list: &'a [(&'a GroupKey, &'a AlertGroup)],
    rarities: &'a [Rarity],
    history: &'a EntityHistory,
    settings: &'a CorrelationSettings,
    span: Span,
    forest: Forest,
    links: Vec<(usize, Joint<'a>)>,
    /// Frequent groups that are added to what their source did besides.
    companions: HashSet<usize>,
}

/// The components of all groups.
pub(super) fn components(
    list: &[(&GroupKey, &AlertGroup)],
    rarities: &[Rarity],
    history: &EntityHistory,
    span: Span,
    settings: &CorrelationSettings,
) -> Vec<Component> {
    let (forest, links, companions) = (Forest::new(list.len()), Vec::new(), HashSet::new());
    let mut linker = Linker { list, rarities, history, settings, span, forest, links, companions };
    let touching = linker.touching();
    for (joint, nodes) in &touching {
        for level in 0..LEVELS.len() {
            linker.join(Some(*joint), nodes, level);
        }
    }
    if settings.evidence.coincidence {
        let mut all: Vec<usize> = (0..list.len()).collect();
        all.sort_by_key(|node| (list[*node].1.first, *node));
        linker.join(None, &all, LEVELS.len() - 1);
    }
    linker.add_company(&touching);
    linker.gather()
}

impl<'a> Linker<'a> {
    /// The groups that touch each entity, in the order of time. Frequent ones count at their source only, and there only when it
    /// did something rare besides: they are most of what is open.
    fn touching(&self) -> HashMap<(EntityKind, &'a str), Vec<usize>> {
        let name = |entity: &'a Entity| (entity.kind, entity.value.as_str());
        let sources = |node: usize| self.list[node].1.shape.in_role("source").map(name);
        let rare = (0..self.list.len()).filter(|node| self.is_rare(*node, COMPANY_LEVEL));
        let accompanied: HashSet<(EntityKind, &str)> = rare.flat_map(sources).collect();
        let mut touching: HashMap<(EntityKind, &'a str), Vec<usize>> = HashMap::new();
        for (node, (_, group)) in self.list.iter().enumerate() {
            let joints: BTreeSet<(EntityKind, &str)> = if self.is_rare(node, 0) {
                group.entities().filter(|entity| entity.kind != EntityKind::Url).map(name).collect()
            } else {
                sources(node).filter(|source| accompanied.contains(source)).collect()
            };
            for joint in joints {
                touching.entry(joint).or_default().push(node);
            }
        }
        for nodes in touching.values_mut() {
            nodes.sort_by_key(|node| (self.list[*node].1.first, *node));
        }
        touching
    }

    fn is_rare(&self, node: usize, level: usize) -> bool {
        self.rarities[node].rarity >= LEVELS[level]
    }

    /// Joins neighbours in time whose pause would be a coincidence.
    fn join(&mut self, joint: Joint<'a>, nodes: &[usize], level: usize) {
        let nodes: Vec<usize> = nodes.iter().copied().filter(|node| self.is_rare(*node, level)).collect();
        if nodes.len() < 2 {
            return;
        }
        let mut pauses = Pauses::new(self, joint, &nodes, level);
        let mut before = (nodes[0], self.list[nodes[0]].1.last);
        for node in nodes.into_iter().skip(1) {
            let (key, group) = self.list[node];
            let pause_s = group.first.nanos_since(before.1) as f64 / 1e9;
            let allowed_s = pauses.allowed(key.hour());
            if allowed_s > 0.0 && pause_s <= allowed_s {
                self.forest.join(before.0, node);
                self.links.push((node, joint));
            }
            before = (node, before.1.max(group.last));
        }
    }

    /// Adds what a source often does to the component in which it did something rare at that time.
    fn add_company(&mut self, touching: &HashMap<(EntityKind, &'a str), Vec<usize>>) {
        let mut joins = Vec::new();
        for (source, nodes) in touching {
            let sources = |node: &usize| self.list[*node].1.shape.in_role("source");
            let did = |node: &usize| sources(node).any(|entity| (entity.kind, entity.value.as_str()) == *source);
            let done: Vec<usize> = nodes.iter().copied().filter(did).collect();
            let rare: Vec<usize> = done.iter().copied().filter(|node| self.is_rare(*node, COMPANY_LEVEL)).collect();
            if rare.is_empty() {
                continue;
            }
            let frequent: Vec<usize> = done.into_iter().filter(|node| !self.is_rare(*node, 0)).collect();
            let mut pauses = Pauses::of_groups(self, &frequent);
            for node in &frequent {
                let (key, group) = self.list[*node];
                if let Some((pause, other)) = nearest(&rare, group, self.list)
                    && pause <= pauses.allowed_company(key.hour())
                {
                    joins.push((*node, other));
                }
            }
        }
        joins.sort_unstable();
        joins.dedup_by_key(|(node, _)| *node);
        for (node, other) in joins {
            self.forest.join(node, other);
            self.companions.insert(node);
        }
    }

    fn gather(mut self) -> Vec<Component> {
        let mut components: BTreeMap<usize, Component> = BTreeMap::new();
        // What is frequent and keeps no company is background.
        let is_in_one = |node: &usize| self.is_rare(*node, 0) || self.companions.contains(node);
        let nodes: Vec<usize> = (0..self.list.len()).filter(is_in_one).collect();
        for node in nodes {
            components.entry(self.forest.root(node)).or_default().nodes.push(node);
        }
        // Several levels may have joined the same.
        self.links.sort_unstable();
        self.links.dedup();
        for (node, joint) in &self.links {
            let Some(component) = components.get_mut(&self.forest.root(*node)) else { continue };
            match joint {
                Some((kind, name)) => *component.reasons.entry((*kind, (*name).to_owned())).or_default() += 1,
                None => component.by_moment += 1,
            }
        }
        components.into_values().collect()
    }
}

/// The longest pauses over which an entity joins groups, by hour.
struct Pauses {
    counts: BTreeMap<i64, u32>,
    /// Sources of these groups by hour, where there is no past to go by.
    sources: BTreeMap<i64, BTreeSet<u64>>,
    span: Span,
    longest_s: f64,
    chance: f64,
    assumed_hours: f64,
    hubs: bool,
    known: HashMap<i64, f64>,
}

impl Pauses {
    fn new(linker: &Linker<'_>, joint: Joint<'_>, nodes: &[usize], level: usize) -> Self {
        let mut pauses = Self::of_groups(linker, nodes);
        if joint.is_none() {
            // How quiet a network is can't be assumed.
            (pauses.chance, pauses.assumed_hours) = (pauses.chance / NO_ENTITY, 0.0);
        }
        let old = match joint {
            Some((kind, name)) => linker.history.entities.get(&(kind, name.to_owned())),
            None => Some(&linker.history.network),
        };
        for (hour, levels) in old.into_iter().flatten() {
            *pauses.counts.entry(*hour).or_default() += levels[level];
        }
        if let Some((kind, name)) = joint
            && nodes.iter().any(|node| linker.span.trust(linker.list[*node].0.hour()) < 1.0)
        {
            pauses.see_sources(linker, nodes, linker.history.sources.get(&(kind, name.to_owned())), level);
        }
        pauses
    }

    fn see_sources(
        &mut self,
        linker: &Linker<'_>,
        nodes: &[usize],
        past: Option<&BTreeMap<i64, Sources>>,
        level: usize,
    ) {
        for (key, group) in nodes.iter().map(|node| linker.list[*node]) {
            self.sources.entry(key.hour()).or_default().extend(group.shape.source_digest());
        }
        for (hour, sources) in past.into_iter().flatten() {
            let rare = sources.iter().filter(|(_, levels)| usize::from(**levels) > level);
            self.sources.entry(*hour).or_default().extend(rare.map(|(source, _)| *source));
        }
    }

    /// How many further groups of a day the sources of the last hours stand for, as far as there is no past.
    fn expected(&self, hour: i64) -> f64 {
        let hours = self.span.around(hour);
        let observed = (hours.end() - hours.start() + 1) as f64;
        let sources: BTreeSet<u64> = self.sources.range(hours).flat_map(|(_, sources)| sources).copied().collect();
        let further = sources.len().saturating_sub(FEW_SOURCES) as f64;
        (1.0 - self.span.trust(hour)) * further * ASSUMED_HOURS / observed
    }

    fn of_groups(linker: &Linker<'_>, nodes: &[usize]) -> Self {
        let mut counts: BTreeMap<i64, u32> = BTreeMap::new();
        for node in nodes {
            *counts.entry(linker.list[*node].0.hour()).or_default() += 1;
        }
        Self {
            counts,
            sources: BTreeMap::new(),
            span: linker.span,
            longest_s: f64::from(linker.settings.link_window_s),
            chance: f64::from(linker.settings.chance) / 1000.0,
            assumed_hours: ASSUMED_HOURS,
            hubs: linker.settings.evidence.hubs,
            known: HashMap::new(),
        }
    }

    /// The longest pause between what a source often does and something rare, in seconds. How quiet the source is at other
    /// times can't be assumed.
    fn allowed_company(&mut self, hour: i64) -> f64 {
        let longest_s = COMPANY_S + self.span.trust(hour) * (LONGEST_COMPANY_S as f64 - COMPANY_S);
        self.allowed(hour).clamp(COMPANY_S, longest_s)
    }

    /// The longest pause before a group of an hour, in seconds.
    fn allowed(&mut self, hour: i64) -> f64 {
        if !self.hubs {
            return self.longest_s;
        }
        if let Some(known) = self.known.get(&hour) {
            return *known;
        }
        let others: u32 = self
            .counts
            .range(hour - REMEMBERED_HOURS..=hour + REMEMBERED_HOURS)
            .filter(|(other, _)| self.span.counts(**other, hour))
            .map(|(_, count)| count)
            .sum();
        let hours = self.span.hours(hour).max(self.assumed_hours);
        let pause =
            (self.chance * hours * 3_600.0 / (1.0 + f64::from(others) + self.expected(hour))).min(self.longest_s);
        self.known.insert(hour, pause);
        pause
    }
}

/// The group nearest in time among some in the order of time, with its distance in seconds.
fn nearest(nodes: &[usize], group: &AlertGroup, list: &[(&GroupKey, &AlertGroup)]) -> Option<(f64, usize)> {
    let after = nodes.partition_point(|node| list[*node].1.first < group.first);
    let around = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|place| nodes.get(place));
    around
        .map(|node| (distance(group, list[*node].1), *node))
        .min_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)))
}

/// Seconds between two groups; 0 when they overlap.
fn distance(one: &AlertGroup, other: &AlertGroup) -> f64 {
    let between = |from: Timestamp, to: Timestamp| to.nanos_since(from);
    between(other.last, one.first).max(between(one.last, other.first)).max(0) as f64 / 1e9
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
