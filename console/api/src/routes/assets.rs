//! The catalogue of data assets.

use super::prelude::*;
use crate::repository::assets;
use crate::state::Change;
use crate::wire::{AssetBody, AssetQuery, AssetRow, Items};

/// Data assets, the highest grade first.
#[utoipa::path(get, path = "/assets", operation_id = "assets_list", tag = "assets", params(AssetQuery), responses((status = 200, body = Items<AssetRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(asked): Params<AssetQuery>,
) -> ApiResult<Json<Items<AssetRow>>> {
    Ok(Json(Items { items: assets::list(&state, &caller.scope, &asked).await? }))
}

async fn save(state: AppState, caller: Caller, id: Option<&str>, body: AssetBody) -> ApiResult<Json<Items<AssetRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    let number = assets::save(&mut change, &caller.scope, id, &body).await?;
    let action = if id.is_some() { "asset.write.change" } else { "asset.write.create" };
    change.finish(action, &format!("asset/{number}"), &body.name).await?;
    Ok(Json(Items { items: assets::list(&state, &caller.scope, &AssetQuery::default()).await? }))
}

/// Enter an asset.
#[utoipa::path(post, path = "/assets", operation_id = "assets_create", tag = "assets", request_body = AssetBody, responses((status = 200, body = Items<AssetRow>)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<AssetBody>,
) -> ApiResult<Json<Items<AssetRow>>> {
    save(state, caller, None, body).await
}

/// Change an asset.
#[utoipa::path(post, path = "/assets/{id}", operation_id = "assets_change", tag = "assets", params(("id" = String, Path)), request_body = AssetBody, responses((status = 200, body = Items<AssetRow>)))]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<AssetBody>,
) -> ApiResult<Json<Items<AssetRow>>> {
    save(state, caller, Some(&id), body).await
}

/// Take an asset out of the catalogue.
#[utoipa::path(post, path = "/assets/{id}/retire", operation_id = "assets_retire", tag = "assets", params(("id" = String, Path)), responses((status = 200, body = Items<AssetRow>)))]
pub(crate) async fn retire(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Items<AssetRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    assets::set_state(&mut change, &caller.scope, &id, false).await?;
    change.finish("asset.write.retire", &format!("asset/{id}"), "").await?;
    Ok(Json(Items { items: assets::list(&state, &caller.scope, &AssetQuery::default()).await? }))
}
