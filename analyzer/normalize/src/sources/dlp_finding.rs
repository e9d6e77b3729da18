//! Findings of sensitive data as the data protection commands write them, one JSON object a line.

use fengsui_schema::RawRecord;
use serde_json::Value;

use super::SourceDefinition;
use crate::json::{at, object, text, time};
use crate::{Draft, NormalizeError, limits};

const NAME: &str = "dlp_finding";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &["dlp"],
    meaning: "findings of sensitive data, one JSON object a line with data_type or findings and a grade",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(line, name).is_some();
    line.first() == Some(&b'{')
        && has(b"\"grade\"")
        && (has(b"\"data_type\"") || has(b"\"findings\"") || has(b"\"samples\""))
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let finding = object(NAME, &record.payload)?;
    let lists = ["findings", "samples", "types"].iter().filter_map(|name| finding.get(*name)?.as_array()).flatten();
    let mut types: Vec<Value> = lists
        .filter_map(|entry| entry.get("data_type").or_else(|| entry.get("type")).or(Some(entry)))
        .chain(finding.get("data_type"))
        .filter(|value| value.is_string())
        .take(limits::LIST_ENTRIES)
        .cloned()
        .collect();
    types.dedup();
    let grade = at(&finding, "grade").and_then(|grade| match grade {
        Value::Number(number) => number.as_i64(),
        Value::String(word) => match word.as_str() {
            "level1" | "1" => Some(1),
            "level2" | "2" => Some(2),
            "level3" | "3" => Some(3),
            "level4" | "4" | "important" | "core" => Some(4),
            _ => None,
        },
        _ => None,
    });
    if types.is_empty() && grade.is_none() {
        return Err(NormalizeError::malformed(NAME, "names neither a data type nor a grade"));
    }
    let mut draft = Draft::new("dlp.finding", Value::Null);
    draft.time = ["time", "timestamp", "@timestamp"].iter().find_map(|name| time(finding.get(*name)?));
    draft.put("event.category", "data");
    draft.put("event.action", "sensitive_data_found");
    draft.put("observer.type", "data_protection");
    draft.copy("fengsui.data.type", Some(&Value::Array(types)));
    draft.fields.set_some("fengsui.data.grade", grade);
    for (field, places) in [
        ("file.name", &["file", "path", "place.name", "name"][..]),
        ("file.hash.sm3", &["sm3", "place.sm3"]),
        ("organization.id", &["unit"]),
        ("user.name", &["user", "account"]),
        ("database.table", &["table", "place.table"]),
    ] {
        draft.put_some(field, places.iter().find_map(|place| text(&finding, place)));
    }
    draft.put_address("source.ip", text(&finding, "src_ip").or_else(|| text(&finding, "source.ip")));
    draft.put_address("destination.ip", text(&finding, "dest_ip").or_else(|| text(&finding, "destination.ip")));
    draft.original = Value::Object(finding);
    Ok(draft)
}
