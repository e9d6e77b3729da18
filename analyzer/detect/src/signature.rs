//! Alerts that a source raised itself: signatures of network sensors, and ready-made alerts of other products.

use fengsui_schema::{Alert, AlertSource, Condition, Event, EventKind, RuleReference, Severity, Technique};
use serde_json::Value;

use crate::alerting::{Verdict, ends};
use crate::text::{cut, shown_value};
use crate::{limits, techniques};

/// The alert that the event itself is, if it is one.
pub(crate) fn detect(event: &Event) -> Option<Alert> {
    if event.kind != EventKind::Alert {
        return None;
    }
    let eve = event.original.get("alert").filter(|_| event.original.get("event_type").is_some());
    let verdict = match eve {
        Some(alert) => signature(event, alert),
        None => external(event),
    };
    Some(verdict.alert(event))
}

fn signature(event: &Event, alert: &Value) -> Verdict {
    let text = |name: &str| alert.get(name).and_then(Value::as_str);
    let title = text("signature").unwrap_or("signature without a message").to_owned();
    let title_zh = metadata(alert, "title_zh").next().map(str::to_owned);
    let category = text("category").unwrap_or_default().to_owned();
    let revision = alert.get("rev").and_then(Value::as_u64).and_then(|revision| u32::try_from(revision).ok());
    let (source, target) = ends(event);
    let application =
        event.fields.text("network.protocol").or_else(|| event.fields.text("network.transport")).unwrap_or("ip");
    Verdict {
        source: source_kind(alert),
        severity: severity(event, alert),
        summary_zh: format!(
            "{source} 与 {target} 的 {application} 通信命中特征：{}",
            title_zh.as_deref().unwrap_or(&title)
        ),
        summary_en: format!("{application} traffic between {source} and {target} matched: {title}"),
        conditions: conditions(&event.original),
        techniques: named_techniques(alert, &category),
        rule: RuleReference {
            id: event.fields.text("rule.id").unwrap_or("suricata:0").to_owned(),
            title,
            title_zh,
            text: explained(&event.original, "rule")
                .and_then(Value::as_str)
                .or_else(|| text("rule"))
                .map(|rule| cut(rule, limits::RULE_TEXT_BYTES).to_owned()),
            revision,
            category: (!category.is_empty()).then_some(category),
            references: references(alert),
        },
    }
}

/// A YARA rule of the sensor's file inspection names itself in the metadata.
fn source_kind(alert: &Value) -> AlertSource {
    if metadata(alert, "engine").any(|engine| engine == "yara") || alert.get("yara").is_some() {
        AlertSource::Yara
    } else {
        AlertSource::Signature
    }
}

/// `signature_severity` of the metadata, else the rule's priority.
fn severity(event: &Event, alert: &Value) -> Severity {
    let named = metadata(alert, "signature_severity").find_map(|word| match word.to_ascii_lowercase().as_str() {
        "informational" => Some(Severity::Info),
        "minor" => Some(Severity::Low),
        "major" => Some(Severity::High),
        word => Severity::from_word(word),
    });
    let number = event.fields.integer("event.severity").and_then(|number| u8::try_from(number).ok());
    named.unwrap_or_else(|| number.map_or(Severity::Medium, Severity::from_number))
}

fn named_techniques(alert: &Value, category: &str) -> Vec<Technique> {
    let ids = metadata(alert, "mitre_technique_id").chain(metadata(alert, "mitre_technique"));
    let mut found: Vec<Technique> = ids.filter_map(techniques::technique).collect();
    let tactic = metadata(alert, "mitre_tactic_name")
        .chain(metadata(alert, "mitre_tactic"))
        .map(|name| name.to_ascii_lowercase().replace([' ', '_'], "-"))
        .next();
    if let (Some(tactic), [only]) = (tactic, found.as_mut_slice())
        && techniques::order(Some(&tactic)) < techniques::TACTICS.len()
    {
        only.tactic = Some(tactic);
    }
    if found.is_empty() {
        found.extend(techniques::of_class(category));
    }
    found
}

/// The values of a metadata key: a text or a list of texts.
fn metadata<'a>(alert: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    let value = alert.get("metadata").and_then(|metadata| metadata.get(key));
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    value.and_then(Value::as_str).into_iter().chain(list.iter().filter_map(Value::as_str))
}

fn references(alert: &Value) -> Vec<String> {
    let list = alert.get("references").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(Value::as_str)
        .take(16)
        .map(|reference| cut(reference, limits::CONDITION_BYTES).to_owned())
        .collect()
}

