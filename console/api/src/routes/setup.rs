//! setup

use super::prelude::*;
use crate::wire::{SetupRequest, SetupResult, SetupState};

/// Whether the first-run wizard has work.
#[utoipa::path(get, path = "/setup", operation_id = "setup_state", tag = "setup", responses((status = 200, body = SetupState)))]
pub(crate) async fn state() -> ApiResult<Json<SetupState>> {
    Err(ApiError::not_found())
}

/// First run: make the three administrators.
#[utoipa::path(post, path = "/setup", operation_id = "setup_create", tag = "setup", request_body = SetupRequest, responses((status = 200, body = SetupResult)))]
pub(crate) async fn create(Body(_body): Body<SetupRequest>) -> ApiResult<Json<SetupResult>> {
    Err(ApiError::not_found())
}
