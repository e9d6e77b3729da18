//! `eve.json`: one record a line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use fengsui_schema::shown;

use super::EventSink;
use crate::{EveEvent, SensorError};

/// Writes `eve.json`, one record a line.
pub struct EveFile {
    name: String,
    output: BufWriter<File>,
}

impl EveFile {
    /// Creates the file; one that is there is replaced.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(path: &Path) -> Result<Self, SensorError> {
        let name = shown(&path.to_string_lossy()).to_string();
        match File::create(path) {
            Ok(file) => Ok(Self { name, output: BufWriter::with_capacity(1 << 18, file) }),
            Err(source) => Err(SensorError::Write { path: name, source }),
        }
    }

    fn failed(&self, source: std::io::Error) -> SensorError {
        SensorError::Write { path: self.name.clone(), source }
    }

    fn line(&mut self, event: &EveEvent) -> std::io::Result<()> {
        self.output.write_all(&event.json)?;
        self.output.write_all(b"\n")
    }
}

impl EventSink for EveFile {
    fn write(&mut self, events: Vec<EveEvent>) -> Result<u64, SensorError> {
        for event in &events {
            self.line(event).map_err(|source| self.failed(source))?;
        }
        Ok(0)
    }

    fn flush(&mut self) -> Result<(), SensorError> {
        self.output.flush().map_err(|source| self.failed(source))
    }
}
