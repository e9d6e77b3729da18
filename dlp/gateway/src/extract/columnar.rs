//! Parquet files, row by row with the names of their columns.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::{Job, within};

/// Most rows of one file that are read.
const ROWS: usize = 5_000_000;

pub(super) fn matches(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(b"PAR1")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let rows = SerializedFileReader::new(bytes::Bytes::copy_from_slice(bytes));
    let rows = rows.as_ref().map(|file| file.get_row_iter(None));
    let Ok(Ok(rows)) = rows else { return job.unreadable(inside, "Parquet文件损坏或使用了不支持的压缩") };
    for (index, row) in rows.enumerate() {
        if index >= ROWS || job.late() {
            let reason = format!("Parquet文件过大，第{}行起未检查", index + 1);
            return job.unreadable(inside, super::Refusal::limit(reason));
        }
        let Ok(row) = row else {
            return job.unreadable(inside, format!("Parquet第{}行起无法解析", index + 1));
        };
        for (name, field) in row.get_column_iter() {
            cell(job, &within(inside, &format!("第{}行{name}", index + 1)), name, field);
        }
    }
}

fn cell(job: &mut Job, place: &str, name: &str, field: &Field) {
    match field {
        Field::Null => {}
        Field::Str(text) => job.cell(place.to_owned(), name, text.clone()),
        Field::Bytes(bytes) => super::read(job, bytes.data(), "", place),
        Field::Group(row) => row.get_column_iter().for_each(|(name, field)| cell(job, place, name, field)),
        Field::ListInternal(list) => list.elements().iter().for_each(|field| cell(job, place, name, field)),
        other => job.cell(place.to_owned(), name, other.to_string()),
    }
}

#[cfg(test)]
pub(super) fn sample() -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    let schema = "message people { required binary xm (UTF8); required binary sjh (UTF8); }";
    let schema = parquet::schema::parser::parse_message_type(schema).expect("is a schema");
    let mut bytes = Vec::new();
    let mut file = parquet::file::writer::SerializedFileWriter::new(
        &mut bytes,
        std::sync::Arc::new(schema),
        std::sync::Arc::default(),
    )
    .expect("begins");
    let mut rows = file.next_row_group().expect("begins rows");
    for values in [["马文忠", "王秀英"], ["13800138000", "13900139000"]] {
        let mut column = rows.next_column().expect("has columns").expect("has one more");
        let values = values.map(ByteArray::from);
        column.typed::<ByteArrayType>().write_batch(&values, None, None).expect("writes");
        column.close().expect("closes");
    }
    rows.close().expect("closes");
    file.close().expect("closes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::{Piece, extract};

    #[test]
    fn rows_have_the_names_of_their_columns() {
        let pieces = extract(&super::sample(), "a.parquet").pieces;
        let found = pieces.iter().any(
            |piece| matches!(piece, Piece::Cell { header, value, .. } if header == "sjh" && value == "13900139000"),
        );
        assert!(found && pieces.len() == 4, "{pieces:?}");
    }
}
