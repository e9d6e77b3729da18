//! An event as bytes.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_schema::{Event, EventKind, Timestamp};
use serde_json::{Number, Value};

use super::{COMMUNITY_VERSION, LEAVES, Shapes, put_number, tag, zigzag};

/// Shortest text of hexadecimal digits that is packed.
const HEX_DIGITS: usize = 8;

/// Shortest text and least number that are referred to instead of repeated: shorter ones are equal by chance too often,
/// and every other set of references is a shape of its own.
const REFERRED_TEXT: usize = 3;
const REFERRED_NUMBER: u64 = 1_000;

enum Leaf<'e> {
    Text(&'e str),
    Number(&'e Number),
}

struct Writer<'e> {
    time: Timestamp,
    shape: Vec<u8>,
    values: Vec<u8>,
    leaves: Vec<Leaf<'e>>,
}

/// The bytes of an event. Its shape gets a number of the day when it comes back.
pub(crate) fn write(event: &Event, shapes: &Shapes) -> std::io::Result<Vec<u8>> {
    let (shape, values) = (Vec::with_capacity(1_024), Vec::with_capacity(256));
    let mut writer = Writer { time: event.time, shape, values, leaves: Vec::with_capacity(64) };
    writer.head(event);
    writer.value(&event.original);
    for (name, value) in event.fields.iter() {
        writer.entry(name, value);
    }
    let Writer { shape, values, .. } = writer;
    let mut bytes = Vec::with_capacity(values.len() + 4);
    match shapes.number(&shape)? {
        Some(number) => put_number(&mut bytes, u64::from(number) + 1),
        None => {
            put_number(&mut bytes, 0);
            put_text(&mut bytes, &shape);
        }
    }
    bytes.extend_from_slice(&values);
    Ok(bytes)
}

fn put_text(bytes: &mut Vec<u8>, text: &[u8]) {
    put_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text);
}

impl<'e> Writer<'e> {
    fn head(&mut self, event: &'e Event) {
        self.shape.push(match event.kind {
            EventKind::Alert => 0,
            EventKind::Event => 1,
            EventKind::Metric => 2,
        });
        put_text(&mut self.shape, event.source.source.as_bytes());
        self.values.extend_from_slice(&event.id.as_bytes()[8..]);
        let delay = event.received.as_nanos().wrapping_sub(event.time.as_nanos());
        put_number(&mut self.values, zigzag(delay));
        put_text(&mut self.values, event.source.instance.as_bytes());
        put_number(&mut self.values, event.source.sequence);
    }

    fn entry(&mut self, name: &str, value: &'e Value) {
        self.shape.push(tag::NAME);
        put_text(&mut self.shape, name.as_bytes());
        self.value(value);
    }

    fn value(&mut self, value: &'e Value) {
        match value {
            Value::Null => self.shape.push(tag::NULL),
            Value::Bool(boolean) => self.put(tag::BOOLEAN, |values| values.push(u8::from(*boolean))),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text(text),
            Value::Array(list) => {
                self.shape.push(tag::LIST);
                list.iter().for_each(|value| self.value(value));
                self.shape.push(tag::LIST_END);
            }
            Value::Object(object) => {
                self.shape.push(tag::OBJECT);
                object.iter().for_each(|(name, value)| self.entry(name, value));
                self.shape.push(tag::OBJECT_END);
            }
        }
    }

    fn put(&mut self, tag: u8, write: impl FnOnce(&mut Vec<u8>)) {
        self.shape.push(tag);
        write(&mut self.values);
    }

    fn refer(&mut self, tag: u8, leaf: usize) {
        self.shape.push(tag);
        put_number(&mut self.shape, leaf as u64);
    }

    fn leaf(&mut self, leaf: Leaf<'e>) {
        if self.leaves.len() < LEAVES {
            self.leaves.push(leaf);
        }
    }

