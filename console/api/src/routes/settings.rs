//! The settings of the platform that take effect while it runs.

use super::prelude::*;
use crate::limits::SETTINGS_AT_ONCE;
use crate::repository::setting_versions::{self, Wanted};
use crate::state::Change;
use crate::values::{self, Key};
use crate::wire::{Decision, Platform, ReasonBody, SettingChanges, SettingsView};

/// What stands on the page of the login.
#[utoipa::path(get, path = "/platform", operation_id = "platform", tag = "settings", responses((status = 200, body = Platform)))]
pub(crate) async fn platform(State(state): State<AppState>) -> Json<Platform> {
    let values = state.values();
    let text = |key| values.text(key).to_owned();
    Json(Platform { name: text(Key::PlatformName), notice: text(Key::LoginNotice) })
}

/// Makes what was written take effect.
async fn in_force(state: &AppState, caller: &Caller, change: Change) -> ApiResult<Json<SettingsView>> {
    change.commit().await?;
    values::reload(state).await?;
    Ok(Json(setting_versions::view(state, caller).await?))
}

/// Every setting, its versions, and what the settings file fixes.
#[utoipa::path(get, path = "/settings", operation_id = "settings_list", tag = "settings", responses((status = 200, body = SettingsView)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<SettingsView>> {
    Ok(Json(setting_versions::view(&state, &caller).await?))
}

/// Set values, all or none; those that need the security administrator are proposed.
#[utoipa::path(post, path = "/settings", operation_id = "settings_set", tag = "settings", request_body = SettingChanges, responses((status = 200, body = SettingsView)))]
pub(crate) async fn set(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<SettingChanges>,
) -> ApiResult<Json<SettingsView>> {
    if sent.changes.is_empty() || sent.changes.len() > SETTINGS_AT_ONCE {
        return Err(ApiError::invalid("changes", "没有变更或一次变更过多", "names no setting, or too many"));
    }
    let mut change = Change::of(&state, &caller).await?;
    for (name, value) in &sent.changes {
        let wanted = Wanted { name, value: value.as_deref(), reason: &sent.reason, restored_from: None };
        setting_versions::set(&mut change, &caller, &wanted).await?;
    }
    in_force(&state, &caller, change).await
}

/// Give a setting the value of an earlier version.
#[utoipa::path(post, path = "/settings/versions/{id}/restore", operation_id = "settings_restore", tag = "settings", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = SettingsView)))]
pub(crate) async fn restore(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> ApiResult<Json<SettingsView>> {
    let mut change = Change::of(&state, &caller).await?;
    setting_versions::restore(&mut change, &caller, &id, &sent.reason).await?;
    in_force(&state, &caller, change).await
}

/// Security administrator: agree to a proposed value or refuse it.
#[utoipa::path(post, path = "/settings/versions/{id}/decide", operation_id = "settings_decide", tag = "settings", params(("id" = String, Path)), request_body = Decision, responses((status = 200, body = SettingsView)))]
pub(crate) async fn decide(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<Decision>,
) -> ApiResult<Json<SettingsView>> {
    let mut change = Change::of(&state, &caller).await?;
    setting_versions::decide(&mut change, &caller, &id, &sent).await?;
    in_force(&state, &caller, change).await
}
