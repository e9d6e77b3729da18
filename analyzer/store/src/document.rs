//! What of an event is indexed.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

use fengsui_schema::{Event, EventId, EventKind, FIELD_CATALOGUE, FieldType, Fields, UnitCode};
use serde_json::Value;
use tantivy::TantivyDocument;

use crate::other::{self, Kind};
use crate::query::resolve::full_name;
use crate::schema::IndexFields;
use crate::tokenizer::is_one_word;
use crate::{limits, stored};

/// Everything of an event that can be searched.
#[derive(Debug, Default)]
pub(crate) struct Searchable<'e> {
    /// Values of fields of the catalogue.
    pub(crate) catalogue: Vec<Catalogued<'e>>,
    /// Values under other names: normalised fields outside the catalogue, then values of the original record.
    pub(crate) other: Vec<Named<'e>>,
    /// Texts that are not values of a field that is looked into for them anyway.
    pub(crate) texts: Vec<&'e str>,
    /// Codes of the unit and of all units above it.
    pub(crate) units: Vec<String>,
}

/// A value of a field of the catalogue.
#[derive(Debug)]
pub(crate) struct Catalogued<'e> {
    /// Number of the field in the catalogue.
    pub(crate) field: usize,
    pub(crate) value: Typed<'e>,
    /// The value as it is written.
    text: Cow<'e, str>,
    /// The field has no other value.
    is_only: bool,
}

/// A value of a field of the catalogue, by the field's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed<'e> {
    Keyword(Cow<'e, str>),
    Identifier(Cow<'e, str>),
    Text(Cow<'e, str>),
    /// Also a quantity.
    Integer(i64),
    Address(Ipv6Addr),
}

/// A value under a dotted name outside the catalogue.
#[derive(Debug)]
pub(crate) struct Named<'e> {
    pub(crate) name: Cow<'e, str>,
    pub(crate) text: Cow<'e, str>,
    /// A field of the catalogue that holds the same value: questions about this name are asked of that field.
    pub(crate) alias: Option<usize>,
}

/// Shortest value, in bytes, that makes a name an alias: shorter ones are equal by chance.
const ALIAS_BYTES: usize = 3;

impl<'e> Searchable<'e> {
    pub(crate) fn of(event: &'e Event) -> Self {
        let mut found = Self { units: units(event), ..Self::default() };
        for (name, value) in event.fields.iter() {
            found.take_field(name, value);
        }
        if event.fields.get("event.kind").is_none() {
            found.catalogued("event.kind", Cow::Borrowed(kind_word(event.kind)), true);
        }
        if !event.original.is_string() {
            let mut name = String::new();
            walk(&event.original, &mut name, limits::ORIGINAL_DEPTH, &mut |name, value| {
                found.take_original(name, value)
            });
        }
        found.alias();
        found.take_texts(event);
        found
    }

    /// Takes the value of a normalised field, or every value of a list.
    fn take_field(&mut self, name: &'e str, value: &'e Value) {
        let Value::Array(list) = value else { return self.take_scalar(name, value, true) };
        for value in list.iter().take(limits::FIELD_VALUES) {
            self.take_scalar(name, value, list.len() == 1);
        }
    }

    fn take_scalar(&mut self, name: &'e str, value: &'e Value, is_only: bool) {
        let Some(text) = scalar(value) else { return };
        if let Some(text) = self.catalogued(name, text, is_only) {
            self.named(Cow::Borrowed(name), text);
        }
    }

    /// Takes the value of a field of the catalogue; gives it back when it is none.
    fn catalogued(&mut self, name: &str, text: Cow<'e, str>, is_only: bool) -> Option<Cow<'e, str>> {
        let Some((field, definition)) = IndexFields::get().definition(name) else { return Some(text) };
        if let Some(value) = typed(definition.kind, &text) {
            self.catalogue.push(Catalogued { field, value, text, is_only });
        }
        None
    }

    /// Takes a value of the original record. Names of the catalogue, and short ones of them, mean the normalised field only.
    fn take_original(&mut self, name: &str, value: &'e Value) {
        if full_name(name) != name || IndexFields::get().definition(name).is_some() {
            return;
        }
        if let Some(text) = scalar(value) {
            self.named(Cow::Owned(name.to_owned()), text);
        }
    }

    fn named(&mut self, name: Cow<'e, str>, text: Cow<'e, str>) {
        if other::is_name(&name) && self.other.len() < limits::OTHER_TERMS {
            self.other.push(Named { name, text, alias: None });
        }
    }

    fn alias(&mut self) {
        for named in self.other.iter_mut().filter(|named| named.text.len() >= ALIAS_BYTES) {
            let same = |known: &&Catalogued<'_>| known.is_only && known.text == named.text;
            named.alias = self.catalogue.iter().find(same).map(|known| known.field);
        }
    }

    /// Every distinct text of the event that is neither a time nor covered by a field, up to [`limits::CATCH_ALL_BYTES`].
    fn take_texts(&mut self, event: &'e Event) {
        let mut seen: HashSet<&str> = HashSet::with_capacity(64);
        let mut texts = Vec::new();
        let mut room = limits::CATCH_ALL_BYTES;
        let catalogue = &self.catalogue;
        let mut take = |value: &'e Value| {
            let Some(text) = value.as_str() else { return };
            if room == 0
                || !seen.insert(text)
                || catalogue.iter().any(|known| known.covers(text))
                || other::is_time(text)
            {
                return;
            }
            let text = &text[..text.floor_char_boundary(room)];
            if !text.is_empty() {
                room -= text.len();
                texts.push(text);
            }
        };
        event.fields.iter().for_each(|(_, value)| for_each_leaf(value, limits::ORIGINAL_DEPTH, &mut take));
        for_each_leaf(&event.original, limits::ORIGINAL_DEPTH, &mut take);
        self.texts = texts;
    }
}

impl Catalogued<'_> {
    /// Whether who looks for a word of a text anywhere finds it by this field.
    fn covers(&self, text: &str) -> bool {
        let kind = FIELD_CATALOGUE.get(self.field).map(|definition| definition.kind);
        let is_found = match kind {
            Some(FieldType::Text) => text.len() <= limits::CATCH_ALL_BYTES,
            Some(FieldType::Address | FieldType::Identifier) => true,
            Some(FieldType::Keyword) => is_one_word(text),
            _ => false,
        };
        is_found && self.text == text
    }
}

