//! IBM's Log Event Extended Format, version 1.0 and 2.0.

use fengsui_schema::{EventKind, RawRecord, Severity};
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::text::line;
use crate::{Draft, NormalizeError, json, limits};

const NAME: &str = "leef";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &[],
    meaning: "IBM's Log Event Extended Format, alone or behind a syslog header",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    line.starts_with(b"LEEF:")
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let text = line(&record.payload);
    let start = text.find("LEEF:").ok_or_else(|| NormalizeError::malformed(NAME, "holds no LEEF:"))?;
    let mut draft = Draft::new("leef.event", Value::Null);
    if !fill(&mut draft, &text[start..]) {
        return Err(NormalizeError::malformed(
            NAME,
            format!("{} has fewer than five fields in its header", fengsui_schema::shown(&text)),
        ));
    }
    draft.put("message", &text);
    Ok(draft)
}

/// Key of the event and the field it becomes.
const FIELDS: &[(&str, &str)] = &[
    ("src", "source.ip"),
    ("dst", "destination.ip"),
    ("srcPort", "source.port"),
    ("dstPort", "destination.port"),
    ("srcBytes", "source.bytes"),
    ("dstBytes", "destination.bytes"),
    ("usrName", "user.name"),
    ("identHostName", "host.name"),
    ("action", "event.action"),
    ("url", "url.original"),
    ("policy", "rule.name"),
    ("resource", "file.name"),
];

/// Reads `LEEF:1.0|...` into a draft; false when the header is not whole.
pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let mut parts = text.splitn(6, '|');
    let mut next = || parts.next();
    let (Some(version), Some(vendor), Some(product), Some(release), Some(id), Some(rest)) =
        (next(), next(), next(), next(), next(), next())
    else {
        return false;
    };
    let (separator, body) = if version == "LEEF:2.0" { delimiter(rest) } else { ('\t', rest) };
    let mut values = Map::new();
    for (name, value) in
        [("deviceVendor", vendor), ("deviceProduct", product), ("deviceVersion", release), ("eventId", id)]
    {
        values.insert(name.to_owned(), Value::from(value));
    }
    let pairs = body.split(separator).filter_map(|pair| pair.split_once('='));
    values.extend(pairs.take(limits::COLUMNS).map(|(key, value)| (key.trim().to_owned(), Value::from(value.trim()))));
    draft.kind = EventKind::Alert;
    draft.put("event.category", "intrusion_detection");
    draft.put("observer.vendor", vendor);
    draft.put("observer.product", product);
    draft.put("rule.name", id);
    draft.put("rule.id", &format!("leef:{vendor}/{product}/{id}"));
    super::json::set_typed(draft, &values, FIELDS);
    let level = values.get("sev").and_then(Value::as_str).and_then(|text| text.parse::<u8>().ok()).unwrap_or(1);
    draft.fields.set("event.severity", Severity::from_number(level.min(9) / 2).as_number());
    let transport = values.get("proto").and_then(Value::as_str).map(str::to_ascii_lowercase);
    draft.put_some("network.transport", transport.as_deref());
    draft.time = values.get("devTime").and_then(json::time).or(draft.time);
    draft.original = Value::Object(values);
    true
}

/// The delimiter of version 2.0: one character, or `x09`, or nothing for a tab.
fn delimiter(text: &str) -> (char, &str) {
    let Some((named, body)) = text.split_once('|') else { return ('\t', text) };
    if named.contains('=') || named.len() > 4 {
        return ('\t', text);
    }
    let code = named.trim_start_matches("0x").trim_start_matches('x');
    let hexadecimal = (named != code).then(|| u8::from_str_radix(code, 16).ok()).flatten();
    (hexadecimal.map(char::from).or_else(|| named.chars().next()).unwrap_or('\t'), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions() {
        for text in [
            "LEEF:1.0|V|P|1|77|src=192.0.2.1\tdstPort=22\tsev=9",
            "LEEF:2.0|V|P|1|77|^|src=192.0.2.1^dstPort=22^sev=9",
            "LEEF:2.0|V|P|1|77|x09|src=192.0.2.1\tdstPort=22\tsev=9",
        ] {
            let mut draft = Draft::new("leef.event", Value::Null);
            assert!(fill(&mut draft, text));
            assert_eq!(draft.fields.text("source.ip"), Some("192.0.2.1"));
            assert_eq!(draft.fields.integer("destination.port"), Some(22));
            assert_eq!(draft.fields.integer("event.severity"), Some(4));
        }
    }
}
