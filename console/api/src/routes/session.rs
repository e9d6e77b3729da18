//! session

use super::prelude::*;
use crate::wire::{Credentials, PasswordChange, SessionView};

/// Log in.
#[utoipa::path(post, path = "/session", operation_id = "session_log_in", tag = "session", request_body = Credentials, responses((status = 200, body = SessionView)))]
pub(crate) async fn log_in(Body(_body): Body<Credentials>) -> ApiResult<Json<SessionView>> {
    Err(ApiError::not_found())
}

/// Who is logged in.
#[utoipa::path(get, path = "/session", operation_id = "session_current", tag = "session", responses((status = 200, body = SessionView)))]
pub(crate) async fn current() -> ApiResult<Json<SessionView>> {
    Err(ApiError::not_found())
}

/// Log out.
#[utoipa::path(delete, path = "/session", operation_id = "session_log_out", tag = "session", responses((status = 204)))]
pub(crate) async fn log_out() -> ApiResult<StatusCode> {
    Err(ApiError::not_found())
}

/// Change the own password; ends the other sessions of the account.
#[utoipa::path(post, path = "/session/password", operation_id = "session_change_password", tag = "session", request_body = PasswordChange, responses((status = 200, body = SessionView)))]
pub(crate) async fn change_password(Body(_body): Body<PasswordChange>) -> ApiResult<Json<SessionView>> {
    Err(ApiError::not_found())
}
