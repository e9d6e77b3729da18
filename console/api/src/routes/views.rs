//! Saved views and hunts.

use super::prelude::*;
use crate::repository::views;
use crate::state::Change;
use crate::wire::{Items, NewView, ViewQuery, ViewRow};

/// The own views, and those that colleagues of the unit share.
#[utoipa::path(get, path = "/views", operation_id = "views_list", tag = "views", params(ViewQuery), responses((status = 200, body = Items<ViewRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(asked): Params<ViewQuery>,
) -> ApiResult<Json<Items<ViewRow>>> {
    Ok(Json(Items { items: views::list(&state, &caller, &asked.kind).await? }))
}

/// Keep a view; one of the same name is replaced.
#[utoipa::path(post, path = "/views", operation_id = "views_save", tag = "views", request_body = NewView, responses((status = 200, body = Items<ViewRow>)))]
pub(crate) async fn save(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewView>,
) -> ApiResult<Json<Items<ViewRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    views::save(&mut change, &caller, &new).await?;
    change.finish("view.save", "view", &format!("{} {}", new.kind, new.name)).await?;
    Ok(Json(Items { items: views::list(&state, &caller, &new.kind).await? }))
}

/// Forget an own view.
#[utoipa::path(post, path = "/views/{id}/remove", operation_id = "views_remove", tag = "views", params(("id" = String, Path)), responses((status = 204)))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let mut change = Change::of(&state, &caller).await?;
    views::remove(&mut change, caller.identity.account, &id).await?;
    change.finish("view.remove", &format!("view/{id}"), "").await?;
    Ok(StatusCode::NO_CONTENT)
}
