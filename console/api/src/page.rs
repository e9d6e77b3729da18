//! Cursors: where a page of a list ended.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::db::{Db, Filter, Query};
use crate::error::{ApiError, ApiResult};
use crate::limits::{COUNT_MAX, PAGE_ROWS, PAGE_ROWS_MAX};
use crate::state::AppState;

/// Rows of a page that was asked for.
pub(crate) fn page_rows(limit: Option<u32>) -> i64 {
    i64::from(limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX))
}

/// The cursor after a row with a sort number and an id.
pub(crate) fn cursor_after(number: i64, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{number}.{id}"))
}

/// Sort number and id of a cursor.
pub(crate) fn read_cursor(cursor: &str) -> ApiResult<(i64, String)> {
    let read = || -> Option<(i64, String)> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (number, id) = text.split_once('.')?;
        Some((number.parse().ok()?, id.to_owned()))
    };
    read().ok_or_else(|| ApiError::invalid("cursor", "分页游标不合法", "is no cursor of this list"))
}

/// How many rows match, up to a limit.
pub(crate) async fn count_up_to(query: &mut impl Query, from: &str, filter: &Filter) -> ApiResult<i64> {
    let sql = format!(
        "SELECT COUNT(*) AS n FROM (SELECT 1 FROM {from} WHERE {} LIMIT {COUNT_MAX}) AS matching",
        filter.sql()
    );
    Ok(query.count(&sql, filter.args()).await?)
}

/// Whether counting stopped at its limit.
pub(crate) const fn is_least(total: i64) -> bool {
    total >= COUNT_MAX
}

/// Number of the newest change of all. Read before the rows: what comes in between is news to the reader, not lost.
/// A file has no writer but this program, which knows the number.
pub(crate) async fn newest_revision(state: &AppState) -> ApiResult<i64> {
    match state.db() {
        Db::Sqlite { .. } => Ok(*state.shared().revision.borrow()),
        mut server @ Db::Postgres(_) => {
            Ok(server.count("SELECT value AS n FROM sequence WHERE name = 'revision'", Vec::new()).await?)
        }
    }
}

/// Splits the one row too many off a page and makes the cursor of the next page.
pub(crate) fn cut<T>(items: &mut Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    items.last().map(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        let cursor = cursor_after(-5, "ab.c");
        assert_eq!(read_cursor(&cursor).expect("reads"), (-5, "ab.c".to_owned()));
        for wrong in ["", "!", "YWJj", "'; DROP TABLE alert; --"] {
            assert!(read_cursor(wrong).is_err(), "{wrong}");
        }
    }
}
