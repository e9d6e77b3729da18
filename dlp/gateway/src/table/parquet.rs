//! Parquet files with flat schemas. Columns keep their types; a column whose masked values are no longer of its type
//! becomes text.

mod columns;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fengsui_dlp_engine::cells::{CellKind, Cells};
use fengsui_dlp_engine::mask::{day_number, day_text};
use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field as Cell;
use parquet::schema::types::{Type, TypePtr};

use self::columns::Columns;
use super::file::{Pending, only_table};
use super::{Batch, Field, FieldKind, Head, Native, OutField, Sink, Source};
use crate::GatewayError;

/// The declared type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    physical: Physical,
    converted: ConvertedType,
    precision: i32,
    scale: i32,
}

/// Reads a file column by column.
pub(super) struct ParquetSource {
    path: PathBuf,
    columns: Columns,
    head: Option<Head>,
    width: usize,
}

impl ParquetSource {
    pub(super) fn open(path: &Path) -> Result<Self, GatewayError> {
        let file = File::open(path).map_err(|error| GatewayError::io(path, error))?;
        Self::of_reader(path, SerializedFileReader::new(file).map_err(broken(path))?)
    }

    pub(super) fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, GatewayError> {
        Self::of_reader(path, SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(broken(path))?)
    }

    fn of_reader(path: &Path, reader: impl FileReader + 'static) -> Result<Self, GatewayError> {
        let metadata = reader.metadata().file_metadata();
        let fields =
            metadata.schema().get_fields().iter().map(|column| field(path, column)).collect::<Result<Vec<_>, _>>()?;
        let width = fields.len();
        let rows = u64::try_from(metadata.num_rows()).ok();
        let columns = Columns::new(Box::new(reader));
        Ok(Self { path: path.to_owned(), columns, head: Some(Head { name: String::new(), fields, rows }), width })
    }
}

fn broken(path: &Path) -> impl Fn(ParquetError) -> GatewayError + '_ {
    move |error| GatewayError::format(path, error.to_string())
}

fn field(path: &Path, column: &TypePtr) -> Result<Field, GatewayError> {
    let info = column.get_basic_info();
    if column.is_group() || (info.has_repetition() && info.repetition() == Repetition::REPEATED) {
        let reason = format!(
            "column {} is nested; only flat tables are masked: unnest it first",
            fengsui_schema::shown(info.name())
        );
        return Err(GatewayError::format(path, reason));
    }
    let (precision, scale) = match column.as_ref() {
        Type::PrimitiveType { precision, scale, .. } => (*precision, *scale),
        Type::GroupType { .. } => (0, 0),
    };
    let native = Column { physical: column.get_physical_type(), converted: info.converted_type(), precision, scale };
    Ok(Field {
        name: info.name().to_owned(),
        kind: kind(&native),
        native: Some(Native::Parquet(native)),
        key: false,
        required: false,
    })
}

fn kind(column: &Column) -> FieldKind {
    use ConvertedType as C;
    match (column.physical, column.converted) {
        (Physical::BOOLEAN, _) => FieldKind::Boolean,
        (_, C::DATE | C::TIMESTAMP_MILLIS | C::TIMESTAMP_MICROS) | (Physical::INT96, _) => FieldKind::Date,
        (_, C::TIME_MILLIS | C::TIME_MICROS) => FieldKind::Other,
        (_, C::UTF8 | C::ENUM) => FieldKind::Text,
        (_, C::JSON) => FieldKind::Json,
        (_, C::DECIMAL) => FieldKind::Number,
        (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, _) => FieldKind::Binary,
        _ => FieldKind::Number,
    }
}

impl Source for ParquetSource {
    fn next_table(&mut self) -> Result<Option<Head>, GatewayError> {
        Ok(self.head.take())
    }

    fn next_batch(&mut self, rows: usize) -> Result<Option<Batch>, GatewayError> {
        let mut batch = Batch::new(self.width);
        while batch.rows() < rows {
            let missing = rows - batch.rows();
            if self.columns.read(missing, &mut batch.columns).map_err(broken(&self.path))? == 0 {
                break;
            }
        }
        Ok((batch.rows() > 0).then_some(batch))
    }
}

