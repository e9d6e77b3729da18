//! How rare it is what a group of alerts says, measured against the same network.
//!
//! Two steps. The level of a rule on a host in an hour tells how unusual its count is there: in how many of the other hours it
//! reached that count on this host, and by what factor it is above the most of them. The rarity then asks the rule itself: in
//! how many of the other hours did it reach such a level on any host? A rule that bursts somewhere every day is not rare, even
//! if each host sees it for the first time. Hours close to the one in question do not count, so that an attack is not
//! its own background, and what one loud source does in an hour is not held against the others. What comes back at the same
//! time of other days is taken for a habit.
//!
//! On the first day there are too few other hours. What is missing of them is made up for by what the last hours show: a rule
//! that many sources show is what the network does, and rare only for want of a past.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fengsui_schema::Severity;
use serde::{Deserialize, Serialize};

use super::group::{AlertGroup, GroupKey};
use super::settings::{CorrelationSettings, Evidence, Reference};
use crate::limits;

/// Hours around an hour that say nothing about what is usual.
const NEAR_HOURS: i64 = 3;

/// Hours that are remembered: a week.
pub(super) const REMEMBERED_HOURS: i64 = 7 * 24;

/// Hours of observation from which the measure is trusted in full.
const LEARNED_HOURS: f64 = 24.0;

/// Sources of a rule within the last hours up to which a network without a past takes it for rare.
const FEW_SOURCES: usize = 8;

/// Further sources that halve what such a rule counts. There the detector's severity is all that tells an exploit that many
/// try from daily work.
const HALVING_SOURCES: f64 = 8.0;
const HALVING_SOURCES_OF_GRAVE: f64 = 24.0;

/// Hours for which it is remembered what each source did: an incident is seldom open for longer.
const RECENT_HOURS: i64 = 28;

/// A level or the logarithm of a count this much lower counts as reached.
const TOLERANCE: f64 = 0.5;

/// How rare it is what a group says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rarity {
    /// 0 for what happens all the time, 1 for what never happened besides.
    pub(crate) rarity: f64,
    /// Natural logarithm of the factor by which the count of the hour is above the most of other hours.
    pub(crate) burst: f64,
    /// Other hours in which the rule said something like it.
    pub(crate) others: u32,
    /// Hours that were looked at.
    pub(crate) hours: u32,
    /// Whether it makes its host one of a crowd.
    pub(crate) crowds: bool,
}

/// Counts by rule, host and digest of the source.
type RecentHour = BTreeMap<String, BTreeMap<String, BTreeMap<u64, u64>>>;

/// Counts of rules on hosts in past hours.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct History {
    /// By rule, host and hour.
    rules: BTreeMap<String, BTreeMap<String, BTreeMap<i64, u64>>>,
    cells: usize,
    /// Hosts on which something new came without any source, by hour.
    crowds: BTreeMap<i64, BTreeSet<String>>,
    /// Sources by rule and hour, of the first day: the least by name.
    #[serde(default)]
    sources: BTreeMap<String, BTreeMap<i64, BTreeSet<String>>>,
    /// How many these are.
    #[serde(default)]
    sources_held: usize,
    /// Counts by hour, rule, host and digest of the source, of the last hours: others of the hour may still be open.
    #[serde(default)]
    recent: BTreeMap<i64, RecentHour>,
    /// How many these are.
    #[serde(default)]
    recent_held: usize,
    /// The first hour of all.
    first_hour: Option<i64>,
}

impl History {
    /// Takes in a group that is closed; returns 1 when its source had to be left out.
    pub(super) fn fold(&mut self, key: &GroupKey, group: &AlertGroup, rarity: &Rarity) -> u64 {
        self.first_hour = Some(self.first_hour.map_or(key.hour(), |first| first.min(key.hour())));
        if rarity.crowds {
            self.crowds.entry(key.hour()).or_default().insert(group.shape.subject().to_owned());
        }
        let hosts = self.rules.entry(group.shape.rule.clone()).or_default();
        let hours = hosts.entry(group.shape.subject().to_owned()).or_default();
        if !hours.contains_key(&key.hour()) {
            self.cells += 1;
        }
        *hours.entry(key.hour()).or_default() += group.count;
        let source = group.shape.source().filter(|_| self.is_first_day(key.hour()));
        self.count_recent(key.hour(), group)
            + source.map_or(0, |source| self.see(&group.shape.rule, key.hour(), source))
    }

