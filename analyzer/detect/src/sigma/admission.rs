//! What of a rule is refused before it is compiled, because it would cost more than any real rule does.
//!
//! Rules come from feeds. One that nests a hundred thousand brackets or holds a pattern of a gigabyte must cost a line in
//! the load report and nothing else. YAML's own bombs (aliases, depth) are refused by the YAML library.

use regex::RegexBuilder;
use rsigma_parser::{Detection, DetectionItem, Detections, Modifier, SigmaValue};
use serde::Deserialize;
use yaml_serde::Value;

use crate::limits;

/// Whether a text's conditions are shallow enough to be parsed at all.
///
/// # Errors
/// With the reason in words.
pub(super) fn admit_text(text: &str) -> Result<(), String> {
    // Only a text with very many brackets or negations can be too deep; real ones are not read twice.
    let many = |part: &str| text.matches(part).take(limits::SIGMA_CONDITION_DEPTH + 1).count();
    if many("(") <= limits::SIGMA_CONDITION_DEPTH && many("not") <= limits::SIGMA_CONDITION_DEPTH {
        return Ok(());
    }
    for document in yaml_serde::Deserializer::from_str(text) {
        // What is no YAML is reported by the parser of rules.
        let Ok(document) = Value::deserialize(document) else { return Ok(()) };
        for section in ["detection", "filter", "correlation"] {
            document.get(section).map_or(Ok(()), admit_conditions)?;
        }
    }
    Ok(())
}

/// The conditions anywhere inside a section; the YAML library bounds its depth.
fn admit_conditions(section: &Value) -> Result<(), String> {
    let Some(section) = section.as_mapping() else { return Ok(()) };
    for (key, value) in section {
        match (key.as_str(), value) {
            (Some("condition"), Value::String(text)) => admit_condition(text)?,
            (Some("condition"), Value::Sequence(list)) => {
                list.iter().filter_map(Value::as_str).try_for_each(admit_condition)?;
            }
            (_, Value::Mapping(_)) => admit_conditions(value)?,
            _ => {}
        }
    }
    Ok(())
}

fn admit_condition(text: &str) -> Result<(), String> {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let negations = text.split_ascii_whitespace().filter(|word| word.trim_matches('(').eq_ignore_ascii_case("not"));
    if text.len() > limits::SIGMA_CONDITION_BYTES {
        return Err(format!("condition has {} bytes, more than {}", text.len(), limits::SIGMA_CONDITION_BYTES));
    }
    if deepest > limits::SIGMA_CONDITION_DEPTH || negations.count() > limits::SIGMA_CONDITION_NEGATIONS {
        return Err(format!(
            "condition nests {deepest} brackets; at most {} brackets and {} negations are taken",
            limits::SIGMA_CONDITION_DEPTH,
            limits::SIGMA_CONDITION_NEGATIONS
        ));
    }
    Ok(())
}

/// Counts what the detections of a bundle hold.
#[derive(Debug, Default)]
pub(super) struct Admission {
    heavy_patterns: usize,
}

/// What one rule holds.
#[derive(Default)]
struct Amount {
    values: usize,
    patterns: usize,
}

impl Admission {
    /// Whether the detections of a rule or filter are of a size that is compiled.
    ///
    /// # Errors
    /// With the reason in words.
    pub(super) fn admit(&mut self, detections: &Detections) -> Result<(), String> {
        let mut amount = Amount::default();
        detections
            .named
            .values()
            .try_for_each(|detection| self.detection(detection, &mut amount, limits::SIGMA_DETECTION_DEPTH))
    }

    fn detection(&mut self, detection: &Detection, amount: &mut Amount, depth: usize) -> Result<(), String> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(format!("detection nests deeper than {}", limits::SIGMA_DETECTION_DEPTH));
        };
        match detection {
            Detection::AllOf(items) => items.iter().try_for_each(|item| self.item(item, amount)),
            Detection::AnyOf(inner) | Detection::And(inner) => {
                inner.iter().try_for_each(|inner| self.detection(inner, amount, depth))
            }
            Detection::ArrayMatch { body, .. } => self.detection(body, amount, depth),
            Detection::Conditional { named, .. } => {
                named.values().try_for_each(|inner| self.detection(inner, amount, depth))
            }
            Detection::Keywords(values) => values.iter().try_for_each(|value| self.value(value, false, "", amount)),
        }
    }

    fn item(&mut self, item: &DetectionItem, amount: &mut Amount) -> Result<(), String> {
        let expression = item.field.has_modifier(Modifier::Re);
        let flags: String = [(Modifier::IgnoreCase, 'i'), (Modifier::Multiline, 'm'), (Modifier::DotAll, 's')]
            .into_iter()
            .filter(|(modifier, _)| item.field.has_modifier(*modifier))
            .map(|(_, flag)| flag)
            .collect();
        item.values.iter().try_for_each(|value| self.value(value, expression, &flags, amount))
    }

    fn value(&mut self, value: &SigmaValue, expression: bool, flags: &str, amount: &mut Amount) -> Result<(), String> {
        amount.values += 1;
        if amount.values > limits::SIGMA_VALUES {
            return Err(format!("rule holds more than {} values", limits::SIGMA_VALUES));
        }
        let SigmaValue::String(text) = value else { return Ok(()) };
        if text.original.len() > limits::SIGMA_VALUE_BYTES {
            return Err(format!("value has {} bytes, more than {}", text.original.len(), limits::SIGMA_VALUE_BYTES));
        }
        if !expression && !text.contains_wildcards() {
            return Ok(());
        }
        amount.patterns += 1;
        if amount.patterns > limits::SIGMA_PATTERNS {
            return Err(format!("rule holds more than {} patterns", limits::SIGMA_PATTERNS));
        }
        if expression { self.expression(&text.original, flags) } else { Ok(()) }
    }

    /// Whether a regular expression compiles, and small; a few larger ones are taken.
    fn expression(&mut self, pattern: &str, flags: &str) -> Result<(), String> {
        let pattern = if flags.is_empty() { pattern.to_owned() } else { format!("(?{flags}){pattern}") };
        let compiles = |bytes: usize| RegexBuilder::new(&pattern).size_limit(bytes).nest_limit(64).build();
        match compiles(limits::SIGMA_PATTERN_COMPILED_BYTES) {
            Ok(_) => Ok(()),
            Err(regex::Error::CompiledTooBig(_)) if self.heavy_patterns < limits::SIGMA_HEAVY_PATTERNS => {
                self.heavy_patterns += 1;
                compiles(limits::SIGMA_HEAVY_PATTERN_BYTES).map(|_| ()).map_err(|error| refused(&pattern, &error))
            }
            Err(error) => Err(refused(&pattern, &error)),
        }
    }
}

fn refused(pattern: &str, error: &regex::Error) -> String {
    let reason = error.to_string();
    let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("regular expression {}: {last}", fengsui_schema::shown(crate::text::cut(pattern, 80)))
}
