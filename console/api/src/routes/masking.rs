//! The masking preview.

use super::prelude::*;
use crate::audit::{Entry, Outcome};
use crate::masking;
use crate::state::Change;
use crate::wire::{MaskingPolicies, MaskingPreview, MaskingPreviewRequest};

/// What masking would do to a sample; nothing of the sample is kept.
#[utoipa::path(post, path = "/masking/preview", operation_id = "masking_preview", tag = "masking", request_body = MaskingPreviewRequest, responses((status = 200, body = MaskingPreview)))]
pub(crate) async fn preview(
    State(state): State<AppState>,
    caller: Caller,
    Body(asked): Body<MaskingPreviewRequest>,
) -> ApiResult<Json<MaskingPreview>> {
    let engine = state.shared().dlp.clone();
    let made = state.off_thread(move || masking::preview(&engine, asked)).await??;
    let detail = format!("{} kinds of values", made.functions.len());
    let mut change = Change::begin(&state, caller.actor()).await?;
    change
        .audit(Entry { action: "masking.preview", object: "masking", outcome: Outcome::Success, detail: &detail })
        .await?;
    change.commit().await?;
    Ok(Json(made))
}

/// Masking policies.
#[utoipa::path(get, path = "/masking/policies", operation_id = "masking_policies", tag = "masking", responses((status = 200, body = MaskingPolicies)))]
pub(crate) async fn policies() -> ApiResult<Json<MaskingPolicies>> {
    Ok(Json(MaskingPolicies { items: masking::policies() }))
}
