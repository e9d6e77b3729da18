//! EVE: the JSON records of our sensors and of Suricata (the names are those of Suricata's documentation).

use fengsui_schema::{EventKind, RawRecord, Severity};
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::json::{at, object, text, time};
use crate::{Draft, NormalizeError, limits};

const NAME: &str = "fengsui_eve";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &["eve", "suricata_eve"],
    meaning: "EVE records of our sensors and of Suricata, one JSON object a line",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    line.first() == Some(&b'{') && memchr::memmem::find(line, b"\"event_type\"").is_some()
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let eve = object(NAME, &record.payload)?;
    let kind = text(&eve, "event_type").ok_or_else(|| NormalizeError::malformed(NAME, "has no event_type"))?;
    let stamp = eve.get("timestamp").ok_or_else(|| NormalizeError::malformed(NAME, "has no timestamp"))?;
    let time = time(stamp).ok_or_else(|| {
        NormalizeError::malformed(NAME, format!("timestamp {} is no time", fengsui_schema::shown(&stamp.to_string())))
    })?;
    let mut draft = Draft::new(format!("fengsui.{}", crate::text::cut(kind, 64)), Value::Null);
    draft.time = Some(time);
    flow(&mut draft, &eve);
    let details = DETAILS.iter().find(|(name, ..)| *name == kind);
    draft.put("event.category", details.map_or("network", |(_, category, _)| category));
    for (name, _, fill) in DETAILS {
        // An alert carries the transaction it fired on: its objects are read too.
        if let Some(Value::Object(inner)) = eve.get(*name) {
            fill(&mut draft, inner);
        }
    }
    draft.kind = match kind {
        "alert" => EventKind::Alert,
        "visibility" | "stats" => EventKind::Metric,
        _ => EventKind::Event,
    };
    draft.original = Value::Object(eve);
    Ok(draft)
}

type Fill = fn(&mut Draft, &Map<String, Value>);

/// Event type, category and how its object is read.
const DETAILS: &[(&str, &str, Fill)] = &[
    ("alert", "intrusion_detection", alert),
    ("http", "web", http),
    ("dns", "network", dns),
    ("tls", "network", tls),
    ("ssh", "network", ssh),
    ("smtp", "email", nothing),
    ("email", "email", email),
    ("fileinfo", "file", file),
    ("flow", "network", flow_account),
    ("netflow", "network", netflow),
    ("anomaly", "network", anomaly),
    ("dlp", "data", finding),
    ("visibility", "metric", nothing),
];

fn nothing(_: &mut Draft, _: &Map<String, Value>) {}

fn flow(draft: &mut Draft, eve: &Map<String, Value>) {
    draft.put_address("source.ip", text(eve, "src_ip"));
    draft.put_address("destination.ip", text(eve, "dest_ip"));
    draft.copy("source.port", eve.get("src_port"));
    draft.copy("destination.port", eve.get("dest_port"));
    let transport = text(eve, "proto").map(str::to_ascii_lowercase);
    draft.put_some("network.transport", transport.as_deref());
    draft.put_some("network.protocol", text(eve, "app_proto").filter(|name| *name != "failed"));
    draft.put_some("network.community_id", text(eve, "community_id"));
    draft.copy_as_text("flow.id", eve.get("flow_id"));
    draft.put_some("observer.name", text(eve, "host"));
    draft.put("observer.type", "sensor");
    draft.copy("fengsui.vlan", eve.get("vlan"));
    draft.put_some("event.action", text(eve, "event_type"));
}

fn alert(draft: &mut Draft, alert: &Map<String, Value>) {
    let id = at(alert, "signature_id").map(|id| format!("suricata:{id}"));
    draft.put_some("rule.id", id.as_deref());
    draft.put_some("rule.name", text(alert, "signature"));
    draft.put_some("rule.category", text(alert, "category"));
    let priority = at(alert, "severity").and_then(Value::as_u64).and_then(|priority| u8::try_from(priority).ok());
    draft
        .fields
        .set_some("event.severity", priority.map(|priority| Severity::from_rule_priority(priority).as_number()));
    draft.put_some(
        "event.outcome",
        text(alert, "action").map(|action| if action == "blocked" { "failure" } else { "unknown" }),
    );
    for key in ["mitre_technique_id", "mitre_technique"] {
        draft.copy("threat.technique.id", at(alert, "metadata").and_then(|metadata| metadata.get(key)));
    }
}

