//! Firewalls that write syslog in words of their own: one file per vendor, one line each in [`FIREWALLS`].

mod asa;
mod fortigate;
mod h3c;
mod huawei;
mod paloalto;
mod sangfor;

use serde_json::{Map, Value};

use crate::{Draft, limits};

/// Reads a message when it is the vendor's; false for any other.
type Fill = fn(&mut Draft, &str) -> bool;

/// Every vendor, in the order in which messages are tried.
const FIREWALLS: &[Fill] = &[huawei::fill, h3c::fill, asa::fill, fortigate::fill, paloalto::fill, sangfor::fill];

/// Reads the message of a firewall; false when it is none that is known.
pub(super) fn understand(draft: &mut Draft, text: &str) -> bool {
    FIREWALLS.iter().any(|fill| fill(draft, text))
}

/// What every firewall's record has in common.
fn begin(draft: &mut Draft, dataset: &str, vendor: &str, category: &str) {
    draft.fields.set("event.dataset", dataset);
    draft.put("observer.vendor", vendor);
    draft.put("observer.type", "firewall");
    draft.put("event.category", category);
}

/// The pairs become the original record beside the whole line.
fn keep(draft: &mut Draft, values: Map<String, Value>) {
    let mut record = Map::new();
    if let Value::String(line) = &draft.original {
        record.insert("message".to_owned(), Value::from(line.as_str()));
    }
    record.extend(values);
    draft.original = Value::Object(record);
}

/// `key=value` or `key:value` pairs between separators; quotes around values are taken off.
fn separated(text: &str, separators: &[char], equals: &[char]) -> Map<String, Value> {
    let mut values = Map::new();
    for part in text.split(separators).take(limits::COLUMNS) {
        if let Some((key, value)) = part.split_once(equals) {
            let value = value.trim().trim_matches('"').trim_end_matches('.');
            values.insert(key.trim().trim_start_matches('-').to_owned(), Value::from(value));
        }
    }
    values
}

/// Number of an IP protocol or its name, in lower case.
fn transport(draft: &mut Draft, word: Option<&str>) {
    let name = match word.unwrap_or_default() {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "47" => "gre",
        "50" => "esp",
        "58" => "ipv6-icmp",
        "132" => "sctp",
        other => return draft.put("network.transport", &other.to_ascii_lowercase()),
    };
    draft.put("network.transport", name);
}

/// What a verdict in any vendor's word means.
fn verdict(draft: &mut Draft, word: Option<&str>) {
    let Some(word) = word.filter(|word| !word.is_empty()) else { return };
    let lower = word.to_lowercase();
    draft.put("event.action", &lower);
    let stops =
        ["deny", "denied", "drop", "block", "reset", "reject", "discard", "timeout-deny", "拒绝", "阻断", "丢弃"];
    let passes = ["permit", "allow", "accept", "pass", "close", "alert", "允许", "放行"];
    if stops.iter().any(|stop| lower.contains(stop)) {
        draft.put("event.outcome", "failure");
    } else if passes.iter().any(|pass| lower.contains(pass)) {
        draft.put("event.outcome", "success");
    }
}

/// Severity in any vendor's word.
fn severity(draft: &mut Draft, word: Option<&str>) {
    let number = match word.unwrap_or_default().to_lowercase().as_str() {
        "informational" | "information" | "info" | "信息" | "notification" => 0,
        "low" | "低" | "notice" => 1,
        "medium" | "middle" | "warning" | "中" => 2,
        "high" | "高" | "error" => 3,
        "critical" | "严重" | "致命" | "alert" | "emergency" => 4,
        _ => return,
    };
    draft.fields.set("event.severity", number);
}

/// A value of a record as text.
fn word<'a>(values: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| values.get(*name)?.as_str()).filter(|text| !text.is_empty())
}
