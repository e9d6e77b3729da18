//! Appeals against scorecards, and talks with whoever answers for a unit.

use super::prelude::*;
use crate::check;
use crate::repository::appeals;
use crate::state::Change;
use crate::wire::{AppealRow, Decision, Items, NewAppeal, NewTalk, TalkRow, TextBody};

type Appeals = ApiResult<Json<Items<AppealRow>>>;
type Talks = ApiResult<Json<Items<TalkRow>>>;

async fn all(state: &AppState, caller: &Caller) -> Appeals {
    let scope = caller.grant("appeal.read").ok_or_else(ApiError::forbidden)?;
    let caller = Caller { scope, ..caller.clone() };
    Ok(Json(Items { items: appeals::list(state, &caller).await? }))
}

async fn all_talks(state: &AppState, caller: &Caller) -> Talks {
    let scope = caller.grant("appeal.read").ok_or_else(ApiError::forbidden)?;
    let caller = Caller { scope, ..caller.clone() };
    Ok(Json(Items { items: appeals::talks(state, &caller).await? }))
}

/// Appeals of units within reach.
#[utoipa::path(get, path = "/appeals", operation_id = "appeals_list", tag = "appeals", responses((status = 200, body = Items<AppealRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> Appeals {
    all(&state, &caller).await
}

/// Appeal against the scorecard of the caller's unit.
#[utoipa::path(post, path = "/appeals", operation_id = "appeals_create", tag = "appeals", request_body = NewAppeal, responses((status = 200, body = Items<AppealRow>)))]
pub(crate) async fn create(State(state): State<AppState>, caller: Caller, Body(new): Body<NewAppeal>) -> Appeals {
    let mut change = Change::of(&state, &caller).await?;
    let id = appeals::create(&mut change, &caller, &new).await?;
    change.finish("appeal.create", &format!("appeal/{id}"), new.text.trim()).await?;
    all(&state, &caller).await
}

/// Decide an appeal of a unit below.
#[utoipa::path(post, path = "/appeals/{id}/decide", operation_id = "appeals_decide", tag = "appeals", params(("id" = String, Path)), request_body = Decision, responses((status = 200, body = Items<AppealRow>)))]
pub(crate) async fn decide(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<Decision>,
) -> Appeals {
    let mut change = Change::of(&state, &caller).await?;
    appeals::decide(&mut change, &caller, check::number_id(&id)?, &sent).await?;
    let told = format!("{}: {}", if sent.approve { "accepted" } else { "refused" }, sent.reason.trim());
    change.finish("appeal.decide", &format!("appeal/{id}"), &told).await?;
    all(&state, &caller).await
}

/// Talks with units within reach.
#[utoipa::path(get, path = "/talks", operation_id = "talks_list", tag = "appeals", responses((status = 200, body = Items<TalkRow>)))]
pub(crate) async fn talks(State(state): State<AppState>, caller: Caller) -> Talks {
    all_talks(&state, &caller).await
}

/// Write down a talk with a unit below.
#[utoipa::path(post, path = "/talks", operation_id = "talks_create", tag = "appeals", request_body = NewTalk, responses((status = 200, body = Items<TalkRow>)))]
pub(crate) async fn talk(State(state): State<AppState>, caller: Caller, Body(new): Body<NewTalk>) -> Talks {
    let mut change = Change::of(&state, &caller).await?;
    let id = appeals::talk(&mut change, &caller, &new).await?;
    change.finish("talk.create", &format!("talk/{id}"), &format!("{}: {}", new.unit, new.reason.trim())).await?;
    all_talks(&state, &caller).await
}

/// Note that what a talk named was put right.
#[utoipa::path(post, path = "/talks/{id}/close", operation_id = "talks_close", tag = "appeals", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = Items<TalkRow>)))]
pub(crate) async fn close(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TextBody>,
) -> Talks {
    let mut change = Change::of(&state, &caller).await?;
    appeals::close(&mut change, &caller, check::number_id(&id)?, &sent.text).await?;
    change.finish("talk.close", &format!("talk/{id}"), sent.text.trim()).await?;
    all_talks(&state, &caller).await
}
