//! Says in plain words what an incident is and why its alerts belong together.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{Entity, EntityKind, ExplanationLine, Timestamp};

use super::baseline::Rarity;
use super::group::AlertGroup;
use super::incident::Parts;
use crate::risk::Score;
use crate::techniques;
use crate::text::cut;

/// Lines about single entities.
const JOINTS: usize = 5;

/// Rules of which it is told how rare they are.
const RAREST: usize = 3;

/// Stages of the attack that are told.
const STAGES: usize = 8;

/// Longest title of a rule within a sentence, in bytes.
const TITLE_BYTES: usize = 120;

/// The title: who, against whom, with what.
pub(super) fn title(
    groups: &[&AlertGroup],
    points: &[f64],
    entities: &[Entity],
    tactics: &BTreeSet<String>,
) -> ExplanationLine {
    let best = (0..groups.len()).max_by(|one, other| points[*one].total_cmp(&points[*other]).then(other.cmp(one)));
    let rule = best.map(|index| groups[index]);
    let zh_rule = rule
        .map(|group| cut(group.shape.title_zh.as_deref().unwrap_or(&group.shape.title), TITLE_BYTES))
        .unwrap_or_default();
    let en_rule = rule.map(|group| cut(&group.shape.title, TITLE_BYTES)).unwrap_or_default();
    let named = |role: &str| {
        let mut found = entities
            .iter()
            .filter(|entity| entity.role == role)
            .map(|entity| entity.asset.as_deref().unwrap_or(&entity.value));
        let first = found.next().unwrap_or_default().to_owned();
        let more = found.count();
        (first, more)
    };
    let ((source, more_sources), (target, more_targets)) = (named("source"), named("target"));
    let zh = |name: &str, more: usize| if more > 0 { format!("{name} 等 {} 个", more + 1) } else { name.to_owned() };
    let en = |name: &str, more: usize| if more > 0 { format!("{name} and {more} more") } else { name.to_owned() };
    let staged = if tactics.len() > 1 { format!("（{}个攻击阶段）", tactics.len()) } else { String::new() };
    match (source.is_empty(), target.is_empty()) {
        (false, false) => ExplanationLine {
            zh: format!("{} 针对 {}：{zh_rule}{staged}", zh(&source, more_sources), zh(&target, more_targets)),
            en: format!("{} against {}: {en_rule}", en(&source, more_sources), en(&target, more_targets)),
        },
        (true, false) => ExplanationLine {
            zh: format!("{}：{zh_rule}{staged}", zh(&target, more_targets)),
            en: format!("{}: {en_rule}", en(&target, more_targets)),
        },
        _ => ExplanationLine {
            zh: format!("{}：{zh_rule}{staged}", zh(&source, more_sources)),
            en: format!("{}: {en_rule}", en(&source, more_sources)),
        },
    }
}

/// Why these alerts belong together, from the general to the particular.
pub(super) fn lines(
    parts: &Parts<'_>,
    values: &[f64],
    score: &Score,
    start: Timestamp,
    end: Timestamp,
) -> Vec<ExplanationLine> {
    let groups = parts.groups.as_slice();
    let alerts: u64 = groups.iter().map(|group| group.count).sum();
    let minutes = end.nanos_since(start) / 60_000_000_000 + 1;
    let rules = groups.iter().map(|group| group.shape.rule.as_str()).collect::<BTreeSet<_>>().len();
    let mut lines = vec![ExplanationLine {
        zh: format!("{minutes} 分钟内 {alerts} 条告警、{rules} 种规则，合并为 1 个事件"),
        en: format!("{alerts} alerts of {rules} rules within {minutes} minutes form one incident"),
    }];
    lines.extend(stages(groups));
    lines.extend(joints(&parts.component.reasons));
    if parts.component.by_moment > 0 {
        let count = parts.component.by_moment + 1;
        lines.push(ExplanationLine {
            zh: format!("其中 {count} 组罕见告警没有共同对象，但在这样安静的网络里同时出现，难以用巧合解释"),
            en: format!("{count} groups of rare alerts share nothing but the moment, which is hard to explain by chance in a network this quiet"),
        });
    }
    lines.extend(rarest(parts, values));
    lines.push(ExplanationLine {
        zh: format!(
            "风险 {}：证据得分 {:.1}，覆盖 {} 个攻击阶段、{} 类检测手段",
            score.risk,
            score.points,
            score.tactics.len(),
            score.detectors
        ),
        en: format!(
            "risk {}: {:.1} points of evidence, {} tactics, {} kinds of detectors",
            score.risk,
            score.points,
            score.tactics.len(),
            score.detectors
        ),
    });
    lines
}

