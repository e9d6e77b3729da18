//! Findings of sensitive data.

use super::prelude::*;
use crate::check;
use crate::repository::findings;
use crate::state::Change;
use crate::wire::{FindingDetail, FindingQuery, FindingReview, FindingRow, List, ReviewDecision};
use crate::words::word_of;

/// Findings of sensitive data, newest first.
#[utoipa::path(get, path = "/findings", operation_id = "findings_list", tag = "findings", params(FindingQuery), responses((status = 200, body = List<FindingRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<FindingQuery>,
) -> ApiResult<Json<List<FindingRow>>> {
    Ok(Json(findings::list(&state, &caller.scope, &query).await?))
}

/// One finding.
#[utoipa::path(get, path = "/findings/{id}", operation_id = "findings_show", tag = "findings", params(("id" = String, Path)), responses((status = 200, body = FindingDetail)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<FindingDetail>> {
    Ok(Json(findings::detail(&state, &caller.scope, &id).await?))
}

/// Judge a finding.
#[utoipa::path(post, path = "/findings/{id}/review", operation_id = "findings_review", tag = "findings", params(("id" = String, Path)), request_body = FindingReview, responses((status = 200, body = FindingDetail)))]
pub(crate) async fn review(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<FindingReview>,
) -> ApiResult<Json<FindingDetail>> {
    let reason = match sent.reason.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => check::reason(text)?,
        None if sent.decision != ReviewDecision::Confirm => {
            return Err(check::reason("").err().unwrap_or_else(ApiError::not_found));
        }
        None => String::new(),
    };
    let mut change = Change::of(&state, &caller).await?;
    findings::review(&mut change, &caller.scope, &id, &sent, &reason).await?;
    let (object, action) = (format!("finding/{id}"), format!("finding.review.{}", word_of(&sent.decision)));
    change.finish(&action, &object, &reason).await?;
    Ok(Json(findings::detail(&state, &caller.scope, &id).await?))
}
