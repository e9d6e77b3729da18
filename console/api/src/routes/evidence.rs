//! Evidence between tiers, on request (调阅).

use super::prelude::*;
use crate::state::Change;
use crate::tier;
use crate::wire::{Decision, EvidenceRequestRow, Items, ReasonBody};

async fn all(state: &AppState, caller: &Caller) -> ApiResult<Json<Items<EvidenceRequestRow>>> {
    Ok(Json(Items { items: tier::evidence_requests(state, &caller.scope).await? }))
}

/// Requests for evidence, made here and made of this node, newest first.
#[utoipa::path(get, path = "/evidence-requests", operation_id = "evidence_list", tag = "evidence", responses((status = 200, body = Items<EvidenceRequestRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<EvidenceRequestRow>>> {
    all(&state, &caller).await
}

/// Ask the node below that has an alert for its evidence.
#[utoipa::path(post, path = "/alerts/{id}/evidence-requests", operation_id = "evidence_ask", tag = "evidence", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = Items<EvidenceRequestRow>)))]
pub(crate) async fn ask(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> ApiResult<Json<Items<EvidenceRequestRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    tier::ask_evidence(&mut change, &caller.scope, &id, &sent.reason).await?;
    change.commit().await?;
    state.shared().tier.notify();
    all(&state, &caller).await
}

/// Agree to hand evidence to the node above that asked, or refuse.
#[utoipa::path(post, path = "/evidence-requests/{id}/decide", operation_id = "evidence_decide", tag = "evidence", params(("id" = String, Path)), request_body = Decision, responses((status = 200, body = Items<EvidenceRequestRow>)))]
pub(crate) async fn decide(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<Decision>,
) -> ApiResult<Json<Items<EvidenceRequestRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    tier::decide_evidence(&mut change, &caller.scope, &id, &sent).await?;
    change.commit().await?;
    state.shared().tier.notify();
    all(&state, &caller).await
}