    /// Remembers what a source did; returns 1 when it had to be left out.
    fn count_recent(&mut self, hour: i64, group: &AlertGroup) -> u64 {
        let Some(source) = group.shape.source_digest() else { return 0 };
        let rules = self.recent.entry(hour).or_default();
        let hosts = rules.entry(group.shape.rule.clone()).or_default();
        let sources = hosts.entry(group.shape.subject().to_owned()).or_default();
        if !sources.contains_key(&source) {
            if self.recent_held >= limits::RECENT_SOURCES {
                return 1;
            }
            self.recent_held += 1;
        }
        *sources.entry(source).or_default() += group.count;
        0
    }

    /// What sources did to a host in an hour, as far as it is closed and recent.
    fn recent(&self, hour: i64, group: &AlertGroup) -> impl Iterator<Item = (u64, u64)> {
        let rules = self.recent.get(&hour).and_then(|rules| rules.get(&group.shape.rule));
        let sources = rules.and_then(|hosts| hosts.get(group.shape.subject()));
        sources.into_iter().flatten().map(|(source, count)| (*source, *count))
    }

    /// Whether an hour is so early that sources are remembered.
    pub(super) fn is_first_day(&self, hour: i64) -> bool {
        self.first_hour.is_none_or(|first| Span::is_first_day(first, hour))
    }

    /// Remembers a source of a rule; returns 1 when it had to be left out.
    fn see(&mut self, rule: &str, hour: i64, source: &str) -> u64 {
        let sources = self.sources.entry(rule.to_owned()).or_default().entry(hour).or_default();
        if sources.contains(source) {
            return 0;
        }
        if sources.len() < limits::RULE_SOURCES {
            if self.sources_held >= limits::FIRST_DAY_SOURCES {
                return 1;
            }
            self.sources_held += 1;
        }
        sources.insert(source.to_owned());
        if sources.len() > limits::RULE_SOURCES {
            sources.pop_last();
        }
        0
    }

    /// Forgets sources of hours before one, and what each did some hours before the newest.
    fn forget_sources(&mut self, oldest: i64, newest: i64) {
        self.recent = self.recent.split_off(&(newest - RECENT_HOURS));
        let hosts = self.recent.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values);
        self.recent_held = hosts.map(BTreeMap::len).sum();
        self.sources.retain(|_, hours| {
            *hours = hours.split_off(&oldest);
            !hours.is_empty()
        });
        self.sources_held = self.sources.values().flat_map(BTreeMap::values).map(BTreeSet::len).sum();
    }

    /// Whether there is more than is remembered.
    pub(super) fn is_full(&self) -> bool {
        self.cells > limits::BASELINE_CELLS
    }

    /// Forgets what is older than an hour; at the limit also what is younger, oldest first. Returns how much the limit cost.
    pub(super) fn forget_before(&mut self, mut oldest: i64, newest: i64) -> u64 {
        self.crowds = self.crowds.split_off(&oldest);
        self.forget_sources(oldest, newest);
        let cut = |rules: &mut BTreeMap<String, BTreeMap<String, BTreeMap<i64, u64>>>, oldest: i64| {
            rules.retain(|_, hosts| {
                hosts.retain(|_, hours| {
                    if hours.first_key_value().is_some_and(|(hour, _)| *hour < oldest) {
                        *hours = hours.split_off(&oldest);
                    }
                    !hours.is_empty()
                });
                !hosts.is_empty()
            });
            rules.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum()
        };
        self.cells = cut(&mut self.rules, oldest);
        let before = self.cells;
        while self.cells > limits::BASELINE_CELLS && oldest < newest {
            oldest += 6;
            self.cells = cut(&mut self.rules, oldest);
        }
        (before - self.cells) as u64
    }
}

/// Counts of one rule on one host, in the order of hours.
type Series = Vec<(i64, u64)>;

/// The hours that say what is usual in an hour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    first: i64,
    last: i64,
    reference: Reference,
}

impl Span {
    pub(super) fn new(first: i64, last: i64, reference: Reference) -> Self {
        Self { first, last, reference }
    }

    /// Whether one hour says what is usual in another.
    pub(super) fn counts(self, other: i64, hour: i64) -> bool {
        let distance = other - hour;
        let near = distance.abs() <= NEAR_HOURS || distance.abs() > REMEMBERED_HOURS;
        !near && (self.reference == Reference::Whole || distance < 0)
    }

    /// The span of some groups and of what came before.
    pub(super) fn of(groups: &[(&GroupKey, &AlertGroup)], history: &History, reference: Reference) -> Self {
        let hours = || groups.iter().map(|(key, _)| key.hour());
        let first = hours().min().into_iter().chain(history.first_hour).min().unwrap_or(0);
        Self::new(first, hours().max().unwrap_or(0), reference)
    }

