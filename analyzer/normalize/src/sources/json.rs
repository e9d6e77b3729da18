//! JSON objects of any product: Elastic Common Schema, Windows events, cloud and Kubernetes audit.
//!
//! The object stays as it is, so that Sigma's names work; what the field catalogue knows is copied beside it.

use std::collections::HashMap;
use std::sync::LazyLock;

use fengsui_schema::{EventKind, FIELD_CATALOGUE, FieldType, RawRecord};
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::json::{at, object, time};
use crate::{Draft, NormalizeError, limits};

const NAME: &str = "json";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &["winlog", "ecs", "ndjson"],
    meaning: "JSON objects of any product, one a line: Elastic Common Schema, Windows events, cloud audit",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    line.first() == Some(&b'{')
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    Ok(of_object("json.event", object(NAME, &record.payload)?))
}

/// Depth of objects that are looked into for known names.
const DEPTH: usize = 6;

/// Objects that hold the fields of an event one level down, in the ways Windows events are exported.
const WRAPPERS: &[&str] =
    &["winlog.event_data.", "Event.EventData.", "Event.System.", "EventData.", "System.", "event_data."];

/// Where the time may stand, best first.
const TIMES: &[&str] = &[
    "@timestamp",
    "timestamp",
    "Timestamp",
    "eventTime",
    "requestReceivedTimestamp",
    "TimeCreated",
    "SystemTime",
    "UtcTime",
    "EventTime",
    "time",
    "ts",
    "_time",
    "winlog.time_created",
    "Event.System.TimeCreated.#attributes.SystemTime",
    "Event.System.TimeCreated.SystemTime",
    "Event.System.TimeCreated_attributes.SystemTime",
    "TimeGenerated",
    "CreationTime",
    "published",
    "date",
];

/// Names of other schemas and the field they become; sorted by name.
const ALIASES: &[(&str, &str)] = &[
    ("Channel", "winlog.channel"),
    ("CommandLine", "process.command_line"),
    ("Computer", "host.name"),
    ("ComputerName", "host.name"),
    ("CurrentDirectory", "process.working_directory"),
    ("DestinationHostname", "destination.domain"),
    ("DestinationIp", "destination.ip"),
    ("DestinationPort", "destination.port"),
    ("EventID", "event.code"),
    ("EventID.#text", "event.code"),
    ("EventId", "event.code"),
    ("Hostname", "host.name"),
    ("Image", "process.executable"),
    ("ImageLoaded", "dll.path"),
    ("IpAddress", "source.ip"),
    ("IpPort", "source.port"),
    ("NewProcessName", "process.executable"),
    ("OriginalFileName", "process.pe.original_file_name"),
    ("ParentCommandLine", "process.parent.command_line"),
    ("ParentImage", "process.parent.executable"),
    ("ParentProcessName", "process.parent.executable"),
    ("ParentUser", "process.parent.user.name"),
    ("ProcessName", "process.executable"),
    ("Protocol", "network.transport"),
    ("Provider.#attributes.Name", "event.provider"),
    ("ProviderName", "event.provider"),
    ("Provider_Name", "event.provider"),
    ("Provider_attributes.Name", "event.provider"),
    ("QueryName", "dns.question.name"),
    ("QueryResults", "dns.answers"),
    ("SourceIp", "source.ip"),
    ("SourceName", "event.provider"),
    ("SourcePort", "source.port"),
    ("TargetFilename", "file.path"),
    ("TargetObject", "registry.path"),
    ("TargetUserName", "user.name"),
    ("User", "user.name"),
    ("WorkstationName", "source.domain"),
    ("client_ip", "source.ip"),
    ("dest_ip", "destination.ip"),
    ("dest_port", "destination.port"),
    ("destination_ip", "destination.ip"),
    ("dst_ip", "destination.ip"),
    ("dst_port", "destination.port"),
    ("dstip", "destination.ip"),
    ("dstport", "destination.port"),
    ("eventName", "event.action"),
    ("eventSource", "event.provider"),
    ("host", "host.name"),
    ("hostname", "host.name"),
    ("http_user_agent", "user_agent.original"),
    ("method", "http.request.method"),
    ("objectRef.resource", "kubernetes.resource"),
    ("proto", "network.transport"),
    ("protocol", "network.transport"),
    ("query", "dns.question.name"),
    ("sourceIPAddress", "source.ip"),
    ("sourceIPs", "source.ip"),
    ("source_ip", "source.ip"),
    ("src_ip", "source.ip"),
    ("src_port", "source.port"),
    ("srcip", "source.ip"),
    ("srcport", "source.port"),
    ("status", "http.response.status_code"),
    ("url", "url.original"),
    ("user", "user.name"),
    ("user.username", "user.name"),
    ("userAgent", "user_agent.original"),
    ("userIdentity.userName", "user.name"),
    ("user_agent", "user_agent.original"),
    ("username", "user.name"),
    ("verb", "event.action"),
    ("winlog.channel", "winlog.channel"),
    ("winlog.computer_name", "host.name"),
    ("winlog.event_id", "event.code"),
    ("winlog.provider_name", "event.provider"),
];

