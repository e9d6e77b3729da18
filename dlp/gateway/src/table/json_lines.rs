//! JSON lines: an object a line. Numbers stay numbers, objects and arrays stay what they are.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::cells::{CellKind, Cells};
use fengsui_dlp_engine::mask::json_value;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::de::SliceRead;
use serde_json::{Number, Value};

use super::file::{Pending, only_table};
use super::{Batch, Field, Head, OutField, Sink, Source};
use crate::{GatewayError, limits};

/// Reads a file of objects. The names are collected in a first pass, so that none that comes late is lost.
pub(super) struct JsonSource {
    lines: Lines,
    row: Row,
    begun: bool,
    rows: u64,
}

impl JsonSource {
    pub(super) fn open(path: &Path) -> Result<Self, GatewayError> {
        Self::of(path, || {
            let file = File::open(path).map_err(|error| GatewayError::io(path, error))?;
            Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
        })
    }

    pub(super) fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, GatewayError> {
        let bytes: std::sync::Arc<[u8]> = bytes.into();
        Self::of(path, || Ok(Box::new(Cursor::new(bytes.clone()))))
    }

    fn of(path: &Path, open: impl Fn() -> Result<Box<dyn BufRead>, GatewayError>) -> Result<Self, GatewayError> {
        let mut names = Names::default();
        let mut lines = Lines::new(path, open()?);
        let mut rows = 0;
        while lines.object(|object| NewNames(&mut names).deserialize(object))? {
            rows += 1;
            if names.in_order.len() > limits::COLUMNS {
                return Err(GatewayError::format(path, format!("has more than {} different keys", limits::COLUMNS)));
            }
        }
        Ok(Self { lines: Lines::new(path, open()?), row: Row::new(names), begun: false, rows })
    }
}

/// The lines of a file, one after the other in the same memory.
struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    fn new(path: &Path, reader: Box<dyn BufRead>) -> Self {
        Self { path: path.to_owned(), reader, number: 0, line: Vec::new() }
    }

    /// Reads the object of the next line that is not empty; false after the last.
    fn object(
        &mut self,
        read: impl FnOnce(&mut serde_json::Deserializer<SliceRead<'_>>) -> serde_json::Result<()>,
    ) -> Result<bool, GatewayError> {
        use std::io::Read;
        loop {
            self.line.clear();
            self.number += 1;
            let mut limited = (&mut self.reader).take(limits::RECORD_BYTES as u64);
            let length =
                limited.read_until(b'\n', &mut self.line).map_err(|error| GatewayError::io(&self.path, error))?;
            if length == 0 {
                return Ok(false);
            }
            let text = self.line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.line);
            if !text.iter().all(u8::is_ascii_whitespace) {
                let broken = |error| {
                    GatewayError::format(&self.path, format!("line {} is no JSON object: {error}", self.number))
                };
                let mut object = serde_json::Deserializer::from_slice(text);
                return read(&mut object).and_then(|()| object.end()).map(|()| true).map_err(broken);
            }
        }
    }
}

/// Names of columns in the order they were met.
#[derive(Default)]
struct Names {
    in_order: Vec<String>,
    places: HashMap<String, usize>,
}

impl Names {
    /// The place of a name; most objects have their keys in the same order, so that the one after the last is tried first.
    fn place(&self, name: &str, expected: usize) -> Option<usize> {
        match self.in_order.get(expected) {
            Some(known) if known == name => Some(expected),
            _ => self.places.get(name).copied(),
        }
    }

    fn add(&mut self, name: &str) -> usize {
        let place = self.in_order.len();
        self.places.insert(name.to_owned(), place);
        self.in_order.push(name.to_owned());
        place
    }
}

/// Adds the keys of an object, whose values are only gone over.
struct NewNames<'n>(&'n mut Names);

impl<'de> DeserializeSeed<'de> for NewNames<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for NewNames<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut expected = 0;
        while let Some(place) = map.next_key_seed(Key(|key: &str| {
            let known = self.0.place(key, expected);
            known.unwrap_or_else(|| self.0.add(key))
        }))? {
            expected = place + 1;
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Gives a key to a function without keeping it.
struct Key<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Key<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        from.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Key<F> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<T, E> {
        Ok((self.0)(key))
    }
}

/// The cells of one object by the place of their column; of a key that comes twice the last counts.
struct Row {
    names: Names,
    text: String,
    cells: Vec<Option<(Range<usize>, CellKind)>>,
}

impl Row {
    fn new(names: Names) -> Self {
        let cells = vec![None; names.in_order.len()];
        Self { names, text: String::new(), cells }
    }

    fn clear(&mut self) {
        self.text.clear();
        self.cells.fill(None);
    }

