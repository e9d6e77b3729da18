//! findings

use super::prelude::*;
use crate::wire::{FindingDetail, FindingQuery, FindingReview, FindingRow, List};

/// Findings of sensitive data, newest first.
#[utoipa::path(get, path = "/findings", operation_id = "findings_list", tag = "findings", params(FindingQuery), responses((status = 200, body = List<FindingRow>)))]
pub(crate) async fn list(Params(_query): Params<FindingQuery>, ) -> ApiResult<Json<List<FindingRow>>> {
    Err(ApiError::not_found())
}

/// One finding.
#[utoipa::path(get, path = "/findings/{id}", operation_id = "findings_show", tag = "findings", params(("id" = String, Path)), responses((status = 200, body = FindingDetail)))]
pub(crate) async fn show(Path(_id): Path<String>, ) -> ApiResult<Json<FindingDetail>> {
    Err(ApiError::not_found())
}

/// Judge a finding.
#[utoipa::path(post, path = "/findings/{id}/review", operation_id = "findings_review", tag = "findings", params(("id" = String, Path)), request_body = FindingReview, responses((status = 200, body = FindingDetail)))]
pub(crate) async fn review(Path(_id): Path<String>, Body(_body): Body<FindingReview>) -> ApiResult<Json<FindingDetail>> {
    Err(ApiError::not_found())
}
