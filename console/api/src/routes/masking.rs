//! Masking policies and their preview.

use super::prelude::*;
use crate::masking;
use crate::repository::policies;
use crate::state::Change;
use crate::wire::{Decision, MaskingPolicies, MaskingPreview, MaskingPreviewRequest, PolicyDraft};

/// What a policy would do to a sample; nothing of the sample is kept.
#[utoipa::path(post, path = "/masking/preview", operation_id = "masking_preview", tag = "masking", request_body = MaskingPreviewRequest, responses((status = 200, body = MaskingPreview)))]
pub(crate) async fn preview(
    State(state): State<AppState>,
    caller: Caller,
    Body(mut asked): Body<MaskingPreviewRequest>,
) -> ApiResult<Json<MaskingPreview>> {
    let body = match (asked.draft.take(), asked.policy.take()) {
        (Some(draft), _) => draft,
        (None, name) => policies::in_force(&mut state.db(), name.as_deref().unwrap_or("share-standard")).await?,
    };
    let policy = policies::parsed(&body)?;
    let (engine, key) = (state.shared().dlp.clone(), state.shared().vault.preview_key());
    let made = state.off_thread(move || masking::preview(&engine, &policy, key, &asked)).await??;
    let detail = format!("{} kinds of values", made.functions.len());
    Change::told(&state, &caller, ("masking.preview", "masking"), &detail).await?;
    Ok(Json(made))
}

async fn all(state: &AppState, caller: &Caller) -> ApiResult<Json<MaskingPolicies>> {
    let items = policies::list(state, caller).await?;
    Ok(Json(MaskingPolicies { items, functions: masking::functions() }))
}

/// Masking policies: versions people wrote, then those that come with the product.
#[utoipa::path(get, path = "/masking/policies", operation_id = "masking_policies", tag = "masking", responses((status = 200, body = MaskingPolicies)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<MaskingPolicies>> {
    all(&state, &caller).await
}

/// Keep a draft.
#[utoipa::path(post, path = "/masking/policies", operation_id = "masking_save", tag = "masking", request_body = PolicyDraft, responses((status = 200, body = MaskingPolicies)))]
pub(crate) async fn save(
    State(state): State<AppState>,
    caller: Caller,
    Body(draft): Body<PolicyDraft>,
) -> ApiResult<Json<MaskingPolicies>> {
    let mut change = Change::of(&state, &caller).await?;
    let id = policies::save(&mut change, &caller, &draft.body).await?;
    change.finish("masking.write.save", &format!("policy/{id}"), "").await?;
    all(&state, &caller).await
}

/// Hand the own draft to the second person.
#[utoipa::path(post, path = "/masking/policies/{id}/submit", operation_id = "masking_submit", tag = "masking", params(("id" = String, Path)), responses((status = 200, body = MaskingPolicies)))]
pub(crate) async fn submit(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<MaskingPolicies>> {
    let mut change = Change::of(&state, &caller).await?;
    policies::submit(&mut change, &caller, &id).await?;
    change.finish("masking.write.submit", &format!("policy/{id}"), "").await?;
    all(&state, &caller).await
}

/// Approve or reject; never the one who wrote it.
#[utoipa::path(post, path = "/masking/policies/{id}/decide", operation_id = "masking_decide", tag = "masking", params(("id" = String, Path)), request_body = Decision, responses((status = 200, body = MaskingPolicies)))]
pub(crate) async fn decide(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(decision): Body<Decision>,
) -> ApiResult<Json<MaskingPolicies>> {
    let mut change = Change::of(&state, &caller).await?;
    policies::decide(&mut change, &caller, &id, &decision).await?;
    let action = if decision.approve { "masking.approve" } else { "masking.reject" };
    change.finish(action, &format!("policy/{id}"), &decision.reason).await?;
    all(&state, &caller).await
}
