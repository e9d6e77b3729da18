//! Windows events: binary logs record by record, and what every export of them has in common.

use fengsui_schema::RawRecord;
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::json::object;
use crate::{Draft, NormalizeError};

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: "evtx",
    aliases: &["windows_log"],
    meaning: "binary Windows event logs (EVTX); a record is one event as JSON with System and EventData",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    line.starts_with(b"ElfFile\0") || line.starts_with(b"{\"Event_attributes\"")
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let rendered = object("evtx", &record.payload)?;
    let flat = flat(&rendered).ok_or_else(|| NormalizeError::malformed("evtx", "has no Event with System"))?;
    Ok(super::json::of_object("windows.event", flat))
}

/// Names of the header that data of an event does not replace.
const HEADER: &[&str] = &["EventID", "Channel", "Provider_Name", "Computer", "EventRecordID", "SystemTime"];

/// One flat object of an event: the names that rules use, from the header and the data.
pub(super) fn flat(rendered: &Map<String, Value>) -> Option<Map<String, Value>> {
    let event = rendered.get("Event")?.as_object()?;
    let system = event.get("System")?.as_object()?;
    let mut flat = Map::new();
    for (name, value) in system {
        header(&mut flat, name, value);
    }
    let bodies = ["EventData", "UserData", "ProcessingErrorData", "BinaryEventData"];
    for (name, body) in bodies.iter().filter_map(|name| Some((*name, event.get(*name)?))) {
        data(&mut flat, name, body);
    }
    Some(flat)
}

/// A child of System: its text under its name, its attributes under `<name>_<attribute>`.
fn header(flat: &mut Map<String, Value>, name: &str, value: &Value) {
    let (base, attributes) = match (name.strip_suffix("_attributes"), value) {
        (Some(base), Value::Object(attributes)) => (base, Some(attributes)),
        (_, Value::Object(inner)) => {
            if let Some(text) = inner.get("#text") {
                flat.insert(name.to_owned(), text.clone());
            }
            (name, inner.get("#attributes").and_then(Value::as_object))
        }
        (_, Value::Null) => return,
        (_, scalar) => {
            flat.insert(name.to_owned(), scalar.clone());
            return;
        }
    };
    for (attribute, value) in attributes.into_iter().flatten() {
        let name = match (base, attribute.as_str()) {
            ("TimeCreated", "SystemTime") => "SystemTime".to_owned(),
            ("Security", "UserID") => "UserID".to_owned(),
            _ => format!("{base}_{attribute}"),
        };
        flat.insert(name, value.clone());
    }
}

/// The data of an event. Unnamed values become a list under `Data`; an object of one element is opened.
fn data(flat: &mut Map<String, Value>, section: &str, body: &Value) {
    match body {
        Value::Object(values) => {
            for (name, value) in values {
                match value {
                    _ if name.ends_with("_attributes") || name == "#attributes" => {}
                    Value::Object(inner) if section == "UserData" => data(flat, "", &Value::Object(inner.clone())),
                    Value::Object(inner) if inner.contains_key("#text") => put(flat, name, &inner["#text"]),
                    value => put(flat, name, value),
                }
            }
        }
        Value::Null => {}
        scalar => put(flat, section, scalar),
    }
}

fn put(flat: &mut Map<String, Value>, name: &str, value: &Value) {
    if !HEADER.contains(&name) {
        flat.insert(name.to_owned(), value.clone());
    }
}

