//! masking

use super::prelude::*;
use crate::wire::{MaskingPolicies, MaskingPreview, MaskingPreviewRequest};

/// What masking would do to a sample; nothing is kept.
#[utoipa::path(post, path = "/masking/preview", operation_id = "masking_preview", tag = "masking", request_body = MaskingPreviewRequest, responses((status = 200, body = MaskingPreview)))]
pub(crate) async fn preview(Body(_body): Body<MaskingPreviewRequest>) -> ApiResult<Json<MaskingPreview>> {
    Err(ApiError::not_found())
}

/// Masking policies.
#[utoipa::path(get, path = "/masking/policies", operation_id = "masking_policies", tag = "masking", responses((status = 200, body = MaskingPolicies)))]
pub(crate) async fn policies() -> ApiResult<Json<MaskingPolicies>> {
    Err(ApiError::not_found())
}
