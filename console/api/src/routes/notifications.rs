//! Notifications of the caller.

use super::prelude::*;
use crate::repository::notifications;
use crate::state::Change;
use crate::wire::{Notifications, NotificationsRead};

/// What waits for the caller, and what they should know, newest first.
#[utoipa::path(get, path = "/notifications", operation_id = "notifications_list", tag = "notifications", responses((status = 200, body = Notifications)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Notifications>> {
    Ok(Json(notifications::list(&state, &caller).await?))
}

/// Mark notifications as read.
#[utoipa::path(post, path = "/notifications/read", operation_id = "notifications_read", tag = "notifications", request_body = NotificationsRead, responses((status = 200, body = Notifications)))]
pub(crate) async fn read(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<NotificationsRead>,
) -> ApiResult<Json<Notifications>> {
    let mut change = Change::of(&state, &caller).await?;
    notifications::mark_read(&mut change, caller.identity.account, &sent.names).await?;
    change.finish("notification.read", "notification", &format!("{} read", sent.names.len())).await?;
    list(State(state), caller).await
}
