//! Documents people hand on: Word reports and Excel tables. Text of the outside stays text in both.

use std::io::Cursor;

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use docx_rs::{AlignmentType, Docx, Paragraph, Run, RunFonts, Table, TableCell, TableRow, WidthType};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::error::{ApiError, ApiResult};
use crate::evidence;
use crate::wire::{Bulletin, ClockView, IncidentDetail, ReportChannel, ScorecardRow, Scorecards, TraceRow, UnitLoad};

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A document as a download.
pub(crate) fn download(name: &str, bytes: Vec<u8>) -> Response {
    let kind = if name.ends_with(".docx") { DOCX } else { XLSX };
    let disposition = format!("attachment; filename*=UTF-8''{}", evidence::percent_encoded(name));
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], bytes).into_response()
}

/// A text without what XML forbids and without marks that turn the direction of reading.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// A cell that no spreadsheet takes for a formula, not even after it went through CSV.
pub(crate) fn guarded(text: &str) -> String {
    let text = plain(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text
    }
}

/// A report of headings, paragraphs and tables of two columns.
pub(crate) struct Report(Docx);

fn run(text: &str, size: usize) -> Run {
    let fonts = RunFonts::new().east_asia("仿宋_GB2312").ascii("Times New Roman").hi_ansi("Times New Roman");
    Run::new().add_text(plain(text)).size(size).fonts(fonts)
}

impl Report {
    /// One with a title and a line below it.
    pub(crate) fn new(title: &str, below: &str) -> Self {
        let centred = |text: &str, size| Paragraph::new().align(AlignmentType::Center).add_run(run(text, size).bold());
        let below = Paragraph::new().align(AlignmentType::Center).add_run(run(below, 24));
        Self(Docx::new().add_paragraph(centred(title, 44)).add_paragraph(below))
    }

    /// A heading.
    pub(crate) fn heading(self, text: &str) -> Self {
        Self(self.0.add_paragraph(Paragraph::new().add_run(run(text, 32).bold())))
    }

    /// A paragraph per line.
    pub(crate) fn text(self, text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.fold(self, |report, line| Self(report.0.add_paragraph(Paragraph::new().add_run(run(line, 28)))))
    }

    /// A table; the first row is the heading.
    pub(crate) fn table(self, rows: &[Vec<String>]) -> Self {
        let cell = |text: &String, head: bool| {
            let made = run(text, 24);
            TableCell::new().add_paragraph(Paragraph::new().add_run(if head { made.bold() } else { made }))
        };
        let row = |(index, cells): (usize, &Vec<String>)| {
            TableRow::new(cells.iter().map(|text| cell(text, index == 0)).collect())
        };
        let table = Table::new(rows.iter().enumerate().map(row).collect()).width(9_000, WidthType::Dxa);
        Self(self.0.add_table(table).add_paragraph(Paragraph::new()))
    }

    /// The file.
    pub(crate) fn bytes(self) -> ApiResult<Vec<u8>> {
        let mut out = Cursor::new(Vec::new());
        self.0.build().pack(&mut out).map_err(|error| ApiError::internal(&error))?;
        Ok(out.into_inner())
    }
}

/// A way a report goes, in words.
pub(crate) fn channel(channel: ReportChannel) -> &'static str {
    match channel {
        ReportChannel::Hotline => "12387热线",
        ReportChannel::Website => "网信部门报送网站",
        ReportChannel::Platform => "上级平台",
        ReportChannel::Email => "电子邮件",
        ReportChannel::Fax => "传真",
        ReportChannel::Phone => "电话",
        ReportChannel::Document => "书面送达",
        ReportChannel::Other => "其他方式",
    }
}

/// How what a clock asks for was done, in words.
fn record(clock: &ClockView) -> String {
    let Some(record) = &clock.record else {
        return if clock.state == "done" { "已完成" } else { "未完成" }.to_owned();
    };
    let note = if record.note.is_empty() { String::new() } else { format!("。{}", record.note) };
    let (at, way) = (local(&record.done_at), channel(record.channel));
    format!("{at}经{way}报{}（{}登记）{note}", record.recipient, record.recorded_by)
}

/// A time as Word shows it, in Beijing.
pub(crate) fn local(time: &str) -> String {
    let parsed: Result<jiff::Timestamp, _> = time.parse();
    let beijing = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    parsed.map_or_else(|_| time.to_owned(), |time| time.to_zoned(beijing).strftime("%Y年%m月%d日 %H:%M").to_string())
}

fn pairs(rows: &[(&str, String)]) -> Vec<Vec<String>> {
    rows.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect()
}

