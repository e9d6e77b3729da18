//! What is kept of the first event of each of very many keys: what is its own, and the number of what it shares with others
//! (sender, kind, zones, unit). What the key says is not kept at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use fengsui_schema::{Event, EventId, EventKind, Fields, SourceReference, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::essence::{Essence, Values};
use crate::limits;

/// Fields that the key of a source, destination and port says.
const OF_KEY: [&str; 3] = ["source.ip", "destination.ip", "destination.port"];

/// Fields that differ from key to key.
const OWN: [&str; 4] = ["source.port", "flow.id", "fengsui.source_asset", "fengsui.destination_asset"];

/// What is kept of an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Brief {
    /// Id, time, number of the shared values, own values.
    Short(EventId, Timestamp, u32, Values),
    /// As it was saved until version 4 of the state.
    Whole(Essence),
}

/// Values that many events share, by number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "BTreeMap<u32, Arc<str>>", into = "BTreeMap<u32, Arc<str>>")]
pub(super) struct Shared {
    texts: BTreeMap<u32, Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    /// How many there may be before those that are out of use are dropped.
    sweep_at: usize,
}

impl Default for Shared {
    fn default() -> Self {
        BTreeMap::new().into()
    }
}

impl From<BTreeMap<u32, Arc<str>>> for Shared {
    fn from(texts: BTreeMap<u32, Arc<str>>) -> Self {
        let numbers = texts.iter().map(|(number, text)| (Arc::clone(text), *number)).collect();
        let sweep_at = limits::SHARED_VALUES.max(2 * texts.len());
        Self { texts, numbers, sweep_at }
    }
}

impl From<Shared> for BTreeMap<u32, Arc<str>> {
    fn from(shared: Shared) -> Self {
        shared.texts
    }
}

impl Shared {
    /// Whether those out of use should be dropped before another is added.
    pub(super) fn is_full(&self) -> bool {
        self.texts.len() >= self.sweep_at
    }

    /// Drops what is not in use.
    pub(super) fn keep(&mut self, used: &BTreeSet<u32>) {
        let mut texts = std::mem::take(&mut self.texts);
        texts.retain(|number, _| used.contains(number));
        *self = texts.into();
    }

    /// The number of a text; a shared table is copied only when the text is new.
    fn number(shared: &mut Arc<Self>, text: &str) -> u32 {
        if let Some(number) = shared.numbers.get(text) {
            return *number;
        }
        let shared = Arc::make_mut(shared);
        let mut free = shared.texts.last_key_value().map_or(0, |(last, _)| last.wrapping_add(1));
        while shared.texts.contains_key(&free) {
            free = free.wrapping_add(1);
        }
        let text: Arc<str> = text.into();
        shared.texts.insert(free, Arc::clone(&text));
        shared.numbers.insert(text, free);
        free
    }
}

impl Brief {
    /// What is kept of an event.
    pub(super) fn of(event: &Event, shared: &mut Arc<Shared>) -> Self {
        let kept = Essence::of(event);
        let own = kept.values_of(|name| OWN.contains(&name));
        let common = kept.values_of(|name| !OWN.contains(&name) && !OF_KEY.contains(&name));
        let source = (&event.source.source, &event.source.instance);
        let text = serde_json::to_string(&(source, common)).unwrap_or_default();
        Self::Short(event.id, event.time, Shared::number(shared, &text), own)
    }

    /// Orders events of one key; those of one moment by id.
    pub(super) fn place(&self) -> (Timestamp, EventId) {
        match self {
            Self::Short(id, time, ..) => (*time, *id),
            Self::Whole(essence) => essence.place(),
        }
    }

    /// The number of its shared values.
    pub(super) fn shared(&self) -> Option<u32> {
        match self {
            Self::Short(_, _, number, _) => Some(*number),
            Self::Whole(_) => None,
        }
    }

    /// The event, as far as it was kept, of a key of source, destination and port.
    pub(super) fn event(&self, key: (&str, &str, i64), shared: &Shared) -> Event {
        let (id, time, number, own) = match self {
            Self::Short(id, time, number, own) => (*id, *time, *number, own),
            Self::Whole(essence) => return essence.event(),
        };
        let text = shared.texts.get(&number).map(|text| &**text).unwrap_or_default();
        let ((source, instance), common): ((String, String), Values) = serde_json::from_str(text).unwrap_or_default();
        let mut fields = Fields::new();
        Essence::set(&common, &mut fields);
        Essence::set(own, &mut fields);
        fields.set(OF_KEY[0], key.0);
        fields.set(OF_KEY[1], key.1);
        fields.set_some(OF_KEY[2], Some(key.2).filter(|port| *port != 0));
        let source = SourceReference { source, instance, sequence: 0 };
        Event { id, time, received: time, kind: EventKind::Event, source, fields, original: Value::Null }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    #[test]
    fn what_is_kept_is_small_and_gives_the_event_back() {
        let mut shared: Arc<Shared> = Arc::default();
        let of = |host: i64| {
            let (source, flow) = (format!("10.1.1.{host}"), format!("77{host}"));
            let fields = [
                ("event.dataset", "fengsui.flow"),
                ("fengsui.zone", "office"),
                ("fengsui.source_asset", "pc"),
                ("source.ip", &source),
                ("source.port", "40001"),
                ("destination.ip", "203.0.113.9"),
                ("destination.port", "443"),
                ("flow.id", &flow),
            ];
            plain(host, &fields)
        };
        let briefs: Vec<Brief> = (0..50).map(|host| Brief::of(&of(host), &mut shared)).collect();
        assert_eq!(shared.texts.len(), 1);
        let saved = serde_json::to_string(&(&briefs, &*shared)).expect("is JSON");
        let (read, shared): (Vec<Brief>, Shared) = serde_json::from_str(&saved).expect("reads");
        for (brief, event) in read.iter().zip((0..50).map(of)) {
            let key = (event.fields.text("source.ip").expect("set"), "203.0.113.9", 443);
            assert_eq!(brief.event(key, &shared).fields, Essence::of(&event).event().fields);
            assert_eq!(brief.place(), (event.time, event.id));
        }
        let whole: Vec<Essence> = (0..50).map(|host| Essence::of(&of(host))).collect();
        let before = serde_json::to_string(&whole).expect("is JSON");
        assert!(saved.len() * 2 < before.len(), "{} bytes instead of {}", saved.len(), before.len());
        let old: Vec<Brief> = serde_json::from_str(&before).expect("an older state reads");
        assert_eq!(old[3].event(("", "", 0), &shared).fields, whole[3].event().fields);
    }

    #[test]
    fn what_is_out_of_use_goes() {
        let mut shared: Arc<Shared> = Arc::default();
        for number in 0..u32::try_from(limits::SHARED_VALUES).expect("small") {
            assert_eq!(Shared::number(&mut shared, &number.to_string()), number);
        }
        assert!(shared.is_full());
        Arc::make_mut(&mut shared).keep(&[3, 7].into());
        assert!(!shared.is_full() && Shared::number(&mut shared, "3") == 3 && Shared::number(&mut shared, "x") == 8);
    }
}
