//! How an alert is put together from an event: identity, entities, flow, evidence and ownership.

use std::fmt::Write;

use fengsui_schema::{
    Alert, AlertId, AlertSource, BusinessDomain, Condition, Entity, EntityKind, Event, Evidence, FlowSummary,
    RuleReference, Severity, Technique, Timestamp, UnitCode,
};
use serde_json::Value;

use crate::limits;

/// What a detector says about an event; [`Verdict::alert`] adds the rest.
pub(crate) struct Verdict {
    pub(crate) source: AlertSource,
    pub(crate) rule: RuleReference,
    pub(crate) severity: Severity,
    pub(crate) summary_zh: String,
    pub(crate) summary_en: String,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) techniques: Vec<Technique>,
}

impl Verdict {
    /// The alert on an event. Its id is a digest of the rule and of the event's content without its place in the
    /// spool, so that the order of arrival does not change it.
    pub(crate) fn alert(self, event: &Event) -> Alert {
        let entities = entities(event);
        let flow = flow(event);
        Alert {
            id: content_id(&self.rule.id, event),
            time: event.time,
            source: self.source,
            group_key: group_key(&self.rule.id, &entities),
            rule: self.rule,
            severity: self.severity,
            summary_zh: self.summary_zh,
            summary_en: self.summary_en,
            conditions: self.conditions,
            entities,
            techniques: self.techniques,
            observer: event.fields.text("observer.name").unwrap_or(&event.source.instance).to_owned(),
            unit: unit(event),
            domain: domain(event),
            flow,
            evidence: evidence(event),
            events: vec![event.id],
            fold: None,
        }
    }
}

fn content_id(rule: &str, event: &Event) -> AlertId {
    let original = event.original.to_string();
    let time = event.time.as_nanos().to_le_bytes();
    let parts: [&[u8]; 5] = [b"alert", rule.as_bytes(), event.source.instance.as_bytes(), &time, original.as_bytes()];
    AlertId::from_digest(&fengsui_crypto::sm3_of_parts(&parts))
}

/// The id of an alert over many events: a digest of the rule, what it counts for, and the window's number.
pub(crate) fn window_id(rule: &str, key: &str, window: i64) -> AlertId {
    AlertId::from_digest(&fengsui_crypto::sm3_of_parts(&[
        b"window",
        rule.as_bytes(),
        key.as_bytes(),
        &window.to_le_bytes(),
    ]))
}

/// Rule, sources and targets: what repeats are grouped by.
pub(crate) fn group_key(rule: &str, entities: &[Entity]) -> String {
    let mut key = rule.to_owned();
    for entity in entities.iter().filter(|entity| entity.role != "related") {
        let _ = write!(key, "|{}={}", entity.role, entity.value);
    }
    crate::text::cut(&key, limits::GROUP_KEY_BYTES).to_owned()
}

/// The unit that owns what the event is about, as enrichment wrote it.
pub(crate) fn unit(event: &Event) -> UnitCode {
    event.fields.text("organization.id").and_then(|code| code.parse().ok()).unwrap_or_default()
}

/// The part of the digital government the event touches; the extranet when nothing says.
pub(crate) fn domain(event: &Event) -> BusinessDomain {
    event.fields.text("fengsui.domain").and_then(BusinessDomain::from_word).unwrap_or(BusinessDomain::Network)
}

/// Whether the event's source end is the answering side of its flow: the sensor says who opened the flow; without that,
/// a well-known port talking to a high one answers.
fn is_answer(event: &Event) -> bool {
    let opener = event.original.get("flow").and_then(|flow| flow.get("src_ip")).and_then(Value::as_str);
    match (opener, event.fields.text("source.ip")) {
        (Some(opener), Some(source)) if event.field("event_type").is_some() => {
            opener != source && event.fields.text("destination.ip") == Some(opener)
        }
        _ => {
            let port = |name| event.fields.integer(name).unwrap_or(0);
            event.kind == fengsui_schema::EventKind::Alert
                && (1..1024).contains(&port("source.port"))
                && port("destination.port") >= 1024
        }
    }
}

