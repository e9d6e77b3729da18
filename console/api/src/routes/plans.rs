//! Emergency plans and their activations.

use super::prelude::*;
use crate::check;
use crate::repository::plans;
use crate::state::Change;
use crate::wire::{
    ActivationRow, ActivationStepChange, NewActivation, NewPlan, PlanList, PlanRow, ReasonBody, TextBody,
};
use crate::words::word_of;

/// Plans of the units within reach and above, what was activated, and plans to begin with.
#[utoipa::path(get, path = "/plans", operation_id = "plans_list", tag = "plans", responses((status = 200, body = PlanList)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<PlanList>> {
    Ok(Json(plans::list(&state, &caller).await?))
}

/// Add a plan of the caller's unit.
#[utoipa::path(post, path = "/plans", operation_id = "plans_create", tag = "plans", request_body = NewPlan, responses((status = 200, body = PlanRow)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewPlan>,
) -> ApiResult<Json<PlanRow>> {
    let mut change = Change::of(&state, &caller).await?;
    let id = plans::create(&mut change, &caller, &new).await?;
    change.finish("plan.write.create", &format!("plan/{id}"), new.title.trim()).await?;
    Ok(Json(plans::show(&state, &caller, id).await?))
}

/// Revise a plan.
#[utoipa::path(post, path = "/plans/{id}", operation_id = "plans_revise", tag = "plans", params(("id" = String, Path)), request_body = NewPlan, responses((status = 200, body = PlanRow)))]
pub(crate) async fn revise(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<NewPlan>,
) -> ApiResult<Json<PlanRow>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    plans::revise(&mut change, &caller, number, &new).await?;
    change.finish("plan.write.revise", &format!("plan/{id}"), new.title.trim()).await?;
    Ok(Json(plans::show(&state, &caller, number).await?))
}

/// Take a plan out of the library.
#[utoipa::path(post, path = "/plans/{id}/retire", operation_id = "plans_retire", tag = "plans", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = PlanList)))]
pub(crate) async fn retire(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> ApiResult<Json<PlanList>> {
    let reason = check::reason(&sent.reason)?;
    let mut change = Change::of(&state, &caller).await?;
    plans::retire(&mut change, &caller, check::number_id(&id)?).await?;
    change.finish("plan.write.retire", &format!("plan/{id}"), &reason).await?;
    list(State(state), caller).await
}

/// Activate a plan for the caller's unit, in a drill or in earnest.
#[utoipa::path(post, path = "/plans/{id}/activations", operation_id = "plans_activate", tag = "plans", params(("id" = String, Path)), request_body = NewActivation, responses((status = 200, body = ActivationRow)))]
pub(crate) async fn activate(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<NewActivation>,
) -> ApiResult<Json<ActivationRow>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    let activation = plans::activate(&mut change, &caller, number, &new).await?;
    let told = format!("plan {id}, {}, level {}: {}", word_of(&new.kind), word_of(&new.level), new.reason.trim());
    change.finish("plan.activate.begin", &format!("activation/{activation}"), &told).await?;
    Ok(Json(plans::activation(&state, &caller, activation).await?))
}

/// One activation.
#[utoipa::path(get, path = "/activations/{id}", operation_id = "activations_show", tag = "plans", params(("id" = String, Path)), responses((status = 200, body = ActivationRow)))]
pub(crate) async fn activation(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<ActivationRow>> {
    Ok(Json(plans::activation(&state, &caller, check::number_id(&id)?).await?))
}

/// Tick a step, or take that back.
#[utoipa::path(post, path = "/activations/{id}/steps", operation_id = "activations_tick", tag = "plans", params(("id" = String, Path)), request_body = ActivationStepChange, responses((status = 200, body = ActivationRow)))]
pub(crate) async fn tick(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ActivationStepChange>,
) -> ApiResult<Json<ActivationRow>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    plans::tick(&mut change, &caller, number, &sent).await?;
    let told = format!("step {}: {}", sent.step, if sent.done { "done" } else { "not done" });
    change.finish("plan.activate.step", &format!("activation/{id}"), &told).await?;
    Ok(Json(plans::activation(&state, &caller, number).await?))
}

/// End an activation with what it came to.
#[utoipa::path(post, path = "/activations/{id}/end", operation_id = "activations_end", tag = "plans", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = ActivationRow)))]
pub(crate) async fn end(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TextBody>,
) -> ApiResult<Json<ActivationRow>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    plans::end(&mut change, &caller, number, &sent.text).await?;
    change.finish("plan.activate.end", &format!("activation/{id}"), sent.text.trim()).await?;
    Ok(Json(plans::activation(&state, &caller, number).await?))
}
