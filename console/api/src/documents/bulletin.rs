//! The bulletin as a Word document, laid out like an official notice.

use std::io::Cursor;

use docx_rs::{AlignmentType, Docx, Paragraph, Run, RunFonts, Table, TableCell, TableRow};

use super::plain;
use crate::error::{ApiError, ApiResult};
use crate::wire::{Bulletin, UnitLoad};

const TITLE: (usize, &str) = (44, "方正小标宋简体");
const HEADING: (usize, &str) = (32, "黑体");
const BODY: (usize, &str) = (28, "仿宋_GB2312");

fn run(text: &str, (size, font): (usize, &str)) -> Run {
    Run::new().add_text(plain(text)).size(size).fonts(RunFonts::new().east_asia(font))
}

fn line(text: &str, style: (usize, &str)) -> Paragraph {
    Paragraph::new().add_run(run(text, style))
}

fn row(cells: &[String]) -> TableRow {
    TableRow::new(cells.iter().map(|text| TableCell::new().add_paragraph(line(text, BODY))).collect())
}

fn table(head: &[&str], rows: Vec<Vec<String>>) -> Table {
    let head: Vec<String> = head.iter().map(|text| (*text).to_owned()).collect();
    Table::new(std::iter::once(row(&head)).chain(rows.iter().map(|cells| row(cells))).collect())
}

/// Name of a figure in Chinese.
fn figure_name(name: &str) -> &str {
    match name {
        "alerts" => "告警",
        "alerts_high" => "高危以上告警",
        "incidents" => "新增事件",
        "tasks_issued" => "下发任务",
        "tasks_finished" => "办结提交任务",
        "findings" => "敏感数据发现",
        other => other,
    }
}

fn state_name(state: &str) -> &str {
    match state {
        "closed" => "已办结",
        _ => "处置中",
    }
}

fn loads(units: &[UnitLoad]) -> Vec<Vec<String>> {
    units.iter().map(|load| vec![load.unit.name.clone(), load.count.to_string()]).collect()
}

/// The bulletin as a Word document.
pub(crate) fn bulletin_docx(bulletin: &Bulletin) -> ApiResult<Vec<u8>> {
    let title = if bulletin.period == "weekly" { "网络安全周报" } else { "网络安全日报" };
    let days = format!("{} 至 {}（UTC）", &bulletin.from, &bulletin.to);
    let figures = bulletin.figures.iter().map(|figure| {
        let change = figure.value - figure.before;
        vec![figure_name(&figure.name).to_owned(), figure.value.to_string(), format!("{change:+}")]
    });
    let incidents = bulletin.incidents.iter().map(|incident| {
        vec![
            incident.number.clone(),
            incident.title.clone(),
            incident.grade.clone().unwrap_or_else(|| "待研判".to_owned()),
            incident.unit.name.clone(),
            state_name(&incident.state).to_owned(),
        ]
    });
    let mut document = Docx::new()
        .add_paragraph(line(title, TITLE).align(AlignmentType::Center))
        .add_paragraph(line(&format!("{}　{days}", bulletin.unit.name), BODY).align(AlignmentType::Center))
        .add_paragraph(line("一、总体情况", HEADING))
        .add_table(table(&["指标", "本期", "较上期"], figures.collect()))
        .add_paragraph(line("二、重点事件", HEADING));
    document = match bulletin.incidents.is_empty() {
        true => document.add_paragraph(line("本期无新增事件。", BODY)),
        false => document.add_table(table(&["编号", "标题", "定级", "单位", "状态"], incidents.collect())),
    };
    document = document.add_paragraph(line("三、告警较多的单位", HEADING));
    document = match bulletin.busiest.is_empty() {
        true => document.add_paragraph(line("本期无告警。", BODY)),
        false => document.add_table(table(&["单位", "告警数"], loads(&bulletin.busiest))),
    };
    document = document.add_paragraph(line("四、逾期任务", HEADING));
    document = match bulletin.overdue.is_empty() {
        true => document.add_paragraph(line("无逾期任务。", BODY)),
        false => document.add_table(table(&["单位", "逾期任务数"], loads(&bulletin.overdue))),
    };
    let mut bytes = Cursor::new(Vec::new());
    document.build().pack(&mut bytes).map_err(|error| ApiError::internal(&error))?;
    Ok(bytes.into_inner())
}