    /// The hours close to one that an incident of it may know.
    pub(super) fn around(self, hour: i64) -> std::ops::RangeInclusive<i64> {
        let after = if self.reference == Reference::Whole { self.last.min(hour + NEAR_HOURS) } else { hour };
        self.first.max(hour - NEAR_HOURS).min(hour)..=after.max(hour)
    }

    /// How far what is usual in an hour is known, from 0 to 1.
    pub(super) fn trust(self, hour: i64) -> f64 {
        (self.hours(hour) / LEARNED_HOURS).min(1.0)
    }

    /// Whether a closed group of an hour may still be asked for, as too little is known of the hours after it.
    pub(super) fn is_first_day(first: i64, hour: i64) -> bool {
        hour - first < NEAR_HOURS + LEARNED_HOURS as i64
    }

    /// How many hours say what is usual in an hour.
    pub(super) fn hours(self, hour: i64) -> f64 {
        let before = (hour - NEAR_HOURS - self.first.max(hour - REMEMBERED_HOURS)).max(0);
        let after = (self.last.min(hour + REMEMBERED_HOURS) - hour - NEAR_HOURS).max(0);
        (before + if self.reference == Reference::Whole { after } else { 0 }) as f64
    }
}

/// The rarity of each of some groups.
pub(super) fn rarities(
    groups: &[(&GroupKey, &AlertGroup)],
    history: &History,
    span: Span,
    settings: &CorrelationSettings,
) -> Vec<Rarity> {
    let table = Table::of(groups, history, span);
    let evidence = &settings.evidence;
    let mut found: Vec<Rarity> = groups
        .iter()
        .zip(&table.places)
        .map(|((key, group), place)| {
            let mut rarity = table.rarity(*place, key.hour(), group, evidence);
            rarity.crowds = group.shape.source().is_none() && rarity.rarity > CROWDS;
            rarity
        })
        .collect();
    if evidence.breadth {
        let crowds = table.crowds(groups, &found, history);
        for (index, (key, group)) in groups.iter().enumerate() {
            if group.shape.source().is_none() {
                let crowd = crowds.get(&key.hour()).map_or(1, BTreeSet::len);
                found[index].rarity *= shared(table.hosts(table.places[index].rule, key.hour())) * shared(crowd);
            }
        }
    }
    found
}

/// Rarity from which a rule without a source makes its host one of a crowd.
const CROWDS: f64 = 0.7;

/// Further hosts that halve what a rule without a source counts.
const HALVING_HOSTS: f64 = 8.0;

/// What is left of a rarity that so many hosts share: what comes on many at once has a common cause.
fn shared(hosts: usize) -> f64 {
    1.0 / (1.0 + hosts.saturating_sub(1) as f64 / HALVING_HOSTS)
}

/// Where a group stands in the table.
#[derive(Clone, Copy)]
struct Place {
    rule: usize,
    series: usize,
}

struct Table {
    places: Vec<Place>,
    /// The busiest source of each series in each hour, with its count.
    loudest: HashMap<(usize, i64), (u64, u64)>,
    series: Vec<Series>,
    /// Rule of each series.
    rule_of: Vec<usize>,
    /// Greatest level of each rule on any host, by hour.
    rules: Vec<BTreeMap<i64, f64>>,
    /// The first hour of each rule on each host it was seen on, in order.
    hosts_of: Vec<Vec<i64>>,
    /// How many sources each rule had in the hours around one, where there is no past to go by.
    sources_of: HashMap<(usize, i64), usize>,
    span: Span,
}

