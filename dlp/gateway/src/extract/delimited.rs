//! Comma- and tab-separated tables, cell by cell with the header of the column.

use fengsui_dlp_engine::decode;

use super::{Job, hint, within};

pub(super) fn matches(_bytes: &[u8], name: &str) -> bool {
    name.ends_with(".csv") || name.ends_with(".tsv")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let Some(text) = decode(bytes, &hint(name)) else { return job.unreadable(inside, "表格编码无法识别") };
    let delimiter = delimiter(text.lines().next().unwrap_or_default());
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut rows = reader.records();
    let Some(Ok(first)) = rows.next() else { return };
    let headers: Vec<String> = if is_header(&first) { first.iter().map(str::to_owned).collect() } else { Vec::new() };
    if headers.is_empty() {
        row(job, inside, &headers, &first, 1);
    }
    for (index, record) in rows.enumerate() {
        match record {
            Ok(record) => row(job, inside, &headers, &record, index + 2),
            Err(_) => job.unreadable(&within(inside, &format!("第{}行", index + 2)), "表格行无法解析"),
        }
    }
}

fn row(job: &mut Job, inside: &str, headers: &[String], record: &csv::StringRecord, number: usize) {
    for (column, value) in record.iter().enumerate() {
        let header = headers.get(column).map_or("", String::as_str);
        let place = format!(
            "第{number}行第{}列{}",
            column + 1,
            if header.is_empty() { String::new() } else { format!("（{header}）") }
        );
        job.cell(within(inside, &place), header, value.to_owned());
    }
}

/// The separator that occurs most often in the first line.
pub(crate) fn delimiter(line: &str) -> u8 {
    let count = |separator: char| line.matches(separator).count();
    [(b',', count(',')), (b'\t', count('\t')), (b';', count(';')), (b'|', count('|'))]
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(separator, _)| separator)
}

/// A header has no cell that is a number or empty.
pub(crate) fn is_header(record: &csv::StringRecord) -> bool {
    let number = |cell: &str| cell.chars().filter(char::is_ascii_digit).count() * 2 > cell.chars().count();
    !record.iter().any(|cell| cell.trim().is_empty() || number(cell) || cell.contains('@'))
}
