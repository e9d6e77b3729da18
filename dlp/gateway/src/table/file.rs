//! Files by the extension of their name. A file is written beside its place and moved there when it is whole.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::{ContentHint, decode};

use super::{Sink, Source, delimited, json_lines, parquet, spreadsheet};
use crate::{GatewayError, limits};

/// Opens a table file.
///
/// # Errors
/// When it can't be read or is of no known form.
pub fn open_file(path: &Path) -> Result<Box<dyn Source>, GatewayError> {
    Ok(match extension(path).as_str() {
        "csv" | "tsv" | "txt" => Box::new(delimited::DelimitedSource::open(path, text_of(path)?)?),
        "jsonl" | "ndjson" => Box::new(json_lines::JsonSource::open(path)?),
        "xlsx" | "xlsm" | "xls" | "xlsb" | "ods" | "et" => {
            Box::new(spreadsheet::SheetSource::open(path, whole(path)?)?)
        }
        "parquet" => Box::new(parquet::ParquetSource::open(path)?),
        _ => return Err(GatewayError::format(path, "is no table; use .csv, .tsv, .jsonl, .xlsx or .parquet")),
    })
}

/// Opens the bytes of a table, such as an upload, by the extension of its name.
///
/// # Errors
/// When they are no table.
pub fn open_bytes(name: &Path, bytes: Vec<u8>) -> Result<Box<dyn Source>, GatewayError> {
    Ok(match extension(name).as_str() {
        "csv" | "tsv" | "txt" => Box::new(delimited::DelimitedSource::open(name, decoded(name, &bytes)?)?),
        "jsonl" | "ndjson" => Box::new(json_lines::JsonSource::of_bytes(name, bytes)?),
        "xlsx" | "xlsm" | "xls" | "xlsb" | "ods" | "et" => Box::new(spreadsheet::SheetSource::open(name, bytes)?),
        "parquet" => Box::new(parquet::ParquetSource::of_bytes(name, bytes)?),
        _ => return Err(GatewayError::format(name, "is no table; use .csv, .tsv, .jsonl, .xlsx or .parquet")),
    })
}

/// Makes a table file.
///
/// # Errors
/// When it can't be written or is of no known form.
pub fn create_file(path: &Path) -> Result<Box<dyn Sink>, GatewayError> {
    Ok(match extension(path).as_str() {
        "csv" => Box::new(delimited::DelimitedSink::create(path, b',')?),
        "tsv" => Box::new(delimited::DelimitedSink::create(path, b'\t')?),
        "jsonl" | "ndjson" => Box::new(json_lines::JsonSink::create(path)?),
        "xlsx" => Box::new(spreadsheet::SheetSink::create(path)?),
        "parquet" => Box::new(parquet::ParquetSink::new(path)),
        _ => return Err(GatewayError::format(path, "can't be written; use .csv, .tsv, .jsonl, .xlsx or .parquet")),
    })
}

/// A flat file holds one table: rows of a second one would pass for rows of the first.
pub(super) fn only_table(path: &Path, begun: &mut bool) -> Result<(), GatewayError> {
    if std::mem::replace(begun, true) {
        return Err(GatewayError::format(path, "holds one table only; write a workbook with several sheets as .xlsx"));
    }
    Ok(())
}

/// The extension in lower case.
pub(super) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Text that is read piece by piece.
pub(super) type Text = Box<dyn std::io::Read>;

/// The text of a file: read piece by piece when it is UTF-8, else read whole and decoded.
fn text_of(path: &Path) -> Result<Text, GatewayError> {
    use std::io::{Read, Seek};
    let failed = |error| GatewayError::io(path, error);
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    (&mut file).take(1 << 20).read_to_end(&mut head).map_err(failed)?;
    let utf8 = match std::str::from_utf8(&head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == 1 << 20,
    };
    if utf8 && !head.starts_with(&[0xef, 0xbb, 0xbf]) {
        file.rewind().map_err(failed)?;
        return Ok(Box::new(BufReader::with_capacity(1 << 20, file)));
    }
    decoded(path, &whole(path)?)
}

fn decoded(path: &Path, bytes: &[u8]) -> Result<Text, GatewayError> {
    let text = decode(bytes, &ContentHint::default())
        .ok_or_else(|| GatewayError::format(path, "its character encoding is not recognised; save it as UTF-8"))?;
    Ok(Box::new(std::io::Cursor::new(text.into_owned().into_bytes())))
}

/// A whole file, if it is not too large.
pub(super) fn whole(path: &Path) -> Result<Vec<u8>, GatewayError> {
    let size = std::fs::metadata(path).map_err(|error| GatewayError::io(path, error))?.len();
    if size > limits::FILE_BYTES {
        let reason =
            format!("is larger than {} bytes; split it, or save it as CSV in UTF-8 or as Parquet", limits::FILE_BYTES);
        return Err(GatewayError::format(path, reason));
    }
    std::fs::read(path).map_err(|error| GatewayError::io(path, error))
}

/// A file that appears at its place only when it is whole.
#[derive(Debug)]
pub(super) struct Pending {
    target: PathBuf,
    beside: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Pending {
    pub(super) fn create(target: &Path) -> Result<Self, GatewayError> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        // Two jobs of one process must not write into each other's file.
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let beside = target.with_file_name(format!(".{name}.{}.{number}.partial", std::process::id()));
        let file = File::create(&beside).map_err(|error| GatewayError::io(target, error))?;
        Ok(Self { target: target.to_owned(), beside, file: Some(BufWriter::with_capacity(1 << 20, file)) })
    }

    /// Writes what is left, syncs, and moves the file to its place.
    pub(super) fn publish(&mut self) -> Result<(), GatewayError> {
        let failed = |error| GatewayError::io(&self.target, error);
        let Some(file) = self.file.take() else { return Ok(()) };
        let whole = file.into_inner().map_err(std::io::IntoInnerError::into_error);
        let placed = whole.and_then(|file| file.sync_all()).and_then(|()| std::fs::rename(&self.beside, &self.target));
        placed.map_err(|error| {
            self.remove();
            failed(error)
        })
    }

    /// Removes what is not the whole file. That it can't be removed changes nothing.
    fn remove(&self) {
        let _ = std::fs::remove_file(&self.beside);
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }
}

/// Writes a file that is whole or not there.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), GatewayError> {
    let mut pending = Pending::create(path)?;
    pending.write_all(bytes).map_err(|error| GatewayError::io(path, error))?;
    pending.publish()
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(std::io::Error::other("the file is closed")),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.remove();
        }
    }
}
