//! The register of systems.

use super::prelude::*;
use crate::check;
use crate::repository::systems;
use crate::state::Change;
use crate::wire::{Items, ReasonBody, SystemBody, SystemRow};

type Systems = ApiResult<Json<Items<SystemRow>>>;

async fn all(state: &AppState, caller: &Caller) -> Systems {
    let scope = caller.grant("compliance.read").ok_or_else(ApiError::forbidden)?;
    Ok(Json(Items { items: systems::list(state, &scope).await? }))
}

/// Systems of units within reach, with what is due.
#[utoipa::path(get, path = "/systems", operation_id = "systems_list", tag = "systems", responses((status = 200, body = Items<SystemRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> Systems {
    all(&state, &caller).await
}

/// Add a system.
#[utoipa::path(post, path = "/systems", operation_id = "systems_add", tag = "systems", request_body = SystemBody, responses((status = 200, body = Items<SystemRow>)))]
pub(crate) async fn add(State(state): State<AppState>, caller: Caller, Body(new): Body<SystemBody>) -> Systems {
    let mut change = Change::of(&state, &caller).await?;
    let told = systems::put(&mut change, &caller.scope, None, &new).await?;
    change.finish("compliance.write.system", "system", &told).await?;
    all(&state, &caller).await
}

/// Write a system anew.
#[utoipa::path(post, path = "/systems/{id}", operation_id = "systems_change", tag = "systems", params(("id" = String, Path)), request_body = SystemBody, responses((status = 200, body = Items<SystemRow>)))]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<SystemBody>,
) -> Systems {
    let mut change = Change::of(&state, &caller).await?;
    let told = systems::put(&mut change, &caller.scope, Some(&id), &new).await?;
    change.finish("compliance.write.system_change", &format!("system/{id}"), &told).await?;
    all(&state, &caller).await
}

/// Take a system off the register.
#[utoipa::path(post, path = "/systems/{id}/retire", operation_id = "systems_retire", tag = "systems", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = Items<SystemRow>)))]
pub(crate) async fn retire(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> Systems {
    let reason = check::reason(&sent.reason)?;
    let mut change = Change::of(&state, &caller).await?;
    systems::retire(&mut change, &caller.scope, &id).await?;
    change.finish("compliance.write.system_retire", &format!("system/{id}"), &reason).await?;
    all(&state, &caller).await
}