/// What weighs most, and how rare it is in this network.
fn rarest(parts: &Parts<'_>, values: &[f64]) -> Vec<ExplanationLine> {
    let mut order: Vec<usize> = (0..parts.groups.len()).filter(|index| parts.rarities[*index].hours > 0).collect();
    order.sort_by(|one, other| values[*other].total_cmp(&values[*one]).then(one.cmp(other)));
    let mut told: BTreeSet<&str> = BTreeSet::new();
    order.retain(|index| told.insert(parts.groups[*index].shape.rule.as_str()));
    order.into_iter().take(RAREST).map(|index| rare(parts.groups[index], &parts.rarities[index])).collect()
}

fn rare(group: &AlertGroup, rarity: &Rarity) -> ExplanationLine {
    let zh = cut(group.shape.title_zh.as_deref().unwrap_or(&group.shape.title), TITLE_BYTES);
    let en = cut(&group.shape.title, TITLE_BYTES);
    let (others, hours) = (rarity.others, rarity.hours);
    // A factor below two is no burst; the cast keeps what is shown.
    let times = rarity.burst.exp().round() as u64;
    let (burst_zh, burst_en) = if others > 0 && times >= 2 {
        (format!("，数量是平时最多时的 {times} 倍"), format!(", {times} times the most of other hours"))
    } else {
        (String::new(), String::new())
    };
    ExplanationLine {
        zh: format!("“{zh}”出现到这种程度，在另外 {hours} 小时里有 {others} 小时{burst_zh}"),
        en: format!("\"{en}\" to this degree in {others} of {hours} other hours{burst_en}"),
    }
}

/// The entities that joined most groups.
fn joints(reasons: &BTreeMap<(EntityKind, String), u32>) -> impl Iterator<Item = ExplanationLine> {
    let mut list: Vec<(&(EntityKind, String), &u32)> = reasons.iter().collect();
    list.sort_by(|(one, count), (other, count_other)| count_other.cmp(count).then(one.cmp(other)));
    list.into_iter().take(JOINTS).map(|((kind, name), count)| {
        let (zh, en) = match kind {
            EntityKind::Address => ("地址", "address"),
            EntityKind::Host => ("主机", "host"),
            EntityKind::User => ("账号", "account"),
            EntityKind::Domain => ("域名", "domain"),
            EntityKind::File => ("文件", "file"),
            EntityKind::Url | EntityKind::DataAsset => ("对象", "object"),
        };
        ExplanationLine {
            zh: format!("{zh} {name} 同时出现在其中 {} 组告警", count + 1),
            en: format!("{en} {name} is in {} groups of them", count + 1),
        }
    })
}

/// The first alert of each tactic, in the order of time.
fn stages(groups: &[&AlertGroup]) -> Vec<ExplanationLine> {
    let mut first: BTreeMap<&str, (Timestamp, &AlertGroup)> = BTreeMap::new();
    for group in groups {
        for tactic in group.shape.techniques.iter().filter_map(|technique| technique.tactic.as_deref()) {
            let slot = first.entry(tactic).or_insert((group.first, group));
            if (group.first, &group.shape.rule) < (slot.0, &slot.1.shape.rule) {
                *slot = (group.first, group);
            }
        }
    }
    let mut stages: Vec<(&str, (Timestamp, &AlertGroup))> = first.into_iter().collect();
    stages.sort_by_key(|(tactic, (time, _))| (*time, techniques::order(Some(tactic))));
    let line = |(tactic, (time, group)): (&str, (Timestamp, &AlertGroup))| {
        let zh = cut(group.shape.title_zh.as_deref().unwrap_or(&group.shape.title), TITLE_BYTES).to_owned();
        ExplanationLine {
            zh: format!("{time} {}：{zh}", techniques::name_zh(tactic)),
            en: format!("{time} {tactic}: {}", cut(&group.shape.title, TITLE_BYTES)),
        }
    };
    stages.into_iter().take(STAGES).map(line).collect()
}
