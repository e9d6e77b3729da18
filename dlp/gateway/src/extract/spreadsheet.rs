//! Spreadsheets: xlsx, xlsb, xls, ods and et, cell by cell with the header of the column.

use std::io::Cursor;

use calamine::{Data, Range, Reader, open_workbook_auto_from_rs};
use fengsui_dlp_engine::{ContentHint, decode};

use super::archive::open_container;
use super::markup::text_of;
use super::office::embedded;
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
    if bytes.starts_with(b"PK") {
        beside_cells(job, bytes, inside);
    }
}

/// What a workbook holds besides its cells: remarks, drawings, values kept of other workbooks and of pivot tables, and
/// documents.
fn beside_cells(job: &mut Job, bytes: &[u8], inside: &str) {
    const PARTS: [&str; 9] = [
        "xl/comments",
        "xl/threadedComments/",
        "xl/persons/",
        "xl/drawings/",
        "xl/charts/",
        "xl/diagrams/",
        "xl/externalLinks/",
        "xl/pivotCache/",
        "docProps/",
    ];
    let mut container = match open_container(bytes) {
        Ok(container) => container,
        Err(reason) => return job.unreadable(inside, reason),
    };
    let members = container.members(job, inside);
    let named = |name: &str| name.ends_with(".xml") && PARTS.iter().any(|part| name.starts_with(part));
    for member in members.iter().filter(|member| named(&member.name)) {
        let place = within(inside, &member.name);
        match container.bytes(job, member) {
            Ok(part) => match decode(&part, &ContentHint::default()) {
                Some(part) => job.text(&place, text_of(&part)),
                None => job.unreadable(&place, "工作簿部件不是XML"),
            },
            Err(reason) => job.unreadable(&place, reason),
        }
    }
    embedded(job, &mut container, &members, inside);
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
    fn what_stands_beside_the_cells_is_read() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "姓名").expect("writes");
        sheet.insert_note(1, 0, &rust_xlsxwriter::Note::new("电话13800138000")).expect("writes");
        let shape = rust_xlsxwriter::Shape::textbox().set_text("电话13900139000");
        sheet.insert_shape(3, 3, &shape).expect("writes");
        let read = super::super::extract(&book.save_to_buffer().expect("is saved"), "a.xlsx");
        let text = format!("{:?}", read.pieces);
        assert!(text.contains("13800138000") && text.contains("13900139000"), "{read:?}");
        assert!(read.unreadable.is_empty(), "{read:?}");
    }

    #[test]
    fn columns_have_letters() {
        assert_eq!([letters(0), letters(25), letters(26), letters(701)], ["A", "Z", "AA", "ZZ"]);
    }
}
