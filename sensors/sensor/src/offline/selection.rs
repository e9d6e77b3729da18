//! Which records an `eve-log` of suricata.yaml asks for.

use fengsui_protocols::AppSettings;
use yaml_serde::Value;

use super::protocol_output;
use super::yaml::{Yaml, find, flag_of, text_of};
use crate::eve::{EveSettings, ForwardedOutput};

/// Types that are off unless a suricata.yaml lists them.
const OFF_BY_DEFAULT: &[&str] = &["arp", "netflow", "pgsql", "frame", "metadata", "drop"];

/// Without a list of outputs: what Suricata's own settings file asks for.
pub(super) fn by_default(eve: &mut EveSettings) {
    eve.anomaly.decode = false;
    eve.without = OFF_BY_DEFAULT.iter().map(|name| (*name).to_owned()).collect();
}

/// Takes over what the `eve-log` outputs ask for.
pub(super) fn apply(yaml: &Yaml, eve: &mut EveSettings, app: &mut AppSettings) {
    // Suricata tells passwords unless it is asked not to.
    app.mqtt.passwords = true;
    app.dhcp.extended = false;
    let logs: Vec<&Value> =
        yaml.list("outputs").iter().filter_map(|output| find(output, "eve-log")).filter(|log| is_on(log)).collect();
    if logs.is_empty() {
        return by_default(eve);
    }
    let mut only = Vec::new();
    eve.anomaly.decode = false;
    eve.community_id = false;
    for log in logs.into_iter().filter(|log| writes_eve_json(log)) {
        eve.community_id |= flag(log, "community-id");
        eve.ethernet |= flag(log, "ethernet");
        if flag(log, "pcap-file") {
            eve.capture_name = Some(String::new());
        }
        let Some(Value::Sequence(types)) = find(log, "types") else { continue };
        for entry in types {
            add_type(entry, &mut only, eve, app);
        }
    }
    eve.only = Some(only);
    eve.visibility = false;
    eve.alert.explanation = false;
}

fn writes_eve_json(log: &Value) -> bool {
    find(log, "filename").and_then(text_of).is_none_or(|name| name.ends_with("eve.json"))
}

fn is_on(log: &Value) -> bool {
    flag_or(log, "enabled", true)
}

fn flag(value: &Value, path: &str) -> bool {
    flag_or(value, path, false)
}

fn flag_or(value: &Value, path: &str, usual: bool) -> bool {
    find(value, path).and_then(text_of).and_then(|text| flag_of(&text)).unwrap_or(usual)
}

fn add_type(entry: &Value, only: &mut Vec<String>, eve: &mut EveSettings, app: &mut AppSettings) {
    match entry {
        Value::String(name) => add_name(name, only, eve),
        Value::Mapping(map) => {
            for (name, options) in map {
                let Some(name) = text_of(name) else { continue };
                if is_on(options) {
                    add_name(&name, only, eve);
                    add_options(&name, options, eve);
                    protocol_output::apply(&name, options, app);
                }
            }
        }
        _ => {}
    }
}

fn add_name(name: &str, only: &mut Vec<String>, eve: &mut EveSettings) {
    let names: &[&str] = match name {
        "files" => &["fileinfo"],
        "ftp" => &["ftp", "ftp_data"],
        other => &[other],
    };
    only.extend(names.iter().map(|name| (*name).to_owned()));
    eve.netflow |= name == "netflow";
    // What is not asked for in so many words is left out.
    eve.http_extended &= name != "http";
    eve.tls_resumed &= name != "tls";
}

fn add_options(name: &str, options: &Value, eve: &mut EveSettings) {
    match name {
        "alert" => {
            eve.alert.payload = flag(options, "payload");
            eve.alert.payload_printable = flag(options, "payload-printable");
            eve.alert.packet = flag(options, "packet");
            eve.alert.bodies = flag(options, "http-body");
            eve.alert.bodies_printable = flag(options, "http-body-printable");
            eve.alert.references |= flag(options, "metadata.rule.reference") || flag(options, "references");
            eve.alert.verdict |= flag(options, "verdict");
            if flag(options, "xff.enabled") {
                let text = |path: &str| find(options, path).and_then(text_of);
                let mut forwarded = ForwardedOutput::default();
                forwarded.header = text("xff.header").unwrap_or(forwarded.header);
                forwarded.first = text("xff.deployment").as_deref() == Some("forward");
                forwarded.overwrite = text("xff.mode").as_deref() == Some("overwrite");
                eve.alert.forwarded = Some(forwarded);
            }
            eve.alert.rule_text |= flag(options, "metadata.rule.raw");
            let all = flag_or(options, "metadata", true);
            eve.alert.transaction = flag_or(options, "metadata.app-layer", all);
            eve.alert.flow = flag_or(options, "metadata.flow", all);
            eve.alert.metadata = flag_or(options, "metadata.rule.metadata", all);
        }
        "http" => eve.http_extended = flag(options, "extended"),
        "tls" => eve.tls_resumed = flag_or(options, "session-resumption", true),
        "files" => {
            let words = match find(options, "force-hash") {
                Some(Value::Sequence(list)) => list.iter().filter_map(text_of).collect(),
                Some(value) => text_of(value).into_iter().collect(),
                None => Vec::new(),
            };
            eve.digests.extend(words);
        }
        "stats" => {
            eve.zero_counters = flag_or(options, "null-values", true);
        }
        "drop" => {
            eve.drop.alerts = flag(options, "alerts");
            eve.drop.verdict = flag(options, "verdict");
            eve.drop.all_of_flow = find(options, "flows").and_then(text_of).as_deref() == Some("all");
        }
        "anomaly" => {
            eve.anomaly.decode = flag(options, "types.decode");
            eve.anomaly.stream = flag(options, "types.stream");
            eve.anomaly.packet = flag(options, "packethdr");
            eve.anomaly.applayer = flag_or(options, "types.applayer", true);
        }
        _ => {}
    }
}