impl Table {
    fn of(groups: &[(&GroupKey, &AlertGroup)], history: &History, span: Span) -> Self {
        let mut rules: HashMap<&str, usize> = HashMap::new();
        let mut series: HashMap<(usize, &str), usize> = HashMap::new();
        let mut counts: Vec<BTreeMap<i64, u64>> = Vec::new();
        let mut places = Vec::with_capacity(groups.len());
        let live: BTreeSet<&str> = groups.iter().map(|(_, group)| group.shape.rule.as_str()).collect();
        let old = history.rules.iter().filter(|(rule, _)| live.contains(rule.as_str()));
        for (rule, on_hosts) in old {
            for (host, hours) in on_hosts {
                let found = intern(&mut rules, &mut series, &mut counts, rule, host);
                for (hour, count) in hours {
                    *counts[found.series].entry(*hour).or_default() += count;
                }
            }
        }
        let mut sources: HashMap<(usize, i64), BTreeMap<u64, u64>> = HashMap::new();
        for (key, group) in groups {
            let found = intern(&mut rules, &mut series, &mut counts, &group.shape.rule, group.shape.subject());
            *counts[found.series].entry(key.hour()).or_default() += group.count;
            if let Some(source) = group.shape.source_digest() {
                let past = || history.recent(key.hour(), group).collect();
                *sources.entry((found.series, key.hour())).or_insert_with(past).entry(source).or_default() +=
                    group.count;
            }
            places.push(found);
        }
        let mut rule_of = vec![0; series.len()];
        let mut hosts_of = vec![Vec::new(); rules.len()];
        for ((rule, _), index) in &series {
            rule_of[*index] = *rule;
            hosts_of[*rule].extend(counts[*index].keys().next());
        }
        hosts_of.iter_mut().for_each(|hours: &mut Vec<i64>| hours.sort_unstable());
        let series: Vec<Series> = counts.into_iter().map(|hours| hours.into_iter().collect()).collect();
        let (loudest, rules) = (loudest(sources), vec![BTreeMap::new(); rules.len()]);
        let sources_of = HashMap::new();
        let mut table = Self { places, loudest, series, rule_of, rules, hosts_of, sources_of, span };
        table.raise_levels();
        table.count_sources(groups, history);
        table
    }

    /// Counts the sources of rules in hours that have too little of a past.
    fn count_sources(&mut self, groups: &[(&GroupKey, &AlertGroup)], history: &History) {
        let mut seen: HashMap<(usize, i64), BTreeSet<&str>> = HashMap::new();
        let mut asked: BTreeMap<(usize, i64), &str> = BTreeMap::new();
        for ((key, group), place) in groups.iter().zip(&self.places) {
            let Some(source) = group.shape.source() else { continue };
            if self.span.around(key.hour()).any(|hour| self.span.trust(hour) < 1.0) {
                seen.entry((place.rule, key.hour())).or_default().insert(source);
            }
            if self.span.trust(key.hour()) < 1.0 {
                asked.insert((place.rule, key.hour()), &group.shape.rule);
            }
        }
        for ((rule, hour), name) in asked {
            let past = history.sources.get(name);
            let mut sources: BTreeSet<&str> = BTreeSet::new();
            for hour in self.span.around(hour) {
                sources.extend(seen.get(&(rule, hour)).into_iter().flatten());
                sources.extend(past.and_then(|past| past.get(&hour)).into_iter().flatten().map(String::as_str));
            }
            self.sources_of.insert((rule, hour), sources.len().min(limits::RULE_SOURCES));
        }
    }

    /// What a rule counts where there is no past to go by.
    fn without_past(&self, rule: usize, hour: i64, severity: Severity) -> f64 {
        let sources = self.sources_of.get(&(rule, hour)).copied().unwrap_or(0);
        let halving = if severity >= Severity::High { HALVING_SOURCES_OF_GRAVE } else { HALVING_SOURCES };
        1.0 / (1.0 + sources.saturating_sub(FEW_SOURCES) as f64 / halving)
    }

    /// What a group's source has part in: the count of the hour, less what a louder source adds to it.
    fn count(&self, place: Place, hour: i64, source: Option<u64>) -> u64 {
        let series = &self.series[place.series];
        let count = series.binary_search_by_key(&hour, |(hour, _)| *hour).map_or(0, |found| series[found].1);
        match self.loudest.get(&(place.series, hour)) {
            Some((loudest, of_loudest)) if source != Some(*loudest) => count.saturating_sub(*of_loudest),
            _ => count,
        }
    }

    fn raise_levels(&mut self) {
        for (index, series) in self.series.iter().enumerate() {
            let levels = &mut self.rules[self.rule_of[index]];
            for (hour, count) in series {
                let (level, _) = level(self.span, series, *hour, *count);
                let slot = levels.entry(*hour).or_insert(0.0);
                *slot = slot.max(level);
            }
        }
    }

