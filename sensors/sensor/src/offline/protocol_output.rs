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
        "http" => {
            let dump = find(options, "dump-all-headers").and_then(text_of).unwrap_or_default();
            app.http.request_headers |= matches!(dump.as_str(), "both" | "request");
            app.http.response_headers |= matches!(dump.as_str(), "both" | "response");
            app.http.custom.extend(texts(options, "custom"));
        }
        "tls" => {
            let custom = texts(options, "custom");
            if !custom.is_empty() {
                app.tls.custom = Some(custom);
            }
        }
        "dns" => {
            if let Some(version) = find(options, "version").and_then(text_of).and_then(|text| text.parse().ok()) {
                app.dns.version = version;
            }
            app.dns.requests = flag("requests").or(flag("query")).unwrap_or(app.dns.requests);
            app.dns.responses = flag("responses").or(flag("answer")).unwrap_or(app.dns.responses);
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
