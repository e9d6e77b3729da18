//! The document of an event as the index takes it: its values one after the other in two buffers.

use std::net::Ipv6Addr;

use fengsui_schema::{Event, FIELD_CATALOGUE, FieldType};
use tantivy::schema::Field;
use tantivy::schema::document::{Document, ReferenceValue, ReferenceValueLeaf, Value};

use crate::document::{ALIAS_BYTES, Catalogued, Named, Searchable, Typed, id_term, identifier_term, tie};
use crate::limits;
use crate::other::{self, Kind};
use crate::schema::IndexFields;

/// The document of an event.
#[derive(Debug, Default)]
pub(crate) struct EventDocument {
    text: String,
    bytes: Vec<u8>,
    values: Vec<(Field, Kept)>,
}

/// A value; where it is a text or bytes, its place in the buffer.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Text(usize, usize),
    Bytes(usize, usize),
    Signed(i64),
    Unsigned(u64),
    Address(Ipv6Addr),
}

impl EventDocument {
    /// The document of an event, with its stored form.
    pub(crate) fn of(event: &Event, stored: &[u8]) -> Self {
        let fields = IndexFields::get();
        let mut document = Self {
            text: String::with_capacity(2_048),
            bytes: Vec::with_capacity(stored.len() + 64),
            values: Vec::with_capacity(64),
        };
        document.add_bytes(fields.id, id_term(&event.id));
        document.values.push((fields.time, Kept::Signed(event.time.as_nanos())));
        document.values.push((fields.tie, Kept::Unsigned(tie(event.id.as_bytes()))));
        let found = Searchable::of(event);
        found.units.iter().for_each(|unit| document.add_text(fields.units, unit));
        found.texts.iter().for_each(|text| document.add_text(fields.all, text));
        found.catalogue.iter().for_each(|known| document.add_presence(known));
        document.add_other(&found);
        document.add_bytes(fields.source, stored);
        found.catalogue.iter().for_each(|known| document.add_catalogued(&found, known));
        document
    }

    fn add_text(&mut self, field: Field, text: &str) {
        self.add_written(field, |buffer| buffer.push_str(text));
    }

    fn add_written(&mut self, field: Field, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        self.values.push((field, Kept::Text(start, self.text.len())));
    }

    fn add_bytes(&mut self, field: Field, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.values.push((field, Kept::Bytes(start, self.bytes.len())));
    }

    fn add_catalogued(&mut self, found: &Searchable<'_>, known: &Catalogued<'_>) {
        let Some(field) = IndexFields::get().catalogue(known.field) else { return };
        let text = found.text(known.text);
        match known.value {
            Typed::Keyword => self.add_text(field, &text[..text.floor_char_boundary(limits::TERM_BYTES)]),
            Typed::Identifier => self.add_bytes(field, &identifier_term(text)),
            Typed::Text => self.add_text(field, &text[..text.floor_char_boundary(limits::CATCH_ALL_BYTES)]),
            Typed::Integer(number) => self.values.push((field, Kept::Signed(number))),
            Typed::Address(address) => self.values.push((field, Kept::Address(address))),
        }
    }

    /// Texts and identifiers have no column that tells whether there is one.
    fn add_presence(&mut self, known: &Catalogued<'_>) {
        if let Some(definition) = FIELD_CATALOGUE.get(known.field)
            && matches!(definition.kind, FieldType::Text | FieldType::Identifier)
        {
            self.add_written(IndexFields::get().other, |term| other::push_name(term, definition.name));
        }
    }

    /// Adds the terms of other names. A name whose value has terms already gets one that says whose they are.
    fn add_other(&mut self, found: &Searchable<'_>) {
        let field = IndexFields::get().other;
        for (place, named) in found.other.iter().enumerate() {
            let (name, text) = (found.text(named.name), found.text(named.text));
            let catalogue = named.alias.and_then(|alias| FIELD_CATALOGUE.get(alias)).map(|definition| definition.name);
            if let Some(target) = catalogue.or_else(|| earlier(found, place)) {
                self.add_written(field, |term| other::push_alias(term, name, target));
                continue;
            }
            // Below the limit the number is the same as a floating-point number, and it is written the shortest way.
            let kind = named.whole.map_or_else(|| other::kind(text), |whole| Kind::Number(whole as f64));
            match kind {
                Kind::Time(micros) => self.add_written(field, |term| other::push_time(term, name, micros)),
                Kind::Number(number) => self.add_written(field, |term| other::push_number(term, name, number)),
                Kind::Spelled(number) => {
                    self.add_written(field, |term| other::push_spelled(term, name, number));
                    self.add_written(field, |term| other::push_value(term, name, text));
                }
                Kind::Text => self.add_written(field, |term| other::push_value(term, name, text)),
            }
        }
    }
}

/// The name of an earlier value that is the same: a normalised field's only value.
fn earlier<'s>(found: &'s Searchable<'_>, place: usize) -> Option<&'s str> {
    let list = &found.other;
    let named = list.get(place)?;
    let (name, text) = (found.text(named.name), found.text(named.text));
    if text.len() < ALIAS_BYTES {
        return None;
    }
    let is_same =
        |known: &&Named<'_>| known.alias.is_none() && found.text(known.text) == text && found.text(known.name) != name;
    let known = list[..place].iter().find(is_same).filter(|known| known.is_normalised)?;
    let target = found.text(known.name);
    let is_only = list.iter().all(|other| found.text(other.name) != target || found.text(other.text) == text);
    is_only.then_some(target)
}

/// A value as the index reads it.
#[derive(Debug, Clone)]
pub(crate) struct Part<'d>(ReferenceValueLeaf<'d>);

impl<'d> Value<'d> for Part<'d> {
    type ArrayIter = std::iter::Empty<Self>;
    type ObjectIter = std::iter::Empty<(&'d str, Self)>;

    fn as_value(&self) -> ReferenceValue<'d, Self> {
        ReferenceValue::Leaf(self.0.clone())
    }
}

/// The values of a document.
pub(crate) struct Parts<'d> {
    document: &'d EventDocument,
    values: std::slice::Iter<'d, (Field, Kept)>,
}

impl<'d> Iterator for Parts<'d> {
    type Item = (Field, Part<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let (field, kept) = *self.values.next()?;
        let part = match kept {
            Kept::Text(start, end) => ReferenceValueLeaf::Str(self.document.text.get(start..end).unwrap_or_default()),
            Kept::Bytes(start, end) => {
                ReferenceValueLeaf::Bytes(self.document.bytes.get(start..end).unwrap_or_default())
            }
            Kept::Signed(number) => ReferenceValueLeaf::I64(number),
            Kept::Unsigned(number) => ReferenceValueLeaf::U64(number),
            Kept::Address(address) => ReferenceValueLeaf::IpAddr(address),
        };
        Some((field, Part(part)))
    }
}

impl Document for EventDocument {
    type Value<'d> = Part<'d>;
    type FieldsValuesIter<'d> = Parts<'d>;

    fn iter_fields_and_values(&self) -> Parts<'_> {
        Parts { document: self, values: self.values.iter() }
    }
}