fn push(column: &mut Cells, cell: &Cell) {
    match cell {
        Cell::Null => column.push_missing(),
        Cell::Bool(value) => column.push(if *value { "true" } else { "false" }, CellKind::Boolean),
        Cell::Str(text) => column.push(text, CellKind::Text),
        Cell::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => column.push(text, CellKind::Text),
            Err(_) => column.push_missing(),
        },
        Cell::Date(days) => column.push(&moment(i64::from(*days) * DAY, true), CellKind::Date),
        Cell::TimestampMillis(value) => column.push(&moment(value.saturating_mul(1000), false), CellKind::Date),
        Cell::TimestampMicros(value) => column.push(&moment(*value, false), CellKind::Date),
        Cell::Float(value) => column.push(&value.to_string(), CellKind::Number),
        Cell::Double(value) => column.push(&value.to_string(), CellKind::Number),
        Cell::TimeMillis(_) | Cell::TimeMicros(_) => column.push(&cell.to_string(), CellKind::Text),
        Cell::Group(_) | Cell::ListInternal(_) | Cell::MapInternal(_) => column.push_missing(),
        number => column.push(&number.to_string(), CellKind::Number),
    }
}

const DAY: i64 = 86_400_000_000;

/// `2026-01-02`, or `2026-01-02 03:04:05.000006` of microseconds since 1970.
fn moment(micros: i64, date_only: bool) -> String {
    let (day, rest) = (day_text(micros.div_euclid(DAY)), micros.rem_euclid(DAY));
    if date_only {
        return day;
    }
    let (second, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let clock = format!("{day} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    if fraction == 0 { clock } else { format!("{clock}.{fraction:06}") }
}

fn micros(text: &str) -> Option<i64> {
    let day = day_number(text)?.checked_mul(DAY)?;
    let Some((_, clock)) = text.split_once([' ', 'T']) else { return Some(day) };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':').map(str::parse::<i64>);
    let mut part = || parts.next().unwrap_or(Ok(0)).ok();
    let seconds = (part()? * 60 + part()?) * 60 + part()?;
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    day.checked_add(seconds * 1_000_000 + fraction)
}

/// Writes a file.
pub(super) struct ParquetSink {
    path: PathBuf,
    columns: Vec<Option<Column>>,
    writer: Option<SerializedFileWriter<Pending>>,
    /// Rows of the next row group.
    waiting: Batch,
    left_out: u64,
    begun: bool,
}

impl ParquetSink {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            columns: Vec::new(),
            writer: None,
            waiting: Batch::default(),
            left_out: 0,
            begun: false,
        }
    }
}

/// Types that are written as they were read; times of day and binaries become text.
fn kept(field: &OutField) -> Option<Column> {
    let Some(Native::Parquet(column)) = field.field.native else { return None };
    let written = match column.physical {
        Physical::BOOLEAN | Physical::INT32 | Physical::INT64 | Physical::FLOAT | Physical::DOUBLE => true,
        Physical::BYTE_ARRAY => column.converted != ConvertedType::DECIMAL,
        Physical::INT96 | Physical::FIXED_LEN_BYTE_ARRAY => false,
    };
    let time = matches!(column.converted, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS);
    (field.keeps_type && written && !time).then_some(column)
}

