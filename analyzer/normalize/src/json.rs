//! Values inside JSON objects.

use fengsui_schema::Timestamp;
use serde_json::{Map, Value};

use crate::NormalizeError;
use crate::text::epoch_seconds;

/// A JSON object out of bytes.
pub(crate) fn object(source: &'static str, bytes: &[u8]) -> Result<Map<String, Value>, NormalizeError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(NormalizeError::malformed(source, "is JSON, but no object")),
        Err(error) => Err(NormalizeError::malformed(source, format!("is no JSON object: {error}"))),
    }
}

/// A value by its dotted path: a key that is the whole path, else the nested value.
pub(crate) fn at<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    rest.split('.').try_fold(object.get(first)?, |inner, part| inner.get(part))
}

/// A text by its dotted path.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a str> {
    at(object, path)?.as_str()
}

/// A time written as RFC 3339 (a blank for the `T` is fine) or as seconds, milliseconds, microseconds or
/// nanoseconds since the epoch, told apart by their size.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => {
            let whole = || text.parse().ok().map(of_epoch);
            text.trim().parse().ok().or_else(whole).or_else(|| epoch_seconds(text))
        }
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Some(of_epoch(whole)),
            None => epoch_seconds(&number.to_string()),
        },
        _ => None,
    }
}

fn of_epoch(number: i64) -> Timestamp {
    match number.unsigned_abs() {
        0..100_000_000_000 => Timestamp::from_parts(number, 0),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millis(number),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_nanos(number.saturating_mul(1000)),
        _ => Timestamp::from_nanos(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_unit() {
        let expected: Timestamp = "2026-11-22T12:00:00Z".parse().expect("is a time");
        for value in
            ["1795348800", "1795348800000", "1795348800000000", "1795348800000000000", "\"2026-11-22 12:00:00\""]
        {
            let value: Value = serde_json::from_str(value).expect("is JSON");
            assert_eq!(time(&value), Some(expected), "{value}");
        }
    }
}
