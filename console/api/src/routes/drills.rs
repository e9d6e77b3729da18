//! Drills and their score per ATT&CK technique.

use super::prelude::*;
use crate::repository::drills;
use crate::state::Change;
use crate::wire::{DrillDetail, DrillRow, Items, NewDrill, NewDrillActions};

/// Drills, newest first.
#[utoipa::path(get, path = "/drills", operation_id = "drills_list", tag = "drills", responses((status = 200, body = Items<DrillRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<DrillRow>>> {
    Ok(Json(Items { items: drills::list(&state, &caller.scope).await? }))
}

/// A drill with what was detected of it.
#[utoipa::path(get, path = "/drills/{id}", operation_id = "drills_show", tag = "drills", params(("id" = String, Path)), responses((status = 200, body = DrillDetail)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<DrillDetail>> {
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}

/// Begin a drill.
#[utoipa::path(post, path = "/drills", operation_id = "drills_create", tag = "drills", request_body = NewDrill, responses((status = 200, body = DrillDetail)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewDrill>,
) -> ApiResult<Json<DrillDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    let id = drills::create(&mut change, &new.title).await?.to_string();
    change.finish("drill.write.create", &format!("drill/{id}"), &new.title).await?;
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}

/// Note what the attackers did.
#[utoipa::path(post, path = "/drills/{id}/actions", operation_id = "drills_add", tag = "drills", params(("id" = String, Path)), request_body = NewDrillActions, responses((status = 200, body = DrillDetail)))]
pub(crate) async fn add(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<NewDrillActions>,
) -> ApiResult<Json<DrillDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    drills::add(&mut change, &caller.scope, &id, &sent.actions).await?;
    let detail = format!("{} acts", sent.actions.len());
    change.finish("drill.write.add", &format!("drill/{id}"), &detail).await?;
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}

/// End a drill.
#[utoipa::path(post, path = "/drills/{id}/end", operation_id = "drills_end", tag = "drills", params(("id" = String, Path)), responses((status = 200, body = DrillDetail)))]
pub(crate) async fn end(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<DrillDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    drills::end(&mut change, &caller.scope, &id).await?;
    change.finish("drill.write.end", &format!("drill/{id}"), "").await?;
    Ok(Json(drills::detail(&state, &caller.scope, &id).await?))
}
