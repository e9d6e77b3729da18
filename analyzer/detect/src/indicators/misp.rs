//! Indicators out of MISP events as JSON, and MISP's warning lists as values that are never indicators.

use fengsui_schema::{Severity, shown};
use serde_json::Value;

use super::list::{Indicator, IndicatorKind, checked};
use crate::limits;

/// The events of a document: one, a list, or the answer of a search.
fn events(document: &Value) -> Vec<&Value> {
    let list = document.as_array().or_else(|| document["response"].as_array());
    let rows = list.map_or_else(|| vec![document], |list| list.iter().collect());
    rows.into_iter().map(|row| if row["Event"].is_object() { &row["Event"] } else { row }).collect()
}

/// Whether a document holds MISP events.
pub(super) fn resembles(document: &Value) -> bool {
    events(document).iter().any(|event| event["Attribute"].is_array() || event["Object"].is_array())
}

/// The indicators of a document, and the attributes that are none with their reasons.
pub(super) fn parse(list: &str, document: &Value) -> (Vec<Indicator>, Vec<String>) {
    let (mut indicators, mut failures) = (Vec::new(), Vec::new());
    for event in events(document) {
        let inside = |value: &'_ Value| value["Attribute"].as_array().cloned().unwrap_or_default();
        let objects = event["Object"].as_array().map(Vec::as_slice).unwrap_or_default();
        let attributes = inside(event).into_iter().chain(objects.iter().flat_map(inside));
        for attribute in attributes.filter(|attribute| attribute["to_ids"] != false && attribute["deleted"] != true) {
            match indicators_of(list, event, &attribute) {
                Ok(found) => indicators.extend(found),
                Err(reason) => failures.push(reason),
            }
        }
    }
    (indicators, failures)
}

fn indicators_of(list: &str, event: &Value, attribute: &Value) -> Result<Vec<Indicator>, String> {
    let (kind, value) =
        (attribute["type"].as_str().unwrap_or_default(), attribute["value"].as_str().unwrap_or_default());
    let wanted = parts(kind, value);
    let severity = match event["threat_level_id"].as_str().or(attribute["threat_level_id"].as_str()) {
        Some("1") => Severity::Critical,
        Some("3") => Severity::Medium,
        _ => Severity::High,
    };
    let info = event["info"].as_str().unwrap_or_default();
    let comment = attribute["comment"].as_str().unwrap_or_default();
    let description = if comment.is_empty() { info.to_owned() } else { format!("{info}: {comment}") };
    let make = |(kind, value): (IndicatorKind, String)| Indicator {
        kind,
        value,
        severity,
        expires: None,
        description: crate::text::cut(&description, limits::CONDITION_BYTES).to_owned(),
        description_zh: String::new(),
        reference: event["uuid"].as_str().unwrap_or_default().to_owned(),
        list: list.to_owned(),
    };
    let found: Result<Vec<_>, String> = wanted.into_iter().map(|(kind, value)| checked(kind, value)).collect();
    found
        .map(|found| found.into_iter().map(make).collect())
        .map_err(|reason| format!("attribute {}: {reason}", shown(kind)))
}

/// What an attribute holds of the kinds that events hold; several for the compound types. Nothing for other types.
fn parts<'a>(kind: &str, value: &'a str) -> Vec<(&'static str, &'a str)> {
    let (first, second) = value.split_once('|').unwrap_or((value, ""));
    match kind {
        "ip-src" | "ip-dst" => vec![("ip", value)],
        "ip-src|port" | "ip-dst|port" => vec![("ip", first)],
        "domain" | "hostname" => vec![("domain", value)],
        "hostname|port" => vec![("domain", first)],
        "domain|ip" => vec![("domain", first), ("ip", second)],
        "url" | "uri" => vec![("url", value)],
        "md5" | "sha1" | "sha256" | "sm3" => vec![("hash", value)],
        "filename|md5" | "filename|sha1" | "filename|sha256" => vec![("hash", second)],
        _ => Vec::new(),
    }
}

/// The values of a warning list: `{"type": "cidr"|"hostname"|"string", "list": […]}`.
pub(super) fn warning_list(document: &Value) -> Option<Vec<(IndicatorKind, String)>> {
    let values = document["list"].as_array()?;
    let kinds: &[&str] = match document["type"].as_str()? {
        "cidr" => &["ip"],
        "hostname" => &["domain"],
        _ => &["ip", "domain", "hash", "url"],
    };
    let one = |value: &Value| {
        let text = value.as_str()?.trim_start_matches('.');
        kinds.iter().find_map(|kind| checked(kind, text).ok())
    };
    Some(values.iter().filter_map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn attributes_of_events_and_objects() {
        let event = json!({"Event": {"info": "钓鱼", "threat_level_id": "1", "uuid": "u", "Attribute": [
            {"type": "ip-dst", "value": "198.51.100.3", "to_ids": true, "comment": "c2"},
            {"type": "domain|ip", "value": "bad.example|198.51.100.4", "to_ids": true},
            {"type": "url", "value": "https://bad.example/x", "to_ids": true},
            {"type": "comment", "value": "text", "to_ids": true},
            {"type": "md5", "value": "zz", "to_ids": true},
            {"type": "ip-src", "value": "198.51.100.5", "to_ids": false}],
            "Object": [{"Attribute": [{"type": "sha256", "value": "d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e", "to_ids": true}]}]}});
        assert!(resembles(&event));
        for document in [event.clone(), json!([event]), json!({"response": [event]})] {
            let (indicators, failures) = parse("l", &document);
            assert_eq!((indicators.len(), failures.len()), (5, 1), "{failures:?}");
            assert_eq!(indicators[0].severity, Severity::Critical);
            assert_eq!(indicators[0].description, "钓鱼: c2");
        }
    }

    #[test]
    fn warning_lists_are_values() {
        let found =
            warning_list(&json!({"type": "cidr", "list": ["192.0.2.0/24", "198.51.100.1"]})).expect("is a list");
        assert_eq!(found[0], (IndicatorKind::Range, "192.0.2.0/24".to_owned()));
        assert!(warning_list(&json!({"Event": {}})).is_none());
    }
}
