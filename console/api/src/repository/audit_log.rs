//! Reading the audit log.

use fengsui_schema::shown;

use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::page::{count_up_to, cursor_after, cut, is_least, page_rows, read_cursor};
use crate::scope::Scope;
use crate::state::{AppState, time_text};
use crate::wire::{AuditQuery, AuditRow, List};

/// A page of the audit log, newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &AuditQuery) -> ApiResult<List<AuditRow>> {
    let mut db = state.db();
    let mut filter = conditions(scope, asked)?;
    let total = count_up_to(&mut db, "audit x", &filter).await?;
    if let Some(cursor) = &asked.cursor {
        let (sequence, _) = read_cursor(cursor)?;
        filter.and_with("x.sequence < ?", args![sequence]);
    }
    let limit = page_rows(asked.limit);
    let sql = format!("SELECT x.* FROM audit x WHERE {} ORDER BY x.sequence DESC LIMIT {}", filter.sql(), limit + 1);
    let mut items = db.rows(&sql, filter.args()).await?.iter().map(read).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |row| cursor_after(row.sequence, ""));
    let newest_revision = items.first().map_or(0, |row| row.sequence);
    Ok(List { items, next_cursor, total, total_is_least: is_least(total), newest_revision })
}

fn conditions(scope: &Scope, asked: &AuditQuery) -> ApiResult<Filter> {
    let mut filter = Filter::within(scope, "x");
    if let Some(from) = check::optional_time("from", asked.from.as_deref())? {
        filter.and_with("x.time >= ?", args![from]);
    }
    if let Some(to) = check::optional_time("to", asked.to.as_deref())? {
        filter.and_with("x.time < ?", args![to]);
    }
    if let Some(actor) = asked.actor.as_deref().filter(|actor| !actor.is_empty()) {
        filter.and_with("x.actor = ?", args![actor]);
    }
    if let Some(action) = asked.action.as_deref().filter(|action| !action.is_empty()) {
        let known = action.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'));
        if !known {
            return Err(ApiError::invalid("action", "取值不合法", &format!("{} is no action", shown(action))));
        }
        filter.and_with("(x.action = ? OR x.action LIKE ?)", args![action, format!("{action}.%")]);
    }
    if let Some(text) = check::search(asked.q.as_deref())? {
        let pattern = check::like_pattern(&text);
        let condition = "(LOWER(x.object) LIKE ? ESCAPE '\\' OR LOWER(x.detail) LIKE ? ESCAPE '\\')";
        filter.and_with(condition, args![&pattern, &pattern]);
    }
    Ok(filter)
}

fn read(row: &Row) -> ApiResult<AuditRow> {
    Ok(AuditRow {
        sequence: row.int("sequence")?,
        time: time_text(row.int("time")?),
        actor: row.text("actor")?,
        unit: row.text("unit_code")?,
        action: row.text("action")?,
        object: row.text("object")?,
        outcome: row.text("outcome")?,
        detail: row.text("detail")?,
        address: row.text("address")?,
        hash: row.text("hash")?,
    })
}
