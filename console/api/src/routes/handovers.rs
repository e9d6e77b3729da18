//! Handovers between shifts.

use super::prelude::*;
use crate::repository::handovers;
use crate::state::Change;
use crate::wire::{HandoverNumbers, HandoverRow, Items, NewHandover};

/// The last handovers of the unit.
#[utoipa::path(get, path = "/handovers", operation_id = "handovers_list", tag = "handovers", responses((status = 200, body = Items<HandoverRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<HandoverRow>>> {
    Ok(Json(Items { items: handovers::list(&state, &caller).await? }))
}

/// The numbers that a handover would keep now.
#[utoipa::path(get, path = "/handovers/numbers", operation_id = "handovers_numbers", tag = "handovers", responses((status = 200, body = HandoverNumbers)))]
pub(crate) async fn numbers(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<HandoverNumbers>> {
    Ok(Json(handovers::numbers(&state, &caller.scope).await?))
}

/// Hand over.
#[utoipa::path(post, path = "/handovers", operation_id = "handovers_create", tag = "handovers", request_body = NewHandover, responses((status = 200, body = Items<HandoverRow>)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewHandover>,
) -> ApiResult<Json<Items<HandoverRow>>> {
    let numbers = handovers::numbers(&state, &caller.scope).await?;
    let mut change = Change::of(&state, &caller).await?;
    let id = handovers::create(&mut change, &caller, &new, &numbers).await?;
    change.finish("handover.create", &format!("handover/{id}"), &new.text).await?;
    list(State(state), caller).await
}

/// Take over.
#[utoipa::path(post, path = "/handovers/{id}/take", operation_id = "handovers_take", tag = "handovers", params(("id" = String, Path)), responses((status = 200, body = Items<HandoverRow>)))]
pub(crate) async fn take(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Items<HandoverRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    handovers::take(&mut change, &caller, &id).await?;
    change.finish("handover.take", &format!("handover/{id}"), "").await?;
    list(State(state), caller).await
}