fn http(draft: &mut Draft, http: &Map<String, Value>) {
    draft.put("network.protocol", "http");
    if let Some(url) = text(http, "url") {
        draft.put_url(url);
    }
    draft.put_some("url.domain", text(http, "hostname"));
    draft.put_some("http.request.method", text(http, "http_method"));
    draft.put_some("user_agent.original", text(http, "http_user_agent"));
    draft.put_some("http.request.referrer", text(http, "http_refer"));
    draft.copy("http.response.status_code", http.get("status"));
    draft.copy("http.response.body.bytes", http.get("length"));
    draft.put_some("http.response.mime_type", text(http, "http_content_type"));
}

fn dns(draft: &mut Draft, dns: &Map<String, Value>) {
    draft.put("network.protocol", "dns");
    // Version 3 of the records lists the questions; version 2 names one at the top.
    let question = [dns.get("queries"), dns.get("query")]
        .into_iter()
        .flatten()
        .find_map(|list| list.get(0)?.as_object())
        .unwrap_or(dns);
    let name = text(question, "rrname").map(|name| name.trim_end_matches('.').to_ascii_lowercase());
    draft.put_some("dns.question.name", name.as_deref());
    draft.put_some("dns.question.type", text(question, "rrtype"));
    draft.put_some("dns.response_code", text(dns, "rcode"));
    draft.put_some("dns.type", text(dns, "type"));
    draft.copy_as_text("dns.id", dns.get("id"));
    let answers = dns.get("answers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let addresses: Vec<Value> = answers
        .iter()
        .filter_map(|answer| answer.get("rdata")?.as_str()?.parse::<std::net::IpAddr>().ok())
        .take(limits::LIST_ENTRIES)
        .map(|address| address.to_string().into())
        .collect();
    draft.copy("dns.resolved_ip", Some(&Value::Array(addresses)));
    draft.fields.set_some("dns.answers_count", dns.get("answers").and_then(Value::as_array).map(Vec::len));
}

fn tls(draft: &mut Draft, tls: &Map<String, Value>) {
    draft.put("network.protocol", "tls");
    draft.put_some("tls.version", text(tls, "version"));
    draft.put_some("tls.client.server_name", text(tls, "sni"));
    draft.put_some("tls.server.subject", text(tls, "subject"));
    draft.put_some("tls.server.issuer", text(tls, "issuerdn"));
    draft.put_some("tls.client.ja3", text(tls, "ja3.hash"));
    draft.put_some("tls.server.ja3s", text(tls, "ja3s.hash"));
    draft.put_some("tls.client.ja4", text(tls, "ja4"));
    draft.put_some("tls.server.hash.sha1", text(tls, "fingerprint"));
    draft.put_some("tls.server.not_after", text(tls, "notafter"));
}

fn ssh(draft: &mut Draft, ssh: &Map<String, Value>) {
    draft.put("network.protocol", "ssh");
    draft.put_some("ssh.client.software", text(ssh, "client.software_version"));
    draft.put_some("ssh.server.software", text(ssh, "server.software_version"));
}

fn email(draft: &mut Draft, email: &Map<String, Value>) {
    draft.put_some("email.from.address", text(email, "from"));
    draft.copy("email.to.address", email.get("to"));
    draft.put_some("email.subject", text(email, "subject"));
    draft.copy("email.attachments.file.name", email.get("attachment"));
}

fn file(draft: &mut Draft, file: &Map<String, Value>) {
    let name = text(file, "filename");
    draft.put_some("file.name", name.map(|name| name.rsplit(['/', '\\']).next().unwrap_or(name)));
    draft.put_some("file.path", name);
    draft.copy("file.size", file.get("size"));
    draft.put_some("file.mime_type", text(file, "magic"));
    for (field, key) in
        [("file.hash.md5", "md5"), ("file.hash.sha1", "sha1"), ("file.hash.sha256", "sha256"), ("file.hash.sm3", "sm3")]
    {
        draft.put_some(field, text(file, key));
    }
}

fn flow_account(draft: &mut Draft, flow: &Map<String, Value>) {
    draft.copy("source.bytes", flow.get("bytes_toserver"));
    draft.copy("destination.bytes", flow.get("bytes_toclient"));
    draft.copy("source.packets", flow.get("pkts_toserver"));
    draft.copy("destination.packets", flow.get("pkts_toclient"));
    draft.copy("event.duration_s", flow.get("age"));
    draft.put_some("flow.state", text(flow, "state"));
    draft.put_some("flow.start", text(flow, "start"));
}

fn netflow(draft: &mut Draft, flow: &Map<String, Value>) {
    draft.copy("source.bytes", flow.get("bytes"));
    draft.copy("source.packets", flow.get("pkts"));
}

fn anomaly(draft: &mut Draft, anomaly: &Map<String, Value>) {
    draft.put_some("event.reason", text(anomaly, "event"));
    draft.put_some("rule.category", text(anomaly, "type"));
}

fn finding(draft: &mut Draft, finding: &Map<String, Value>) {
    let samples = finding.get("samples").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let types: Vec<Value> =
        samples.iter().filter_map(|sample| sample.get("data_type")).take(limits::LIST_ENTRIES).cloned().collect();
    draft.copy("fengsui.data.type", Some(&Value::Array(types)));
    let grade = text(finding, "grade").and_then(|word| match word {
        "level1" => Some(1),
        "level2" => Some(2),
        "level3" => Some(3),
        "level4" | "important" | "core" => Some(4),
        _ => None,
    });
    draft.fields.set_some("fengsui.data.grade", grade);
    draft.put_some("organization.id", text(finding, "unit").filter(|unit| !unit.is_empty()));
    draft.put_some("file.name", text(finding, "place.name"));
    draft.put_some("file.hash.sm3", text(finding, "place.sm3"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use fengsui_schema::Timestamp;
    use serde_json::json;

    fn parsed(value: &Value) -> Draft {
        let payload = value.to_string().into_bytes();
        parse(&RawRecord { source: NAME.into(), instance: "s1".into(), received: Timestamp::EPOCH, payload })
            .expect("is EVE")
    }

    #[test]
    fn an_alert_with_its_transaction() {
        let draft = parsed(&json!({
            "timestamp": "2026-11-22T12:00:00.000001+0000", "event_type": "alert", "flow_id": 7, "src_ip": "192.0.2.1", "src_port": 4444,
            "dest_ip": "198.51.100.2", "dest_port": 80, "proto": "TCP",
            "alert": {"signature_id": 1, "signature": "x", "category": "y", "severity": 1, "metadata": {"mitre_technique_id": ["T1190"]}},
            "http": {"hostname": "www.example.com", "url": "/a?b=1", "http_method": "GET", "status": 200},
        }));
        assert_eq!(draft.kind, EventKind::Alert);
        assert_eq!(draft.fields.text("rule.id"), Some("suricata:1"));
        assert_eq!(draft.fields.integer("event.severity"), Some(3));
        assert_eq!(draft.fields.text("url.query"), Some("b=1"));
        assert_eq!(draft.fields.text("flow.id"), Some("7"));
        assert_eq!(draft.fields.get("threat.technique.id"), Some(&json!(["T1190"])));
    }

    #[test]
    fn questions_of_both_versions() {
        let old = json!({"timestamp": "2026-11-22T12:00:00Z", "event_type": "dns", "dns": {"type": "query", "rrname": "A.example.com", "rrtype": "A"}});
        let new = json!({"timestamp": "2026-11-22T12:00:00Z", "event_type": "dns", "dns": {"queries": [{"rrname": "a.example.com.", "rrtype": "A"}],
            "answers": [{"rdata": "192.0.2.9"}, {"rdata": "name.example"}]}});
        for record in [old, new] {
            assert_eq!(parsed(&record).fields.text("dns.question.name"), Some("a.example.com"));
        }
    }

    #[test]
    fn a_record_without_time_or_type_is_refused() {
        for payload in [
            &br#"{"event_type":"dns"}"#[..],
            br#"{"timestamp":"2026-11-22T12:00:00Z"}"#,
            br#"{"event_type":"dns","timestamp":"x"}"#,
            b"[]",
            b"x",
        ] {
            let record = RawRecord {
                source: NAME.into(),
                instance: String::new(),
                received: Timestamp::EPOCH,
                payload: payload.to_vec(),
            };
            assert!(parse(&record).is_err());
        }
    }
}