/// Meaning of the Windows events that detectors ask for: provider and event id, then category, action and outcome.
/// Source: Microsoft's descriptions of security audit events.
const MEANINGS: &[(&str, i64, &str, &str, &str)] = &[
    ("security", 4624, "authentication", "logged_on", "success"),
    ("security", 4625, "authentication", "logon_failed", "failure"),
    ("security", 4648, "authentication", "logon_with_explicit_credentials", ""),
    ("security", 4768, "authentication", "kerberos_ticket_granting", ""),
    ("security", 4769, "authentication", "kerberos_service_ticket", ""),
    ("security", 4771, "authentication", "kerberos_preauthentication_failed", "failure"),
    ("security", 4776, "authentication", "ntlm_validation", ""),
    ("security", 4778, "session", "session_reconnected", "success"),
    ("security", 4672, "iam", "special_privileges_assigned", "success"),
    ("security", 4688, "process", "process_created", "success"),
    ("security", 4689, "process", "process_exited", "success"),
    ("security", 4697, "configuration", "service_installed", "success"),
    ("security", 4698, "configuration", "scheduled_task_created", "success"),
    ("security", 4702, "configuration", "scheduled_task_changed", "success"),
    ("security", 4719, "configuration", "audit_policy_changed", "success"),
    ("security", 4720, "iam", "user_created", "success"),
    ("security", 4722, "iam", "user_enabled", "success"),
    ("security", 4724, "iam", "password_reset", "success"),
    ("security", 4726, "iam", "user_deleted", "success"),
    ("security", 4728, "iam", "group_member_added", "success"),
    ("security", 4732, "iam", "group_member_added", "success"),
    ("security", 4756, "iam", "group_member_added", "success"),
    ("security", 4740, "iam", "user_locked", "success"),
    ("security", 5140, "file", "share_accessed", "success"),
    ("security", 5145, "file", "share_object_checked", ""),
    ("security", 1102, "configuration", "audit_log_cleared", "success"),
    ("system", 104, "configuration", "log_cleared", "success"),
    ("system", 7045, "configuration", "service_installed", "success"),
    ("sysmon", 1, "process", "process_created", "success"),
    ("sysmon", 3, "network", "connection", "success"),
    ("sysmon", 5, "process", "process_exited", "success"),
    ("sysmon", 11, "file", "file_created", "success"),
    ("sysmon", 12, "registry", "registry_object_changed", "success"),
    ("sysmon", 13, "registry", "registry_value_set", "success"),
    ("sysmon", 22, "network", "dns_query", ""),
    ("sysmon", 23, "file", "file_deleted", "success"),
];

/// Adds what the kind of a Windows event means, and fields that stand inside others.
pub(super) fn understand(draft: &mut Draft, record: &Map<String, Value>) {
    let value = |name: &str| {
        let direct = record.get(name);
        let inside = |path: [&str; 2]| record.get(path[0])?.get(path[1])?.get(name);
        direct
            .or_else(|| inside(["winlog", "event_data"]))
            .or_else(|| inside(["Event", "EventData"]))
            .or_else(|| record.get("EventData")?.get(name))
            .and_then(Value::as_str)
    };
    let channel = draft.fields.text("winlog.channel").unwrap_or_default().to_ascii_lowercase();
    let code = draft.fields.integer("event.code").unwrap_or(-1);
    let service = if channel.contains("sysmon") { "sysmon" } else { channel.as_str() };
    let meaning = MEANINGS.iter().find(|(known, id, ..)| *known == service && *id == code);
    if let Some((_, _, category, action, outcome)) = meaning {
        draft.put("event.category", category);
        draft.put("event.action", action);
        draft.put("event.outcome", outcome);
    }
    if let (4768 | 4769 | 4776, "security") = (code, service) {
        let status = value("Status").unwrap_or("0x0");
        let good = status.trim_start_matches("0x").bytes().all(|byte| byte == b'0');
        draft.put("event.outcome", if good { "success" } else { "failure" });
    }
    if let Some(hashes) = value("Hashes") {
        hashes_of(draft, hashes);
    }
    if code == 4688 && service == "security" {
        draft.put_some("user.name", value("SubjectUserName"));
    }
    if draft.fields.get("user.name").is_none() {
        draft.put_some("user.name", value("SubjectUserName"));
    }
    draft.put_some("service.name", value("ServiceName").filter(|_| matches!(code, 4697 | 7045)));
    draft.put_some("process.executable", value("ImagePath").filter(|_| code == 7045));
    draft.put_some("winlog.logon.type", value("LogonType"));
}

