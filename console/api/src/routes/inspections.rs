//! Inspection campaigns: issue, answer, find, order, close.

use super::prelude::*;
use crate::audit::{Entry, Outcome};
use crate::repository::inspection_acts as acts;
use crate::repository::inspections::{self, HeldCampaign};
use crate::state::Change;
use crate::wire::{
    CampaignDetail, CampaignList, InspectionAnswers, NewCampaign, NewInspectionFinding, RectificationOrder,
};

type Detail = ApiResult<Json<CampaignDetail>>;

/// Writes the audit entry, makes the change last and answers with the campaign.
async fn finish(mut change: Change, caller: &Caller, id: &str, action: &str, words: &str) -> Detail {
    let object = format!("campaign/{id}");
    change.audit(Entry { action, object: &object, outcome: Outcome::Success, detail: words }).await?;
    let state = change.state().clone();
    change.commit().await?;
    Ok(Json(inspections::detail(&state, caller, id).await?))
}

/// A transaction and the campaign in it, of which the caller is the issuer.
async fn issued(state: &AppState, caller: &Caller, id: &str) -> ApiResult<(Change, HeldCampaign)> {
    let mut change = Change::begin(state, caller.actor()).await?;
    let campaign = inspections::held(&mut change, &caller.scope, id).await?;
    campaign.must_be_issued_by(caller)?;
    Ok((change, campaign))
}

/// Campaigns that concern units the caller may see, newest first.
#[utoipa::path(get, path = "/campaigns", operation_id = "campaigns_list", tag = "inspections", responses((status = 200, body = CampaignList)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<CampaignList>> {
    Ok(Json(inspections::list(&state, &caller.scope).await?))
}

/// Issue a campaign.
#[utoipa::path(post, path = "/campaigns", operation_id = "campaigns_create", tag = "inspections", request_body = NewCampaign, responses((status = 200, body = CampaignDetail)))]
pub(crate) async fn create(State(state): State<AppState>, caller: Caller, Body(new): Body<NewCampaign>) -> Detail {
    let mut change = Change::of(&state, &caller).await?;
    let (id, number) = acts::issue(&mut change, &caller, &new).await?;
    let words = format!("{number} {}: {}", new.title.trim(), new.units.join(" "));
    finish(change, &caller, &id.to_string(), "campaign.issue.create", &words).await
}

/// One campaign.
#[utoipa::path(get, path = "/campaigns/{id}", operation_id = "campaigns_show", tag = "inspections", params(("id" = String, Path)), responses((status = 200, body = CampaignDetail)))]
pub(crate) async fn show(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> Detail {
    Ok(Json(inspections::detail(&state, &caller, &id).await?))
}

/// Answer for the caller's unit.
#[utoipa::path(post, path = "/campaigns/{id}/answers", operation_id = "campaigns_answer", tag = "inspections", params(("id" = String, Path)), request_body = InspectionAnswers, responses((status = 200, body = CampaignDetail)))]
pub(crate) async fn answer(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<InspectionAnswers>,
) -> Detail {
    let mut change = Change::of(&state, &caller).await?;
    let campaign = inspections::held(&mut change, &caller.scope, &id).await?;
    acts::answer(&mut change, &caller, &campaign, &sent).await?;
    finish(change, &caller, &id, "campaign.answer", &campaign.number).await
}

/// Issuer: add a finding.
#[utoipa::path(post, path = "/campaigns/{id}/findings", operation_id = "campaigns_find", tag = "inspections", params(("id" = String, Path)), request_body = NewInspectionFinding, responses((status = 200, body = CampaignDetail)))]
pub(crate) async fn find(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<NewInspectionFinding>,
) -> Detail {
    let (mut change, campaign) = issued(&state, &caller, &id).await?;
    acts::find(&mut change, &caller.scope, &campaign, &new).await?;
    let words = format!("{} {}: {}", campaign.number, new.unit, new.text.trim());
    finish(change, &caller, &id, "campaign.issue.find", &words).await
}

/// Issuer: order findings to be put right.
#[utoipa::path(post, path = "/campaigns/{id}/orders", operation_id = "campaigns_order", tag = "inspections", params(("id" = String, Path)), request_body = RectificationOrder, responses((status = 200, body = CampaignDetail)))]
pub(crate) async fn order(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<RectificationOrder>,
) -> Detail {
    let (mut change, campaign) = issued(&state, &caller, &id).await?;
    let count = acts::order(&mut change, &caller, &campaign, &sent).await?;
    let words = format!("{}: {count}", campaign.number);
    finish(change, &caller, &id, "campaign.issue.order", &words).await
}

/// Issuer: close it.
#[utoipa::path(post, path = "/campaigns/{id}/close", operation_id = "campaigns_close", tag = "inspections", params(("id" = String, Path)), responses((status = 200, body = CampaignDetail)))]
pub(crate) async fn close(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> Detail {
    let (mut change, campaign) = issued(&state, &caller, &id).await?;
    acts::close(&mut change, &caller, &campaign).await?;
    finish(change, &caller, &id, "campaign.issue.close", &campaign.number).await
}