/// First report of an incident with what 国家网络安全事件报告管理办法 article 7 asks for; a draft that a person completes.
pub(crate) fn incident(detail: &IncidentDetail, unit: &str, now: &str) -> ApiResult<Vec<u8>> {
    let row = &detail.row;
    let grade = |grade: Option<fengsui_schema::IncidentGrade>| {
        grade.map_or("待研判", |grade| crate::repository::incident_acts::grade_name(grade).0).to_owned()
    };
    let entities: Vec<String> = detail
        .entities
        .iter()
        .filter(|entity| entity.role == "target" || entity.asset.is_some())
        .map(|entity| {
            entity.asset.as_ref().map_or_else(|| entity.value.clone(), |asset| format!("{asset}（{}）", entity.value))
        })
        .collect();
    let measures: Vec<String> = detail
        .tasks
        .iter()
        .map(|task| {
            format!(
                "{} 向{}下派“{}”，当前状态：{}",
                local(&task.created_at),
                task.unit.name,
                task.title,
                crate::words::word_of(&task.state)
            )
        })
        .collect();
    let listed = |items: &[String], none: &str| if items.is_empty() { none.to_owned() } else { items.join("\n") };
    let mut timeline = vec![vec!["时间".to_owned(), "经过".to_owned()]];
    timeline.extend(detail.timeline.iter().rev().map(|entry| vec![local(&entry.time), entry.text_zh.clone()]));
    let mut clocks = vec![["时限", "截止", "报送记录", "依据"].map(str::to_owned).to_vec()];
    clocks.extend(
        detail
            .clocks
            .iter()
            .map(|clock| vec![clock.title_zh.clone(), local(&clock.due_at), record(clock), clock.basis.clone()]),
    );
    let facts = pairs(&[
        ("项目", "内容".to_owned()),
        ("事件编号", row.number.clone()),
        ("事件名称", row.title.clone()),
        ("涉事单位", row.unit.name.clone()),
        ("涉及系统", listed(&entities, "（待补充）")),
        ("发现时间", local(&row.start)),
        ("最近活动", local(&row.end)),
        ("立案时间", local(&row.created_at)),
        ("事件等级", grade(row.grade.or(row.proposed_grade))),
        ("定级依据", detail.grade_basis.clone()),
        ("攻击手法（ATT&CK）", detail.techniques.join("、")),
        ("关联告警", format!("{} 条", row.alert_count)),
    ]);
    let explanation: Vec<String> = detail.explanation.iter().map(|line| line.zh.clone()).collect();
    Report::new("网络安全事件报告（初报稿）", &format!("{unit}　{}", local(now)))
        .heading("一、基本情况")
        .table(&facts)
        .heading("二、经过与影响")
        .text(&listed(std::slice::from_ref(&detail.summary), "（待补充：危害与影响）"))
        .text(&explanation.join("\n"))
        .table(&timeline)
        .heading("三、已采取的措施")
        .text(&listed(&measures, "（待补充）"))
        .heading("四、报告时限")
        .table(&clocks)
        .heading("五、下一步工作与请求支援事项")
        .text("（待补充）")
        .bytes()
}

/// Evidence report of a traced leak.
pub(crate) fn trace(row: &TraceRow, unit: &str) -> ApiResult<Vec<u8>> {
    let mut suspects = vec![["接收方", "偏离标准差", "误判概率", "结论"].map(str::to_owned).to_vec()];
    suspects.extend(row.suspects.iter().map(|one| {
        let verdict = if one.named { "认定" } else { "不认定" };
        vec![
            one.recipient.clone(),
            format!("{:.1}", one.score),
            format!("{:.1e}", one.error_probability),
            verdict.to_owned(),
        ]
    }));
    let named = if row.named.is_empty() { "未能认定任何接收方".to_owned() } else { row.named.join("、") };
    let facts = pairs(&[
        ("项目", "内容".to_owned()),
        ("泄露文件", row.file_name.clone()),
        ("文件 SM3", row.file_sm3.clone()),
        ("溯源时间", local(&row.created_at)),
        ("操作人", row.actor.clone()),
        ("比对数据集", format!("{} 个", row.datasets)),
        ("结论", named),
    ]);
    Report::new("数据泄露溯源报告", &format!("{unit}　{}", local(&row.created_at)))
        .heading("一、基本情况")
        .table(&facts)
        .heading("二、逐一比对")
        .table(&suspects)
        .heading("三、方法说明")
        .text("每份发放的副本按接收方嵌入由密钥决定的标记，共享台账以 SM3 链式记录。将泄露表中可读标记与各接收方的应有标记比对，若无辜接收方出现同等吻合程度的概率（已按接收方数量修正）低于十亿分之一，则予以认定。")
        .bytes()
}

/// Name of a figure of the bulletin.
fn figure_name(name: &str) -> &str {
    match name {
        "alerts" => "告警",
        "alerts_high" => "高危以上告警",
        "incidents" => "新增事件",
        "tasks_issued" => "下发任务",
        "tasks_finished" => "提交任务",
        "findings" => "敏感数据发现",
        other => other,
    }
}

