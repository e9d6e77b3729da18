//! audit

use super::prelude::*;
use crate::wire::{AuditQuery, AuditRow, AuditVerdict, List};

/// The audit log, newest first.
#[utoipa::path(get, path = "/audit", operation_id = "audit_list", tag = "audit", params(AuditQuery), responses((status = 200, body = List<AuditRow>)))]
pub(crate) async fn list(Params(_query): Params<AuditQuery>, ) -> ApiResult<Json<List<AuditRow>>> {
    Err(ApiError::not_found())
}

/// Check the hash chain of the audit log.
#[utoipa::path(post, path = "/audit/verify", operation_id = "audit_verify", tag = "audit", responses((status = 200, body = AuditVerdict)))]
pub(crate) async fn verify() -> ApiResult<Json<AuditVerdict>> {
    Err(ApiError::not_found())
}
