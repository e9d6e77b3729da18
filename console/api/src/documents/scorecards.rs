//! Scorecards as an Excel workbook.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::plain;
use crate::error::{ApiError, ApiResult};
use crate::wire::{ScorecardRow, Scorecards};

const HEAD: [&str; 12] = [
    "名次",
    "单位代码",
    "单位",
    "得分",
    "任务数",
    "按时签收",
    "签收中位数（分钟）",
    "按时办结",
    "办结中位数（分钟）",
    "逾期",
    "督查按时反馈",
    "控制项达标",
];

/// Scorecards as an Excel workbook. Every text is written as a text, so that nothing in it is a formula.
pub(crate) fn scorecards_xlsx(cards: &Scorecards) -> ApiResult<Vec<u8>> {
    write(cards).map_err(|error| ApiError::internal(&error))
}

fn write(cards: &Scorecards) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("考核评估")?;
    let bold = Format::new().set_bold();
    for (text, column) in HEAD.iter().zip(0_u16..) {
        sheet.write_string_with_format(0, column, *text, &bold)?;
    }
    for (row, line) in cards.items.iter().zip(1_u32..) {
        for (value, column) in cells(row).into_iter().zip(0_u16..) {
            match value {
                Cell::Text(text) => sheet.write_string(line, column, plain(&text))?,
                Cell::Number(number) => sheet.write_number(line, column, number)?,
                Cell::Empty => continue,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofit();
    workbook.save_to_buffer()
}

enum Cell {
    Text(String),
    Number(f64),
    Empty,
}

#[allow(clippy::cast_precision_loss, reason = "counts and minutes fit 52 bits")]
fn number(value: Option<i64>) -> Cell {
    value.map_or(Cell::Empty, |value| Cell::Number(value as f64))
}

fn of(good: i64, all: i64) -> Cell {
    Cell::Text(format!("{good}/{all}"))
}

fn cells(row: &ScorecardRow) -> [Cell; 12] {
    [
        number(row.rank),
        Cell::Text(row.unit.code.clone()),
        Cell::Text(row.unit.name.clone()),
        row.score.map_or(Cell::Empty, Cell::Number),
        number(Some(row.tasks)),
        of(row.signed_in_time, row.tasks),
        number(row.median_sign_minutes),
        of(row.finished_in_time, row.tasks),
        number(row.median_finish_minutes),
        number(Some(row.overdue)),
        of(row.inspections_in_time, row.inspections),
        of(row.controls_met, row.controls),
    ]
}
