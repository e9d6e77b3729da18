//! Accounts and roles.

use super::prelude::*;
use crate::access::{Role, matrix};
use crate::audit::{Entry, Outcome};
use crate::check;
use crate::repository::accounts::{self, NewAccount};
use crate::repository::factors;
use crate::state::Change;
use crate::wire::{List, NewUser, OneTimePassword, PageQuery, RoleAssignment, RoleMatrix, RoleRow, UserRow};

/// Accounts.
#[utoipa::path(get, path = "/users", operation_id = "users_list", tag = "users", params(PageQuery), responses((status = 200, body = List<UserRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<PageQuery>,
) -> ApiResult<Json<List<UserRow>>> {
    Ok(Json(accounts::list(&state, &caller.scope, &query).await?))
}

/// Make an account; it waits for the security administrator.
#[utoipa::path(post, path = "/users", operation_id = "users_create", tag = "users", request_body = NewUser, responses((status = 200, body = OneTimePassword)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<NewUser>,
) -> ApiResult<Json<OneTimePassword>> {
    let unit = check::unit("unit", &sent.unit)?;
    if !caller.scope.reaches(&unit) {
        return Err(ApiError::invalid("unit", "单位不在您的管辖范围", "is not yours"));
    }
    let new =
        NewAccount { username: sent.username, display_name: sent.display_name, role: sent.role, unit, pending: true };
    let new = new.checked()?;
    let (password, kept) = accounts::fresh_password(&state).await?;
    let mut change = Change::of(&state, &caller).await?;
    let id = accounts::create(&mut change, &new, &kept).await?;
    let (object, detail) = (format!("account/{}", new.username), format!("{} {}", new.role.as_str(), new.unit));
    change.finish("user.create", &object, &detail).await?;
    Ok(Json(accounts::with_password(&state, id, password).await?))
}

/// The account of a number that the caller reaches; nobody changes their own.
async fn other_account(change: &mut Change, caller: &Caller, id: &str) -> ApiResult<UserRow> {
    let id = check::number_id(id)?;
    let state = change.state().clone();
    let user = accounts::find(&state, change, &caller.scope, id).await?;
    if id == caller.identity.account {
        return Err(ApiError::conflict("不能对自己的账号执行此操作", "nobody does this to their own account"));
    }
    Ok(user)
}

/// Begins an act on somebody else's account; [`finish`] ends it.
async fn open(state: &AppState, caller: &Caller, id: &str) -> ApiResult<(Change, UserRow)> {
    let mut change = Change::of(state, caller).await?;
    let user = other_account(&mut change, caller, id).await?;
    Ok((change, user))
}

/// Writes the audit entry, makes the change last and answers with the account.
async fn finish(mut change: Change, caller: &Caller, user: &UserRow, action: &str) -> ApiResult<UserRow> {
    let object = format!("account/{}", user.username);
    change.audit(Entry { action, object: &object, outcome: Outcome::Success, detail: "" }).await?;
    let state = change.state().clone();
    change.commit().await?;
    accounts::find(&state, &mut state.db(), &caller.scope, check::number_id(&user.id)?).await
}

/// Let an account in.
#[utoipa::path(post, path = "/users/{id}/enable", operation_id = "users_enable", tag = "users", params(("id" = String, Path)), responses((status = 200, body = UserRow)))]
pub(crate) async fn enable(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<UserRow>> {
    let (mut change, user) = open(&state, &caller, &id).await?;
    accounts::set_enabled(&mut change, &user, true).await?;
    Ok(Json(finish(change, &caller, &user, "user.enable").await?))
}

/// Switch an account off; ends its sessions.
#[utoipa::path(post, path = "/users/{id}/disable", operation_id = "users_disable", tag = "users", params(("id" = String, Path)), responses((status = 200, body = UserRow)))]
pub(crate) async fn disable(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<UserRow>> {
    let (mut change, user) = open(&state, &caller, &id).await?;
    accounts::set_enabled(&mut change, &user, false).await?;
    Ok(Json(finish(change, &caller, &user, "user.disable").await?))
}

/// Give an account a new password that works once; ends its sessions.
#[utoipa::path(post, path = "/users/{id}/reset-password", operation_id = "users_reset_password", tag = "users", params(("id" = String, Path)), responses((status = 200, body = OneTimePassword)))]
pub(crate) async fn reset_password(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<OneTimePassword>> {
    let (one_time_password, kept) = accounts::fresh_password(&state).await?;
    let (mut change, user) = open(&state, &caller, &id).await?;
    accounts::reset_password(&mut change, &user, &kept).await?;
    let user = finish(change, &caller, &user, "user.reset").await?;
    Ok(Json(OneTimePassword { user, one_time_password }))
}

/// Open an account that failed logins locked.
#[utoipa::path(post, path = "/users/{id}/unlock", operation_id = "users_unlock", tag = "users", params(("id" = String, Path)), responses((status = 200, body = UserRow)))]
pub(crate) async fn unlock(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<UserRow>> {
    let (mut change, user) = open(&state, &caller, &id).await?;
    accounts::unlock(&mut change, &user).await?;
    Ok(Json(finish(change, &caller, &user, "user.unlock").await?))
}

/// Give an account other roles of its class; ends its sessions.
#[utoipa::path(post, path = "/users/{id}/roles", operation_id = "users_assign", tag = "users", params(("id" = String, Path)), request_body = RoleAssignment, responses((status = 200, body = UserRow)))]
pub(crate) async fn assign(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<RoleAssignment>,
) -> ApiResult<Json<UserRow>> {
    let (mut change, user) = open(&state, &caller, &id).await?;
    accounts::assign(&mut change, &user, &sent.roles).await?;
    Ok(Json(finish(change, &caller, &user, "user.assign").await?))
}

/// Take the second factors of an account away when its owner lost them; ends its sessions.
#[utoipa::path(post, path = "/users/{id}/forget-factors", operation_id = "users_forget_factors", tag = "users", params(("id" = String, Path)), responses((status = 200, body = UserRow)))]
pub(crate) async fn forget_factors(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<UserRow>> {
    let (mut change, user) = open(&state, &caller, &id).await?;
    let account = check::number_id(&user.id)?;
    factors::forget(&mut change, account).await?;
    accounts::end_sessions(&mut change, account).await?;
    Ok(Json(finish(change, &caller, &user, "user.forget_factors").await?))
}

/// What every role may do.
#[utoipa::path(get, path = "/roles", operation_id = "users_roles", tag = "users", responses((status = 200, body = RoleMatrix)))]
pub(crate) async fn roles() -> ApiResult<Json<RoleMatrix>> {
    let row = |role: Role| RoleRow {
        role,
        name_zh: role.name_zh().to_owned(),
        name_en: role.name_en().to_owned(),
        class: role.class().as_str().to_owned(),
        actions: matrix().row(role).into_iter().map(|(action, grant)| (action, grant.as_str().to_owned())).collect(),
    };
    Ok(Json(RoleMatrix { items: Role::ALL.into_iter().map(row).collect() }))
}
