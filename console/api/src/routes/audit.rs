//! The audit log.

use super::prelude::*;
use crate::audit::{self, Entry, Outcome};
use crate::repository::audit_log;
use crate::state::Change;
use crate::wire::{AuditQuery, AuditRow, AuditVerdict, List};

/// The audit log, newest first.
#[utoipa::path(get, path = "/audit", operation_id = "audit_list", tag = "audit", params(AuditQuery), responses((status = 200, body = List<AuditRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<AuditQuery>,
) -> ApiResult<Json<List<AuditRow>>> {
    Ok(Json(audit_log::list(&state, &caller.scope, &query).await?))
}

/// Check the hash chain of the audit log.
#[utoipa::path(post, path = "/audit/verify", operation_id = "audit_verify", tag = "audit", responses((status = 200, body = AuditVerdict)))]
pub(crate) async fn verify(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<AuditVerdict>> {
    let verdict = audit::verify(&mut state.db(), &state.shared().tier.anchors()).await?;
    let outcome = if verdict.ok { Outcome::Success } else { Outcome::Failed };
    let bad = verdict.first_bad.as_ref().map(|bad| format!("entry {}: {}", bad.sequence, bad.reason));
    let detail = bad.unwrap_or_else(|| format!("{} entries fit", verdict.checked));
    let entry = Entry { action: "audit.verify", object: "audit", outcome, detail: &detail };
    Change::entry_alone(&state, &caller.actor(), entry).await?;
    Ok(Json(verdict))
}