/// An event of an object whose names are told from the catalogue and [`ALIASES`].
pub(super) fn of_object(dataset: &'static str, object: Map<String, Value>) -> Draft {
    let mut draft = Draft::new(dataset, Value::Null);
    draft.time = TIMES.iter().find_map(|name| time(at(&object, name)?));
    let mut path = String::new();
    walk(&mut draft, &object, &mut path, DEPTH);
    if draft.fields.text("event.kind") == Some("alert") {
        draft.kind = EventKind::Alert;
    }
    if draft.fields.get("winlog.channel").is_some() {
        draft.fields.set("event.dataset", "windows.event");
        draft.put("observer.type", "host");
        super::windows::understand(&mut draft, &object);
    } else {
        super::cloud_audit::understand(&mut draft, &object);
    }
    draft.original = Value::Object(object);
    draft
}

/// Copies every leaf whose path is known.
fn walk(draft: &mut Draft, object: &Map<String, Value>, path: &mut String, depth: usize) {
    for (key, value) in object.iter().take(limits::COLUMNS) {
        let length = path.len();
        path.push_str(key);
        match value {
            Value::Object(inner) if depth > 0 => {
                path.push('.');
                walk(draft, inner, path, depth - 1);
            }
            value => leaf(draft, path, value),
        }
        path.truncate(length);
    }
}

/// Whether a path becomes a field.
pub(super) fn is_known_name(path: &str) -> bool {
    KNOWN.contains_key(bare(path))
}

fn bare(path: &str) -> &str {
    WRAPPERS.iter().find_map(|wrapper| path.strip_prefix(wrapper)).unwrap_or(path)
}

fn leaf(draft: &mut Draft, path: &str, value: &Value) {
    let bare = bare(path);
    match KNOWN.get(bare) {
        Some(Known { kind: Some(FieldType::Time), .. }) => {}
        Some(Known { field, .. }) if *field == bare || draft.fields.get(field).is_none() => set(draft, field, value),
        _ => {}
    }
}

/// A name that is understood.
struct Known {
    field: &'static str,
    /// The catalogue's type of the field.
    kind: Option<FieldType>,
}

/// Every name that is understood: those of the catalogue and of [`ALIASES`].
static KNOWN: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
    let aliases = ALIASES.iter().map(|(name, field)| (*name, Known { field, kind: kind_of(field) }));
    let catalogue = FIELD_CATALOGUE.iter().map(|definition| definition.name);
    aliases.chain(catalogue.map(|name| (name, Known { field: name, kind: kind_of(name) }))).collect()
});

fn kind_of(field: &str) -> Option<FieldType> {
    FIELD_CATALOGUE.iter().find(|definition| definition.name == field).map(|definition| definition.kind)
}

/// Sets fields out of an object by a table of names.
pub(super) fn set_typed(draft: &mut Draft, values: &Map<String, Value>, table: &[(&str, &'static str)]) {
    for (key, field) in table {
        if let Some(value) = values.get(*key) {
            set(draft, field, value);
        }
    }
}

/// Sets a field, checked against the type that the catalogue gives it.
fn set(draft: &mut Draft, field: &'static str, value: &Value) {
    let kind = KNOWN.get(field).map_or_else(|| kind_of(field), |known| known.kind);
    match (kind, value) {
        (Some(FieldType::Address), Value::Array(list)) => {
            draft.put_address(field, list.first().and_then(Value::as_str))
        }
        (Some(FieldType::Address), value) => draft.put_address(field, value.as_str()),
        (Some(FieldType::Integer | FieldType::Quantity), Value::String(text)) => draft.put_number(field, Some(text)),
        (Some(FieldType::Keyword | FieldType::Identifier | FieldType::Text), value) => {
            draft.copy_as_text(field, Some(value))
        }
        (_, value) => draft.copy(field, Some(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(value: Value) -> Draft {
        match value {
            Value::Object(object) => of_object("json.event", object),
            _ => panic!("is no object"),
        }
    }

    #[test]
    fn aliases_are_sorted() {
        assert!(ALIASES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn windows_events_in_three_wrappings() {
        let inner = json!({"Image": "C:\\a.exe", "CommandLine": "a.exe /x"});
        for value in [
            json!({"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Image": "C:\\a.exe", "CommandLine": "a.exe /x"}),
            json!({"winlog": {"event_id": 1, "channel": "x", "event_data": inner}}),
            json!({"Event": {"System": {"EventID": 1, "Channel": "x"}, "EventData": inner}}),
        ] {
            let draft = parsed(value);
            assert_eq!(draft.fields.text("process.command_line"), Some("a.exe /x"));
            assert_eq!(draft.fields.text("event.dataset"), Some("windows.event"));
        }
    }

    #[test]
    fn common_schema_nested_and_flat() {
        for value in [
            json!({"@timestamp": "2026-11-22T12:00:00Z", "source": {"ip": "192.0.2.1", "port": 5}}),
            json!({"@timestamp": "2026-11-22T12:00:00Z", "source.ip": "192.0.2.1", "source.port": "5"}),
        ] {
            let draft = parsed(value);
            assert_eq!(draft.fields.text("source.ip"), Some("192.0.2.1"));
            assert_eq!(draft.fields.integer("source.port"), Some(5));
            assert_eq!(draft.time, "2026-11-22T12:00:00Z".parse().ok());
        }
    }
}
