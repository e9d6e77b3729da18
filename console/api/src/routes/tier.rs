//! Nodes above and below, and what they send.

use axum::response::Response;
use fengsui_crypto::PublicKey;
use fengsui_relay::tier::{Batch, Refusal};

use super::prelude::*;
use crate::access::Client;
use crate::audit::Actor;
use crate::check;
use crate::state::Change;
use crate::tier::{self, Compare, Compared, EnrolRequest, Enrolment, EnrolmentResult, NodeKey, Pull, Pulled};
use crate::wire::{ApproveNode, List, NewNodeCode, NodeCode, NodeRow, ReasonBody};

/// Nodes above and below this one.
#[utoipa::path(get, path = "/nodes", operation_id = "nodes_list", tag = "nodes", responses((status = 200, body = List<NodeRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<List<NodeRow>>> {
    let items = tier::list(&state, &caller.scope).await?;
    let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
    Ok(Json(List { items, next_cursor: None, total, total_is_least: false, newest_revision: 0 }))
}

/// Make a one-time code for a node below.
#[utoipa::path(post, path = "/nodes/codes", operation_id = "nodes_code", tag = "nodes", request_body = NewNodeCode, responses((status = 200, body = NodeCode)))]
pub(crate) async fn code(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<NewNodeCode>,
) -> ApiResult<Json<NodeCode>> {
    let mut change = Change::of(&state, &caller).await?;
    let code = tier::new_code(&mut change, &caller.scope, &sent).await?;
    change.commit().await?;
    Ok(Json(code))
}

/// Let a node in by the fingerprint of its key.
#[utoipa::path(post, path = "/nodes/{id}/approve", operation_id = "nodes_approve", tag = "nodes", params(("id" = String, Path)), request_body = ApproveNode, responses((status = 200, body = List<NodeRow>)))]
pub(crate) async fn approve(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ApproveNode>,
) -> ApiResult<Json<List<NodeRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    tier::approve(&mut change, &caller.scope, &id, &sent.fingerprint).await?;
    change.commit().await?;
    tier::reload(&state).await?;
    list(State(state), caller).await
}

/// Take a node's key back.
#[utoipa::path(post, path = "/nodes/{id}/revoke", operation_id = "nodes_revoke", tag = "nodes", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = List<NodeRow>)))]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> ApiResult<Json<List<NodeRow>>> {
    let reason = check::reason(&sent.reason)?;
    let mut change = Change::of(&state, &caller).await?;
    tier::revoke(&mut change, &caller.scope, &id, &reason).await?;
    change.commit().await?;
    tier::reload(&state).await?;
    list(State(state), caller).await
}

/// A node asks to be let in. Other nodes call this.
#[utoipa::path(post, path = "/relay/enrol", operation_id = "relay_enrol", tag = "relay", request_body = EnrolRequest, responses((status = 200, body = EnrolmentResult)))]
pub(crate) async fn enrol(
    State(state): State<AppState>,
    client: Client,
    Body(sent): Body<EnrolRequest>,
) -> ApiResult<Response> {
    let now = state.now();
    if state.shared().failures.too_many(&client.0, now) {
        return Err(ApiError::limited("尝试次数过多，请稍后再试", "too many attempts; try again later"));
    }
    let read = read_enrolment(&sent);
    let asked = read.ok_or_else(|| ApiError::invalid("public_key", "节点编号或公钥不合法", "node or key is wrong"))?;
    let actor = Actor::new(&format!("node/{}", asked.node), &state.shared().unit, &client.0);
    let mut change = Change::begin(&state, actor).await?;
    if let Err(error) = tier::enrol_child(&mut change, &asked).await {
        state.shared().failures.note(&client.0, now);
        return Err(error);
    }
    change.commit().await?;
    tier::reload(&state).await?;
    let tier = &state.shared().tier;
    let key = |key: &PublicKey| hex::encode(key.to_bytes());
    let above = tier.registry.read().above();
    let above = above.into_iter().map(|(node, public)| NodeKey { node: node.to_string(), public_key: key(&public) });
    let (parent, public_key) = (tier.own.to_string(), key(&tier.key.public()));
    let result = EnrolmentResult { parent, public_key, above: above.collect() };
    tier::signed_answer(&state, &sent.sig, &result)
}

fn read_enrolment(sent: &EnrolRequest) -> Option<Enrolment> {
    let key = PublicKey::from_bytes(&hex::decode(&sent.public_key).ok()?).ok()?;
    let code = (sent.code.len() <= 128).then(|| sent.code.clone())?;
    Some(Enrolment { node: sent.node.parse().ok()?, key, code, signature: sent.sig })
}

/// A neighbour sends a signed batch of messages. Other nodes call this.
#[utoipa::path(post, path = "/relay/push", operation_id = "relay_push", tag = "relay", request_body = Object, responses((status = 200, body = Object)))]
pub(crate) async fn push(State(state): State<AppState>, Body(batch): Body<Batch>) -> ApiResult<Response> {
    let answer = tier::take_batch(&state, &batch).await?;
    match answer.refused {
        Some(Refusal::UnknownKey) => Ok(tier::plain_answer(answer)),
        _ => tier::signed_answer(&state, &batch.sig, &answer),
    }
}

/// A child asks for what came for it. Other nodes call this.
#[utoipa::path(post, path = "/relay/pull", operation_id = "relay_pull", tag = "relay", request_body = Pull, responses((status = 200, body = Pulled)))]
pub(crate) async fn pull(State(state): State<AppState>, Body(asked): Body<Pull>) -> ApiResult<Response> {
    let pulled = tier::pull(&state, &asked).await?;
    tier::signed_answer(&state, &asked.sig, &pulled)
}

/// A child compares what both hold. Other nodes call this.
#[utoipa::path(post, path = "/relay/compare", operation_id = "relay_compare", tag = "relay", request_body = Compare, responses((status = 200, body = Compared)))]
pub(crate) async fn compare(State(state): State<AppState>, Body(asked): Body<Compare>) -> ApiResult<Response> {
    let compared = tier::compare(&state, &asked).await?;
    tier::signed_answer(&state, &asked.sig, &compared)
}
