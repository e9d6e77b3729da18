//! A correlation as it was loaded and checked.

use std::collections::HashMap;
use std::sync::Arc;

use fengsui_schema::{Event, RuleReference};
use rsigma_parser::{
    ConditionExpr, ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, WindowMode,
};

use super::super::EventView;
use super::super::rules::{RuleCard, severity};
use crate::text::shown_value;
use crate::{limits, techniques};

/// A correlation as it was loaded and checked.
#[derive(Debug, Clone)]
pub(crate) struct CorrelationDefinition {
    /// Its id, or its title when it has none.
    pub(crate) key: String,
    pub(crate) card: Arc<RuleCard>,
    pub(super) kind: CorrelationType,
    /// Keys of the rules and correlations whose hits count, in the order they are named.
    pub(super) rules: Vec<String>,
    group_by: Vec<String>,
    /// Alias, then rule key, then field.
    aliases: HashMap<String, HashMap<String, String>>,
    pub(super) timespan_ns: i64,
    pub(super) predicates: Vec<(ConditionOperator, f64)>,
    pub(super) fields: Vec<String>,
    pub(super) percentile: f64,
    /// Over the places of `rules`; all of them when there is none.
    pub(super) expression: Option<ConditionExpr>,
    /// What `expression` calls each of `rules`.
    pub(super) names: Vec<String>,
}

impl CorrelationDefinition {
    /// Checks a correlation; `resolve` finds the key that an id, name or title stands for.
    pub(crate) fn new(rule: &CorrelationRule, resolve: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        if rule.window != WindowMode::Sliding {
            return Err(format!("window {} is not evaluated, only sliding ones are", rule.window.as_str()));
        }
        let find =
            |name: &String| resolve(name).ok_or_else(|| format!("no rule is named {}", fengsui_schema::shown(name)));
        let rules = rule.rules.iter().map(find).collect::<Result<Vec<String>, String>>()?;
        let seconds = i64::try_from(rule.timespan.seconds).unwrap_or(i64::MAX);
        let (predicates, fields, percentile, expression) = condition(&rule.condition)?;
        let needs_field = !matches!(
            rule.correlation_type,
            CorrelationType::EventCount | CorrelationType::Temporal | CorrelationType::TemporalOrdered
        );
        if needs_field && fields.is_empty() {
            return Err("condition names no field".to_owned());
        }
        let needs_threshold =
            !matches!(rule.correlation_type, CorrelationType::Temporal | CorrelationType::TemporalOrdered);
        if needs_threshold && predicates.is_empty() {
            return Err("condition has no threshold".to_owned());
        }
        let aliases = rule.aliases.iter().map(|alias| {
            let fields = alias.mapping.iter().filter_map(|(name, field)| Some((resolve(name)?, field.clone())));
            (alias.alias.clone(), fields.collect())
        });
        Ok(Self {
            key: rule_key(rule).to_owned(),
            card: Arc::new(card(rule)),
            kind: rule.correlation_type,
            names: rule.rules.clone(),
            rules,
            group_by: rule.group_by.clone(),
            aliases: aliases.collect(),
            timespan_ns: seconds.saturating_mul(1_000_000_000).max(1),
            predicates,
            fields,
            percentile,
            expression,
        })
    }

    /// The group an event belongs to for a hit of a rule; `None` when it lacks a field.
    pub(super) fn group(&self, rule: &str, event: &Event) -> Option<String> {
        let view = EventView::new(event);
        let mut group = String::new();
        for name in &self.group_by {
            let field = self.aliases.get(name).and_then(|fields| fields.get(rule)).unwrap_or(name);
            group.push_str(&shown_value(view.value(field)?, limits::ENTITY_BYTES));
            group.push('\u{1f}');
        }
        Some(group)
    }

    /// The value of the condition's fields; several are joined. `None` when the event lacks one.
    pub(super) fn value(&self, event: &Event) -> Option<String> {
        let view = EventView::new(event);
        let values = self.fields.iter().map(|field| Some(shown_value(view.value(field)?, limits::ENTITY_BYTES)));
        Some(values.collect::<Option<Vec<String>>>()?.join("\u{1f}"))
    }

    /// Whether a number passes every threshold.
    pub(super) fn passes(&self, number: f64) -> bool {
        self.predicates.iter().all(|(operator, threshold)| match operator {
            ConditionOperator::Gt => number > *threshold,
            ConditionOperator::Gte => number >= *threshold,
            ConditionOperator::Lt => number < *threshold,
            ConditionOperator::Lte => number <= *threshold,
            ConditionOperator::Eq => (number - threshold).abs() < f64::EPSILON,
            ConditionOperator::Neq => (number - threshold).abs() >= f64::EPSILON,
        })
    }
}

type Parts = (Vec<(ConditionOperator, f64)>, Vec<String>, f64, Option<ConditionExpr>);

fn condition(condition: &CorrelationCondition) -> Result<Parts, String> {
    match condition {
        CorrelationCondition::Threshold { predicates, field, percentile } => {
            // Thresholds are small numbers; a larger one than 2^53 means the same as that.
            let predicates = predicates.iter().map(|(operator, number)| (*operator, *number as f64)).collect();
            Ok((predicates, field.clone().unwrap_or_default(), percentile.unwrap_or(50) as f64, None))
        }
        CorrelationCondition::Extended(expression) if has_not(expression) => {
            Err("condition with `not` waits for something to stay away, which is not evaluated".to_owned())
        }
        CorrelationCondition::Extended(expression) => Ok((Vec::new(), Vec::new(), 50.0, Some(expression.clone()))),
    }
}

fn has_not(expression: &ConditionExpr) -> bool {
    match expression {
        ConditionExpr::Not(_) => true,
        ConditionExpr::And(inner) | ConditionExpr::Or(inner) => inner.iter().any(has_not),
        ConditionExpr::Identifier(_) | ConditionExpr::Selector { .. } => false,
    }
}

pub(crate) fn rule_key(rule: &CorrelationRule) -> &str {
    rule.id.as_deref().unwrap_or(&rule.title)
}

fn card(rule: &CorrelationRule) -> RuleCard {
    let title_zh = rule.custom_attributes.get("title_zh").and_then(|value| value.as_str()).map(str::to_owned);
    let reference = RuleReference {
        id: format!("sigma:{}", rule_key(rule)),
        title: rule.title.clone(),
        title_zh,
        text: rule.description.clone(),
        revision: None,
        category: Some(rule.correlation_type.as_str().to_owned()),
        references: rule.references.clone(),
    };
    RuleCard {
        reference,
        severity: severity(rule.level),
        techniques: techniques::of_tags(rule.tags.iter().map(String::as_str)),
        tags: rule.tags.clone(),
        level: rule.level,
        alerts: true,
    }
}
