//! Says in plain words what an incident is and why its alerts belong together.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::{Entity, EntityKind, ExplanationLine, Timestamp};

use super::group::AlertGroup;
use crate::risk::Score;
use crate::techniques;
use crate::text::cut;

/// Lines about single entities.
const JOINTS: usize = 5;

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
    let zh_rule =
        rule.map(|group| cut(group.title_zh.as_deref().unwrap_or(&group.title), TITLE_BYTES)).unwrap_or_default();
    let en_rule = rule.map(|group| cut(&group.title, TITLE_BYTES)).unwrap_or_default();
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
    groups: &[&AlertGroup],
    reasons: &BTreeMap<(EntityKind, String), u32>,
    score: &Score,
    start: Timestamp,
    end: Timestamp,
) -> Vec<ExplanationLine> {
    let alerts: u64 = groups.iter().map(|group| group.count).sum();
    let minutes = end.nanos_since(start) / 60_000_000_000 + 1;
    let rules = groups.iter().map(|group| group.rule.as_str()).collect::<BTreeSet<_>>().len();
    let mut lines = vec![ExplanationLine {
        zh: format!("{minutes} 分钟内 {alerts} 条告警、{rules} 种规则，合并为 1 个事件"),
        en: format!("{alerts} alerts of {rules} rules within {minutes} minutes form one incident"),
    }];
    lines.extend(stages(groups));
    lines.extend(joints(reasons));
    lines.push(ExplanationLine {
        zh: format!(
            "风险 {}：规则得分 {:.0}，覆盖 {} 个攻击阶段、{} 类检测手段",
            score.risk,
            score.points,
            score.tactics.len(),
            score.sources
        ),
        en: format!(
            "risk {}: {:.0} points of rules, {} tactics, {} kinds of detection",
            score.risk,
            score.points,
            score.tactics.len(),
            score.sources
        ),
    });
    lines
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
        for tactic in group.techniques.iter().filter_map(|technique| technique.tactic.as_deref()) {
            let slot = first.entry(tactic).or_insert((group.first, group));
            if (group.first, &group.rule) < (slot.0, &slot.1.rule) {
                *slot = (group.first, group);
            }
        }
    }
    let mut stages: Vec<(&str, (Timestamp, &AlertGroup))> = first.into_iter().collect();
    stages.sort_by_key(|(tactic, (time, _))| (*time, techniques::order(Some(tactic))));
    let line = |(tactic, (time, group)): (&str, (Timestamp, &AlertGroup))| {
        let zh = cut(group.title_zh.as_deref().unwrap_or(&group.title), TITLE_BYTES).to_owned();
        ExplanationLine {
            zh: format!("{time} {}：{zh}", techniques::name_zh(tactic)),
            en: format!("{time} {tactic}: {}", cut(&group.title, TITLE_BYTES)),
        }
    };
    stages.into_iter().take(STAGES).map(line).collect()
}
