//! Lists as Excel tables, and the first report of an incident as a Word document. Every export is on record.

use super::prelude::*;
use crate::limits::EXPORT_ROWS;
use crate::report;
use crate::repository::incidents::{self, Around};
use crate::repository::{alerts, audit_log, tasks};
use crate::state::{Change, time_text};
use crate::wire::{AlertQuery, AlertRow, AuditQuery, AuditRow, TaskQuery, TaskRow};
use crate::words::word_of;

/// Rows of one request while an export is gathered.
const PAGE: u32 = 500;

async fn finish(
    state: &AppState,
    caller: &Caller,
    (name, head): (&'static str, &'static [&'static str]),
    rows: Vec<Vec<String>>,
) -> ApiResult<Response> {
    let detail = format!("{name}, {} rows", rows.len());
    let bytes = state.off_thread(move || report::workbook(name, head, &rows)).await??;
    Change::told(state, caller, ("export", "export"), &detail).await?;
    Ok(report::download(&format!("{name}.xlsx"), bytes))
}

/// The queue as an Excel table; at most 5,000 rows.
#[utoipa::path(get, path = "/alerts/export.xlsx", operation_id = "exports_alerts", tag = "exports", params(AlertQuery), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn queue(
    State(state): State<AppState>,
    caller: Caller,
    Params(mut query): Params<AlertQuery>,
) -> ApiResult<Response> {
    query.limit = Some(PAGE);
    let mut rows = Vec::new();
    loop {
        let page = alerts::list(&state, &caller.scope, &query).await?;
        rows.extend(page.items.iter().map(alert_cells));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() || rows.len() >= EXPORT_ROWS {
            break;
        }
    }
    let head =
        &["时间", "级别", "标题", "规则", "来源", "源地址", "目标地址", "资产", "单位", "次数", "技术", "状态", "结论"];
    finish(&state, &caller, ("告警", head), rows).await
}

fn alert_cells(row: &AlertRow) -> Vec<String> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        row.time.clone(),
        row.severity.as_str().to_owned(),
        row.title_zh.clone(),
        row.rule_id.clone(),
        row.source.clone(),
        optional(&row.source_ip),
        optional(&row.destination_ip),
        optional(&row.destination_asset),
        row.unit.name.clone(),
        row.count.to_string(),
        row.techniques.join(" "),
        word_of(&row.state),
        row.disposition.as_ref().map(word_of).unwrap_or_default(),
    ]
}

/// Tasks as an Excel table; at most 5,000 rows.
#[utoipa::path(get, path = "/tasks/export.xlsx", operation_id = "exports_tasks", tag = "exports", params(TaskQuery), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn work(
    State(state): State<AppState>,
    caller: Caller,
    Params(mut query): Params<TaskQuery>,
) -> ApiResult<Response> {
    query.limit = Some(PAGE);
    let mut rows = Vec::new();
    loop {
        let page = tasks::list(&state, &caller, &query).await?;
        rows.extend(page.items.iter().map(task_cells));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() || rows.len() >= EXPORT_ROWS {
            break;
        }
    }
    let head = &["编号", "标题", "承办单位", "下派", "状态", "下派时间", "办结期限", "签收时间", "提交时间", "逾期"];
    finish(&state, &caller, ("任务", head), rows).await
}

fn task_cells(row: &TaskRow) -> Vec<String> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        row.number.clone(),
        row.title.clone(),
        row.unit.name.clone(),
        row.issuer.unit_name.clone(),
        word_of(&row.state),
        row.created_at.clone(),
        row.due_at.clone(),
        optional(&row.signed_at),
        optional(&row.submitted_at),
        if row.overdue { "是" } else { "" }.to_owned(),
    ]
}

/// The audit log as an Excel table; at most 5,000 rows.
#[utoipa::path(get, path = "/audit/export.xlsx", operation_id = "exports_audit", tag = "exports", params(AuditQuery), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn log(
    State(state): State<AppState>,
    caller: Caller,
    Params(mut query): Params<AuditQuery>,
) -> ApiResult<Response> {
    query.limit = Some(PAGE);
    let mut rows = Vec::new();
    loop {
        let page = audit_log::list(&state, &caller.scope, &query).await?;
        rows.extend(page.items.iter().map(audit_cells));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() || rows.len() >= EXPORT_ROWS {
            break;
        }
    }
    let head = &["序号", "时间", "操作人", "单位", "操作", "对象", "结果", "内容", "来源地址", "链值 SM3"];
    finish(&state, &caller, ("审计", head), rows).await
}

fn audit_cells(row: &AuditRow) -> Vec<String> {
    let row = row.clone();
    let (sequence, time) = (row.sequence.to_string(), row.time);
    vec![sequence, time, row.actor, row.unit, row.action, row.object, row.outcome, row.detail, row.address, row.hash]
}

/// Draft of the first report of an incident (国家网络安全事件报告管理办法, article 7) as a Word document.
#[utoipa::path(get, path = "/incidents/{id}/report.docx", operation_id = "exports_report", tag = "exports", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn first_report(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let around =
        Around { incidents: &caller.scope, alerts: caller.grant("alert.read"), tasks: caller.grant("task.read") };
    let detail = incidents::detail(&state, &around, &id).await?;
    let (unit, now) = (state.units().name(&caller.identity.unit), time_text(state.now()));
    let number = detail.row.number.clone();
    let bytes = state.off_thread(move || report::incident(&detail, &unit, &now)).await??;
    Change::told(&state, &caller, ("incident.report", &format!("incident/{id}")), &number).await?;
    Ok(report::download(&format!("初报-{number}.docx"), bytes))
}
