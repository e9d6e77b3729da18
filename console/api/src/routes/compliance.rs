//! The compliance workspace, scorecards and bulletins.

use fengsui_schema::{Tier, UnitCode};

use super::prelude::*;
use crate::check;
use crate::report;
use crate::repository::{bulletins, compliance, scorecards};
use crate::state::Change;
use crate::wire::{
    Bulletin, BulletinQuery, ComplianceQuery, ComplianceView, ControlJudgement, Items, ReportedScorecard,
    ScorecardQuery, Scorecards,
};
use crate::words::from_word;

const MONTH: i64 = 30 * 86_400_000;

fn unit_of(caller: &Caller, asked: Option<&str>) -> ApiResult<UnitCode> {
    asked.map_or_else(|| Ok(caller.identity.unit.clone()), |code| check::unit("unit", code))
}

/// Catalogues of controls, and how a unit and those below stand.
#[utoipa::path(get, path = "/compliance", operation_id = "compliance_show", tag = "compliance", params(ComplianceQuery), responses((status = 200, body = ComplianceView)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<ComplianceQuery>,
) -> ApiResult<Json<ComplianceView>> {
    let unit = unit_of(&caller, query.unit.as_deref())?;
    Ok(Json(compliance::show(&state, &caller.scope, &unit).await?))
}

/// Judge a control of the caller's own unit.
#[utoipa::path(post, path = "/compliance/{catalogue}/{control}", operation_id = "compliance_judge", tag = "compliance", params(("catalogue" = String, Path), ("control" = String, Path)), request_body = ControlJudgement, responses((status = 200, body = ComplianceView)))]
pub(crate) async fn judge(
    State(state): State<AppState>,
    caller: Caller,
    Path((catalogue, control)): Path<(String, String)>,
    Body(sent): Body<ControlJudgement>,
) -> ApiResult<Json<ComplianceView>> {
    let unit = caller.identity.unit.clone();
    let mut change = Change::of(&state, &caller).await?;
    compliance::judge(&mut change, &unit, (&catalogue, &control), &sent).await?;
    let object = format!("control/{catalogue}/{control}");
    let detail = format!("{}: {}", crate::words::word_of(&sent.state), sent.evidence.trim());
    change.finish("compliance.write", &object, &detail).await?;
    Ok(Json(compliance::show(&state, &caller.scope, &unit).await?))
}

async fn cards(state: &AppState, caller: &Caller, query: &ScorecardQuery) -> ApiResult<Scorecards> {
    let to = check::optional_time("to", query.to.as_deref())?.unwrap_or_else(|| state.now());
    let from = check::optional_time("from", query.from.as_deref())?.unwrap_or(to - MONTH);
    let tier = query.tier.as_deref().map_or(Some(Tier::County), from_word);
    let tier = tier.ok_or_else(|| ApiError::invalid("tier", "取值不合法", "is prefecture or county"))?;
    scorecards::of_tier(state, &caller.scope, tier, (from, to)).await
}

/// How units worked in a time, best first.
#[utoipa::path(get, path = "/scorecards", operation_id = "scorecards_list", tag = "compliance", params(ScorecardQuery), responses((status = 200, body = Scorecards)))]
pub(crate) async fn scorecards(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<ScorecardQuery>,
) -> ApiResult<Json<Scorecards>> {
    Ok(Json(cards(&state, &caller, &query).await?))
}

/// Scorecards that nodes below counted themselves.
#[utoipa::path(get, path = "/scorecards/reported", operation_id = "scorecards_reported", tag = "compliance", responses((status = 200, body = Items<ReportedScorecard>)))]
pub(crate) async fn scorecards_reported(
    State(state): State<AppState>,
    caller: Caller,
) -> ApiResult<Json<Items<ReportedScorecard>>> {
    Ok(Json(Items { items: crate::tier::reported_scorecards(&state, &caller.scope).await? }))
}

/// The same as an Excel workbook.
#[utoipa::path(get, path = "/scorecards.xlsx", operation_id = "scorecards_sheet", tag = "compliance", params(ScorecardQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
pub(crate) async fn scorecards_sheet(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<ScorecardQuery>,
) -> ApiResult<Response> {
    let cards = cards(&state, &caller, &query).await?;
    let bytes = state.off_thread(move || report::scorecards(&cards)).await??;
    Ok(report::download("考核评估.xlsx", bytes))
}

/// What happened in the last day or week.
#[utoipa::path(get, path = "/bulletin", operation_id = "bulletin_show", tag = "compliance", params(BulletinQuery), responses((status = 200, body = Bulletin)))]
pub(crate) async fn bulletin(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<BulletinQuery>,
) -> ApiResult<Json<Bulletin>> {
    let period = query.period.as_deref().unwrap_or("daily");
    Ok(Json(bulletins::make(&state, &caller.scope, &caller.identity.unit, period).await?))
}

/// The same as a Word document.
#[utoipa::path(get, path = "/bulletin.docx", operation_id = "bulletin_document", tag = "compliance", params(BulletinQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document")))]
pub(crate) async fn bulletin_document(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<BulletinQuery>,
) -> ApiResult<Response> {
    let period = query.period.as_deref().unwrap_or("daily");
    let bulletin = bulletins::make(&state, &caller.scope, &caller.identity.unit, period).await?;
    let name = if period == "weekly" { "网络安全周报.docx" } else { "网络安全日报.docx" };
    let bytes = state.off_thread(move || report::bulletin(&bulletin)).await??;
    Ok(report::download(name, bytes))
}
