//! users

use super::prelude::*;
use crate::wire::{List, NewUser, OneTimePassword, PageQuery, RoleMatrix, UserRow};

/// Accounts.
#[utoipa::path(get, path = "/users", operation_id = "users_list", tag = "users", params(PageQuery), responses((status = 200, body = List<UserRow>)))]
pub(crate) async fn list(Params(_query): Params<PageQuery>, ) -> ApiResult<Json<List<UserRow>>> {
    Err(ApiError::not_found())
}

/// Make an account; it waits for the security administrator.
#[utoipa::path(post, path = "/users", operation_id = "users_create", tag = "users", request_body = NewUser, responses((status = 200, body = OneTimePassword)))]
pub(crate) async fn create(Body(_body): Body<NewUser>) -> ApiResult<Json<OneTimePassword>> {
    Err(ApiError::not_found())
}

/// Let an account in.
#[utoipa::path(post, path = "/users/{id}/enable", operation_id = "users_enable", tag = "users", params(("id" = String, Path)), responses((status = 200, body = UserRow)))]
pub(crate) async fn enable(Path(_id): Path<String>, ) -> ApiResult<Json<UserRow>> {
    Err(ApiError::not_found())
}

/// Switch an account off; ends its sessions.
#[utoipa::path(post, path = "/users/{id}/disable", operation_id = "users_disable", tag = "users", params(("id" = String, Path)), responses((status = 200, body = UserRow)))]
pub(crate) async fn disable(Path(_id): Path<String>, ) -> ApiResult<Json<UserRow>> {
    Err(ApiError::not_found())
}

/// Give an account a new password that works once; ends its sessions.
#[utoipa::path(post, path = "/users/{id}/reset-password", operation_id = "users_reset_password", tag = "users", params(("id" = String, Path)), responses((status = 200, body = OneTimePassword)))]
pub(crate) async fn reset_password(Path(_id): Path<String>, ) -> ApiResult<Json<OneTimePassword>> {
    Err(ApiError::not_found())
}

/// Open an account that failed logins locked.
#[utoipa::path(post, path = "/users/{id}/unlock", operation_id = "users_unlock", tag = "users", params(("id" = String, Path)), responses((status = 200, body = UserRow)))]
pub(crate) async fn unlock(Path(_id): Path<String>, ) -> ApiResult<Json<UserRow>> {
    Err(ApiError::not_found())
}

/// What every role may do.
#[utoipa::path(get, path = "/roles", operation_id = "users_roles", tag = "users", responses((status = 200, body = RoleMatrix)))]
pub(crate) async fn roles() -> ApiResult<Json<RoleMatrix>> {
    Err(ApiError::not_found())
}
