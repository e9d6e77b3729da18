//! Tables that jobs read and write, a batch of rows at a time: files of several forms and tables of databases.
//!
//! A [`Source`] may hold several tables (the sheets of a workbook); a [`Sink`] takes them in the same order.

mod delimited;
mod file;
mod json_lines;
mod memory;
mod parquet;
mod spreadsheet;

use fengsui_dlp_engine::cells::Cells;

pub(crate) use file::write_whole;
pub use file::{create_file, open_bytes, open_file};
pub use memory::Table;

use crate::GatewayError;

/// What the cells of a column are by the declaration of the file or database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldKind {
    /// Nothing is declared: every cell has its own kind.
    #[default]
    Any,
    /// Text.
    Text,
    /// Numbers.
    Number,
    /// Truth values.
    Boolean,
    /// Days and moments.
    Date,
    /// JSON documents.
    Json,
    /// Bytes that are no text. They can't be looked into.
    Binary,
    /// Values of a type of their own that are shown as text: network addresses, enumerations, arrays.
    Other,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: FieldKind,
    /// The type in the words of where it comes from: `character varying(18)`.
    pub native: Option<Native>,
    /// Whether it belongs to the primary key.
    pub key: bool,
    /// Whether its cells always have a value.
    pub required: bool,
}

/// A declared type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Native {
    /// Of PostgreSQL.
    Postgres(String),
    /// Of MySQL or MariaDB.
    Mysql(String),
    /// Of a Parquet file.
    Parquet(self::parquet::Column),
}

/// A column as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutField {
    /// The column as it was read.
    pub field: Field,
    /// Whether its values still are of its type; otherwise it becomes text.
    pub keeps_type: bool,
    /// Whether different values are still different, so that it can be a key.
    pub keeps_unique: bool,
}

/// Some rows, column by column.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// One for each field, all of the same length.
    pub columns: Vec<Cells>,
}

impl Batch {
    /// A batch of so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { columns: vec![Cells::new(); columns] }
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Cells::len)
    }
}

/// The head of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// Name of the sheet or table; empty where there is only one.
    pub name: String,
    /// Its columns.
    pub fields: Vec<Field>,
    /// About how many rows it has, if known before.
    pub rows: Option<u64>,
}

/// Where rows come from.
pub trait Source {
    /// Goes to the next table; `None` after the last.
    ///
    /// # Errors
    /// When it can't be read.
    fn next_table(&mut self) -> Result<Option<Head>, GatewayError>;

    /// The next rows of the table, at most so many; `None` after the last.
    ///
    /// # Errors
    /// When they can't be read. What was read before is then no whole table.
    fn next_batch(&mut self, rows: usize) -> Result<Option<Batch>, GatewayError>;
}

/// Where rows go. Nothing is seen at the target before [`Sink::finish`]; a sink that is dropped leaves nothing.
pub trait Sink {
    /// Begins a table.
    ///
    /// # Errors
    /// When the target can't hold it.
    fn begin(&mut self, name: &str, fields: &[OutField]) -> Result<(), GatewayError>;

    /// Appends rows.
    ///
    /// # Errors
    /// When they can't be written.
    fn write(&mut self, batch: &Batch) -> Result<(), GatewayError>;

    /// Makes everything visible. Returns how many values were left out because they no longer fitted their column.
    ///
    /// # Errors
    /// When it can't; nothing is visible then.
    fn finish(&mut self) -> Result<u64, GatewayError>;
}

/// Counts rows and keeps nothing: a dry run.
#[derive(Debug, Default)]
pub struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self, _name: &str, _fields: &[OutField]) -> Result<(), GatewayError> {
        Ok(())
    }

    fn write(&mut self, _batch: &Batch) -> Result<(), GatewayError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, GatewayError> {
        Ok(0)
    }
}
