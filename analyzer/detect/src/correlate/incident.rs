//! Makes an incident of the groups of a component.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{
    AlertSource, BusinessDomain, Entity, EntityKind, ExplanationLine, Incident, IncidentEnd, IncidentGrade, IncidentId,
    IncidentMember, Technique, Timestamp,
};

use super::baseline::Rarity;
use super::explain;
use super::group::{AlertGroup, GroupKey};
use super::links::Component;
use super::{CorrelationSettings, ShownIncident};
use crate::risk::{GradingFacts, GradingRules, Score, group_value};
use crate::{limits, techniques};

/// A component with what is known of its groups.
pub(super) struct Parts<'a> {
    /// In order, as what they are keys of.
    pub(super) keys: Vec<&'a GroupKey>,
    pub(super) groups: Vec<&'a AlertGroup>,
    pub(super) rarities: Vec<Rarity>,
    pub(super) component: &'a Component,
}

/// The incident of a component with its points; `None` when its risk is below what is shown.
pub(super) fn build(
    parts: &Parts<'_>,
    settings: &CorrelationSettings,
    grading: &GradingRules,
) -> Option<(f64, Incident)> {
    let groups = parts.groups.as_slice();
    let (start, end) = (groups.iter().map(|group| group.first).min()?, groups.iter().map(|group| group.last).max()?);
    let value = |(group, rarity): (&&AlertGroup, &Rarity)| group_value(group, rarity, &settings.evidence);
    let values: Vec<f64> = groups.iter().zip(&parts.rarities).map(value).collect();
    let techniques = kill_chain(groups, &values);
    let score = Score::of(groups, &values, &techniques, &settings.evidence);
    if score.risk < settings.minimum_risk {
        return None;
    }
    let opener = groups.iter().map(|group| (over_window(group), group.first, group.shape.id)).min()?;
    let entities = entities(groups, &values);
    let (unit, domain) =
        (majority(groups, |group| group.shape.unit.clone())?, majority(groups, |group| group.shape.domain)?);
    let facts = GradingFacts {
        risk: score.risk,
        severity: groups.iter().map(|group| group.shape.severity).max()?,
        tactics: score.tactics.clone(),
        domain,
        hosts: hosts(groups),
    };
    let (proposed_grade, grade_basis) = grading.propose(&facts);
    let title = explain::title(groups, &values, &entities, &score.tactics);
    let incident = Incident {
        id: id(opener.1, &opener.2),
        revision: 0,
        title_zh: title.zh,
        title_en: title.en,
        risk: score.risk,
        proposed_grade,
        grade_basis,
        start,
        end,
        explanation: explain::lines(parts, &values, &score, start, end),
        members: members(groups, &values, settings.members_per_incident),
        // The earliest, so that none is taken back for want of room.
        folds: parts.keys.iter().take(limits::INCIDENT_FOLDS).map(|key| key.fold()).collect(),
        alerts: groups.iter().map(|group| group.count).sum(),
        entities,
        techniques,
        unit,
        domain,
        ended: None,
    };
    Some((score.points, incident))
}

/// The incident that a group opens.
pub(super) fn opened_by(group: &AlertGroup) -> IncidentId {
    id(group.first, &group.shape.id)
}

fn id(first: Timestamp, shape: &[u8]) -> IncidentId {
    IncidentId::from_digest(&fengsui_crypto::sm3_of_parts(&[b"incident", &first.as_nanos().to_le_bytes(), shape]))
}

/// Alerts over windows carry the window's start; one that comes later should not take the place of the opener.
fn over_window(group: &AlertGroup) -> bool {
    matches!(group.shape.source, AlertSource::Behaviour | AlertSource::Correlation)
}

/// What is handed out of an incident that is none any more.
pub(super) fn ended(shown: &ShownIncident, end: IncidentEnd) -> Incident {
    let (zh, en) = match end {
        IncidentEnd::TakenInBy(_) => (
            "新的告警表明它与另一事件同属一次攻击，成员已转入该事件",
            "later alerts showed that it is part of another incident, which has its members now",
        ),
        IncidentEnd::Withdrawn => (
            "新的告警表明这些现象在本网络中属于常态，不再构成事件",
            "later alerts showed that what it was made of is ordinary in this network",
        ),
    };
    Incident {
        id: shown.id,
        revision: shown.revision.saturating_add(1),
        title_zh: shown.title_zh.clone(),
        title_en: shown.title_en.clone(),
        risk: 0,
        proposed_grade: IncidentGrade::General,
        grade_basis: String::new(),
        start: shown.start,
        end: shown.start,
        entities: Vec::new(),
        techniques: Vec::new(),
        explanation: vec![ExplanationLine { zh: zh.to_owned(), en: en.to_owned() }],
        members: Vec::new(),
        folds: Vec::new(),
        alerts: 0,
        unit: shown.unit.clone(),
        domain: BusinessDomain::Network,
        ended: Some(end),
    }
}

