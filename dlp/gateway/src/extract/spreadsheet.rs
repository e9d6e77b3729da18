//! Spreadsheets: xlsx, xlsb, xls, ods and et, cell by cell with the header of the column.

use std::io::Cursor;

use calamine::{Data, Range, Reader, open_workbook_auto_from_rs};

use super::{Job, within};

pub(super) fn matches(bytes: &[u8], name: &str) -> bool {
    let container = bytes.starts_with(b"PK") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
    container && [".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".et"].iter().any(|extension| name.ends_with(extension))
}

pub(super) fn read(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let Ok(mut workbook) = open_workbook_auto_from_rs(Cursor::new(bytes)) else {
        return job.unreadable(inside, "电子表格损坏、加密或格式不支持");
    };
    for sheet in workbook.sheet_names() {
        let place = within(inside, &format!("工作表{sheet}"));
        match workbook.worksheet_range(&sheet) {
            Ok(range) => cells(job, &range, &place),
            Err(_) => job.unreadable(&place, "工作表无法读取"),
        }
    }
}

fn cells(job: &mut Job, range: &Range<Data>, place: &str) {
    let (first_row, first_column) = range.start().unwrap_or_default();
    let mut headers: Vec<String> = Vec::new();
    for (index, row) in range.rows().enumerate() {
        let values: Vec<String> = row.iter().map(text).collect();
        if index == 0 && values.iter().all(|value| !value.chars().any(|c| c.is_ascii_digit())) {
            headers = values;
            continue;
        }
        let number = first_row as usize + index + 1;
        for (column, value) in values.into_iter().enumerate() {
            let header = headers.get(column).map_or("", String::as_str);
            let cell = format!("{}{number}", letters(first_column as usize + column));
            job.cell(within(place, &cell), header, value);
        }
    }
}

/// A cell as a person sees it: whole numbers without a decimal point.
pub(crate) fn text(cell: &Data) -> String {
    match cell {
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e18 => format!("{number:.0}"),
        other => other.to_string(),
    }
}

/// Column letters: 0 is A, 26 is AA.
fn letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(column % 26).unwrap_or(0)));
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        assert_eq!([letters(0), letters(25), letters(26), letters(701)], ["A", "Z", "AA", "ZZ"]);
    }
}
