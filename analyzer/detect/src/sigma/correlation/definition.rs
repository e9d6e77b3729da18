//! A correlation as it was loaded and checked.

use std::collections::HashMap;
use std::sync::Arc;

use fengsui_schema::{Event, RuleReference, Timestamp};
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
    judgement: Judgement,
}

/// When a condition is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// With each hit: a further one can only fulfil the condition.
    AtOnce,
    /// When the watermark has passed the hit, as a late one could undo it.
    Settled,
    /// Over the timespan after each hit, when the watermark has passed it: the condition is about what stays away.
    Afterwards,
}

impl Judgement {
    fn of(definition: &CorrelationDefinition) -> Self {
        let from_below = |(operator, _): &(ConditionOperator, f64)| {
            matches!(operator, ConditionOperator::Gt | ConditionOperator::Gte)
        };
        let counts = matches!(
            definition.kind,
            CorrelationType::EventCount | CorrelationType::ValueCount | CorrelationType::ValueSum
        );
        match definition.kind {
            CorrelationType::TemporalOrdered => Self::AtOnce,
            CorrelationType::Temporal if definition.expression.as_ref().is_some_and(has_not) => Self::Afterwards,
            CorrelationType::Temporal => Self::AtOnce,
            _ if !counts => Self::Settled,
            _ if definition.predicates.iter().all(from_below) => Self::AtOnce,
            _ if definition.passes(0.0) => Self::Afterwards,
            _ => Self::Settled,
        }
    }
}

/// The correlations in force, and who is interested in which rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct CorrelationSet {
    definitions: Vec<CorrelationDefinition>,
    by_key: HashMap<String, usize>,
    /// By key of a rule: places of definitions, and of the rule in them.
    interested: HashMap<String, Vec<(usize, usize)>>,
}

impl CorrelationSet {
    pub(crate) fn new(definitions: Vec<CorrelationDefinition>) -> Self {
        let mut interested: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (index, definition) in definitions.iter().enumerate() {
            for (rule, key) in definition.rules.iter().enumerate() {
                interested.entry(key.clone()).or_default().push((index, rule));
            }
        }
        let by_key = definitions.iter().enumerate().map(|(index, known)| (known.key.clone(), index)).collect();
        Self { definitions, by_key, interested }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.definitions.len()
    }

    pub(crate) fn titles(&self) -> impl Iterator<Item = &str> {
        self.definitions.iter().map(|definition| definition.card.reference.title.as_str())
    }

    pub(super) fn get(&self, key: &str) -> Option<&CorrelationDefinition> {
        self.by_key.get(key).and_then(|index| self.definitions.get(*index))
    }

    /// The correlations over a rule, with the rule's place in each.
    pub(super) fn interested(&self, key: &str) -> impl Iterator<Item = (&CorrelationDefinition, usize)> {
        let places = self.interested.get(key).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|(index, rule)| Some((self.definitions.get(*index)?, *rule)))
    }
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
        let mut definition = Self {
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
            judgement: Judgement::AtOnce,
        };
        definition.judgement = Judgement::of(&definition);
        Ok(definition)
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

    /// The timespan in whole seconds, at least one.
    pub(super) fn timespan_s(&self) -> i64 {
        (self.timespan_ns / 1_000_000_000).max(1)
    }

    /// Whether the condition says which rules have to hold.
    pub(super) fn has_expression(&self) -> bool {
        self.expression.is_some()
    }

    /// When the condition is judged.
    pub(super) fn judgement(&self) -> Judgement {
        self.judgement
    }

    /// Whether the watermark is waited for.
    pub(super) fn waits(&self) -> bool {
        self.judgement != Judgement::AtOnce
    }

    /// The watermark at which what belongs to a hit of a time is judged.
    pub(super) fn judged_at(&self, time: Timestamp) -> Timestamp {
        if self.judgement == Judgement::Afterwards { time.plus_nanos(self.timespan_ns) } else { time }
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
