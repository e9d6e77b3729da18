//! An event as the Sigma library looks at it: no JSON is built, fields are borrowed.

use std::borrow::Cow;

use fengsui_schema::Event;
use rsigma_eval::EventValue;
use serde_json::{Map, Value};

use super::names;
use crate::limits;

/// An event as the Sigma library looks at it.
///
/// A name is looked for in the original record, below the object that Windows exporters wrap fields in, among the
/// normalised fields, and at last by its meaning ([`names`]).
pub(crate) struct EventView<'a> {
    event: &'a Event,
    record: Option<&'a Map<String, Value>>,
    wrapped: [Option<&'a Map<String, Value>>; 2],
}

/// Where exporters put the fields of a Windows event, and its header.
const DATA: &[&[&str]] = &[
    &["winlog", "event_data"],
    &["Event", "EventData"],
    &["EventData"],
    &["winlog", "user_data"],
    &["Event", "UserData"],
    &["event_data"],
];
const HEADER: &[&[&str]] = &[&["Event", "System"], &["System"]];

impl<'a> EventView<'a> {
    /// A view on an event.
    pub(crate) fn new(event: &'a Event) -> Self {
        let record = event.original.as_object();
        let inner = |path: &&[&str]| {
            path.iter().try_fold(&event.original, |value, key| value.get(key)).and_then(Value::as_object)
        };
        let wrapped = [DATA.iter().find_map(inner), HEADER.iter().find_map(inner)];
        Self { event, record, wrapped }
    }

    /// The value of a Sigma field name.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.written(name).or_else(|| names::fields(name).iter().find_map(|field| self.event.fields.get(field)))
    }

    /// The value under the very name.
    fn written(&self, name: &str) -> Option<&'a Value> {
        let record = self.record.and_then(|record| record.get(name));
        // An object there is an element with attributes, whose text is among the normalised fields.
        let scalar = |object: &&'a Map<String, Value>| object.get(name).filter(|value| !value.is_object());
        let wrapped = || self.wrapped.iter().flatten().find_map(scalar);
        let dotted = || name.contains('.').then(|| self.event.field(name)).flatten();
        record.or_else(wrapped).or_else(dotted)
    }
}

/// Sigma names under which rules ask for more than one field: rules for web servers look for paths in the query, as
/// access logs of some servers write both in one column.
const SEVERAL: &[&str] = &["cs-uri-query", "c-uri-query"];

impl rsigma_eval::Event for EventView<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        if let Some(value) = self.written(path) {
            return Some(EventValue::from(value));
        }
        let mut found = names::fields(path).iter().filter_map(|field| self.event.fields.get(field));
        if SEVERAL.contains(&path) {
            let values: Vec<EventValue<'_>> = found.map(EventValue::from).collect();
            return (!values.is_empty()).then_some(EventValue::Array(values));
        }
        found.next().map(EventValue::from)
    }

    fn any_string_value(&self, predicate: &dyn Fn(&str) -> bool) -> bool {
        any_text(&self.event.original, predicate, limits::KEYWORD_DEPTH)
            || self.event.fields.iter().any(|(_, value)| any_text(value, predicate, 1))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut texts = Vec::new();
        collect(&self.event.original, &mut texts, limits::KEYWORD_DEPTH);
        self.event.fields.iter().for_each(|(_, value)| collect(value, &mut texts, 1));
        texts
    }

    fn to_json(&self) -> Value {
        let mut object: Map<String, Value> =
            self.event.fields.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        object.insert("original".to_owned(), self.event.original.clone());
        Value::Object(object)
    }
}

fn any_text(value: &Value, predicate: &dyn Fn(&str) -> bool, depth: usize) -> bool {
    match value {
        Value::String(text) => predicate(text),
        Value::Number(number) => predicate(&number.to_string()),
        Value::Array(list) if depth > 0 => list.iter().any(|inner| any_text(inner, predicate, depth - 1)),
        Value::Object(object) if depth > 0 => object.values().any(|inner| any_text(inner, predicate, depth - 1)),
        _ => false,
    }
}

fn collect<'a>(value: &'a Value, texts: &mut Vec<Cow<'a, str>>, depth: usize) {
    match value {
        Value::String(text) => texts.push(Cow::Borrowed(text)),
        Value::Number(number) => texts.push(Cow::Owned(number.to_string())),
        Value::Array(list) if depth > 0 => list.iter().for_each(|inner| collect(inner, texts, depth - 1)),
        Value::Object(object) if depth > 0 => object.values().for_each(|inner| collect(inner, texts, depth - 1)),
        _ => {}
    }
}
