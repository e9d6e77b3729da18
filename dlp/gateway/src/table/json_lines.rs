//! JSON lines: an object a line. Numbers stay numbers, objects and arrays stay what they are.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::cells::{CellKind, Cells};
use fengsui_dlp_engine::mask::json_value;
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
        while let Some(object) = source.object()? {
            source.rows += 1;
            for name in object.keys().filter(|name| !known.contains(*name)).cloned().collect::<Vec<_>>() {
                known.insert(name.clone());
                source.names.push(name);
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
    fn object(&mut self) -> Result<Option<Map<String, Value>>, GatewayError> {
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
            let Some(object) = self.object()? else { break };
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
    names: Vec<String>,
    begun: bool,
}

impl JsonSink {
    pub(super) fn create(path: &Path) -> Result<Self, GatewayError> {
        Ok(Self { file: Pending::create(path)?, names: Vec::new(), begun: false })
    }
}

impl Sink for JsonSink {
    fn begin(&mut self, _name: &str, fields: &[OutField]) -> Result<(), GatewayError> {
        only_table(self.file.target(), &mut self.begun)?;
        self.names = fields.iter().map(|field| field.field.name.clone()).collect();
        Ok(())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), GatewayError> {
        for row in 0..batch.rows() {
            let mut object = Map::new();
            for (name, column) in self.names.iter().zip(&batch.columns) {
                let (text, kind) = column.get(row);
                if kind != CellKind::Missing {
                    object.insert(name.clone(), json_value(text.to_owned(), kind));
                }
            }
            let line = format!("{}\n", Value::Object(object));
            self.file.write_all(line.as_bytes()).map_err(|error| GatewayError::io(self.file.target(), error))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, GatewayError> {
        self.file.publish()?;
        Ok(0)
    }
}