/// A heading, and below it a table or the word that there is nothing.
fn section(report: Report, title: &str, head: &[&str], rows: Vec<Vec<String>>, none: &str) -> Report {
    let report = report.heading(title);
    if rows.is_empty() {
        return report.text(none);
    }
    let head = head.iter().map(|text| (*text).to_owned()).collect();
    report.table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

fn loads(units: &[UnitLoad]) -> Vec<Vec<String>> {
    units.iter().map(|load| vec![load.unit.name.clone(), load.count.to_string()]).collect()
}

/// The bulletin of a day or a week.
pub(crate) fn bulletin(bulletin: &Bulletin) -> ApiResult<Vec<u8>> {
    let title = if bulletin.period == "weekly" { "网络安全周报" } else { "网络安全日报" };
    let below = format!("{}　{} 至 {}", bulletin.unit.name, local(&bulletin.from), local(&bulletin.to));
    let figures = bulletin.figures.iter().map(|figure| {
        let change = figure.value - figure.before;
        vec![figure_name(&figure.name).to_owned(), figure.value.to_string(), format!("{change:+}")]
    });
    let incidents = bulletin.incidents.iter().map(|incident| {
        let grade = incident.grade.clone().unwrap_or_else(|| "待研判".to_owned());
        let state = if incident.state == "closed" { "已办结" } else { "处置中" };
        vec![incident.number.clone(), incident.title.clone(), grade, incident.unit.name.clone(), state.to_owned()]
    });
    let report = Report::new(title, &below);
    let report = section(report, "一、总体情况", &["指标", "本期", "较上期"], figures.collect(), "");
    let head = ["编号", "标题", "定级", "单位", "状态"];
    let report = section(report, "二、重点事件", &head, incidents.collect(), "本期无新增事件。");
    let busiest = loads(&bulletin.busiest);
    let report = section(report, "三、告警较多的单位", &["单位", "告警数"], busiest, "本期无告警。");
    let overdue = loads(&bulletin.overdue);
    section(report, "四、逾期任务", &["单位", "逾期任务数"], overdue, "无逾期任务。").bytes()
}

/// Scorecards as a workbook.
pub(crate) fn scorecards(cards: &Scorecards) -> ApiResult<Vec<u8>> {
    let head = [
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
        "督查反馈",
        "督查按时反馈",
        "控制项",
        "控制项达标",
        "应训人次",
        "实训人次",
        "联络呼叫",
        "联络接通",
    ];
    let text = |value: Option<i64>| value.map_or_else(String::new, |value| value.to_string());
    let row = |row: &ScorecardRow| {
        vec![
            text(row.rank),
            row.unit.code.clone(),
            row.unit.name.clone(),
            row.score.map_or_else(String::new, |score| format!("{score:.1}")),
            row.tasks.to_string(),
            row.signed_in_time.to_string(),
            text(row.median_sign_minutes),
            row.finished_in_time.to_string(),
            text(row.median_finish_minutes),
            row.overdue.to_string(),
            row.inspections.to_string(),
            row.inspections_in_time.to_string(),
            row.controls.to_string(),
            row.controls_met.to_string(),
            row.training_expected.to_string(),
            row.training_attended.to_string(),
            row.calls.to_string(),
            row.calls_reached.to_string(),
        ]
    };
    workbook("考核评估", &head, &cards.items.iter().map(row).collect::<Vec<_>>())
}

/// A table as a workbook: the first row is the heading.
pub(crate) fn workbook(title: &str, head: &[&str], rows: &[Vec<String>]) -> ApiResult<Vec<u8>> {
    let made = || -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name(title)?;
        let bold = Format::new().set_bold();
        for (text, column) in head.iter().zip(0_u16..) {
            sheet.write_string_with_format(0, column, *text, &bold)?;
        }
        for (cells, line) in rows.iter().zip(1_u32..) {
            for (text, column) in cells.iter().zip(0_u16..) {
                let cut: String = guarded(text).chars().take(32_000).collect();
                sheet.write_string(line, column, cut)?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        sheet.autofit();
        book.save_to_buffer()
    };
    made().map_err(|error| ApiError::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_no_formulas() {
        for hostile in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            assert!(guarded(hostile).starts_with(['\'', '\u{fffd}']), "{hostile}");
        }
        assert_eq!(guarded("203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn documents_hold_hostile_text_as_text() {
        let report = Report::new("题", "单位")
            .text("a\u{0}<w:p>&\u{202e}gpj")
            .table(&[vec!["<b>".to_owned(), "]]>".to_owned()]]);
        let bytes = report.bytes().expect("packs");
        assert!(bytes.starts_with(b"PK"));
        let book = workbook("导出", &["标题"], &[vec!["=1+1".to_owned()]]).expect("makes");
        assert!(book.starts_with(b"PK"));
    }
}
