//! Hunts over the past that are kept: what somebody asked and what was found, after a restart too.

use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::RETRO_HUNTS_KEPT;
use crate::scope::Place;
use crate::state::{AppState, Change, time_text};
use crate::wire::{RetroHuntState, RetroHuntView};

/// Keeps one that begins, and forgets the oldest of its owner.
pub(crate) async fn begin(change: &mut Change, caller: &Caller, view: &RetroHuntView) -> ApiResult<()> {
    let account = caller.identity.account;
    let mut values = args![check::number_id(&view.id)?, account, change.now(), text(view)?];
    values.extend(Place::of(&caller.identity.unit).values());
    let sql =
        "INSERT INTO retro_hunt (id, account_id, started_at, is_running, view, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)";
    change.execute(sql, values).await?;
    let sql = "DELETE FROM retro_hunt WHERE account_id = $1 AND id NOT IN
                   (SELECT id FROM retro_hunt WHERE account_id = $1 ORDER BY id DESC LIMIT $2)";
    change.execute(sql, args![account, RETRO_HUNTS_KEPT]).await?;
    Ok(())
}

/// Keeps how one ended.
pub(crate) async fn end(change: &mut Change, mut view: RetroHuntView) -> ApiResult<()> {
    let report = view.report.take().map(|report| text(&report)).transpose()?;
    let sql = "UPDATE retro_hunt SET is_running = 0, view = $1, report = $2 WHERE id = $3";
    change.execute(sql, args![text(&view)?, report, check::number_id(&view.id)?]).await?;
    Ok(())
}

/// Those of somebody, the newest first; the report is that of the newest alone. Who is moved to another unit sees those of
/// the former one no more.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<Vec<RetroHuntView>> {
    let filter = own(caller);
    let sql = format!(
        "SELECT h.view, CASE WHEN h.id = (SELECT MAX(n.id) FROM retro_hunt n WHERE n.account_id = h.account_id)
                        THEN h.report END AS report
         FROM retro_hunt h WHERE {} ORDER BY h.id DESC LIMIT {RETRO_HUNTS_KEPT}",
        filter.sql()
    );
    state.db().rows(&sql, filter.args()).await?.iter().map(read).collect()
}

/// One of somebody; those of others are not found.
pub(crate) async fn find(state: &AppState, caller: &Caller, id: &str) -> ApiResult<RetroHuntView> {
    let mut filter = own(caller);
    filter.and_with("h.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT h.view, h.report FROM retro_hunt h WHERE {}", filter.sql());
    state.db().row(&sql, filter.args()).await?.as_ref().map(read).transpose()?.ok_or_else(ApiError::not_found)
}

/// What was under way when the console stopped came to no end.
pub(crate) async fn end_all(change: &mut Change) -> ApiResult<()> {
    let ended_at = Some(time_text(change.now()));
    for row in &change.rows("SELECT h.view, h.report FROM retro_hunt h WHERE h.is_running = 1", vec![]).await? {
        let view = RetroHuntView { state: RetroHuntState::Failed, ended_at: ended_at.clone(), ..read(row)? };
        end(change, view).await?;
    }
    Ok(())
}

fn own(caller: &Caller) -> Filter {
    let mut filter = Filter::within(&caller.scope, "h");
    let identity = &caller.identity;
    filter.and_with("h.account_id = ? AND h.unit_code = ?", args![identity.account, identity.unit.as_str()]);
    filter
}

fn text(value: &impl serde::Serialize) -> ApiResult<String> {
    serde_json::to_string(value).map_err(|error| ApiError::internal(&error))
}

fn read(row: &Row) -> ApiResult<RetroHuntView> {
    let failed = |error: serde_json::Error| ApiError::internal(&error);
    let report = row.optional_text("report")?.map(|text| serde_json::from_str(&text)).transpose().map_err(failed)?;
    Ok(RetroHuntView { report, ..serde_json::from_str(&row.text("view")?).map_err(failed)? })
}
