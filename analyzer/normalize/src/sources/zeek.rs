//! Zeek's logs as JSON lines and as tab separated tables; their own names stay addressable.

use fengsui_schema::{EventKind, RawRecord};
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::json::{object, text, time};
use crate::text::cut;
use crate::{Draft, NormalizeError, limits};

pub(super) const JSON: SourceDefinition = SourceDefinition {
    name: "zeek_json",
    aliases: &[],
    meaning: "Zeek's logs as JSON, one object a line",
    resembles: resembles_json,
    parse: parse_json,
};

pub(super) const TABLE: SourceDefinition = SourceDefinition {
    name: "zeek_tsv",
    aliases: &["zeek"],
    meaning: "Zeek's logs as tab separated tables; a record is the #path and #fields lines and one row",
    resembles: resembles_table,
    parse: parse_table,
};

fn resembles_json(line: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(line, name).is_some();
    line.first() == Some(&b'{') && has(b"\"ts\"") && (has(b"\"id.orig_h\"") || has(b"\"_path\"") || has(b"\"uid\""))
}

fn resembles_table(line: &[u8]) -> bool {
    line.starts_with(b"#separator") || line.starts_with(b"#fields\t") || line.starts_with(b"#path\t")
}

fn parse_json(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let values = object("zeek_json", &record.payload)?;
    let path = text(&values, "_path").map_or_else(|| guess_path(&values).to_owned(), str::to_owned);
    of_values("zeek_json", &path, values)
}

fn parse_table(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let text = String::from_utf8_lossy(&record.payload);
    let (mut path, mut names, mut row) = ("", None, None);
    for line in text.lines() {
        match line.split_once('\t') {
            Some(("#path", value)) => path = value,
            Some(("#fields", value)) => names = Some(value),
            _ if line.starts_with('#') || line.is_empty() => {}
            _ => row = Some(line),
        }
    }
    let names = names.ok_or_else(|| NormalizeError::malformed("zeek_tsv", "has no #fields line"))?;
    let row = row.ok_or_else(|| NormalizeError::malformed("zeek_tsv", "has no row"))?;
    let cells = names.split('\t').zip(row.split('\t')).take(limits::COLUMNS);
    let values: Map<String, Value> = cells
        .filter(|(_, value)| !matches!(*value, "-" | "(empty)"))
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    let path = if path.is_empty() { guess_path(&values) } else { path };
    of_values("zeek_tsv", path, values)
}

/// The log of an object that does not name it.
fn guess_path(values: &Map<String, Value>) -> &'static str {
    let has = |name: &str| values.contains_key(name);
    match () {
        () if has("qtype_name") || has("rcode_name") => "dns",
        () if has("method") && has("uri") => "http",
        () if has("cipher") || has("server_name") => "ssl",
        () if has("conn_state") => "conn",
        () if has("note") => "notice",
        () if has("fuid") && has("mime_type") => "files",
        () => "other",
    }
}

/// Zeek's name and ours.
const FIELDS: &[(&str, &str)] = &[
    ("id.orig_h", "source.ip"),
    ("id.orig_p", "source.port"),
    ("id.resp_h", "destination.ip"),
    ("id.resp_p", "destination.port"),
    ("proto", "network.transport"),
    ("service", "network.protocol"),
    ("orig_bytes", "source.bytes"),
    ("resp_bytes", "destination.bytes"),
    ("community_id", "network.community_id"),
    ("uid", "flow.id"),
    ("query", "dns.question.name"),
    ("qtype_name", "dns.question.type"),
    ("rcode_name", "dns.response_code"),
    ("host", "url.domain"),
    ("method", "http.request.method"),
    ("user_agent", "user_agent.original"),
    ("referrer", "http.request.referrer"),
    ("status_code", "http.response.status_code"),
    ("server_name", "tls.client.server_name"),
    ("version", "tls.version"),
    ("ja3", "tls.client.ja3"),
    ("ja3s", "tls.server.ja3s"),
    ("subject", "tls.server.subject"),
    ("issuer", "tls.server.issuer"),
    ("filename", "file.name"),
    ("md5", "file.hash.md5"),
    ("sha1", "file.hash.sha1"),
    ("sha256", "file.hash.sha256"),
    ("username", "user.name"),
    ("conn_state", "flow.state"),
    ("note", "rule.name"),
    ("msg", "event.reason"),
    ("src", "source.ip"),
    ("dst", "destination.ip"),
    ("action", "event.action"),
    ("operation", "event.action"),
    ("command", "event.action"),
    ("name", "file.name"),
    ("size", "file.size"),
    ("total_bytes", "file.size"),
    ("mime_type", "file.mime_type"),
    ("user", "user.name"),
    ("client", "user.name"),
    ("cookie", "user.name"),
    ("hostname", "source.domain"),
    ("host_name", "host.name"),
    ("client_addr", "source.ip"),
    ("server_addr", "destination.ip"),
    ("mac", "source.mac"),
    ("certificate.subject", "tls.server.subject"),
    ("certificate.issuer", "tls.server.issuer"),
    ("mailfrom", "email.from.address"),
    ("rcptto", "email.to.address"),
    ("subject", "email.subject"),
    ("ja4", "tls.client.ja4"),
    ("orig_pkts", "source.packets"),
    ("resp_pkts", "destination.packets"),
    ("duration", "event.duration_s"),
];

