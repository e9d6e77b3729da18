//! Saved views of the queue and saved hunts.

use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{QUERY_CHARACTERS, VIEWS_PER_ACCOUNT};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change};
use crate::wire::{NewView, ViewRow};

fn kind(word: &str) -> ApiResult<&str> {
    match word {
        "alerts" | "events" => Ok(word),
        _ => Err(ApiError::invalid("kind", "取值不合法", "is alerts or events")),
    }
}

/// The own views and those that colleagues of the unit share.
pub(crate) async fn list(state: &AppState, caller: &Caller, of_kind: &str) -> ApiResult<Vec<ViewRow>> {
    let account = caller.identity.account;
    let mut filter = Filter::within(&Scope::unit(&caller.identity.unit), "v");
    filter.and_with("v.kind = ? AND (v.account_id = ? OR v.shared = 1)", args![kind(of_kind)?, account]);
    let sql = format!(
        "SELECT v.*, p.display_name FROM saved_view v JOIN account p ON p.id = v.account_id WHERE {} ORDER BY v.name, v.id",
        filter.sql()
    );
    let read = |row: &Row| {
        Ok(ViewRow {
            id: row.int("id")?.to_string(),
            name: row.text("name")?,
            search: row.text("search")?,
            shared: row.flag("shared")?,
            own: row.int("account_id")? == account,
            owner: row.text("display_name")?,
        })
    };
    state.db().rows(&sql, filter.args()).await?.iter().map(read).collect()
}

/// Keeps a view; one of the same name is replaced.
pub(crate) async fn save(change: &mut Change, caller: &Caller, new: &NewView) -> ApiResult<()> {
    let (name, account) = (check::title(&new.name)?, caller.identity.account);
    if new.search.chars().count() > QUERY_CHARACTERS || new.search.chars().any(char::is_control) {
        return Err(ApiError::invalid("search", "筛选条件过长", "is too long"));
    }
    let held = change.count("SELECT COUNT(*) AS n FROM saved_view WHERE account_id = $1", args![account]).await?;
    if held >= VIEWS_PER_ACCOUNT {
        return Err(ApiError::conflict("保存的视图过多，请先删除", "the account keeps as many views as it may"));
    }
    let (id, now) = (change.next("saved_view").await?, change.now());
    let mut values = args![id, account, kind(&new.kind)?, name, &new.search, i64::from(new.shared), now];
    values.extend(Place::of(&caller.identity.unit).values());
    let sql = "INSERT INTO saved_view (id, account_id, kind, name, search, shared, created_at, province, prefecture,
                   county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               ON CONFLICT (account_id, kind, name) DO UPDATE SET search = excluded.search, shared = excluded.shared";
    change.execute(sql, values).await?;
    Ok(())
}

/// Forgets an own view.
pub(crate) async fn remove(change: &mut Change, account: i64, id: &str) -> ApiResult<()> {
    let sql = "DELETE FROM saved_view WHERE id = $1 AND account_id = $2";
    if change.execute(sql, args![check::number_id(id)?, account]).await? == 0 {
        return Err(ApiError::not_found());
    }
    Ok(())
}