fn flow(event: &Event) -> FlowSummary {
    let text = |name: &str| event.fields.text(name).map(str::to_owned);
    let port = |name: &str| event.fields.integer(name).and_then(|port| u16::try_from(port).ok());
    let bytes = |name: &str, account: &str| {
        let account = event.original.get("flow").and_then(|flow| flow.get(account)).and_then(Value::as_u64);
        account.or_else(|| event.fields.integer(name).and_then(|bytes| u64::try_from(bytes).ok())).unwrap_or(0)
    };
    let (from, to) = if is_answer(event) { ("destination", "source") } else { ("source", "destination") };
    FlowSummary {
        flow_id: text("flow.id"),
        community_id: text("network.community_id"),
        source_ip: text(&format!("{from}.ip")),
        source_port: port(&format!("{from}.port")),
        destination_ip: text(&format!("{to}.ip")),
        destination_port: port(&format!("{to}.port")),
        transport: text("network.transport"),
        application: text("network.protocol"),
        bytes_to_destination: bytes("source.bytes", "bytes_toserver"),
        bytes_to_source: bytes("destination.bytes", "bytes_toclient"),
    }
}

/// Who and what an event is about: at most [`limits::ALERT_ENTITIES`].
pub(crate) fn entities(event: &Event) -> Vec<Entity> {
    let answer = is_answer(event);
    let (source, target) = if answer { ("target", "source") } else { ("source", "target") };
    let host_role = if event.fields.get("destination.ip").is_some() { "related" } else { "target" };
    let rows: [(&str, EntityKind, &str, Option<&str>); 10] = [
        ("source.ip", EntityKind::Address, source, Some("fengsui.source_asset")),
        ("destination.ip", EntityKind::Address, target, Some("fengsui.destination_asset")),
        ("host.ip", EntityKind::Address, host_role, Some("fengsui.destination_asset")),
        ("host.name", EntityKind::Host, host_role, None),
        ("user.name", EntityKind::User, "related", None),
        ("url.domain", EntityKind::Domain, "related", None),
        ("dns.question.name", EntityKind::Domain, "related", None),
        ("tls.client.server_name", EntityKind::Domain, "related", None),
        ("file.hash.sm3", EntityKind::File, "related", None),
        ("file.hash.sha256", EntityKind::File, "related", None),
    ];
    let mut found: Vec<Entity> = Vec::new();
    for (field, kind, role, asset) in rows {
        let Some(value) = event.fields.text(field).map(|value| crate::text::cut(value, limits::ENTITY_BYTES)) else {
            continue;
        };
        if value.is_empty() || found.iter().any(|entity| entity.kind == kind && entity.value == value) {
            continue;
        }
        let asset = asset.and_then(|name| event.fields.text(name)).map(str::to_owned);
        found.push(Entity { kind, value: value.to_owned(), role: role.to_owned(), asset });
    }
    found.truncate(limits::ALERT_ENTITIES);
    found
}

fn evidence(event: &Event) -> Evidence {
    let original = |name: &str| event.original.get(name);
    let text = |name: &str| original(name).and_then(Value::as_str);
    let transaction =
        ["http", "dns", "tls", "ssh", "smtp", "fileinfo", "dlp"].iter().find_map(|name| Some((*name, original(name)?)));
    let record = event.original.as_str().map_or_else(|| without_payload(&event.original), str::to_owned);
    Evidence {
        payload_base64: text("payload").map(|payload| crate::text::cut(payload, limits::PAYLOAD_BYTES).to_owned()),
        transaction: transaction.map(|(name, value)| serde_json::json!({ name: value })).unwrap_or_default(),
        pcap: text("pcap_file").map(str::to_owned),
        record: Some(crate::text::cut(&record, limits::RECORD_BYTES).to_owned()),
    }
}

/// The record in one line without the payload and rule text that stand in the alert anyway.
fn without_payload(original: &Value) -> String {
    let Value::Object(object) = original else { return original.to_string() };
    let mut object = object.clone();
    object.remove("payload");
    object.remove("packet");
    object.remove("explanation");
    Value::Object(object).to_string()
}

/// `a → b:80 (http)` for sentences; `某主机` when no address is known.
pub(crate) fn ends(event: &Event) -> (String, String) {
    let flow = flow(event);
    let host = || event.fields.text("host.name").or_else(|| event.fields.text("host.ip")).map(str::to_owned);
    let target = flow.destination_ip.map(|address| match flow.destination_port {
        Some(port) => format!("{address}:{port}"),
        None => address,
    });
    let source = flow.source_ip.or_else(|| event.fields.text("user.name").map(str::to_owned));
    (source.unwrap_or_else(|| "-".to_owned()), target.or_else(host).unwrap_or_else(|| "-".to_owned()))
}

/// Start of the window of a length in seconds that a moment lies in, as the window's number.
pub(crate) fn window(time: Timestamp, seconds: i64) -> i64 {
    time.as_seconds().div_euclid(seconds.max(1))
}