fn of_values(source: &'static str, path: &str, values: Map<String, Value>) -> Result<Draft, NormalizeError> {
    let stamp = values.get("ts").ok_or_else(|| NormalizeError::malformed(source, "has no ts"))?;
    let time = time(stamp).ok_or_else(|| {
        NormalizeError::malformed(source, format!("ts {} is no time", fengsui_schema::shown(&stamp.to_string())))
    })?;
    let mut draft = Draft::new(format!("zeek.{}", cut(path, 64)), Value::Null);
    draft.time = Some(time);
    draft.put("event.category", if path == "http" { "web" } else { "network" });
    draft.put("observer.type", "sensor");
    super::json::set_typed(&mut draft, &values, FIELDS);
    if path == "ssl" {
        // The subject of a certificate, not of a mail.
        draft.copy("tls.server.subject", values.get("subject"));
    }
    protocol_and_login(&mut draft, path, &values);
    if let Some(url) = text(&values, "uri") {
        let host = draft.fields.text("url.domain").map(str::to_owned);
        draft.put_url(url);
        draft.put_some("url.domain", host.as_deref());
    }
    draft.original = Value::Object(values);
    Ok(draft)
}

/// Logs of one protocol, and what those about logins say of them.
fn protocol_and_login(draft: &mut Draft, path: &str, values: &Map<String, Value>) {
    let protocols =
        ["dns", "http", "ssl", "ssh", "smtp", "ftp", "rdp", "kerberos", "dce_rpc", "snmp", "sip", "mysql", "dhcp"];
    if protocols.contains(&path) {
        draft.put("network.protocol", if path == "ssl" { "tls" } else { path });
    }
    if path.starts_with("smb_") {
        draft.put("network.protocol", "smb");
    }
    if path == "notice" {
        draft.kind = EventKind::Alert;
    }
    let success = ["success", "auth_success"].iter().find_map(|name| match values.get(*name)? {
        Value::Bool(success) => Some(*success),
        Value::String(word) => Some(matches!(word.as_str(), "T" | "true")),
        _ => None,
    });
    if let ("kerberos" | "ntlm" | "ssh" | "radius", Some(success)) = (path, success) {
        draft.put("event.category", "authentication");
        draft.put("event.action", "login");
        draft.put("event.outcome", if success { "success" } else { "failure" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(source: &str, payload: &str) -> RawRecord {
        RawRecord {
            source: source.into(),
            instance: "z".into(),
            received: fengsui_schema::Timestamp::EPOCH,
            payload: payload.into(),
        }
    }

    #[test]
    fn tables_and_objects_mean_the_same() {
        let table = "#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tqtype_name\n1795348800.5\tC1\t192.0.2.1\t5353\t198.51.100.53\t53\tudp\ta.example.com\tTXT";
        let object = r#"{"_path":"dns","ts":1795348800.5,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":5353,"id.resp_h":"198.51.100.53","id.resp_p":53,"proto":"udp","query":"a.example.com","qtype_name":"TXT"}"#;
        let (table, object) = (
            parse_table(&record("zeek_tsv", table)).expect("row"),
            parse_json(&record("zeek_json", object)).expect("object"),
        );
        assert_eq!((table.time, &table.fields), (object.time, &object.fields));
        assert_eq!(table.fields.text("dns.question.name"), Some("a.example.com"));
    }

    #[test]
    fn a_row_without_header_is_refused() {
        assert!(parse_table(&record("zeek_tsv", "1\t2\t3")).is_err());
    }
}
