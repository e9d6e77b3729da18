//! ArcSight's Common Event Format, version 0 and 1.

use fengsui_schema::{EventKind, RawRecord, Severity};
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::text::line;
use crate::{Draft, NormalizeError, json, limits};

const NAME: &str = "cef";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &[],
    meaning: "ArcSight's Common Event Format, alone or behind a syslog header",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    line.starts_with(b"CEF:")
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let text = line(&record.payload);
    let start = text.find("CEF:").ok_or_else(|| NormalizeError::malformed(NAME, "holds no CEF:"))?;
    let mut draft = Draft::new("cef.event", Value::Null);
    if !fill(&mut draft, &text[start..]) {
        return Err(NormalizeError::malformed(
            NAME,
            format!("{} has fewer than seven fields in its header", fengsui_schema::shown(&text)),
        ));
    }
    draft.put("message", &text);
    Ok(draft)
}

/// Key of the extension and the field it becomes.
const FIELDS: &[(&str, &str)] = &[
    ("src", "source.ip"),
    ("dst", "destination.ip"),
    ("spt", "source.port"),
    ("dpt", "destination.port"),
    ("in", "destination.bytes"),
    ("out", "source.bytes"),
    ("suser", "user.name"),
    ("duser", "user.target.name"),
    ("shost", "source.domain"),
    ("dhost", "destination.domain"),
    ("dvchost", "host.name"),
    ("act", "event.action"),
    ("outcome", "event.outcome"),
    ("fname", "file.name"),
    ("fsize", "file.size"),
    ("fileHash", "file.hash.md5"),
    ("requestMethod", "http.request.method"),
    ("requestClientApplication", "user_agent.original"),
    ("app", "network.protocol"),
    ("msg", "event.reason"),
    ("sproc", "process.executable"),
];

/// Reads `CEF:0|...` into a draft; false when the header is not whole. The pairs become the original record.
pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let Some((header, extension)) = header(text) else { return false };
    let mut values = Map::new();
    for (name, value) in
        ["version", "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"]
            .into_iter()
            .zip(&header)
    {
        values.insert(name.to_owned(), Value::from(value.as_str()));
    }
    extend(&mut values, extension);
    draft.kind = EventKind::Alert;
    draft.put("rule.id", &format!("cef:{}/{}/{}", header[1], header[2], header[4]));
    draft.put("rule.name", &header[5]);
    draft.put("observer.vendor", &header[1]);
    draft.put("observer.product", &header[2]);
    draft.put("event.category", "intrusion_detection");
    draft.fields.set("event.severity", severity(&header[6]).as_number());
    draft.time = ["rt", "start", "end"].iter().find_map(|key| json::time(values.get(*key)?)).or(draft.time);
    super::json::set_typed(draft, &values, FIELDS);
    let transport = values.get("proto").and_then(Value::as_str).map(str::to_ascii_lowercase);
    draft.put_some("network.transport", transport.as_deref());
    if let Some(url) = values.get("request").and_then(Value::as_str) {
        draft.put_url(url);
    }
    draft.original = Value::Object(values);
    true
}

/// The seven fields before the extension, with `\|` and `\\` undone.
fn header(text: &str) -> Option<(Vec<String>, &str)> {
    let text = text.strip_prefix("CEF:")?;
    let mut fields = vec![String::new()];
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '|' if !escaped && fields.len() == 7 => return Some((fields, &text[index + 1..])),
            '|' if !escaped => fields.push(String::new()),
            other => fields.last_mut()?.push(other),
        }
        escaped = false;
    }
    None
}

/// Adds the pairs of the extension; a value reaches to the blank before the next `key=`.
fn extend(values: &mut Map<String, Value>, text: &str) {
    let mut starts = key_starts(text);
    starts.truncate(limits::COLUMNS);
    for (index, &(key_start, equals)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(text.len(), |(next, _)| *next);
        let value = text[equals + 1..end].trim_end().replace("\\=", "=").replace("\\n", "\n").replace("\\\\", "\\");
        values.insert(text[key_start..equals].to_owned(), Value::from(value));
    }
}

/// Start of every key and place of its `=`.
fn key_starts(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut starts = Vec::new();
    let (mut word, mut clean) = (0, true);
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b' ' => (word, clean) = (index + 1, true),
            b'=' if clean && index > word && bytes[index - 1] != b'\\' => {
                starts.push((word, index));
                clean = false;
            }
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']') => {}
            _ => clean = false,
        }
    }
    starts
}

/// 0 to 10 or a word.
fn severity(text: &str) -> Severity {
    match text.parse::<u8>() {
        Ok(0..=1) => Severity::Info,
        Ok(2..=3) => Severity::Low,
        Ok(4..=6) => Severity::Medium,
        Ok(7..=8) => Severity::High,
        Ok(_) => Severity::Critical,
        Err(_) if text.eq_ignore_ascii_case("very-high") => Severity::Critical,
        Err(_) => Severity::from_word(text).unwrap_or(Severity::Info),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_extension() {
        let mut draft = Draft::new("cef.event", Value::Null);
        let text = r"CEF:0|Ven\|dor|Wall|1.0|100|Worm stopped|9|src=192.0.2.1 spt=1232 msg=a b\=c d request=http://www.example.com/x?y rt=1795348800000 proto=TCP";
        assert!(fill(&mut draft, text));
        assert_eq!(draft.fields.text("observer.vendor"), Some("Ven|dor"));
        assert_eq!(draft.fields.text("event.reason"), Some("a b=c d"));
        assert_eq!(draft.fields.integer("source.port"), Some(1232));
        assert_eq!(draft.fields.integer("event.severity"), Some(4));
        assert_eq!(draft.fields.text("url.domain"), Some("www.example.com"));
        assert_eq!(draft.time, "2026-11-22T12:00:00Z".parse().ok());
    }

    #[test]
    fn a_cut_header_is_refused() {
        assert!(!fill(&mut Draft::new("cef.event", Value::Null), "CEF:0|a|b"));
    }
}
