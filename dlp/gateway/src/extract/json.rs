//! JSON documents and JSON lines, field by field with its key.

use fengsui_dlp_engine::decode;
use serde_json::Value;

use super::{Job, hint, within};
use crate::limits::STRUCTURE_DEPTH;

pub(super) fn matches(bytes: &[u8], name: &str) -> bool {
    let named = [".json", ".jsonl", ".ndjson", ".geojson"].iter().any(|extension| name.ends_with(extension));
    named || name.ends_with(".log") && bytes.first() == Some(&b'{')
}

pub(super) fn read(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let Some(text) = decode(bytes, &hint(name)) else { return job.unreadable(inside, "JSON编码无法识别") };
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        return walk(job, &value, inside, "", 0);
    }
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = within(inside, &format!("第{}行", index + 1));
        match serde_json::from_str::<Value>(line) {
            Ok(value) => walk(job, &value, &place, "", 0),
            Err(_) => job.text(&place, line.to_owned()),
        }
    }
}

fn walk(job: &mut Job, value: &Value, inside: &str, key: &str, depth: usize) {
    if depth > STRUCTURE_DEPTH {
        return job.unreadable(inside, super::Refusal::limit("JSON嵌套过深"));
    }
    match value {
        Value::String(text) => job.cell(within(inside, &format!("字段{key}")), key, text.clone()),
        Value::Number(number) => job.cell(within(inside, &format!("字段{key}")), key, number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| walk(job, item, inside, key, depth + 1)),
        Value::Object(fields) => fields.iter().for_each(|(name, item)| walk(job, item, inside, name, depth + 1)),
        Value::Null | Value::Bool(_) => {}
    }
}
