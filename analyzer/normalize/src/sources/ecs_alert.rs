//! Ready-made alerts of any product, as JSON objects with names of the Elastic Common Schema.

use fengsui_schema::{EventKind, RawRecord, Severity};
use serde_json::Value;

use super::SourceDefinition;
use crate::json::{at, object};
use crate::{Draft, NormalizeError};

const NAME: &str = "ecs_alert";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &["alerts"],
    meaning: "ready-made alerts of any product as JSON with @timestamp, rule.name, event.severity, host.* and source.*",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    let Ok(object) = object(NAME, line) else { return false };
    at(&object, "rule.name").is_some() && at(&object, "@timestamp").is_some() && at(&object, "event.dataset").is_none()
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let object = object(NAME, &record.payload)?;
    let severity = at(&object, "event.severity").and_then(severity);
    let mut draft = super::json::of_object("external.alert", object);
    if draft.fields.get("rule.name").is_none() && draft.fields.get("rule.id").is_none() {
        return Err(NormalizeError::malformed(NAME, "has neither rule.name nor rule.id"));
    }
    if draft.time.is_none() {
        return Err(NormalizeError::malformed(NAME, "has no @timestamp"));
    }
    draft.kind = EventKind::Alert;
    draft.fields.set("event.severity", severity.unwrap_or(Severity::Medium).as_number());
    Ok(draft)
}

/// Words, 0 to 4 as ours, up to 15 as rule levels of host agents, up to 100 as scores.
fn severity(value: &Value) -> Option<Severity> {
    if let Some(word) = value.as_str().and_then(Severity::from_word) {
        return Some(word);
    }
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    Some(match number {
        0..=4 => Severity::from_number(u8::try_from(number).unwrap_or(4)),
        5..=6 => Severity::Low,
        7..=9 => Severity::Medium,
        10..=12 => Severity::High,
        13..=15 => Severity::Critical,
        16..=47 => Severity::Low,
        48..=73 => Severity::Medium,
        74..=98 => Severity::High,
        _ => Severity::Critical,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn needs_a_rule_and_a_time() {
        let parsed = |value: Value| {
            parse(&RawRecord {
                source: NAME.into(),
                instance: "f".into(),
                received: fengsui_schema::Timestamp::EPOCH,
                payload: value.to_string().into_bytes(),
            })
        };
        let draft = parsed(json!({"@timestamp": "2026-11-22T12:00:00Z", "rule": {"name": "x"}, "event": {"severity": "high"}, "host": {"ip": "192.0.2.1"}})).expect("is an alert");
        assert_eq!((draft.kind, draft.fields.integer("event.severity")), (EventKind::Alert, Some(3)));
        assert!(parsed(json!({"rule.name": "x"})).is_err());
        assert!(parsed(json!({"@timestamp": "2026-11-22T12:00:00Z"})).is_err());
    }
}
