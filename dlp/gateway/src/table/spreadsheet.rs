//! Workbooks: every sheet is a table. Numbers, truth values and dates stay what they are; formulas become values.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use calamine::{Data, ExcelDateTime, Range, Reader, Sheets, open_workbook_auto_from_rs};
use fengsui_dlp_engine::cells::{CellKind, Cells};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::{Batch, Field, Head, OutField, Sink, Source};
use crate::GatewayError;

/// Reads the sheets of a workbook in order.
pub(super) struct SheetSource {
    path: PathBuf,
    workbook: Sheets<Cursor<Vec<u8>>>,
    sheets: std::vec::IntoIter<String>,
    range: Range<Data>,
    row: usize,
}

impl SheetSource {
    pub(super) fn open(path: &Path, bytes: Vec<u8>) -> Result<Self, GatewayError> {
        let workbook = open_workbook_auto_from_rs(Cursor::new(bytes))
            .map_err(|error| GatewayError::format(path, format!("is no readable workbook: {error}")))?;
        let sheets = workbook.sheet_names().into_iter();
        Ok(Self { path: path.to_owned(), workbook, sheets, range: Range::empty(), row: 0 })
    }
}

impl Source for SheetSource {
    fn next_table(&mut self) -> Result<Option<Head>, GatewayError> {
        let Some(name) = self.sheets.next() else { return Ok(None) };
        let broken = |error: calamine::Error| GatewayError::format(&self.path, format!("sheet {name}: {error}"));
        self.range = self.workbook.worksheet_range(&name).map_err(broken)?;
        self.row = 1;
        let names = self.range.rows().next().unwrap_or_default();
        let fields =
            names.iter().map(|cell| Field { name: crate::extract::cell_text(cell), ..Field::default() }).collect();
        Ok(Some(Head { name, fields, rows: Some((self.range.height() as u64).saturating_sub(1)) }))
    }

    fn next_batch(&mut self, rows: usize) -> Result<Option<Batch>, GatewayError> {
        let mut batch = Batch::new(self.range.width());
        let mut taken = 0;
        for row in self.range.rows().skip(self.row).take(rows) {
            row.iter().zip(&mut batch.columns).for_each(|(cell, column)| push(column, cell));
            taken += 1;
        }
        self.row += taken;
        Ok((taken > 0).then_some(batch))
    }
}

fn push(column: &mut Cells, cell: &Data) {
    match cell {
        Data::Empty => column.push_missing(),
        Data::Int(_) | Data::Float(_) => column.push(&crate::extract::cell_text(cell), CellKind::Number),
        Data::Bool(value) => column.push(if *value { "true" } else { "false" }, CellKind::Boolean),
        Data::DateTime(moment) if moment.is_datetime() => column.push(&date_text(moment), CellKind::Date),
        other => column.push(&crate::extract::cell_text(other), CellKind::Text),
    }
}

fn date_text(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if hour == 0 && minute == 0 && second == 0 {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Writes a workbook; it is built in memory.
pub(super) struct SheetSink {
    path: PathBuf,
    file: super::file::Pending,
    workbook: Workbook,
    sheet: Option<Worksheet>,
    row: u32,
}

impl SheetSink {
    pub(super) fn create(path: &Path) -> Result<Self, GatewayError> {
        // Made before the work, so that a place that can't be written is known before it is done.
        let file = super::file::Pending::create(path)?;
        Ok(Self { path: path.to_owned(), file, workbook: Workbook::new(), sheet: None, row: 0 })
    }

    fn cell(&mut self, column: usize, text: &str, kind: CellKind) -> Result<(), XlsxError> {
        let Some(sheet) = &mut self.sheet else { return Ok(()) };
        let (row, column) = (self.row, u16::try_from(column).unwrap_or(u16::MAX));
        match (kind, text.parse::<f64>()) {
            (CellKind::Missing, _) => {}
            (CellKind::Number, Ok(number)) => {
                sheet.write_number(row, column, number)?;
            }
            (CellKind::Boolean, _) => {
                sheet.write_boolean(row, column, text == "true")?;
            }
            (CellKind::Date, _) => write_date(sheet, row, column, text)?,
            _ => {
                sheet.write_string(row, column, text)?;
            }
        }
        Ok(())
    }

    fn close_sheet(&mut self) {
        if let Some(sheet) = self.sheet.take() {
            self.workbook.push_worksheet(sheet);
        }
    }
}

/// A date as a date cell; as text when it is written as no date of a workbook is.
fn write_date(sheet: &mut Worksheet, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
    match rust_xlsxwriter::ExcelDateTime::parse_from_str(text) {
        Ok(moment) => {
            let form = if text.len() > 10 { "yyyy-mm-dd hh:mm:ss" } else { "yyyy-mm-dd" };
            sheet.write_datetime_with_format(row, column, &moment, &Format::new().set_num_format(form))?;
        }
        Err(_) => {
            sheet.write_string(row, column, text)?;
        }
    }
    Ok(())
}

impl Sink for SheetSink {
    fn begin(&mut self, name: &str, fields: &[OutField]) -> Result<(), GatewayError> {
        self.close_sheet();
        let broken = |error: XlsxError| GatewayError::format(&self.path, error.to_string());
        let mut sheet = Worksheet::new();
        if !name.is_empty() {
            sheet.set_name(name).map_err(broken)?;
        }
        for (column, field) in fields.iter().enumerate() {
            sheet.write_string(0, u16::try_from(column).unwrap_or(u16::MAX), &field.field.name).map_err(broken)?;
        }
        (self.sheet, self.row) = (Some(sheet), 1);
        Ok(())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), GatewayError> {
        for row in 0..batch.rows() {
            for (column, cells) in batch.columns.iter().enumerate() {
                let (text, kind) = cells.get(row);
                self.cell(column, text, kind).map_err(|error| GatewayError::format(&self.path, error.to_string()))?;
            }
            self.row += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, GatewayError> {
        self.close_sheet();
        let bytes =
            self.workbook.save_to_buffer().map_err(|error| GatewayError::format(&self.path, error.to_string()))?;
        std::io::Write::write_all(&mut self.file, &bytes).map_err(|error| GatewayError::io(&self.path, error))?;
        self.file.publish()?;
        Ok(0)
    }
}
