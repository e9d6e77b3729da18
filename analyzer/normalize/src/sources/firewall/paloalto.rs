//! Palo Alto Networks PAN-OS: comma separated values whose order the kind of log tells.

use serde_json::{Map, Value};

use super::{begin, keep, severity, transport, verdict, word};
use crate::Draft;

/// The first columns of every log, then those of traffic and of threats (PAN-OS log field order). Empty: not read.
const COMMON: &[&str] = &["", "receive_time", "serial", "type", "subtype", "", "generated_time"];
const FLOW: &[&str] = &[
    "src",
    "dst",
    "natsrc",
    "natdst",
    "rule",
    "srcuser",
    "dstuser",
    "app",
    "vsys",
    "from",
    "to",
    "inbound_if",
    "outbound_if",
    "logset",
    "",
    "sessionid",
    "repeatcnt",
    "sport",
    "dport",
    "natsport",
    "natdport",
    "flags",
    "proto",
    "action",
];
const TRAFFIC: &[&str] = &["bytes", "bytes_sent", "bytes_received", "packets", "start", "elapsed", "category"];
const THREAT: &[&str] = &["misc", "threatid", "category", "severity", "direction"];

pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let Some(place) = [",TRAFFIC,", ",THREAT,"].iter().find_map(|kind| text.find(kind)) else { return false };
    // The log begins behind the syslog header: at the blank before its first comma.
    let first = text[..place].find(',').unwrap_or(0);
    let start = text[..first].rfind(' ').map_or(0, |blank| blank + 1);
    let cells = crate::text::cells(&text[start..]);
    let threat = cells.get(3).is_some_and(|kind| kind == "THREAT");
    let names = COMMON.iter().chain(FLOW).chain(if threat { THREAT } else { TRAFFIC });
    let values: Map<String, Value> = names
        .zip(&cells)
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
        .collect();
    if word(&values, &["src"]).is_none_or(|address| address.parse::<std::net::IpAddr>().is_err()) {
        return false;
    }
    begin(draft, "firewall.paloalto", "Palo Alto Networks", if threat { "intrusion_detection" } else { "network" });
    draft.put_address("source.ip", word(&values, &["src"]));
    draft.put_address("destination.ip", word(&values, &["dst"]));
    draft.put_number("source.port", word(&values, &["sport"]));
    draft.put_number("destination.port", word(&values, &["dport"]));
    draft.put_number("source.bytes", word(&values, &["bytes_sent"]));
    draft.put_number("destination.bytes", word(&values, &["bytes_received"]));
    transport(draft, word(&values, &["proto"]));
    draft.put_some("network.protocol", word(&values, &["app"]).map(str::to_lowercase).as_deref());
    draft.put_some("user.name", word(&values, &["srcuser"]));
    draft.put_some("fengsui.source_zone", word(&values, &["from"]));
    draft.put_some("fengsui.zone", word(&values, &["to"]));
    draft.put_some("rule.name", word(&values, &["threatid", "rule"]));
    if let Some(url) = word(&values, &["misc"]).filter(|_| word(&values, &["subtype"]) == Some("url")) {
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        draft.put_url(&url);
    }
    severity(draft, word(&values, &["severity"]));
    verdict(draft, word(&values, &["action"]));
    keep(draft, values);
    true
}