/// Least value of a group whose techniques count.
const TELLING: f64 = 0.2;

/// Techniques in the order of the kill chain, then by their first sight; those of groups that say little are left out when
/// others say more.
fn kill_chain(groups: &[&AlertGroup], values: &[f64]) -> Vec<Technique> {
    let mut first: BTreeMap<&Technique, Timestamp> = BTreeMap::new();
    let any = values.iter().any(|value| *value >= TELLING);
    for (group, _) in groups.iter().zip(values).filter(|(_, value)| !any || **value >= TELLING) {
        for technique in &group.shape.techniques {
            let seen = first.entry(technique).or_insert(group.first);
            *seen = (*seen).min(group.first);
        }
    }
    let mut list: Vec<(&Technique, Timestamp)> = first.into_iter().collect();
    list.sort_by(|(one, seen), (other, seen_other)| {
        let order = |technique: &Technique| techniques::order(technique.tactic.as_deref());
        order(one).cmp(&order(other)).then(seen.cmp(seen_other)).then(one.cmp(other))
    });
    list.into_iter().map(|(technique, _)| technique.clone()).collect()
}

/// Entities by the points of the groups they are in: most important first.
fn entities(groups: &[&AlertGroup], points: &[f64]) -> Vec<Entity> {
    let mut weights: BTreeMap<(EntityKind, &str), (f64, &Entity)> = BTreeMap::new();
    for (group, points) in groups.iter().zip(points) {
        for entity in group.entities() {
            let factor = if entity.role == "related" { 0.3 } else { 1.0 };
            let slot = weights.entry((entity.kind, entity.value.as_str())).or_insert((0.0, entity));
            slot.0 += points * factor;
            // One entity may be target first and source later; the least role by name is the stable choice.
            if role_rank(entity) < role_rank(slot.1) {
                slot.1 = entity;
            }
        }
    }
    let mut list: Vec<(f64, &Entity)> = weights.into_values().collect();
    list.sort_by(|(one, entity), (other, entity_other)| other.total_cmp(one).then(entity.cmp(entity_other)));
    list.into_iter().take(limits::INCIDENT_ENTITIES).map(|(_, entity)| entity.clone()).collect()
}

fn role_rank(entity: &Entity) -> (u8, Option<&str>) {
    let rank = match entity.role.as_str() {
        "source" => 0,
        "target" => 1,
        _ => 2,
    };
    (rank, entity.asset.as_deref())
}

/// The alerts of the riskiest groups, in the order of time.
fn members(groups: &[&AlertGroup], points: &[f64], limit: usize) -> Vec<IncidentMember> {
    let total: f64 = points.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|one, other| points[*other].total_cmp(&points[*one]).then(one.cmp(other)));
    let mut members: Vec<IncidentMember> = Vec::new();
    for index in order {
        let group = groups[index];
        let share = points[index] / total / group.members.len().max(1) as f64;
        let room = limit.saturating_sub(members.len());
        members.extend(group.members.iter().take(room).map(|(time, alert)| IncidentMember {
            alert: *alert,
            time: *time,
            risk: thousandths(share),
        }));
    }
    members.sort_by_key(|member| (member.time, member.alert));
    members
}

/// A share between 0 and 1 in thousandths.
fn thousandths(share: f64) -> u32 {
    // The value is between 0 and 1000, so the cast keeps it.
    (share.clamp(0.0, 1.0) * 1000.0).round() as u32
}

/// The value most groups have; the least of those when several are equally frequent.
fn majority<T: Ord>(groups: &[&AlertGroup], value: impl Fn(&AlertGroup) -> T) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for group in groups {
        *counts.entry(value(group)).or_default() += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

/// How many different targets there are.
fn hosts(groups: &[&AlertGroup]) -> usize {
    let targets = groups.iter().flat_map(|group| group.shape.in_role("target"));
    targets.map(|entity| entity.value.as_str()).collect::<BTreeSet<_>>().len()
}
