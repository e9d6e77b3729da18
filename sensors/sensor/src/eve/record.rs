//! Records as they are written: fields in order, straight into JSON text or into a map that is still changed.

use std::io::Write as _;
use std::net::IpAddr;

use fengsui_schema::Timestamp;
use serde_json::{Map, Value};

/// Takes the fields of an object, in order. A field is given once.
pub(crate) trait Fields {
    /// A text.
    fn text(&mut self, name: &str, text: &str);
    /// A number or truth, as JSON has it.
    fn plain(&mut self, name: &str, value: impl Plain);
    /// Anything.
    fn value(&mut self, name: &str, value: &Value);
    /// An object.
    fn map(&mut self, name: &str, map: &Map<String, Value>);
    /// An address as EVE writes it: version 6 in full, with leading zeros.
    fn address(&mut self, name: &str, address: IpAddr);
    /// An object whose fields are given by `fill`.
    fn object(&mut self, name: &str, fill: impl FnOnce(&mut Self));

    /// A time as EVE writes it.
    fn time(&mut self, name: &str, time: Timestamp);
}

/// What is written into JSON as it is.
pub(crate) trait Plain: Into<Value> + serde::Serialize {}

impl Plain for bool {}
impl Plain for u8 {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for u64 {}
impl Plain for i64 {}

/// A record as JSON text, its closing brace still to come.
#[derive(Debug)]
pub(crate) struct Record(Vec<u8>);

/// Bytes most records fit into.
const USUAL_BYTES: usize = 1_024;

impl Record {
    /// A record without fields.
    pub(crate) fn new() -> Self {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        text.push(b'{');
        Self(text)
    }

    /// The JSON text.
    pub(crate) fn finish(mut self) -> Box<[u8]> {
        self.0.push(b'}');
        self.0.into_boxed_slice()
    }

    /// The fields so far, for a record that becomes another one after all.
    pub(crate) fn as_map(&self) -> Map<String, Value> {
        let text = [self.0.as_slice(), b"}"].concat();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Begins a field. Names are our own but for those of settings and rules, so they are escaped like any text.
    fn name(&mut self, name: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.put(name);
        self.0.push(b':');
    }

    fn put(&mut self, value: &(impl serde::Serialize + ?Sized)) {
        // A buffer in memory takes everything, and what is written has no key that is no text.
        let _ = serde_json::to_writer(&mut self.0, value);
    }
}

impl From<&Map<String, Value>> for Record {
    fn from(map: &Map<String, Value>) -> Self {
        let mut record = Self::new();
        for (name, value) in map {
            record.value(name, value);
        }
        record
    }
}

impl Fields for Record {
    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.put(text);
    }

    fn plain(&mut self, name: &str, value: impl Plain) {
        self.name(name);
        self.put(&value);
    }

    fn value(&mut self, name: &str, value: &Value) {
        self.name(name);
        self.put(value);
    }

    fn map(&mut self, name: &str, map: &Map<String, Value>) {
        self.name(name);
        self.put(map);
    }

    fn address(&mut self, name: &str, address: IpAddr) {
        self.name(name);
        let _ = match address {
            IpAddr::V4(address) => write!(self.0, "\"{address}\""),
            IpAddr::V6(_) => write!(self.0, "\"{}\"", address_text(address)),
        };
    }

    fn time(&mut self, name: &str, time: Timestamp) {
        self.name(name);
        let of_day = time.as_seconds().rem_euclid(86_400);
        let micros = time.as_nanos().rem_euclid(1_000_000_000) / 1_000;
        self.0.push(b'"');
        self.0.extend_from_slice(time.day().as_bytes());
        for (mark, number) in [(b'T', of_day / 3_600), (b':', of_day / 60 % 60), (b':', of_day % 60)] {
            self.0.extend_from_slice(&[mark, digit(number / 10), digit(number)]);
        }
        self.0.push(b'.');
        self.0.extend([100_000, 10_000, 1_000, 100, 10, 1].map(|unit| digit(micros / unit)));
        self.0.extend_from_slice(b"+0000\"");
    }

    fn object(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.name(name);
        self.0.push(b'{');
        fill(self);
        self.0.push(b'}');
    }
}

impl Fields for Map<String, Value> {
    fn text(&mut self, name: &str, text: &str) {
        self.insert(name.to_owned(), text.into());
    }

    fn plain(&mut self, name: &str, value: impl Plain) {
        self.insert(name.to_owned(), value.into());
    }

    fn value(&mut self, name: &str, value: &Value) {
        self.insert(name.to_owned(), value.clone());
    }

    fn map(&mut self, name: &str, map: &Map<String, Value>) {
        self.insert(name.to_owned(), Value::Object(map.clone()));
    }

    fn address(&mut self, name: &str, address: IpAddr) {
        self.insert(name.to_owned(), address_text(address).into());
    }

    fn time(&mut self, name: &str, time: Timestamp) {
        self.insert(name.to_owned(), time.to_eve().into());
    }

    fn object(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::new();
        fill(&mut inner);
        self.insert(name.to_owned(), Value::Object(inner));
    }
}

/// The last digit of a number.
const fn digit(number: i64) -> u8 {
    b'0' + (number % 10) as u8
}

/// Addresses as EVE writes them: IPv6 in full, with leading zeros.
pub(crate) fn address_text(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let groups: Vec<String> = address.segments().iter().map(|group| format!("{group:04x}")).collect();
            groups.join(":")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(fields: &mut impl Fields) {
        fields.text("text", "a \"quoted\"\nline");
        fields.time("time", Timestamp::EPOCH);
        fields.time("later", Timestamp::from_nanos(1_767_323_045_678_901_234));
        fields.time("before", Timestamp::from_nanos(-1));
        fields.plain("small", 7_u8);
        fields.plain("negative", -3_i64);
        fields.plain("truth", true);
        fields.object("empty", |_| {});
        fields.object("inner", |inner| {
            inner.plain("one", 1_u64);
            inner.text("two", "");
        });
        fields.value("list", &json!([1, "x", null, {"y": 2.5}]));
        fields.map("map", &Map::from_iter([("k".to_owned(), json!("v"))]));
        fields.address("v4", "192.0.2.1".parse().expect("is an address"));
        fields.address("v6", "2001:db8::1".parse().expect("is an address"));
    }

    #[test]
    fn text_and_map_say_the_same_in_the_same_order() {
        let (mut text, mut map) = (Record::new(), Map::new());
        fill(&mut text);
        fill(&mut map);
        let text = text.finish();
        assert_eq!(String::from_utf8_lossy(&text), Value::Object(map.clone()).to_string());
        assert_eq!(Record::from(&map).finish(), text);
        assert_eq!(&*Record::new().finish(), b"{}");
        assert_eq!(map["v6"], "2001:0db8:0000:0000:0000:0000:0000:0001");
    }
}