/// `SHA1=…,MD5=…,SHA256=…,IMPHASH=…` of Sysmon.
fn hashes_of(draft: &mut Draft, hashes: &str) {
    for (name, value) in hashes.split(',').filter_map(|part| part.split_once('=')) {
        let field = match name.trim().to_ascii_uppercase().as_str() {
            "MD5" => "file.hash.md5",
            "SHA1" => "file.hash.sha1",
            "SHA256" => "file.hash.sha256",
            "IMPHASH" => "file.pe.imphash",
            _ => continue,
        };
        draft.put(field, &value.to_ascii_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(value: &Value) -> Draft {
        let received = fengsui_schema::Timestamp::EPOCH;
        let record =
            RawRecord { source: "evtx".into(), instance: "h".into(), received, payload: value.to_string().into() };
        parse(&record).expect("is an event")
    }

    #[test]
    fn header_and_data_become_one_object() {
        for attributes in [true, false] {
            let system = if attributes {
                json!({"Provider_attributes": {"Name": "Microsoft-Windows-Sysmon"}, "EventID": 1,
                    "TimeCreated_attributes": {"SystemTime": "2026-11-22T12:00:00.5Z"}, "EventRecordID": 7,
                    "Execution_attributes": {"ProcessID": 4}, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "pc1"})
            } else {
                json!({"Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 1},
                    "TimeCreated": {"#attributes": {"SystemTime": "2026-11-22T12:00:00.5Z"}}, "EventRecordID": 7,
                    "Execution": {"#attributes": {"ProcessID": 4}}, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "pc1"})
            };
            let draft =
                parsed(&json!({"Event": {"System": system, "EventData": {"Image": "C:\\a.exe", "CommandLine": "a /x",
                "Channel": "forged", "Hashes": "SHA1=AB,MD5=CD,IMPHASH=EF"}}}));
            assert_eq!(draft.fields.text("event.dataset"), Some("windows.event"));
            assert_eq!(draft.fields.text("event.provider"), Some("Microsoft-Windows-Sysmon"));
            assert_eq!(draft.fields.text("process.command_line"), Some("a /x"));
            assert_eq!(draft.fields.text("event.action"), Some("process_created"));
            assert_eq!(draft.fields.text("file.hash.md5"), Some("cd"));
            assert_eq!(draft.fields.text("winlog.channel"), Some("Microsoft-Windows-Sysmon/Operational"));
            assert_eq!(draft.original.get("Execution_ProcessID"), Some(&Value::from(4)));
            assert_eq!(draft.time, "2026-11-22T12:00:00.5Z".parse().ok());
        }
    }

    #[test]
    fn unnamed_values_are_a_list_and_user_data_is_opened() {
        let classic = parsed(&json!({"Event": {"System": {"EventID": 400, "Channel": "Windows PowerShell"},
            "EventData": {"Data": {"#text": ["Available", "HostApplication=powershell"]}}}}));
        assert_eq!(classic.original["Data"], json!(["Available", "HostApplication=powershell"]));
        let cleared = parsed(&json!({"Event": {"System": {"EventID": 1102, "Channel": "Security"},
            "UserData": {"LogFileCleared": {"SubjectUserName": "root", "#attributes": {"x": 1}}}}}));
        assert_eq!(cleared.original["SubjectUserName"], "root");
        assert_eq!(cleared.fields.text("event.action"), Some("audit_log_cleared"));
    }

    #[test]
    fn a_failed_logon() {
        let draft = parsed(&json!({"Event": {"System": {"EventID": 4625, "Channel": "Security", "Computer": "dc1"},
            "EventData": {"TargetUserName": "admin", "IpAddress": "::ffff:192.0.2.9", "LogonType": "3"}}}));
        assert_eq!(draft.fields.text("event.outcome"), Some("failure"));
        assert_eq!(draft.fields.text("source.ip"), Some("192.0.2.9"));
        assert_eq!(draft.fields.text("user.name"), Some("admin"));
    }
}
