//! Warnings (预警).

use super::prelude::*;
use crate::check;
use crate::repository::{warning_acts, warnings};
use crate::state::Change;
use crate::wire::{Decision, Items, NewWarning, WarningChange, WarningQuery, WarningRow};

/// Warnings that the caller may see, newest first.
#[utoipa::path(get, path = "/warnings", operation_id = "warnings_list", tag = "warnings", params(WarningQuery), responses((status = 200, body = Items<WarningRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<WarningQuery>,
) -> ApiResult<Json<Items<WarningRow>>> {
    Ok(Json(Items { items: warnings::list(&state, &caller, query.current == Some(true)).await? }))
}

/// One warning.
#[utoipa::path(get, path = "/warnings/{id}", operation_id = "warnings_show", tag = "warnings", params(("id" = String, Path)), responses((status = 200, body = WarningRow)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<WarningRow>> {
    Ok(Json(warnings::show(&state, &caller, check::number_id(&id)?).await?))
}

/// What the list shows of a warning after an act.
async fn after(state: &AppState, mut caller: Caller, id: i64) -> ApiResult<Json<WarningRow>> {
    caller.scope = caller.grant("warning.read").ok_or_else(ApiError::forbidden)?;
    Ok(Json(warnings::show(state, &caller, id).await?))
}

/// Issue a warning; a red or orange one waits for a second person.
#[utoipa::path(post, path = "/warnings", operation_id = "warnings_create", tag = "warnings", request_body = NewWarning, responses((status = 200, body = WarningRow)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewWarning>,
) -> ApiResult<Json<WarningRow>> {
    let mut change = Change::of(&state, &caller).await?;
    let id = warning_acts::create(&mut change, &caller, &new).await?;
    let detail = format!("{} for {}: {}", crate::words::word_of(&new.level), new.units.join(" "), new.reason);
    change.finish("warning.create", &format!("warning/{id}"), &detail).await?;
    after(&state, caller, id).await
}

/// Change the level of a warning, or lift it; where red or orange is concerned, a second person has to agree.
#[utoipa::path(post, path = "/warnings/{id}/change", operation_id = "warnings_change", tag = "warnings", params(("id" = String, Path)), request_body = WarningChange, responses((status = 200, body = WarningRow)))]
pub(crate) async fn regrade(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<WarningChange>,
) -> ApiResult<Json<WarningRow>> {
    let id = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    let detail = warning_acts::regrade(&mut change, &caller, id, &sent).await?;
    change.finish("warning.change", &format!("warning/{id}"), &detail).await?;
    after(&state, caller, id).await
}

/// Agree to what is wanted of a warning, or refuse.
#[utoipa::path(post, path = "/warnings/{id}/decide", operation_id = "warnings_decide", tag = "warnings", params(("id" = String, Path)), request_body = Decision, responses((status = 200, body = WarningRow)))]
pub(crate) async fn decide(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<Decision>,
) -> ApiResult<Json<WarningRow>> {
    let id = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    let detail = warning_acts::decide(&mut change, &caller, id, &sent).await?;
    change.finish("warning.decide", &format!("warning/{id}"), &detail).await?;
    after(&state, caller, id).await
}

/// Give the receipt of the caller's unit.
#[utoipa::path(post, path = "/warnings/{id}/receipt", operation_id = "warnings_receive", tag = "warnings", params(("id" = String, Path)), responses((status = 200, body = WarningRow)))]
pub(crate) async fn receive(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<WarningRow>> {
    let id = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    warning_acts::receive(&mut change, &caller, id).await?;
    change.finish("warning.receive", &format!("warning/{id}"), "").await?;
    after(&state, caller, id).await
}
