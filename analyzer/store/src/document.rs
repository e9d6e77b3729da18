//! What of an event can be searched.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

use fengsui_schema::{Event, EventId, EventKind, FieldType, UnitCode};
use serde_json::{Number, Value};

use crate::other;
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
    /// What does not stand in the event as a text: dotted names, and numbers as they are written.
    written: String,
}

/// A text of the event, or a part of [`Searchable::written`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text<'e> {
    Event(&'e str),
    Written(usize, usize),
}

/// A value of a field of the catalogue.
#[derive(Debug)]
pub(crate) struct Catalogued<'e> {
    /// Number of the field in the catalogue.
    pub(crate) field: usize,
    pub(crate) value: Typed,
    /// The value as it is written.
    pub(crate) text: Text<'e>,
    /// The field has no other value.
    is_only: bool,
}

/// A value of a field of the catalogue, by the field's type; what is a text is [`Catalogued::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    Keyword,
    Identifier,
    Text,
    /// Also a quantity.
    Integer(i64),
    Address(Ipv6Addr),
}

/// A value under a dotted name outside the catalogue.
#[derive(Debug)]
pub(crate) struct Named<'e> {
    pub(crate) name: Text<'e>,
    pub(crate) text: Text<'e>,
    /// The value, where it is a whole number whose text is the shortest.
    pub(crate) whole: Option<i64>,
    /// A normalised field: its name may stand for others that repeat its value.
    pub(crate) is_normalised: bool,
    /// A field of the catalogue that holds the same value: questions about this name are asked of that field.
    pub(crate) alias: Option<usize>,
}

/// Shortest value, in bytes, that makes a name an alias: shorter ones are equal by chance.
pub(crate) const ALIAS_BYTES: usize = 3;

/// Whole numbers below this are the same as floating-point numbers.
const EXACT: u64 = 1 << 53;

/// Texts of an event up to which repeats are looked for one by one.
const FEW: usize = 32;

impl<'e> Searchable<'e> {
    pub(crate) fn of(event: &'e Event) -> Self {
        let mut found = Self {
            units: units(event),
            catalogue: Vec::with_capacity(32),
            other: Vec::with_capacity(32),
            written: String::with_capacity(1_024),
            ..Self::default()
        };
        for (name, value) in event.fields.iter() {
            found.take_field(name, value);
        }
        if event.fields.get("event.kind").is_none() {
            found.catalogued("event.kind", Scalar::Text(kind_word(event.kind)), true);
        }
        if !event.original.is_string() {
            let mut name = String::with_capacity(64);
            walk(&event.original, &mut name, limits::ORIGINAL_DEPTH, &mut |name, value| {
                found.take_original(name, value)
            });
        }
        found.alias(event);
        found.take_texts(event);
        found
    }

    /// A text.
    pub(crate) fn text<'s>(&'s self, text: Text<'e>) -> &'s str
    where
        'e: 's,
    {
        match text {
            Text::Event(text) => text,
            Text::Written(start, end) => self.written.get(start..end).unwrap_or_default(),
        }
    }

