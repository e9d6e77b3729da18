//! JSON lines: an object a line. Numbers stay numbers, objects and arrays stay what they are.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::cells::{CellKind, Cells};
use fengsui_dlp_engine::mask::json_value;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::file::{Pending, only_table};
use super::{Batch, Field, Head, OutField, Sink, Source};
use crate::{GatewayError, limits};

/// Reads a file of objects. The names are collected in a first pass, so that none that comes late is lost.
pub(super) struct JsonSource {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    names: Vec<String>,
    begun: bool,
    rows: u64,
    line: u64,
}

impl JsonSource {
    pub(super) fn open(path: &Path) -> Result<Self, GatewayError> {
        Self::of(path, || {
            let file = File::open(path).map_err(|error| GatewayError::io(path, error))?;
            Ok(Box::new(BufReader::new(file)))
        })
    }

    pub(super) fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, GatewayError> {
        let bytes: std::sync::Arc<[u8]> = bytes.into();
        Self::of(path, || Ok(Box::new(Cursor::new(bytes.clone()))))
    }

    fn of(path: &Path, open: impl Fn() -> Result<Box<dyn BufRead>, GatewayError>) -> Result<Self, GatewayError> {
        let mut source =
            Self { path: path.to_owned(), reader: open()?, names: Vec::new(), begun: false, rows: 0, line: 0 };
        let mut known = std::collections::HashSet::new();
        while let Some(Keys(keys)) = source.object()? {
            source.rows += 1;
            for name in keys {
                if !known.contains(&name) {
                    known.insert(name.clone());
                    source.names.push(name);
                }
            }
            if known.len() > limits::COLUMNS {
                return Err(GatewayError::format(path, format!("has more than {} different keys", limits::COLUMNS)));
            }
        }
        source.reader = open()?;
        source.line = 0;
        Ok(source)
    }

    /// The object of the next line that is not empty.
    fn object<T: DeserializeOwned>(&mut self) -> Result<Option<T>, GatewayError> {
        use std::io::Read;
        let mut line = Vec::new();
        loop {
            line.clear();
            self.line += 1;
            let mut limited = (&mut self.reader).take(limits::RECORD_BYTES as u64);
            let length = limited.read_until(b'\n', &mut line).map_err(|error| GatewayError::io(&self.path, error))?;
            if length == 0 {
                return Ok(None);
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            if !text.iter().all(u8::is_ascii_whitespace) {
                let broken =
                    |error| GatewayError::format(&self.path, format!("line {} is no JSON object: {error}", self.line));
                return serde_json::from_slice(text).map(Some).map_err(broken);
            }
        }
    }
}

/// The keys of an object, whose values are only gone over.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(Keys(keys))
    }
}

impl Source for JsonSource {
    fn next_table(&mut self) -> Result<Option<Head>, GatewayError> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(None);
        }
        let fields = self.names.iter().map(|name| Field { name: name.clone(), ..Field::default() }).collect();
        Ok(Some(Head { name: String::new(), fields, rows: Some(self.rows) }))
    }

    fn next_batch(&mut self, rows: usize) -> Result<Option<Batch>, GatewayError> {
        let mut batch = Batch::new(self.names.len());
        while batch.rows() < rows {
            let Some(object) = self.object::<Map<String, Value>>()? else { break };
            for (name, column) in self.names.iter().zip(&mut batch.columns) {
                push(column, object.get(name));
            }
        }
        Ok((batch.rows() > 0).then_some(batch))
    }
}

/// A key that is not there is missing; one that is null stays null.
fn push(column: &mut Cells, value: Option<&Value>) {
    match value {
        None => column.push_missing(),
        Some(Value::String(text)) => column.push(text, CellKind::Text),
        Some(Value::Number(number)) => column.push(&number.to_string(), CellKind::Number),
        Some(Value::Bool(value)) => column.push(if *value { "true" } else { "false" }, CellKind::Boolean),
        Some(other) => column.push(&other.to_string(), CellKind::Json),
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
