//! What an `eve-log` asks of the records of one protocol.

use fengsui_protocols::AppSettings;
use yaml_serde::Value;

use super::yaml::{find, flag_of, size_of, text_of};

/// Takes over the options of one type of an `eve-log`.
pub(super) fn apply(name: &str, options: &Value, app: &mut AppSettings) {
    let flag = |path: &str| find(options, path).and_then(text_of).and_then(|text| flag_of(&text));
    match name {
        "smtp" => {
            let digests = texts(options, "md5");
            app.smtp.body_md5 |= digests.iter().any(|name| name == "body");
            app.smtp.subject_md5 |= digests.iter().any(|name| name == "subject");
        }
        "dns" => {
            if let Some(version) = find(options, "version").and_then(text_of).and_then(|text| text.parse().ok()) {
                app.dns.version = version;
            }
            for (path, target) in [
                ("requests", &mut app.dns.requests),
                ("query", &mut app.dns.requests),
                ("responses", &mut app.dns.responses),
                ("answer", &mut app.dns.responses),
            ] {
                if let Some(asked) = flag(path) {
                    *target = asked;
                }
            }
            app.dns.types.extend(texts(options, "types"));
            app.dns.types.extend(texts(options, "custom"));
        }
        "dhcp" => app.dhcp.extended |= flag("extended").unwrap_or(false),
        "pgsql" => app.pgsql.passwords |= flag("passwords").unwrap_or(false),
        "mqtt" => {
            if let Some(limit) = find(options, "string-log-limit").and_then(text_of).and_then(|text| size_of(&text)) {
                app.mqtt.log_bytes = usize::try_from(limit).unwrap_or(usize::MAX);
            }
            app.mqtt.passwords = flag("passwords").unwrap_or(true);
        }
        _ => {}
    }
}

/// The texts of a list.
fn texts(options: &Value, path: &str) -> Vec<String> {
    match find(options, path) {
        Some(Value::Sequence(list)) => list.iter().filter_map(text_of).collect(),
        _ => Vec::new(),
    }
}
