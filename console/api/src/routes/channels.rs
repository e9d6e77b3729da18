//! Channels of notifications: robots, gateways, mail; what goes by them; the log of what went.

use super::prelude::*;
use crate::check;
use crate::notify;
use crate::repository::{channels, messages};
use crate::scope::Place;
use crate::state::Change;
use crate::wire::{
    ChannelBody, ChannelList, ChannelRow, ChannelTest, ChannelTested, List, MessageQuery, MessageRow, NewSubscription,
};
use crate::words::word_of;

/// Every channel within reach; nothing that is secret.
#[utoipa::path(get, path = "/channels", operation_id = "channels_list", tag = "channels", responses((status = 200, body = ChannelList)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<ChannelList>> {
    Ok(Json(channels::list(&state, &caller).await?))
}

/// Add a channel of the caller's unit.
#[utoipa::path(post, path = "/channels", operation_id = "channels_create", tag = "channels", request_body = ChannelBody, responses((status = 200, body = ChannelRow)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<ChannelBody>,
) -> ApiResult<Json<ChannelRow>> {
    let mut change = Change::of(&state, &caller).await?;
    let id = channels::create(&mut change, &caller, &body).await?;
    let told = format!("{} {}", word_of(&body.kind), body.name.trim());
    change.finish("channel.write.create", &format!("channel/{id}"), &told).await?;
    Ok(Json(channels::show(&state, &caller, id).await?))
}

/// Change a channel; secrets that are left out stay, as long as its host does.
#[utoipa::path(post, path = "/channels/{id}", operation_id = "channels_revise", tag = "channels", params(("id" = String, Path)), request_body = ChannelBody, responses((status = 200, body = ChannelRow)))]
pub(crate) async fn revise(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<ChannelBody>,
) -> ApiResult<Json<ChannelRow>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    channels::revise(&mut change, &caller, number, &body).await?;
    let on = if body.enabled { "on" } else { "off" };
    let told = format!("{} {}, {on}", word_of(&body.kind), body.name.trim());
    change.finish("channel.write.revise", &format!("channel/{id}"), &told).await?;
    Ok(Json(channels::show(&state, &caller, number).await?))
}

/// Take a channel away, with its secrets and what goes by it.
#[utoipa::path(post, path = "/channels/{id}/retire", operation_id = "channels_retire", tag = "channels", params(("id" = String, Path)), responses((status = 200, body = ChannelList)))]
pub(crate) async fn retire(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<ChannelList>> {
    let mut change = Change::of(&state, &caller).await?;
    let name = channels::retire(&mut change, &caller, check::number_id(&id)?).await?;
    change.finish("channel.write.retire", &format!("channel/{id}"), &name).await?;
    list(State(state), caller).await
}

/// Send a test by a channel and say how it went.
#[utoipa::path(post, path = "/channels/{id}/test", operation_id = "channels_test", tag = "channels", params(("id" = String, Path)), request_body = ChannelTest, responses((status = 200, body = ChannelTested)))]
pub(crate) async fn test(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ChannelTest>,
) -> ApiResult<Json<ChannelTested>> {
    let row = channels::held(&mut state.db(), &caller.scope, check::number_id(&id)?).await?;
    let phone = sent.phone.as_deref().filter(|phone| !phone.trim().is_empty()).map(check::phone).transpose()?;
    // Sent before it is written: the database does not wait for another machine.
    let tested = notify::test(&state, &row, Place::read(&row)?.unit(), phone).await?;
    let mut change = Change::of(&state, &caller).await?;
    messages::note_test(&mut change, &row, &tested).await?;
    let how = tested.fault.map_or_else(|| "sent".to_owned(), |fault| format!("not sent: {}", word_of(&fault)));
    change.finish("channel.write.test", &format!("channel/{id}"), &how).await?;
    Ok(Json(tested))
}

/// Let an event go by a channel.
#[utoipa::path(post, path = "/channels/{id}/subscriptions", operation_id = "channels_subscribe", tag = "channels", params(("id" = String, Path)), request_body = NewSubscription, responses((status = 200, body = ChannelRow)))]
pub(crate) async fn subscribe(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<NewSubscription>,
) -> ApiResult<Json<ChannelRow>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    let told = channels::subscribe(&mut change, &caller, (number, &new)).await?;
    change.finish("channel.write.subscribe", &format!("channel/{id}"), &told).await?;
    Ok(Json(channels::show(&state, &caller, number).await?))
}

/// Let an event not go by its channel any more.
#[utoipa::path(post, path = "/subscriptions/{id}/remove", operation_id = "channels_unsubscribe", tag = "channels", params(("id" = String, Path)), responses((status = 200, body = ChannelRow)))]
pub(crate) async fn unsubscribe(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<ChannelRow>> {
    let mut change = Change::of(&state, &caller).await?;
    let channel = channels::unsubscribe(&mut change, &caller, check::number_id(&id)?).await?;
    change.finish("channel.write.unsubscribe", &format!("channel/{channel}"), &format!("subscription {id}")).await?;
    Ok(Json(channels::show(&state, &caller, channel).await?))
}

/// The log of messages, newest first.
#[utoipa::path(get, path = "/messages", operation_id = "messages_list", tag = "channels", params(MessageQuery), responses((status = 200, body = List<MessageRow>)))]
pub(crate) async fn log(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<MessageQuery>,
) -> ApiResult<Json<List<MessageRow>>> {
    Ok(Json(messages::list(&state, &caller.scope, &query).await?))
}

/// Let a message that was given up go again.
#[utoipa::path(post, path = "/messages/{id}/retry", operation_id = "messages_retry", tag = "channels", params(("id" = String, Path)), responses((status = 200, body = MessageRow)))]
pub(crate) async fn retry(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<MessageRow>> {
    let number = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    let told = notify::retry(&mut change, &caller.scope, number).await?;
    change.finish("channel.write.retry", &format!("message/{id}"), &told).await?;
    Ok(Json(messages::show(&state, &caller.scope, number).await?))
}
