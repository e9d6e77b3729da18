//! Finds sensitive data in the tables of a database.

use fengsui_dlp_engine::Engine;

use super::{DatabaseAddress, TableName, open_table};
use crate::GatewayError;
use crate::scan::ScanReport;
use crate::table::{FieldKind, Table};

/// Rows that are read at a time.
const BATCH_ROWS: usize = 4096;

/// Rows of a table, from all over it, by which its columns are classified.
const CLASSIFIED_ROWS: u64 = 2000;

/// Scans all rows of a table; `progress` is told how many rows were read. A part that can't be read is a finding.
///
/// # Errors
/// When the table can't be opened.
pub fn scan_table(
    engine: &Engine,
    address: &DatabaseAddress,
    table: &TableName,
    progress: &mut dyn FnMut(u64),
) -> Result<ScanReport, GatewayError> {
    let mut source = open_table(address, table, None)?;
    let mut report = ScanReport::default();
    let name = shown(address, table);
    let Some(head) = source.next_table()? else { return Ok(report) };
    for field in head.fields.iter().filter(|field| field.kind == FieldKind::Binary) {
        report.add_unreadable(&name, &format!("列{}", field.name), "二进制列无法检查内容");
    }
    let mut rows = 0_u64;
    loop {
        let batch = match source.next_batch(BATCH_ROWS) {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(report),
            Err(error) => {
                report.add_unreadable(&name, &format!("第{}行以后", rows + 1), &error.to_string());
                return Ok(report);
            }
        };
        for (field, cells) in head.fields.iter().zip(&batch.columns) {
            for ((value, _), row) in cells.iter().zip(rows + 1..) {
                report.bytes += value.len() as u64;
                for found in engine.scan_value(value, &field.name) {
                    report.add(engine, &name, &format!("第{row}行 列{}", field.name), value, &found);
                }
            }
        }
        rows += batch.rows() as u64;
        progress(rows);
    }
}

/// A table as findings name it: without host and user.
#[must_use]
pub fn shown(address: &DatabaseAddress, table: &TableName) -> String {
    format!("{}/{table}", address.database)
}

/// A sample of a table, for the classification of its columns, and about how many rows the table has.
///
/// # Errors
/// When the table can't be read.
pub fn sample_table(address: &DatabaseAddress, table: &TableName) -> Result<Table, GatewayError> {
    Table::collect(open_table(address, table, Some(CLASSIFIED_ROWS))?.as_mut(), usize::MAX)
}