/// A part of the sensor's own explanation of an alert.
fn explained<'e>(record: &'e Value, part: &str) -> Option<&'e Value> {
    record.get("explanation")?.get(part)
}

fn conditions(record: &Value) -> Vec<Condition> {
    let list = explained(record, "conditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |condition: &Value, name: &str| {
        condition.get(name).map(|value| shown_value(value, limits::CONDITION_BYTES)).unwrap_or_default()
    };
    let read = |condition: &Value| Condition {
        condition: text(condition, "condition"),
        field: text(condition, "field"),
        value: text(condition, "value"),
    };
    list.iter().take(limits::CONDITIONS).map(read).collect()
}

/// An alert of another product: what it says, as it says it.
fn external(event: &Event) -> Verdict {
    let text = |name: &str| event.fields.text(name);
    let title = text("rule.name").or_else(|| text("rule.id")).unwrap_or("alert without a name").to_owned();
    let id = text("rule.id").unwrap_or(&title);
    let product = text("observer.product").or_else(|| text("observer.type")).unwrap_or("external");
    let (source, target) = ends(event);
    let number = event.fields.integer("event.severity").and_then(|number| u8::try_from(number).ok());
    let ids: Vec<&str> = match event.field("threat.technique.id") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(id)) => vec![id],
        _ => Vec::new(),
    };
    let mut techniques: Vec<Technique> = ids.into_iter().filter_map(techniques::technique).collect();
    if techniques.is_empty() {
        let of_class = text("rule.category").and_then(techniques::of_class);
        techniques.extend(of_class.or_else(|| techniques::of_words(&title)));
    }
    Verdict {
        source: AlertSource::External,
        severity: number.map_or(Severity::Medium, Severity::from_number),
        summary_zh: format!("{product} 告警：{title}（{source} → {target}）"),
        summary_en: format!("{product} reports {title} ({source} → {target})"),
        conditions: Vec::new(),
        techniques,
        rule: RuleReference {
            id: format!("external:{product}/{}", cut(id, 200)),
            title,
            title_zh: None,
            text: None,
            revision: None,
            category: text("rule.category").map(str::to_owned),
            references: Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::eve;
    use serde_json::json;

    #[test]
    fn a_signature_keeps_its_conditions_and_proof() {
        let event = eve(
            json!({"event_type": "alert", "src_ip": "192.0.2.1", "src_port": 40000, "dest_ip": "198.51.100.2", "dest_port": 80, "proto": "TCP", "app_proto": "http",
            "flow_id": 9, "pcap_file": "s1/9.pcap", "payload": "R0VU", "http": {"hostname": "www.example.com", "url": "/"},
            "alert": {"signature_id": 5, "rev": 2, "signature": "test", "category": "Web Application Attack", "severity": 1,
                "metadata": {"mitre_technique_id": ["T1190"], "title_zh": ["测试"]}},
            "explanation": {"rule": "alert http ...", "conditions": [{"condition": "content:\"x\"", "field": "http.uri", "value": "/x"}]}}),
        );
        let alert = detect(&event).expect("is an alert");
        assert_eq!(
            (alert.rule.id.as_str(), alert.rule.revision, alert.severity),
            ("suricata:5", Some(2), Severity::High)
        );
        assert_eq!(alert.techniques[0].id, "T1190");
        assert_eq!(alert.conditions.len(), 1);
        assert_eq!(alert.rule.text.as_deref(), Some("alert http ..."));
        assert_eq!(alert.evidence.pcap.as_deref(), Some("s1/9.pcap"));
        assert!(alert.summary_zh.contains("测试"));
        assert_eq!(alert.flow.destination_port, Some(80));
    }

    #[test]
    fn an_answer_names_the_opener_as_source() {
        let event = eve(
            json!({"event_type": "alert", "src_ip": "198.51.100.2", "src_port": 80, "dest_ip": "192.0.2.1", "dest_port": 40000,
            "flow": {"src_ip": "192.0.2.1", "dest_ip": "198.51.100.2", "bytes_toserver": 7}, "alert": {"signature_id": 5, "signature": "test", "severity": 2}}),
        );
        let alert = detect(&event).expect("is an alert");
        assert_eq!(alert.flow.source_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(alert.flow.bytes_to_destination, 7);
        assert!(alert.entities.iter().any(|entity| entity.value == "192.0.2.1" && entity.role == "source"));
    }
}
