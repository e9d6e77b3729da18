//! Fortinet FortiGate: `date=… time=… devname="…" type="traffic" subtype="…" key=value …`.

use serde_json::{Map, Value};

use super::{begin, keep, severity, transport, verdict, word};
use crate::text::pairs;
use crate::{Draft, json};

pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let known = text.contains("devid=") && text.contains("logid=") && text.contains(" type=");
    if !known {
        return false;
    }
    let start = text.find("date=").or_else(|| text.find("devname=")).or_else(|| text.find("logid=")).unwrap_or(0);
    let values: Map<String, Value> =
        pairs(&text[start..]).into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
    let kind = word(&values, &["type"]).unwrap_or("other").to_owned();
    let category = match kind.as_str() {
        "utm" | "attack" | "ips" | "virus" => "intrusion_detection",
        "event" if word(&values, &["subtype"]) == Some("user") => "authentication",
        "event" => "configuration",
        _ => "network",
    };
    let dataset = if kind == "event" { "firewall.fortinet.event" } else { "firewall.fortinet.traffic" };
    begin(draft, dataset, "Fortinet", category);
    draft.time = values.get("eventtime").and_then(json::time).or(draft.time);
    draft.put_some("host.name", word(&values, &["devname"]));
    draft.put_some("event.code", word(&values, &["logid"]));
    draft.put_address("source.ip", word(&values, &["srcip", "remip", "ui"]));
    draft.put_address("destination.ip", word(&values, &["dstip", "locip"]));
    draft.put_number("source.port", word(&values, &["srcport"]));
    draft.put_number("destination.port", word(&values, &["dstport"]));
    draft.put_number("source.bytes", word(&values, &["sentbyte"]));
    draft.put_number("destination.bytes", word(&values, &["rcvdbyte"]));
    transport(draft, word(&values, &["proto"]));
    draft.put_some("network.protocol", word(&values, &["app", "service"]).map(str::to_lowercase).as_deref());
    draft.put_some("user.name", word(&values, &["user"]));
    draft.put_some("rule.name", word(&values, &["attack", "virus", "policyname", "logdesc"]));
    draft.put_some("rule.id", word(&values, &["attackid"]).map(|id| format!("fortinet:{id}")).as_deref());
    draft.put_some("url.domain", word(&values, &["hostname"]));
    if let Some(url) = word(&values, &["url"]) {
        draft.put_url(url);
        draft.put_some("url.domain", word(&values, &["hostname"]));
    }
    severity(draft, word(&values, &["severity", "crlevel"]));
    verdict(draft, word(&values, &["action", "utmaction"]));
    if category == "authentication" || word(&values, &["action"]) == Some("login") {
        let failed = word(&values, &["status", "result"]).is_some_and(|word| word.contains("fail") || word == "deny");
        draft.put("event.category", "authentication");
        draft.put("event.outcome", if failed { "failure" } else { "success" });
    }
    keep(draft, values);
    true
}
