//! Sigma's global filters (specification 2.1, filters): conditions that are added to the rules they name.
//!
//! A filter is written into the rule before it is compiled, under names of its own, so that `1 of selection*` of the
//! filter means the filter's selections and never the rule's.

use std::collections::HashMap;

use rsigma_parser::{ConditionExpr, FilterRule, FilterRuleTarget, LogSource, SelectorPattern, SigmaRule};

/// The rules of a bundle by everything that a filter may call them.
pub(super) struct RuleNames(HashMap<String, Vec<usize>>);

impl RuleNames {
    pub(super) fn of<'a>(rules: impl Iterator<Item = &'a SigmaRule>) -> Self {
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, rule) in rules.enumerate() {
            for name in [rule.id.as_ref(), rule.name.as_ref(), Some(&rule.title)].into_iter().flatten() {
                names.entry(name.clone()).or_default().push(index);
            }
        }
        Self(names)
    }

    /// The rules that a filter names; all of them for `any`.
    pub(super) fn targets(&self, filter: &FilterRule, count: usize) -> Result<Vec<usize>, String> {
        match &filter.rules {
            FilterRuleTarget::Any => Ok((0..count).collect()),
            FilterRuleTarget::Specific(names) => {
                let mut found: Vec<usize> =
                    names.iter().filter_map(|name| self.0.get(name)).flatten().copied().collect();
                found.sort_unstable();
                found.dedup();
                if found.is_empty() {
                    let names: Vec<String> = names.iter().map(|name| fengsui_schema::shown(name).to_string()).collect();
                    return Err(format!("filter names no rule that is loaded: {}", names.join(", ")));
                }
                Ok(found)
            }
        }
    }
}

/// Adds a filter to a rule of its log source; `number` tells filters of one rule apart.
pub(super) fn apply(filter: &FilterRule, number: usize, rule: &mut SigmaRule) {
    if filter.logsource.as_ref().is_some_and(|wanted| !covers(wanted, &rule.logsource)) {
        return;
    }
    let prefix = format!("_filter_{number}_");
    let condition = match filter.detection.conditions.first() {
        Some(condition) => renamed(condition, &prefix),
        None => return,
    };
    for (name, detection) in &filter.detection.named {
        rule.detection.named.insert(format!("{prefix}{name}"), detection.clone());
    }
    for present in &mut rule.detection.conditions {
        *present = ConditionExpr::And(vec![present.clone(), condition.clone()]);
    }
}

/// Whether a filter's log source is no narrower than the rule's.
fn covers(filter: &LogSource, rule: &LogSource) -> bool {
    let covers = |filter: &Option<String>, rule: &Option<String>| match (filter, rule) {
        (None, _) => true,
        (Some(filter), Some(rule)) => filter.eq_ignore_ascii_case(rule),
        (Some(_), None) => false,
    };
    covers(&filter.category, &rule.category)
        && covers(&filter.product, &rule.product)
        && covers(&filter.service, &rule.service)
}

fn renamed(condition: &ConditionExpr, prefix: &str) -> ConditionExpr {
    let all = |inner: &[ConditionExpr]| inner.iter().map(|inner| renamed(inner, prefix)).collect();
    match condition {
        ConditionExpr::And(inner) => ConditionExpr::And(all(inner)),
        ConditionExpr::Or(inner) => ConditionExpr::Or(all(inner)),
        ConditionExpr::Not(inner) => ConditionExpr::Not(Box::new(renamed(inner, prefix))),
        ConditionExpr::Identifier(name) => ConditionExpr::Identifier(format!("{prefix}{name}")),
        ConditionExpr::Selector { quantifier, pattern } => {
            let pattern = match pattern {
                SelectorPattern::Them => format!("{prefix}*"),
                SelectorPattern::Pattern(pattern) => format!("{prefix}{pattern}"),
            };
            ConditionExpr::Selector { quantifier: quantifier.clone(), pattern: SelectorPattern::Pattern(pattern) }
        }
    }
}
