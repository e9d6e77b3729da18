//! Alerts.

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::prelude::*;
use crate::check;
use crate::evidence;
use crate::repository::{alert_acts, alert_steps, alerts};
use crate::state::Change;
use crate::wire::{
    AlertAction, AlertActionKind, AlertActionResult, AlertDetail, AlertQuery, AlertRow, AlertStepChange, List,
    UndoRequest, UndoResult,
};
use crate::words::word_of;

/// The queue of alerts, newest first.
#[utoipa::path(get, path = "/alerts", operation_id = "alerts_list", tag = "alerts", params(AlertQuery), responses((status = 200, body = List<AlertRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<AlertQuery>,
) -> ApiResult<Json<List<AlertRow>>> {
    Ok(Json(alerts::list(&state, &caller.scope, &query).await?))
}

/// One alert.
#[utoipa::path(get, path = "/alerts/{id}", operation_id = "alerts_show", tag = "alerts", params(("id" = String, Path)), responses((status = 200, body = AlertDetail)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<AlertDetail>> {
    let incidents = caller.grant("incident.read");
    Ok(Json(alerts::detail(&state, &caller.scope, incidents.as_ref(), &id).await?))
}

/// Act on many alerts at once.
#[utoipa::path(post, path = "/alerts/actions", operation_id = "alerts_act", tag = "alerts", request_body = AlertAction, responses((status = 200, body = AlertActionResult)))]
pub(crate) async fn act(
    State(state): State<AppState>,
    caller: Caller,
    Body(mut action): Body<AlertAction>,
) -> ApiResult<Json<AlertActionResult>> {
    action.reason = action.reason.as_deref().filter(|text| !text.trim().is_empty()).map(check::reason).transpose()?;
    if action.action == AlertActionKind::Close && action.reason.is_none() && action.disposition.is_none() {
        return Err(ApiError::invalid(
            "reason",
            "关闭告警须填写理由或处置结论",
            "closing needs a reason or a disposition",
        ));
    }
    let mut change = Change::of(&state, &caller).await?;
    let (changed, undo_token) = alert_acts::act(&mut change, &caller.scope, caller.identity.account, &action).await?;
    let name = format!("alert.act.{}", word_of(&action.action));
    let reason = action.reason.as_deref().unwrap_or_default();
    let detail = format!("{changed} changed; {reason}; {}", action.ids.join(" "));
    let object = action.ids.first().map(|id| format!("alert/{id}")).unwrap_or_default();
    change.finish(&name, &object, &detail).await?;
    Ok(Json(AlertActionResult { changed, undo_token }))
}

/// Tick a step of the playbook of an alert, or take the tick back.
#[utoipa::path(post, path = "/alerts/{id}/steps", operation_id = "alerts_step", tag = "alerts", params(("id" = String, Path)), request_body = AlertStepChange, responses((status = 200, body = AlertDetail)))]
pub(crate) async fn step(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<AlertStepChange>,
) -> ApiResult<Json<AlertDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    let detail = alert_steps::tick(&mut change, &caller.scope, &id, &sent).await?;
    change.finish("alert.step", &format!("alert/{id}"), &detail).await?;
    show(State(state), caller, Path(id)).await
}

/// Take an act back.
#[utoipa::path(post, path = "/alerts/undo", operation_id = "alerts_undo", tag = "alerts", request_body = UndoRequest, responses((status = 200, body = UndoResult)))]
pub(crate) async fn undo(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<UndoRequest>,
) -> ApiResult<Json<UndoResult>> {
    let mut change = Change::of(&state, &caller).await?;
    let changed = alert_acts::undo(&mut change, &caller.scope, caller.identity.account, &sent.undo_token).await?;
    let detail = format!("{changed} changed");
    change.finish("alert.act.undo", "alert", &detail).await?;
    Ok(Json(UndoResult { changed }))
}

/// Capture of the flow of an alert.
#[utoipa::path(get, path = "/alerts/{id}/evidence.pcap", operation_id = "alerts_evidence", tag = "alerts", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/vnd.tcpdump.pcap")))]
pub(crate) async fn evidence(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let name = alerts::capture_name(&state, &caller.scope, &id).await?;
    let folder = state.shared().evidence_directory.clone();
    let bytes = state.off_thread(move || evidence::read_capture(&folder, &name)).await??;
    let disposition = format!("attachment; filename=\"alert-{id}.pcap\"");
    let headers = [(CONTENT_TYPE, "application/vnd.tcpdump.pcap".to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, bytes).into_response())
}