fn declared(field: &OutField, column: Option<Column>) -> Result<TypePtr, ParquetError> {
    let text = Column { physical: Physical::BYTE_ARRAY, converted: ConvertedType::UTF8, precision: -1, scale: -1 };
    let column = column.unwrap_or(text);
    Type::primitive_type_builder(&field.field.name, column.physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_converted_type(column.converted)
        .with_precision(column.precision)
        .with_scale(column.scale)
        .build()
        .map(Arc::new)
}

impl Sink for ParquetSink {
    fn begin(&mut self, _name: &str, fields: &[OutField]) -> Result<(), GatewayError> {
        only_table(&self.path, &mut self.begun)?;
        self.columns = fields.iter().map(kept).collect();
        let columns = fields.iter().zip(&self.columns).map(|(field, column)| declared(field, *column));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(broken(&self.path))?;
        let schema = Type::group_type_builder("schema").with_fields(columns).build().map_err(broken(&self.path))?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(Pending::create(&self.path)?, Arc::new(schema), Arc::new(properties));
        self.writer = Some(writer.map_err(broken(&self.path))?);
        self.waiting = Batch::new(fields.len());
        Ok(())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), GatewayError> {
        self.waiting.columns.iter_mut().zip(&batch.columns).for_each(|(waiting, cells)| waiting.append(cells));
        let bytes: usize = self.waiting.columns.iter().map(Cells::bytes).sum();
        if self.waiting.rows() >= GROUP_ROWS || bytes >= GROUP_BYTES { self.write_group() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<u64, GatewayError> {
        if self.waiting.rows() > 0 {
            self.write_group()?;
        }
        let Some(writer) = self.writer.take() else { return Ok(0) };
        let mut pending = writer.into_inner().map_err(broken(&self.path))?;
        pending.publish()?;
        Ok(self.left_out)
    }
}

/// Rows after which a row group is written, and bytes of text.
const GROUP_ROWS: usize = 1 << 16;
const GROUP_BYTES: usize = 32 << 20;

impl ParquetSink {
    /// Writes the rows that wait as a row group.
    fn write_group(&mut self) -> Result<(), GatewayError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let batch = &mut self.waiting;
        let mut group = writer.next_row_group().map_err(broken(&self.path))?;
        for (cells, column) in batch.columns.iter().zip(&self.columns) {
            let Some(mut open) = group.next_column().map_err(broken(&self.path))? else { break };
            self.left_out += write_column(open.untyped(), cells, column.as_ref()).map_err(broken(&self.path))?;
            open.close().map_err(broken(&self.path))?;
        }
        batch.columns.iter_mut().for_each(Cells::clear);
        group.close().map(|_| ()).map_err(broken(&self.path))
    }
}

/// The cells as values of a type with their definition levels, and how many were of no such type.
fn values<T>(cells: &Cells, mut parse: impl FnMut(&str, CellKind) -> Option<T>) -> (Vec<T>, Vec<i16>, u64) {
    let (mut values, mut levels, mut left_out) = (Vec::with_capacity(cells.len()), Vec::with_capacity(cells.len()), 0);
    for (text, kind) in cells.iter() {
        let parsed = if kind == CellKind::Missing { None } else { parse(text, kind) };
        left_out += u64::from(parsed.is_none() && kind != CellKind::Missing);
        levels.push(i16::from(parsed.is_some()));
        values.extend(parsed);
    }
    (values, levels, left_out)
}

fn write_column(writer: &mut ColumnWriter<'_>, cells: &Cells, column: Option<&Column>) -> Result<u64, ParquetError> {
    use ConvertedType as C;
    let (converted, scale) = column.map_or((C::UTF8, 0), |column| (column.converted, column.scale));
    let whole = |text: &str| match converted {
        C::DATE => micros(text).map(|micros| micros.div_euclid(DAY)),
        C::TIMESTAMP_MILLIS => micros(text).map(|micros| micros.div_euclid(1000)),
        C::TIMESTAMP_MICROS => micros(text),
        C::DECIMAL => unscaled(text, scale),
        // Unsigned values are stored by their bits.
        C::UINT_64 => text.parse::<u64>().ok().map(u64::cast_signed),
        _ => text.parse().ok(),
    };
    macro_rules! write {
        ($writer:expr, $parse:expr) => {{
            let (values, levels, left_out) = values(cells, $parse);
            $writer.write_batch(&values, Some(&levels), None)?;
            Ok(left_out)
        }};
    }
    match writer {
        ColumnWriter::BoolColumnWriter(writer) => write!(writer, |text, _| text.parse::<bool>().ok()),
        ColumnWriter::Int32ColumnWriter(writer) => write!(writer, |text, _| {
            let number = whole(text)?;
            let unsigned = converted == C::UINT_32;
            if unsigned { u32::try_from(number).ok().map(u32::cast_signed) } else { i32::try_from(number).ok() }
        }),
        ColumnWriter::Int64ColumnWriter(writer) => write!(writer, |text, _| whole(text)),
        ColumnWriter::FloatColumnWriter(writer) => write!(writer, |text, _| text.parse::<f32>().ok()),
        ColumnWriter::DoubleColumnWriter(writer) => write!(writer, |text, _| text.parse::<f64>().ok()),
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            // The cells lie one behind the other: one piece of memory serves all.
            let all = bytes::Bytes::copy_from_slice(cells.text().as_bytes());
            let mut start = 0;
            write!(writer, |text, _| {
                start += text.len();
                Some(ByteArray::from(all.slice(start - text.len()..start)))
            })
        }
        ColumnWriter::Int96ColumnWriter(_) | ColumnWriter::FixedLenByteArrayColumnWriter(_) => {
            Err(ParquetError::General("columns of this type are written as text".to_owned()))
        }
    }
}

/// A decimal number as a whole number of its last decimal places.
fn unscaled(text: &str, scale: i32) -> Option<i64> {
    let scale = usize::try_from(scale).ok()?;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let exact = decimals.len() <= scale || decimals[scale..].bytes().all(|digit| digit == b'0');
    let kept = decimals.get(..scale.min(decimals.len()))?;
    exact.then_some(())?;
    format!("{whole}{kept:0<scale$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_decimals_come_back() {
        assert_eq!(moment(86_400_000_000, true), "1970-01-02");
        for text in ["2026-01-02 03:04:05", "9999-12-31 03:04:05.000006", "1900-01-01 00:00:00"] {
            assert_eq!(moment(micros(text).expect("is a moment"), false), text);
        }
        assert_eq!((unscaled("-12.3", 2), unscaled("5", 2), unscaled("0.001", 2)), (Some(-1230), Some(500), None));
    }
}