    fn number(&mut self, number: &'e Number) {
        let same = |leaf: &Leaf<'_>| matches!(leaf, Leaf::Number(known) if *known == number);
        if number.as_u64().is_none_or(|whole| whole >= REFERRED_NUMBER)
            && let Some(leaf) = self.leaves.iter().position(same)
        {
            return self.refer(tag::SAME, leaf);
        }
        self.leaf(Leaf::Number(number));
        if let Some(whole) = number.as_u64() {
            self.put(tag::WHOLE, |values| put_number(values, whole));
        } else if let Some(negative) = number.as_i64() {
            self.put(tag::NEGATIVE, |values| put_number(values, (!negative).cast_unsigned()));
        } else {
            let float = number.as_f64().unwrap_or_default();
            self.put(tag::FLOAT, |values| values.extend_from_slice(&float.to_le_bytes()));
        }
    }

    fn text(&mut self, text: &'e str) {
        let digits = digits(text);
        if text.len() >= REFERRED_TEXT
            && let Some((tag, leaf)) = self.reference(text, digits)
        {
            return self.refer(tag, leaf);
        }
        self.leaf(Leaf::Text(text));
        if let Some(number) = digits {
            self.put(tag::DIGITS, |values| put_number(values, number));
        } else if !self.packed(text) {
            self.put(tag::TEXT, |values| put_text(values, text.as_bytes()));
        }
    }

    /// A leaf that says the same.
    fn reference(&self, text: &str, digits: Option<u64>) -> Option<(u8, usize)> {
        self.leaves.iter().enumerate().find_map(|(place, leaf)| match leaf {
            Leaf::Text(known) if *known == text => Some((tag::SAME, place)),
            Leaf::Text(known) if known.len() == text.len() && is_lower_of(text, known) => Some((tag::LOWER, place)),
            Leaf::Number(number) if digits.is_some() && number.as_u64() == digits => Some((tag::SPELLED, place)),
            _ => None,
        })
    }

    /// Writes a text of a kind that needs fewer bytes than it has; false when it is of none.
    fn packed(&mut self, text: &str) -> bool {
        if let Some(address) = address(text) {
            self.put(tag::ADDRESS, |values| values.extend_from_slice(&address));
        } else if let Some(bytes) = hex(text) {
            self.put(tag::HEX, |values| put_text(values, &bytes));
        } else if let Some(digest) = community(text) {
            self.put(tag::COMMUNITY, |values| values.extend_from_slice(&digest));
        } else if let Some((tag, after)) = self.time(text) {
            self.put(tag, |values| put_number(values, zigzag(after)));
        } else {
            return false;
        }
        true
    }

    fn time(&self, text: &str) -> Option<(u8, i64)> {
        let bytes = text.as_bytes();
        if bytes.len() < 20 || bytes[4] != b'-' || !bytes[0].is_ascii_digit() {
            return None;
        }
        let time: Timestamp = text.parse().ok()?;
        let after = time.as_nanos().checked_sub(self.time.as_nanos())?;
        if after % 1_000 == 0 && time.to_eve() == text {
            return Some((tag::EVE_TIME, after / 1_000));
        }
        (time.to_string() == text).then_some((tag::TIME, after))
    }
}

fn is_lower_of(text: &str, other: &str) -> bool {
    text.bytes().zip(other.bytes()).all(|(lower, any)| lower == any.to_ascii_lowercase())
}

/// The number of a text of digits that is written the shortest way.
pub(crate) fn digits(text: &str) -> Option<u64> {
    let is_shortest = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if is_shortest { text.parse().ok() } else { None }
}

fn address(text: &str) -> Option<[u8; 4]> {
    let plausible = (7..=15).contains(&text.len()) && text.as_bytes()[0].is_ascii_digit();
    // The parser takes one spelling only.
    if plausible { text.parse::<Ipv4Addr>().ok().map(|address| address.octets()) } else { None }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let is_lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() < HEX_DIGITS || !text.bytes().all(is_lower) { None } else { hex::decode(text).ok() }
}

/// The digest of a community id version 1 in its canonical spelling.
pub(crate) fn community(text: &str) -> Option<[u8; 20]> {
    let digest = text.strip_prefix(COMMUNITY_VERSION).filter(|digest| digest.len() == 28)?;
    STANDARD.decode(digest).ok()?.try_into().ok()
}
