//! Suppressions of alerts.

use super::prelude::*;
use crate::repository::suppressions;
use crate::state::Change;
use crate::wire::{Items, NewSuppression, SuppressionMade, SuppressionMatch, SuppressionPreview, SuppressionRow};

/// Suppressions, running ones first.
#[utoipa::path(get, path = "/suppressions", operation_id = "suppressions_list", tag = "alerts", responses((status = 200, body = Items<SuppressionRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<SuppressionRow>>> {
    Ok(Json(Items { items: suppressions::list(&state, &caller.scope).await? }))
}

/// What a suppression would have done in the last seven days.
#[utoipa::path(post, path = "/suppressions/preview", operation_id = "suppressions_preview", tag = "alerts", request_body = SuppressionMatch, responses((status = 200, body = SuppressionPreview)))]
pub(crate) async fn preview(
    State(state): State<AppState>,
    caller: Caller,
    Body(asked): Body<SuppressionMatch>,
) -> ApiResult<Json<SuppressionPreview>> {
    let preview = suppressions::preview(&state, &caller.scope, &caller.identity.unit, &asked).await?;
    let detail = format!("{} match", preview.matching);
    Change::told(&state, &caller, ("suppression.preview", "suppression"), &detail).await?;
    Ok(Json(preview))
}

/// Keep alerts out of the queue until a time.
#[utoipa::path(post, path = "/suppressions", operation_id = "suppressions_create", tag = "alerts", request_body = NewSuppression, responses((status = 200, body = SuppressionMade)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewSuppression>,
) -> ApiResult<Json<SuppressionMade>> {
    let mut change = Change::of(&state, &caller).await?;
    let made = suppressions::create(&mut change, &caller.scope, caller.identity.account, &new).await?;
    let object = format!("suppression/{}", made.suppression.id);
    let detail = format!("{} until {}; {} closed; {}", new.title, new.expires_at, made.closed, new.reason);
    change.finish("suppression.create", &object, &detail).await?;
    Ok(Json(made))
}

/// End a suppression before its time.
#[utoipa::path(post, path = "/suppressions/{id}/end", operation_id = "suppressions_end", tag = "alerts", params(("id" = String, Path)), responses((status = 200, body = Items<SuppressionRow>)))]
pub(crate) async fn end(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Items<SuppressionRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    let title = suppressions::end(&mut change, &caller.scope, &id).await?;
    change.finish("suppression.end", &format!("suppression/{id}"), &title).await?;
    list(State(state), caller).await
}