    fn rarity(&self, place: Place, hour: i64, group: &AlertGroup, evidence: &Evidence) -> Rarity {
        let count = self.count(place, hour, group.shape.source_digest());
        let (level, burst) = level(self.span, &self.series[place.series], hour, count);
        let reaches = |(_, other): &(&i64, &f64)| !evidence.burst || **other >= level - TOLERANCE;
        let like: Vec<i64> = self.rules[place.rule]
            .range(hour - REMEMBERED_HOURS..=hour + REMEMBERED_HOURS)
            .filter(|(other, _)| self.span.counts(**other, hour))
            .filter(reaches)
            .map(|(other, _)| *other)
            .collect();
        let hours = self.span.hours(hour);
        let measured = ((1.0 + hours) / (1.0 + like.len() as f64)).ln() / (1.0 + hours).ln().max(f64::MIN_POSITIVE);
        let habit = if evidence.rhythm { self.habit(&like, hour) } else { 0.0 };
        let trust = self.span.trust(hour);
        let measured = if evidence.rarity { measured.clamp(0.0, 1.0) * (1.0 - habit) } else { 1.0 };
        let without_past =
            if evidence.breadth { self.without_past(place.rule, hour, group.shape.severity) } else { 1.0 };
        Rarity {
            rarity: trust * measured + (1.0 - trust) * without_past,
            burst: if evidence.burst { burst } else { 0.0 },
            others: u32::try_from(like.len()).unwrap_or(u32::MAX),
            hours: hours as u32,
            crowds: false,
        }
    }

    /// Share of the other days on which the like came within an hour of this time of day.
    fn habit(&self, like: &[i64], hour: i64) -> f64 {
        let days = (self.span.hours(hour) / 24.0).floor();
        if days < 2.0 {
            return 0.0;
        }
        let same: BTreeSet<i64> = like
            .iter()
            .filter(|other| {
                let apart = (*other - hour).rem_euclid(24);
                apart <= 1 || apart == 23
            })
            .map(|other| (other - hour + 12).div_euclid(24))
            .collect();
        (same.len() as f64 / days).min(1.0)
    }

    /// Hosts on which something new came in an hour without any source.
    fn crowds<'b>(
        &self,
        groups: &[(&GroupKey, &'b AlertGroup)],
        found: &[Rarity],
        history: &'b History,
    ) -> HashMap<i64, BTreeSet<&'b str>> {
        let mut crowds: HashMap<i64, BTreeSet<&str>> = HashMap::new();
        let live = groups.iter().zip(found).filter(|(_, rarity)| rarity.crowds);
        for ((key, group), _) in live {
            crowds.entry(key.hour()).or_default().insert(group.shape.subject());
        }
        for (hour, hosts) in &mut crowds {
            hosts.extend(history.crowds.get(hour).into_iter().flatten().map(String::as_str));
        }
        crowds
    }

    /// Hosts on which a rule was seen up to an hour, or ever where all is known.
    fn hosts(&self, rule: usize, hour: i64) -> usize {
        let until = if self.span.reference == Reference::Whole { i64::MAX } else { hour };
        self.hosts_of[rule].partition_point(|first| *first <= until)
    }
}

/// The busiest source of each series in each hour; of several the least by digest.
fn loudest(sources: HashMap<(usize, i64), BTreeMap<u64, u64>>) -> HashMap<(usize, i64), (u64, u64)> {
    let of_hour =
        |sources: BTreeMap<u64, u64>| sources.into_iter().rev().max_by_key(|(_, count)| *count).unwrap_or_default();
    sources.into_iter().map(|(place, sources)| (place, of_hour(sources))).collect()
}

fn intern<'a>(
    rules: &mut HashMap<&'a str, usize>,
    series: &mut HashMap<(usize, &'a str), usize>,
    counts: &mut Vec<BTreeMap<i64, u64>>,
    rule: &'a str,
    host: &'a str,
) -> Place {
    let next = rules.len();
    let rule = *rules.entry(rule).or_insert(next);
    let next = series.len();
    let series = *series.entry((rule, host)).or_insert(next);
    if series == counts.len() {
        counts.push(BTreeMap::new());
    }
    Place { rule, series }
}

/// Natural logarithm of the factor by which a count is above another.
fn above(count: u64, other: u64) -> f64 {
    ((1.0 + count as f64) / (1.0 + other as f64)).ln()
}

/// The level of a count in an hour, and the part of it that is the burst. The greatest count of a rule that always fires is
/// no event, so what comes close to a count has reached it.
fn level(span: Span, series: &Series, hour: i64, count: u64) -> (f64, f64) {
    let from = series.partition_point(|(other, _)| *other < hour - REMEMBERED_HOURS);
    let others = series[from..].iter().take_while(|(other, _)| *other <= hour + REMEMBERED_HOURS);
    let others = others.filter(|(other, _)| span.counts(*other, hour));
    let (mut reached, mut most) = (0_u32, 0_u64);
    for (_, other) in others {
        reached += u32::from(above(count, *other) <= TOLERANCE);
        most = most.max(*other);
    }
    let burst = above(count, most).max(0.0);
    (((1.0 + span.hours(hour)) / (1.0 + f64::from(reached))).ln() + burst, burst)
}
