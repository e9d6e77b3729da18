//! One thing that happened, as the analyzer sees it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{EventId, Fields, Timestamp};

/// What an event stands for (the Elastic Common Schema's `event.kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A source's own detection.
    Alert,
    /// Something that happened.
    Event,
    /// A measurement of the source itself.
    Metric,
}

/// Where an event came from; names one record exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceReference {
    /// Name of the parser that understood it, as in the registry of sources.
    pub source: String,
    /// The sender: a sensor's id, a listener's peer, a file's name.
    pub instance: String,
    /// Number of the record within the spool, from 0.
    pub sequence: u64,
}

/// One normalised event. The original record is kept whole, so that Sigma's field names stay addressable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Digest of source, position and bytes.
    pub id: EventId,
    /// When it happened, by the source's clock.
    pub time: Timestamp,
    /// When we received it, by our clock.
    pub received: Timestamp,
    /// What it stands for.
    pub kind: EventKind,
    /// Where it came from.
    pub source: SourceReference,
    /// Normalised fields.
    pub fields: Fields,
    /// The record as its source wrote it: a JSON object, or a text for line formats.
    pub original: Value,
}

impl Event {
    /// A field by its normalised name, else by the source's own dotted name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).or_else(|| lookup(&self.original, name))
    }
}

/// A value inside nested objects: a key that is the whole name, else the path of its dotted parts.
fn lookup<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(name) {
        return Some(found);
    }
    name.split('.').try_fold(value, |inner, part| inner.get(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn original_names_stay_addressable() {
        let original = serde_json::json!({"a.b": 1, "c": {"d": 2}});
        assert_eq!(lookup(&original, "a.b"), Some(&Value::from(1)));
        assert_eq!(lookup(&original, "c.d"), Some(&Value::from(2)));
        assert_eq!(lookup(&original, "c.d.e"), None);
    }
}
