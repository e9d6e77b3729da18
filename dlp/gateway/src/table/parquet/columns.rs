//! The columns of a file, read side by side some rows at a time: no row is ever built.

use fengsui_dlp_engine::cells::{CellKind, Cells};
use parquet::basic::{ConvertedType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::record::Field as Cell;
use parquet::schema::types::ColumnDescPtr;

/// A file and where it is read.
pub(super) struct Columns {
    file: Box<dyn FileReader>,
    next_group: usize,
    readers: Vec<(ColumnReader, ColumnDescPtr)>,
    /// Rows of the group that are not read yet.
    left: usize,
}

impl Columns {
    pub(super) fn new(file: Box<dyn FileReader>) -> Self {
        Self { file, next_group: 0, readers: Vec::new(), left: 0 }
    }

    /// Appends at most so many rows, and says how many; none after the last.
    pub(super) fn read(&mut self, rows: usize, columns: &mut [Cells]) -> Result<usize, ParquetError> {
        while self.left == 0 {
            if self.next_group >= self.file.num_row_groups() {
                return Ok(0);
            }
            self.open_group()?;
        }
        let rows = rows.min(self.left);
        for ((reader, described), cells) in self.readers.iter_mut().zip(columns) {
            let before = cells.len();
            read_column(reader, described, rows, cells)?;
            if cells.len() != before + rows {
                return Err(ParquetError::General(format!("column {} ends early", described.name())));
            }
        }
        self.left -= rows;
        Ok(rows)
    }

    fn open_group(&mut self) -> Result<(), ParquetError> {
        let group = self.file.get_row_group(self.next_group)?;
        self.next_group += 1;
        let described = |place: usize| group.metadata().column(place).column_descr_ptr();
        let open = |place| Ok((group.get_column_reader(place)?, described(place)));
        self.readers = (0..group.num_columns()).map(open).collect::<Result<_, ParquetError>>()?;
        self.left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        Ok(())
    }
}

fn read_column(
    reader: &mut ColumnReader,
    described: &ColumnDescPtr,
    rows: usize,
    cells: &mut Cells,
) -> Result<(), ParquetError> {
    let level = described.max_def_level();
    macro_rules! read {
        ($reader:expr, $convert:expr) => {
            read_values($reader, (level, rows), cells, |cells, value| {
                super::push(cells, &$convert(value));
                Ok(())
            })
        };
    }
    match reader {
        ColumnReader::ByteArrayColumnReader(reader) => {
            read_values(reader, (level, rows), cells, |cells, value| push_bytes(cells, described, value))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            read_values(reader, (level, rows), cells, |cells, value| push_bytes(cells, described, value.into()))
        }
        ColumnReader::BoolColumnReader(reader) => read!(reader, |value| Cell::convert_bool(described, value)),
        ColumnReader::Int32ColumnReader(reader) => read!(reader, |value| Cell::convert_int32(described, value)),
        ColumnReader::Int64ColumnReader(reader) => read!(reader, |value| Cell::convert_int64(described, value)),
        ColumnReader::Int96ColumnReader(reader) => read!(reader, |value| Cell::convert_int96(described, value)),
        ColumnReader::FloatColumnReader(reader) => read!(reader, |value| Cell::convert_float(described, value)),
        ColumnReader::DoubleColumnReader(reader) => read!(reader, |value| Cell::convert_double(described, value)),
    }
}

/// Text as it lies in the page; what else bytes can be as the format says.
fn push_bytes(cells: &mut Cells, described: &ColumnDescPtr, value: ByteArray) -> Result<(), ParquetError> {
    let text = matches!(described.converted_type(), ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON);
    if text && described.physical_type() == Physical::BYTE_ARRAY {
        let broken = |_| ParquetError::General(format!("a text of column {} is not UTF-8", described.name()));
        cells.push(std::str::from_utf8(value.data()).map_err(broken)?, CellKind::Text);
    } else {
        super::push(cells, &Cell::convert_byte_array(described, value)?);
    }
    Ok(())
}

/// Reads values with their definition levels, below which there is none.
fn read_values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    (level, rows): (i16, usize),
    cells: &mut Cells,
    mut push: impl FnMut(&mut Cells, T::T) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let (records, _, _) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    let mut values = values.into_iter();
    for place in 0..records {
        let there = level == 0 || levels.get(place) == Some(&level);
        match there.then(|| values.next()).flatten() {
            Some(value) => push(cells, value)?,
            None => cells.push_missing(),
        }
    }
    Ok(())
}
