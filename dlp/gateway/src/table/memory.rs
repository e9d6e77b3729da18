//! A whole table in memory, as rows of text with column names.

use std::path::Path;

use fengsui_dlp_engine::cells::{CellKind, Cells};

use super::{Batch, Field, Head, OutField, Source, create_file, open_file};
use crate::GatewayError;

/// A table in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

/// Rows that are read at a time.
const BATCH_ROWS: usize = 4096;

impl Table {
    /// Reads the first table of a file by the extension of its name.
    ///
    /// # Errors
    /// When the file can't be read or is no table.
    pub fn read(path: &Path) -> Result<Self, GatewayError> {
        Self::collect(open_file(path)?.as_mut(), usize::MAX)
    }

    /// Reads every table of a file that has columns, with the name of its sheet.
    ///
    /// # Errors
    /// When the file can't be read or is no table.
    pub fn read_all(path: &Path) -> Result<Vec<(String, Self)>, GatewayError> {
        let mut source = open_file(path)?;
        let mut all = Vec::new();
        while let Some(head) = source.next_table()? {
            if !head.fields.is_empty() {
                let name = head.name.clone();
                all.push((name, Self::rest(head, source.as_mut(), usize::MAX)?));
            }
        }
        Ok(all)
    }

    /// Reads at most so many rows of the first table of a source.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn collect(source: &mut dyn Source, most: usize) -> Result<Self, GatewayError> {
        match source.next_table()? {
            Some(head) => Self::rest(head, source, most),
            None => Ok(Self::default()),
        }
    }

    fn rest(head: Head, source: &mut dyn Source, most: usize) -> Result<Self, GatewayError> {
        let mut table = Self { columns: head.fields.into_iter().map(|field| field.name).collect(), rows: Vec::new() };
        while table.rows.len() < most {
            let Some(batch) = source.next_batch(BATCH_ROWS.min(most - table.rows.len()))? else { break };
            let cell = |row: usize| move |column: &Cells| column.get(row).0.to_owned();
            table.rows.extend((0..batch.rows()).map(|row| batch.columns.iter().map(cell(row)).collect::<Vec<_>>()));
        }
        Ok(table)
    }

    /// Writes the table by the extension of the file, in UTF-8, all cells as text.
    ///
    /// # Errors
    /// When the file can't be written or has another extension.
    pub fn write(&self, path: &Path) -> Result<(), GatewayError> {
        let mut sink = create_file(path)?;
        let field = |name: &String| OutField {
            field: Field { name: name.clone(), ..Field::default() },
            keeps_type: true,
            keeps_unique: true,
        };
        sink.begin("", &self.columns.iter().map(field).collect::<Vec<_>>())?;
        let mut batch = Batch::new(self.columns.len());
        for row in &self.rows {
            batch.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell, CellKind::Text));
        }
        sink.write(&batch)?;
        sink.finish().map(|_| ())
    }

    /// The values of a column.
    #[must_use]
    pub fn column(&self, index: usize) -> Vec<&str> {
        self.rows.iter().map(|row| row.get(index).map_or("", String::as_str)).collect()
    }
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
        for name in ["a.csv", "a.tsv", "a.jsonl", "a.xlsx", "a.parquet"] {
            let path = folder.path().join(name);
            table.write(&path).expect("writes");
            assert_eq!(Table::read(&path).expect("reads"), table, "{name}");
        }
    }
}