    /// Appends the cells to their columns. A key that is not there is missing; one that is null stays null.
    fn push_to(&self, columns: &mut [Cells]) {
        for (cell, column) in self.cells.iter().zip(columns) {
            match cell {
                Some((range, kind)) => column.push(self.text.get(range.clone()).unwrap_or_default(), *kind),
                None => column.push_missing(),
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Row {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Row {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut expected = 0;
        while let Some(place) = map.next_key_seed(Key(|key: &str| self.names.place(key, expected)))? {
            let start = self.text.len();
            let kind = map.next_value_seed(CellText(&mut self.text))?;
            // A key that the first pass did not see is one that was written since.
            let Some(place) = place else { continue };
            expected = place + 1;
            self.cells[place] = Some((start..self.text.len(), kind));
        }
        Ok(())
    }
}

/// Appends a value as the text of a cell.
struct CellText<'t>(&'t mut String);

impl CellText<'_> {
    fn add(self, text: &str, kind: CellKind) -> CellKind {
        self.0.push_str(text);
        kind
    }
}

impl<'de> DeserializeSeed<'de> for CellText<'_> {
    type Value = CellKind;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<CellKind, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellText<'_> {
    type Value = CellKind;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<CellKind, E> {
        Ok(self.add(text, CellKind::Text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<CellKind, E> {
        Ok(self.add(if value { "true" } else { "false" }, CellKind::Boolean))
    }

    fn visit_u64<E>(self, value: u64) -> Result<CellKind, E> {
        Ok(self.add(&Number::from(value).to_string(), CellKind::Number))
    }

    fn visit_i64<E>(self, value: i64) -> Result<CellKind, E> {
        Ok(self.add(&Number::from(value).to_string(), CellKind::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<CellKind, E> {
        Ok(self.add(&Value::from(value).to_string(), CellKind::Number))
    }

    fn visit_unit<E>(self) -> Result<CellKind, E> {
        Ok(self.add("null", CellKind::Json))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<CellKind, A::Error> {
        let value = Value::deserialize(SeqAccessDeserializer::new(items))?;
        Ok(self.add(&value.to_string(), CellKind::Json))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<CellKind, A::Error> {
        let value = Value::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(self.add(&value.to_string(), CellKind::Json))
    }
}

impl Source for JsonSource {
    fn next_table(&mut self) -> Result<Option<Head>, GatewayError> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(None);
        }
        let names = &self.row.names.in_order;
        let fields = names.iter().map(|name| Field { name: name.clone(), ..Field::default() }).collect();
        Ok(Some(Head { name: String::new(), fields, rows: Some(self.rows) }))
    }

    fn next_batch(&mut self, rows: usize) -> Result<Option<Batch>, GatewayError> {
        let mut batch = Batch::new(self.row.cells.len());
        while batch.rows() < rows {
            self.row.clear();
            if !self.lines.object(|object| self.row.deserialize(object))? {
                break;
            }
            self.row.push_to(&mut batch.columns);
        }
        Ok((batch.rows() > 0).then_some(batch))
    }
}

/// Writes a file of objects.
pub(super) struct JsonSink {
    file: Pending,
    /// The keys as they are written, each with its colon; none for a column whose key another one has too.
    keys: Vec<Option<String>>,
    begun: bool,
}

impl JsonSink {
    pub(super) fn create(path: &Path) -> Result<Self, GatewayError> {
        Ok(Self { file: Pending::create(path)?, keys: Vec::new(), begun: false })
    }
}

impl Sink for JsonSink {
    fn begin(&mut self, _name: &str, fields: &[OutField]) -> Result<(), GatewayError> {
        only_table(self.file.target(), &mut self.begun)?;
        let later = |place: usize, name: &str| fields[place + 1..].iter().any(|field| field.field.name == name);
        let key = |(place, field): (usize, &OutField)| {
            let name = field.field.name.as_str();
            (!later(place, name)).then(|| format!("{}:", Value::from(name)))
        };
        self.keys = fields.iter().enumerate().map(key).collect();
        Ok(())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), GatewayError> {
        let mut line = Vec::new();
        for row in 0..batch.rows() {
            line.clear();
            line.push(b'{');
            for (key, column) in self.keys.iter().zip(&batch.columns) {
                let (Some(key), (text, kind)) = (key, column.get(row)) else { continue };
                if kind != CellKind::Missing {
                    line.extend(if line.len() > 1 { b",".as_slice() } else { b"" });
                    line.extend(key.as_bytes());
                    write_value(&mut line, text, kind).map_err(|error| GatewayError::io(self.file.target(), error))?;
                }
            }
            line.extend(b"}\n");
            self.file.write_all(&line).map_err(|error| GatewayError::io(self.file.target(), error))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, GatewayError> {
        self.file.publish()?;
        Ok(0)
    }
}

/// Text is written as it is; what else a cell can be is checked first.
fn write_value(line: &mut Vec<u8>, text: &str, kind: CellKind) -> std::io::Result<()> {
    let written = match kind {
        CellKind::Text | CellKind::Date => serde_json::to_writer(line, text),
        _ => serde_json::to_writer(line, &json_value(text.to_owned(), kind)),
    };
    written.map_err(std::io::Error::from)
}