    fn write(&mut self, text: &str) -> Text<'e> {
        let start = self.written.len();
        self.written.push_str(text);
        Text::Written(start, self.written.len())
    }

    /// The value as a text.
    fn write_scalar(&mut self, scalar: Scalar<'e>) -> Text<'e> {
        match scalar {
            Scalar::Text(text) => Text::Event(text),
            Scalar::Boolean(true) => Text::Event("true"),
            Scalar::Boolean(false) => Text::Event("false"),
            Scalar::Number(number) => match number.as_i64() {
                Some(whole) => {
                    let start = self.written.len();
                    push_whole(&mut self.written, whole);
                    Text::Written(start, self.written.len())
                }
                None => self.write(&number.to_string()),
            },
        }
    }

    /// Takes the value of a normalised field, or every value of a list.
    fn take_field(&mut self, name: &'e str, value: &'e Value) {
        let Value::Array(list) = value else { return self.take_scalar(name, value, true) };
        for value in list.iter().take(limits::FIELD_VALUES) {
            self.take_scalar(name, value, list.len() == 1);
        }
    }

    fn take_scalar(&mut self, name: &'e str, value: &'e Value, is_only: bool) {
        let Some(scalar) = Scalar::of(value) else { return };
        if !self.catalogued(name, scalar, is_only) {
            self.named(name, |_| Text::Event(name), scalar, true);
        }
    }

    /// Takes the value of a field of the catalogue; false when it is none.
    fn catalogued(&mut self, name: &str, scalar: Scalar<'e>, is_only: bool) -> bool {
        let Some((field, definition)) = IndexFields::get().definition(name) else { return false };
        let text = self.write_scalar(scalar);
        if let Some(value) = typed(definition.kind, scalar, self.text(text)) {
            self.catalogue.push(Catalogued { field, value, text, is_only });
        }
        true
    }

    /// Takes a value of the original record. Names of the catalogue, and short ones of them, mean the normalised field only.
    fn take_original(&mut self, name: &str, value: &'e Value) {
        let Some(scalar) = Scalar::of(value) else { return };
        if full_name(name) == name && IndexFields::get().definition(name).is_none() {
            self.named(name, |found| found.write(name), scalar, false);
        }
    }

    fn named(&mut self, name: &str, kept: impl Fn(&mut Self) -> Text<'e>, scalar: Scalar<'e>, is_normalised: bool) {
        if other::is_name(name) && self.other.len() < limits::OTHER_TERMS {
            let (name, text) = (kept(self), self.write_scalar(scalar));
            self.other.push(Named { name, text, whole: scalar.whole(), is_normalised, alias: None });
        }
    }

    fn alias(&mut self, event: &Event) {
        let mut other = std::mem::take(&mut self.other);
        let time = IndexFields::get().definition("@timestamp").map(|(index, _)| index);
        for named in &mut other {
            let text = self.text(named.text);
            if text.len() < ALIAS_BYTES {
                continue;
            }
            let same = |known: &&Catalogued<'_>| known.is_only && self.text(known.text) == text;
            named.alias = self.catalogue.iter().find(same).map(|known| known.field);
            if named.alias.is_none() && other::looks_like_time(text) && text.parse() == Ok(event.time) {
                named.alias = time;
            }
        }
        self.other = other;
    }

    /// Every distinct text of the event that is neither a time nor covered by a field, up to [`limits::CATCH_ALL_BYTES`].
    fn take_texts(&mut self, event: &'e Event) {
        let mut seen = Seen::default();
        let mut texts = Vec::with_capacity(8);
        let mut room = limits::CATCH_ALL_BYTES;
        let mut take = |value: &'e Value| {
            let Some(text) = value.as_str().filter(|text| room > 0 && !text.is_empty()) else { return };
            if self.covers(text) || other::is_time(text) || !seen.is_new(text) {
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

    /// Whether who looks for a word of a text anywhere finds it by a field.
    fn covers(&self, text: &str) -> bool {
        self.catalogue.iter().filter(|known| self.text(known.text) == text).any(|known| match known.value {
            Typed::Text => text.len() <= limits::CATCH_ALL_BYTES,
            Typed::Address(_) | Typed::Identifier => true,
            Typed::Keyword => is_one_word(text),
            Typed::Integer(_) => false,
        })
    }
}

/// Texts that were met.
#[derive(Default)]
struct Seen<'e> {
    few: Vec<&'e str>,
    many: HashSet<&'e str>,
}

impl<'e> Seen<'e> {
    fn is_new(&mut self, text: &'e str) -> bool {
        if self.few.len() == FEW {
            return !self.few.contains(&text) && self.many.insert(text);
        }
        let is_new = !self.few.contains(&text);
        if is_new {
            self.few.push(text);
        }
        is_new
    }
}

/// A text, number or boolean.
#[derive(Debug, Clone, Copy)]
enum Scalar<'e> {
    Text(&'e str),
    Number(&'e Number),
    Boolean(bool),
}

impl<'e> Scalar<'e> {
    fn of(value: &'e Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text)),
            Value::Number(number) => Some(Self::Number(number)),
            Value::Bool(boolean) => Some(Self::Boolean(*boolean)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn whole(self) -> Option<i64> {
        let Self::Number(number) = self else { return None };
        number.as_i64().filter(|whole| whole.unsigned_abs() < EXACT)
    }
}

/// Appends a whole number.
fn push_whole(text: &mut String, whole: i64) {
    let mut digits = [0_u8; 20];
    let (mut rest, mut place) = (whole.unsigned_abs(), digits.len());
    loop {
        place -= 1;
        digits[place] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if whole < 0 {
        text.push('-');
    }
    text.extend(digits[place..].iter().map(|digit| char::from(*digit)));
}

fn typed(kind: FieldType, scalar: Scalar<'_>, text: &str) -> Option<Typed> {
    match kind {
        FieldType::Keyword => Some(Typed::Keyword),
        FieldType::Identifier => Some(Typed::Identifier),
        FieldType::Text => Some(Typed::Text),
        FieldType::Integer | FieldType::Quantity => match scalar {
            Scalar::Number(number) => number.as_i64().map(Typed::Integer),
            _ => text.parse().ok().map(Typed::Integer),
        },
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

/// The term of an id: its first 80 bits. The rest would be a third of the index of ids; two of a hundred million events of one
/// day are equal in it once in two hundred million days.
pub(crate) fn id_term(id: &EventId) -> &[u8] {
    &id.as_bytes()[..10]
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
