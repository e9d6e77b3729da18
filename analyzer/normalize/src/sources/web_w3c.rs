//! Logs in the W3C extended format, as IIS and some proxies write them: `#Fields:` names the columns of the rows below.

use fengsui_schema::RawRecord;
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::{Draft, NormalizeError, limits};

const NAME: &str = "web_w3c";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &["iis", "w3c"],
    meaning: "W3C extended logs of IIS and proxies; a record is the #Fields line and one row",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    ["#Software:", "#Version: 1", "#Fields: "].iter().any(|start| line.starts_with(start.as_bytes()))
}

/// W3C's name and ours.
const FIELDS: &[(&str, &str)] = &[
    ("c-ip", "source.ip"),
    ("c-port", "source.port"),
    ("s-ip", "destination.ip"),
    ("s-port", "destination.port"),
    ("s-computername", "host.name"),
    ("cs-method", "http.request.method"),
    ("cs-username", "user.name"),
    ("cs-host", "url.domain"),
    ("cs(User-Agent)", "user_agent.original"),
    ("cs(Referer)", "http.request.referrer"),
    ("cs(Host)", "url.domain"),
    ("sc-status", "http.response.status_code"),
    ("sc-bytes", "destination.bytes"),
    ("cs-bytes", "source.bytes"),
    ("r-ip", "destination.ip"),
    ("r-host", "url.domain"),
];

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let text = String::from_utf8_lossy(&record.payload);
    let (mut names, mut row) = (None, None);
    for line in text.lines() {
        match line.strip_prefix("#Fields:") {
            Some(found) => names = Some(found.trim()),
            None if line.starts_with('#') || line.is_empty() => {}
            None => row = Some(line),
        }
    }
    let names = names.ok_or_else(|| NormalizeError::malformed(NAME, "has no #Fields line"))?;
    let row = row.ok_or_else(|| NormalizeError::malformed(NAME, "has no row"))?;
    let cells: Vec<&str> = row.split_ascii_whitespace().take(limits::COLUMNS).collect();
    let count = names.split_ascii_whitespace().count();
    if cells.len() != count {
        return Err(NormalizeError::malformed(NAME, format!("row has {} values below {count} names", cells.len())));
    }
    let mut values: Map<String, Value> = names
        .split_ascii_whitespace()
        .zip(cells)
        .filter(|(_, value)| *value != "-")
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    let mut draft = Draft::new("web.iis", Value::Null);
    draft.put("event.category", "web");
    draft.put("network.protocol", "http");
    draft.put("observer.type", "web_server");
    // IIS writes blanks as plus signs.
    for name in ["cs(User-Agent)", "cs(Referer)"] {
        if let Some(Value::String(text)) = values.get_mut(name) {
            *text = text.replace('+', " ");
        }
    }
    let word = |name: &str| values.get(name).and_then(Value::as_str).map(str::to_owned);
    if let (Some(date), Some(time)) = (word("date"), word("time")) {
        draft.time = format!("{date}T{time}Z").parse().ok();
    }
    super::json::set_typed(&mut draft, &values, FIELDS);
    let (stem, query) = (word("cs-uri-stem").unwrap_or_default(), word("cs-uri-query").unwrap_or_default());
    let url = word("cs-uri").unwrap_or_else(|| if query.is_empty() { stem } else { format!("{stem}?{query}") });
    let domain = draft.fields.text("url.domain").map(str::to_owned);
    draft.put_url(&url);
    draft.put_some("url.domain", domain.as_deref());
    draft.put("message", row);
    draft.original = Value::Object(values);
    Ok(draft)
}