/// A text, number or boolean as text.
fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(boolean) => Some(Cow::Borrowed(if *boolean { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn typed<'e>(kind: FieldType, text: &Cow<'e, str>) -> Option<Typed<'e>> {
    match kind {
        FieldType::Keyword => Some(Typed::Keyword(text.clone())),
        FieldType::Identifier => Some(Typed::Identifier(text.clone())),
        FieldType::Text => Some(Typed::Text(text.clone())),
        FieldType::Integer | FieldType::Quantity => text.parse().ok().map(Typed::Integer),
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
fn walk<'e>(value: &'e Value, name: &mut String, depth: usize, call: &mut impl FnMut(&str, &'e Value)) {
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

/// Calls with every value inside nested objects and lists.
fn for_each_leaf<'e>(value: &'e Value, depth: usize, call: &mut impl FnMut(&'e Value)) {
    match value {
        _ if depth == 0 => {}
        Value::Array(values) => values.iter().for_each(|value| for_each_leaf(value, depth - 1, call)),
        Value::Object(members) => members.values().for_each(|value| for_each_leaf(value, depth - 1, call)),
        _ => call(value),
    }
}

/// First eight bytes of an id as a number: orders events of the same nanosecond.
pub(crate) fn tie(id: &[u8; 16]) -> u64 {
    id.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The term of an id: its first 80 bits in the alphabet of RFC 4648 base 32, in lower case. The rest would be a third of
/// the index of ids; two of a hundred million events of one day are equal in it once in two hundred million days.
pub(crate) fn id_term(id: EventId) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bits = id.as_bytes()[..10].iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    (0..16).rev().map(|place| char::from(ALPHABET[(bits >> (5 * place) & 31) as usize])).collect()
}

/// The term of an identifier. There is one for nearly every event, so it has the fewest bytes that tell it from others: a
/// number as such, of a community id the first 72 bits of its digest, anything else whole.
pub(crate) fn identifier_term(text: &str) -> Vec<u8> {
    if let Some(number) = stored::digits(text) {
        return [&b"d"[..], &number.to_be_bytes()].concat();
    }
    if let Some(digest) = stored::community(text) {
        return [&b"c"[..], &digest[..9]].concat();
    }
    [&b"s"[..], &text.as_bytes()[..text.len().min(limits::TERM_BYTES)]].concat()
}

/// The document of an event, with its stored form.
pub(crate) fn document(event: &Event, stored: &[u8]) -> TantivyDocument {
    let fields = IndexFields::get();
    let mut document = TantivyDocument::default();
    document.add_text(fields.id, id_term(event.id));
    document.add_i64(fields.time, event.time.as_nanos());
    document.add_u64(fields.tie, tie(event.id.as_bytes()));
    document.add_bytes(fields.source, stored);
    let searchable = Searchable::of(event);
    searchable.catalogue.iter().for_each(|known| add_catalogued(&mut document, known));
    add_other(&mut document, &searchable.other, &event.fields);
    searchable.texts.iter().for_each(|text| document.add_text(fields.all, text));
    searchable.units.iter().for_each(|unit| document.add_text(fields.units, unit));
    document
}

fn add_catalogued(document: &mut TantivyDocument, known: &Catalogued<'_>) {
    let fields = IndexFields::get();
    let Some(field) = fields.catalogue(known.field) else { return };
    match &known.value {
        Typed::Keyword(text) => document.add_text(field, &text[..text.floor_char_boundary(limits::TERM_BYTES)]),
        Typed::Identifier(text) => document.add_bytes(field, &identifier_term(text)),
        Typed::Text(text) => document.add_text(field, &text[..text.floor_char_boundary(limits::CATCH_ALL_BYTES)]),
        Typed::Integer(number) => document.add_i64(field, *number),
        Typed::Address(address) => document.add_ip_addr(field, *address),
    }
    // These have no column that tells whether there is one.
    if let Some(definition) = FIELD_CATALOGUE.get(known.field)
        && matches!(definition.kind, FieldType::Text | FieldType::Identifier)
    {
        document.add_text(fields.other, other::name_range(definition.name).0);
    }
}

/// The name of an earlier value that is the same: a normalised field's only value.
fn earlier<'n>(list: &'n [Named<'_>], place: usize, normalised: &Fields) -> Option<&'n str> {
    let named = list.get(place).filter(|named| named.text.len() >= ALIAS_BYTES)?;
    let is_same = |known: &&Named<'_>| known.text == named.text && known.alias.is_none() && known.name != named.name;
    let known = list[..place].iter().find(is_same).filter(|known| normalised.get(&known.name).is_some())?;
    list.iter().all(|other| other.name != known.name || other.text == known.text).then_some(&*known.name)
}

/// Adds the terms of other names. A name whose value has terms already gets one that says whose they are.
fn add_other(document: &mut TantivyDocument, list: &[Named<'_>], normalised: &Fields) {
    let field = IndexFields::get().other;
    for (place, named) in list.iter().enumerate() {
        let catalogue = named.alias.and_then(|alias| FIELD_CATALOGUE.get(alias)).map(|definition| definition.name);
        if let Some(target) = catalogue.or_else(|| earlier(list, place, normalised)) {
            document.add_text(field, other::alias_term(&named.name, target));
            continue;
        }
        match other::kind(&named.text) {
            Kind::Time(micros) => document.add_text(field, other::time_term(&named.name, micros)),
            Kind::Number(number) => document.add_text(field, other::number_term(&named.name, number)),
            Kind::Spelled(number) => {
                document.add_text(field, other::spelled_term(&named.name, number));
                document.add_text(field, other::value_term(&named.name, &named.text));
            }
            Kind::Text => document.add_text(field, other::value_term(&named.name, &named.text)),
        }
    }
}
