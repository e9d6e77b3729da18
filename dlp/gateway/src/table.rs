//! Tables that jobs read and write: CSV, JSON lines and XLSX, as rows of text with column names.

use std::path::Path;

use calamine::{Reader, open_workbook_auto_from_rs};
use fengsui_dlp_engine::{ContentHint, decode};
use serde_json::{Map, Value};

use crate::{GatewayError, limits};

/// A table in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a table by the extension of its file.
    ///
    /// # Errors
    /// When the file can't be read or is no table.
    pub fn read(path: &Path) -> Result<Self, GatewayError> {
        let size = std::fs::metadata(path).map_err(|error| GatewayError::io(path, error))?.len();
        if size > limits::FILE_BYTES {
            return Err(GatewayError::format(path, format!("is larger than {} bytes; split it", limits::FILE_BYTES)));
        }
        Self::from_bytes(path, std::fs::read(path).map_err(|error| GatewayError::io(path, error))?)
    }

    /// Reads the bytes of a table, such as an upload, by the extension of its name.
    ///
    /// # Errors
    /// When the bytes are no table.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, GatewayError> {
        match extension(path).as_str() {
            "xlsx" | "xls" | "xlsb" | "ods" => spreadsheet(path, bytes),
            "jsonl" | "ndjson" => json_lines(path, &text(path, &bytes)?),
            "csv" | "tsv" | "txt" => delimited(path, &text(path, &bytes)?),
            _ => Err(GatewayError::format(path, "is no table; use .csv, .tsv, .jsonl or .xlsx")),
        }
    }

    /// Writes the table by the extension of the file, in UTF-8.
    ///
    /// # Errors
    /// When the file can't be written or has another extension.
    pub fn write(&self, path: &Path) -> Result<(), GatewayError> {
        let bytes = match extension(path).as_str() {
            "csv" => self.to_delimited(path, b',')?,
            "tsv" => self.to_delimited(path, b'\t')?,
            "jsonl" | "ndjson" => self.to_json_lines().into_bytes(),
            "xlsx" => self.to_spreadsheet(path)?,
            _ => return Err(GatewayError::format(path, "can't be written; use .csv, .tsv, .jsonl or .xlsx")),
        };
        std::fs::write(path, bytes).map_err(|error| GatewayError::io(path, error))
    }

    /// The values of a column.
    #[must_use]
    pub fn column(&self, index: usize) -> Vec<&str> {
        self.rows.iter().map(|row| row.get(index).map_or("", String::as_str)).collect()
    }

    fn to_delimited(&self, path: &Path, delimiter: u8) -> Result<Vec<u8>, GatewayError> {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        let broken = |error: csv::Error| GatewayError::format(path, error.to_string());
        writer.write_record(&self.columns).map_err(broken)?;
        for row in &self.rows {
            writer.write_record(row).map_err(broken)?;
        }
        writer.into_inner().map_err(|error| GatewayError::format(path, error.to_string()))
    }

    fn to_json_lines(&self) -> String {
        let object = |row: &Vec<String>| {
            let fields = self.columns.iter().zip(row).map(|(name, value)| (name.clone(), Value::String(value.clone())));
            Value::Object(fields.collect::<Map<_, _>>())
        };
        self.rows.iter().map(|row| format!("{}\n", object(row))).collect()
    }

    fn to_spreadsheet(&self, path: &Path) -> Result<Vec<u8>, GatewayError> {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let broken = |error: rust_xlsxwriter::XlsxError| GatewayError::format(path, error.to_string());
        for (row, cells) in std::iter::once(&self.columns).chain(&self.rows).enumerate() {
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            for (column, cell) in cells.iter().enumerate() {
                sheet.write_string(row, u16::try_from(column).unwrap_or(u16::MAX), cell).map_err(broken)?;
            }
        }
        workbook.save_to_buffer().map_err(broken)
    }
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn text(path: &Path, bytes: &[u8]) -> Result<String, GatewayError> {
    let text = decode(bytes, &ContentHint::default());
    text.map(std::borrow::Cow::into_owned)
        .ok_or_else(|| GatewayError::format(path, "its character encoding is not recognised; save it as UTF-8"))
}

fn delimited(path: &Path, text: &str) -> Result<Table, GatewayError> {
    let delimiter = crate::extract::delimiter(text.lines().next().unwrap_or_default());
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let broken = |error: csv::Error| GatewayError::format(path, error.to_string());
    let columns: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        rows.push((0..columns.len()).map(|index| record.get(index).unwrap_or_default().to_owned()).collect());
    }
    Ok(Table { columns, rows })
}

fn json_lines(path: &Path, text: &str) -> Result<Table, GatewayError> {
    let mut table = Table::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let object: Map<String, Value> = serde_json::from_str(line)
            .map_err(|error| GatewayError::format(path, format!("line {} is no JSON object: {error}", number + 1)))?;
        let mut row = vec![String::new(); table.columns.len()];
        for (name, value) in object {
            let at = table.columns.iter().position(|known| *known == name).unwrap_or_else(|| {
                table.columns.push(name);
                row.push(String::new());
                table.columns.len() - 1
            });
            row[at] = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        }
        table.rows.push(row);
    }
    let width = table.columns.len();
    table.rows.iter_mut().for_each(|row| row.resize(width, String::new()));
    Ok(table)
}

fn spreadsheet(path: &Path, bytes: Vec<u8>) -> Result<Table, GatewayError> {
    let broken = |error: calamine::Error| GatewayError::format(path, error.to_string());
    let mut workbook = open_workbook_auto_from_rs(std::io::Cursor::new(bytes)).map_err(broken)?;
    let Some(Ok(range)) = workbook.worksheet_range_at(0) else {
        return Err(GatewayError::format(path, "has no readable worksheet"));
    };
    let mut rows = range.rows().map(|row| row.iter().map(crate::extract::cell_text).collect::<Vec<String>>());
    let columns = rows.next().unwrap_or_default();
    Ok(Table { columns, rows: rows.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_comes_back() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let table = Table {
            columns: vec!["姓名".to_owned(), "电话".to_owned()],
            rows: vec![vec!["马**".to_owned(), "138,\"1\"".to_owned()]],
        };
        for name in ["a.csv", "a.tsv", "a.jsonl", "a.xlsx"] {
            let path = folder.path().join(name);
            table.write(&path).expect("writes");
            assert_eq!(Table::read(&path).expect("reads"), table, "{name}");
        }
    }
}
