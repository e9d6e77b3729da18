//! Comma- and tab-separated files.

use std::path::{Path, PathBuf};

use fengsui_dlp_engine::cells::CellKind;

use super::file::{Pending, Text, only_table};
use super::{Batch, Field, Head, OutField, Sink, Source};
use crate::GatewayError;

/// Reads a file with a line of names at its beginning.
pub(super) struct DelimitedSource {
    path: PathBuf,
    reader: csv::Reader<Text>,
    fields: Option<Vec<Field>>,
    width: usize,
    record: csv::ByteRecord,
    row: u64,
}

impl DelimitedSource {
    pub(super) fn open(path: &Path, text: Text) -> Result<Self, GatewayError> {
        use std::io::{BufRead, Read};
        let mut text = std::io::BufReader::new(text);
        let head = text.fill_buf().map_err(|error| GatewayError::io(path, error))?;
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let delimiter = crate::extract::delimiter(&String::from_utf8_lossy(line));
        let whole: Text = Box::new(text.take(u64::MAX));
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(whole);
        let names = reader.headers().map_err(|error| GatewayError::format(path, error.to_string()))?.clone();
        let field = |name: &str| Field { name: name.trim_start_matches('\u{feff}').to_owned(), ..Field::default() };
        let fields: Vec<Field> = names.iter().map(field).collect();
        let width = fields.len();
        Ok(Self { path: path.to_owned(), reader, fields: Some(fields), width, record: csv::ByteRecord::new(), row: 1 })
    }

    fn broken(&self, reason: &str) -> GatewayError {
        GatewayError::format(&self.path, format!("line {}: {reason}", self.row))
    }

    fn push(&self, batch: &mut Batch) -> Result<(), GatewayError> {
        if self.record.len() > self.width {
            let reason = format!(
                "has {} cells where the first line names {} columns; quote the cell or name the columns",
                self.record.len(),
                self.width
            );
            return Err(self.broken(&reason));
        }
        for (index, column) in batch.columns.iter_mut().enumerate() {
            match self.record.get(index) {
                Some(bytes) => {
                    let text =
                        std::str::from_utf8(bytes).map_err(|_| self.broken("is no UTF-8; save the file as UTF-8"))?;
                    column.push(text, CellKind::Text);
                }
                None => column.push_missing(),
            }
        }
        Ok(())
    }
}

impl Source for DelimitedSource {
    fn next_table(&mut self) -> Result<Option<Head>, GatewayError> {
        Ok(self.fields.take().map(|fields| Head { name: String::new(), fields, rows: None }))
    }

    fn next_batch(&mut self, rows: usize) -> Result<Option<Batch>, GatewayError> {
        let mut batch = Batch::new(self.width);
        while batch.rows() < rows {
            let more = self
                .reader
                .read_byte_record(&mut self.record)
                .map_err(|error| GatewayError::format(&self.path, error.to_string()))?;
            self.row = self.record.position().map_or(self.row, csv::Position::line);
            if !more {
                break;
            }
            self.push(&mut batch)?;
        }
        Ok((batch.rows() > 0).then_some(batch))
    }
}

/// Writes a file.
pub(super) struct DelimitedSink {
    /// Gone when the file is at its place.
    writer: Option<csv::Writer<Pending>>,
    path: PathBuf,
    begun: bool,
}

impl DelimitedSink {
    pub(super) fn create(path: &Path, delimiter: u8) -> Result<Self, GatewayError> {
        let writer =
            csv::WriterBuilder::new().delimiter(delimiter).buffer_capacity(1 << 16).from_writer(Pending::create(path)?);
        Ok(Self { writer: Some(writer), path: path.to_owned(), begun: false })
    }

    fn broken(path: &Path) -> impl Fn(csv::Error) -> GatewayError + '_ {
        move |error| GatewayError::format(path, error.to_string())
    }
}

impl Sink for DelimitedSink {
    fn begin(&mut self, _name: &str, fields: &[OutField]) -> Result<(), GatewayError> {
        only_table(&self.path, &mut self.begun)?;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.write_record(fields.iter().map(|field| &field.field.name)).map_err(Self::broken(&self.path))
    }

    fn write(&mut self, batch: &Batch) -> Result<(), GatewayError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        for row in 0..batch.rows() {
            for column in &batch.columns {
                writer.write_field(column.get(row).0).map_err(Self::broken(&self.path))?;
            }
            writer.write_record(None::<&[u8]>).map_err(Self::broken(&self.path))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, GatewayError> {
        let Some(writer) = self.writer.take() else { return Ok(0) };
        let pending = writer.into_inner();
        pending.map_err(|error| GatewayError::format(&self.path, error.to_string()))?.publish()?;
        Ok(0)
    }
}
