//! What of an event is kept until an alert on it is certain.

use fengsui_schema::{Event, EventId, EventKind, Fields, SourceReference, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Fields that an alert is put together from. Their places are part of the saved state: further ones come at the end.
const FIELDS: &[&str] = &[
    "event.dataset",
    "event.category",
    "event.action",
    "event.outcome",
    "observer.name",
    "observer.type",
    "organization.id",
    "fengsui.domain",
    "fengsui.zone",
    "fengsui.source_zone",
    "fengsui.source_asset",
    "fengsui.destination_asset",
    "source.ip",
    "source.port",
    "destination.ip",
    "destination.port",
    "network.transport",
    "network.protocol",
    "host.name",
    "host.ip",
    "user.name",
    "user.target.name",
    "service.name",
    "flow.id",
];

/// Values by their place in [`FIELDS`].
pub(super) type Values = Box<[(u8, Value)]>;

/// What of an event is kept until an alert on it is certain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Saved")]
pub(super) struct Essence {
    id: EventId,
    time: Timestamp,
    received: Timestamp,
    source: SourceReference,
    values: Values,
}

/// What was saved. Until version 3 of the state it was an event.
#[derive(Deserialize)]
#[serde(untagged)]
enum Saved {
    Essence { id: EventId, time: Timestamp, received: Timestamp, source: SourceReference, values: Values },
    Event(Box<Event>),
}

impl From<Saved> for Essence {
    fn from(saved: Saved) -> Self {
        match saved {
            Saved::Essence { id, time, received, source, values } => Self { id, time, received, source, values },
            Saved::Event(event) => Self::of(&event),
        }
    }
}

impl Essence {
    pub(super) fn of(event: &Event) -> Self {
        let value = |(place, name): (u8, &&str)| Some((place, event.fields.get(name)?.clone()));
        Self {
            id: event.id,
            time: event.time,
            received: event.received,
            source: event.source.clone(),
            values: (0..).zip(FIELDS).filter_map(value).collect(),
        }
    }

    /// Orders events of one key; those of one moment by id.
    pub(super) fn place(&self) -> (Timestamp, EventId) {
        (self.time, self.id)
    }

    /// The values of some fields.
    pub(super) fn values_of(&self, is_wanted: impl Fn(&str) -> bool) -> Values {
        let wanted = |(place, _): &&(u8, Value)| FIELDS.get(usize::from(*place)).is_some_and(|name| is_wanted(name));
        self.values.iter().filter(wanted).cloned().collect()
    }

    /// Sets fields to values.
    pub(super) fn set(values: &Values, fields: &mut Fields) {
        for (place, value) in values {
            if let Some(name) = FIELDS.get(usize::from(*place)) {
                fields.set(*name, value.clone());
            }
        }
    }

    /// The event, as far as it was kept.
    pub(super) fn event(&self) -> Event {
        let mut fields = Fields::new();
        Self::set(&self.values, &mut fields);
        Event {
            id: self.id,
            time: self.time,
            received: self.received,
            kind: EventKind::Event,
            source: self.source.clone(),
            fields,
            original: Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    #[test]
    fn an_event_of_an_older_state_is_taken_up() {
        let event = plain(5, &[("source.ip", "192.0.2.1"), ("flow.id", "7"), ("odd.name", "x")]);
        let kept = Essence::of(&event);
        let text = serde_json::to_string(&kept).expect("is JSON");
        let read: Essence = serde_json::from_str(&text).expect("reads");
        assert_eq!((read.event(), read.event().fields.get("odd.name")), (kept.event(), None));
        let old: Essence = serde_json::from_str(&serde_json::to_string(&event).expect("is JSON")).expect("reads");
        assert_eq!(old.event(), kept.event());
        assert!(text.len() * 2 < serde_json::to_string(&event).expect("is JSON").len() * 3);
    }
}
