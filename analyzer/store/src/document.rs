//! What of an event is indexed.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

use fengsui_schema::{Event, EventKind, FIELD_CATALOGUE, FieldType, UnitCode};
use serde_json::Value;
use tantivy::TantivyDocument;

use crate::schema::IndexFields;
use crate::{StoreError, limits, other};

/// Everything of an event that can be searched.
#[derive(Debug, Default)]
pub(crate) struct Searchable {
    /// Values of fields of the catalogue, by their number there.
    pub(crate) catalogue: Vec<(usize, Typed)>,
    /// Values of other fields, by their dotted name.
    pub(crate) other: Vec<(String, String)>,
    /// Every distinct text and number.
    pub(crate) texts: Vec<String>,
    /// Codes of the unit and of all units above it.
    pub(crate) units: Vec<String>,
}

/// A value of a field of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    Keyword(String),
    Text(String),
    Integer(i64),
    Address(Ipv6Addr),
}

impl Searchable {
    pub(crate) fn of(event: &Event) -> Self {
        let mut found = Self { units: units(event), ..Self::default() };
        for (name, value) in event.fields.iter() {
            found.take(name, value, true);
        }
        if event.fields.get("event.kind").is_none() {
            found.take("event.kind", &Value::from(kind_word(event.kind)), true);
        }
        found.take_original(&event.original);
        found.texts = texts(event);
        found
    }

    fn take_original(&mut self, original: &Value) {
        if original.is_string() {
            return;
        }
        for_each_leaf(original, &mut |name, value| self.take(name, value, false));
    }

    /// Takes a value, or every value of a list. Names of the catalogue mean the normalised field only.
    fn take(&mut self, name: &str, value: &Value, normalised: bool) {
        if let Value::Array(values) = value {
            values.iter().take(limits::FIELD_VALUES).filter(|value| !value.is_array()).for_each(|value| {
                self.take(name, value, normalised);
            });
            return;
        }
        let Some(text) = scalar(value) else { return };
        match IndexFields::get().definition(name) {
            Some((index, definition)) if normalised => {
                self.catalogue.extend(typed(definition.kind, text).map(|value| (index, value)));
            }
            Some(_) => {}
            None if other::is_name(name) && self.other.len() < limits::OTHER_TERMS => {
                self.other.push((name.to_owned(), text));
            }
            None => {}
        }
    }
}

/// A text, number or boolean as text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn typed(kind: FieldType, text: String) -> Option<Typed> {
    match kind {
        FieldType::Keyword => Some(Typed::Keyword(text)),
        FieldType::Text => Some(Typed::Text(text)),
        FieldType::Integer => text.parse().ok().map(Typed::Integer),
        FieldType::Address => text.parse().ok().map(|address| Typed::Address(as_ipv6(address))),
        FieldType::Time => None,
    }
}

/// An address as the index orders it: IPv4 is mapped into IPv6 (RFC 4291 section 2.5.5.2).
pub(crate) fn as_ipv6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// The word of an event kind.
pub(crate) const fn kind_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Alert => "alert",
        EventKind::Event => "event",
        EventKind::Metric => "metric",
    }
}

/// Codes of the event's unit and of all above it. What belongs to nobody belongs to the province.
fn units(event: &Event) -> Vec<String> {
    let code = event.fields.text("organization.id").and_then(|text| text.parse::<UnitCode>().ok());
    let path = code.unwrap_or_default().path();
    path.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect()
}

/// Calls with every value inside nested objects and lists and its dotted name.
fn for_each_leaf(value: &Value, call: &mut impl FnMut(&str, &Value)) {
    let mut name = String::new();
    walk(value, &mut name, limits::ORIGINAL_DEPTH, call);
}

fn walk(value: &Value, name: &mut String, depth: usize, call: &mut impl FnMut(&str, &Value)) {
    match value {
        _ if depth == 0 => {}
        Value::Array(values) => values.iter().for_each(|value| walk(value, name, depth - 1, call)),
        Value::Object(members) => {
            for (key, value) in members {
                let before = name.len();
                if before > 0 {
                    name.push('.');
                }
                name.push_str(key);
                walk(value, name, depth - 1, call);
                name.truncate(before);
            }
        }
        _ => call(name, value),
    }
}

/// Every distinct text and number of the event, up to [`limits::CATCH_ALL_BYTES`].
fn texts(event: &Event) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut texts = Vec::new();
    let mut room = limits::CATCH_ALL_BYTES;
    let mut take = |_: &str, value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return,
        };
        let text = text[..text.floor_char_boundary(room)].to_owned();
        if !text.is_empty() && seen.insert(text.clone()) {
            room -= text.len();
            texts.push(text);
        }
    };
    for (name, value) in event.fields.iter() {
        walk(value, &mut name.to_owned(), limits::ORIGINAL_DEPTH, &mut take);
    }
    for_each_leaf(&event.original, &mut take);
    texts
}

/// First eight bytes of an id as a number: orders events of the same nanosecond.
pub(crate) fn tie(id: &[u8; 16]) -> u64 {
    id.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The document of an event.
pub(crate) fn document(event: &Event) -> Result<TantivyDocument, StoreError> {
    let fields = IndexFields::get();
    let mut document = TantivyDocument::default();
    document.add_text(fields.id, event.id.to_string());
    document.add_i64(fields.time, event.time.as_nanos());
    document.add_u64(fields.tie, tie(event.id.as_bytes()));
    let source = serde_json::to_vec(event)
        .map_err(|error| StoreError::Damaged { day: event.time.day(), reason: error.to_string() })?;
    document.add_bytes(fields.source, &source);
    add_searchable(&mut document, &Searchable::of(event));
    Ok(document)
}

fn add_searchable(document: &mut TantivyDocument, searchable: &Searchable) {
    let fields = IndexFields::get();
    for (index, value) in &searchable.catalogue {
        let Some(field) = fields.catalogue(*index) else { continue };
        match value {
            Typed::Keyword(text) => document.add_text(field, &text[..text.floor_char_boundary(limits::TERM_BYTES)]),
            Typed::Text(text) => {
                document.add_text(field, &text[..text.floor_char_boundary(limits::CATCH_ALL_BYTES)]);
                // Texts have no column that tells whether there is one.
                let name = FIELD_CATALOGUE.get(*index).map_or("", |definition| definition.name);
                document.add_text(fields.other, other::name_range(name).0);
            }
            Typed::Integer(number) => document.add_i64(field, *number),
            Typed::Address(address) => document.add_ip_addr(field, *address),
        }
    }
    for (name, value) in &searchable.other {
        document.add_text(fields.other, other::value_term(name, value));
        if let Some(number) = other::as_number(value) {
            document.add_text(fields.other, other::number_term(name, number));
        }
    }
    searchable.texts.iter().for_each(|text| document.add_text(fields.all, text));
    searchable.units.iter().for_each(|unit| document.add_text(fields.units, unit));
}
