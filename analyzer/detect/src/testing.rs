//! Events for the tests of this crate.

use fengsui_schema::{Event, EventId, EventKind, Fields, RawRecord, SourceReference, Timestamp};
use serde_json::Value;

/// An event of an EVE record at noon of 2026-11-22 unless it says another time.
pub(crate) fn eve(mut record: Value) -> Event {
    if record.get("timestamp").is_none() {
        record["timestamp"] = Value::from("2026-11-22T12:00:00Z");
    }
    of("fengsui_eve", &record.to_string())
}

/// An event of any source.
pub(crate) fn of(source: &str, text: &str) -> Event {
    let received = "2026-11-22T12:00:01Z".parse().expect("is a time");
    let record = RawRecord { source: source.into(), instance: "s1".into(), received, payload: text.into() };
    fengsui_normalize::normalize(&record, 1).expect("is a record")
}

/// A plain event of a moment with some fields.
pub(crate) fn plain(seconds: i64, fields: &[(&'static str, &str)]) -> Event {
    let mut set = Fields::new();
    for (name, value) in fields {
        match value.parse::<i64>() {
            Ok(number) if name.ends_with("port") || name.ends_with("bytes") => set.set(*name, number),
            _ => set.set(*name, *value),
        }
    }
    let time = Timestamp::from_parts(1_795_348_800 + seconds, 0);
    let original =
        Value::Object(fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect());
    let source = SourceReference { source: "json".into(), instance: "s1".into(), sequence: 0 };
    Event {
        id: EventId::from_bytes([7; 16]),
        time,
        received: time,
        kind: EventKind::Event,
        source,
        fields: set,
        original,
    }
}
