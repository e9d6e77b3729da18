//! Abilities of the platform for other applications, and the keys by which they call them.
//!
//! A request for an ability was let in and counted before it comes here (`access::middleware`); nothing of it is kept.

use fengsui_dlp_engine::policy::Policy;

use super::prelude::*;
use crate::capability::{self, Application};
use crate::check;
use crate::masking;
use crate::repository::{capability_keys, indicators as lists, policies};
use crate::state::Change;
use crate::wire::{
    CapabilityKeyMade, CapabilityKeyRow, ClassifyAnswer, ClassifyRequest, IndicatorsAnswer, IndicatorsRequest, Items,
    MaskAnswer, MaskRequest, NewCapabilityKey, ReasonBody, ScreenAnswer, ScreenRequest,
};
use crate::words::word_of;

/// Works on an answer as soon as one of the few places is free.
async fn worked<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce() -> ApiResult<T> + Send + 'static,
) -> ApiResult<Json<T>> {
    let _permit = state.shared().gate.work.acquire().await.map_err(|error| ApiError::internal(&error))?;
    state.off_thread(work).await?.map(Json)
}

/// Find and grade sensitive values in texts or records.
#[utoipa::path(post, path = "/capabilities/classify", operation_id = "capability_classify", tag = "capabilities", request_body = ClassifyRequest, responses((status = 200, body = ClassifyAnswer)))]
pub(crate) async fn classify(
    State(state): State<AppState>,
    _: Application,
    Body(asked): Body<ClassifyRequest>,
) -> ApiResult<Json<ClassifyAnswer>> {
    let engine = state.shared().dlp.clone();
    worked(&state, move || capability::classify(&engine, asked)).await
}

/// Mask records by a policy in force.
#[utoipa::path(post, path = "/capabilities/mask", operation_id = "capability_mask", tag = "capabilities", request_body = MaskRequest, responses((status = 200, body = MaskAnswer)))]
pub(crate) async fn mask(
    State(state): State<AppState>,
    application: Application,
    Body(asked): Body<MaskRequest>,
) -> ApiResult<Json<MaskAnswer>> {
    capability::checked_records(&asked.records)?;
    let body = policies::in_force_for(&mut state.db(), &application.unit, &asked.policy).await?;
    let policy = Policy::parse("policy", &body).map_err(|error| ApiError::internal(&error))?;
    let key = state.shared().vault.masking_key(application.unit.as_str());
    let engine = state.shared().dlp.clone();
    let work = move || {
        let (records, functions) = masking::released(&engine, &policy, key, &asked.records)?;
        Ok(MaskAnswer { policy: policy.id, version: policy.version, records, functions })
    };
    worked(&state, work).await
}

/// What is known of addresses, domains, web addresses and digests.
#[utoipa::path(post, path = "/capabilities/indicators", operation_id = "capability_indicators", tag = "capabilities", request_body = IndicatorsRequest, responses((status = 200, body = IndicatorsAnswer)))]
pub(crate) async fn indicators(
    State(state): State<AppState>,
    application: Application,
    Body(asked): Body<IndicatorsRequest>,
) -> ApiResult<Json<IndicatorsAnswer>> {
    let _permit = state.shared().gate.work.acquire().await.map_err(|error| ApiError::internal(&error))?;
    Ok(Json(IndicatorsAnswer { items: lists::known(&state, &application.unit, &asked.values).await? }))
}

/// Find words of the lexicons in texts.
#[utoipa::path(post, path = "/capabilities/screen", operation_id = "capability_screen", tag = "capabilities", request_body = ScreenRequest, responses((status = 200, body = ScreenAnswer)))]
pub(crate) async fn screen(
    State(state): State<AppState>,
    _: Application,
    Body(asked): Body<ScreenRequest>,
) -> ApiResult<Json<ScreenAnswer>> {
    worked(&state, move || capability::screen(&asked)).await
}

/// Every key within reach, without its token, and how it was used in the last seven days.
#[utoipa::path(get, path = "/capability-keys", operation_id = "capability_keys_list", tag = "capabilities", responses((status = 200, body = Items<CapabilityKeyRow>)))]
pub(crate) async fn keys(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<CapabilityKeyRow>>> {
    Ok(Json(Items { items: capability_keys::list(&state, &caller).await? }))
}

/// Make a key. Its token is in this answer and nowhere else.
#[utoipa::path(post, path = "/capability-keys", operation_id = "capability_keys_create", tag = "capabilities", request_body = NewCapabilityKey, responses((status = 200, body = CapabilityKeyMade)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewCapabilityKey>,
) -> ApiResult<Json<CapabilityKeyMade>> {
    let mut change = Change::of(&state, &caller).await?;
    let (id, token) = capability_keys::create(&mut change, &caller, &new).await?;
    let abilities: Vec<String> = new.abilities.iter().map(word_of).collect();
    let detail = format!(
        "{} for {}: {}; {} a minute, {} a day, until {}; from {}",
        new.name.trim(),
        new.unit,
        abilities.join(" "),
        new.per_minute,
        new.per_day,
        new.expires_at,
        if new.networks.is_empty() { "anywhere".to_owned() } else { new.networks.join(" ") }
    );
    change.finish("capability.write.create", &format!("capability-key/{id}"), &detail).await?;
    Ok(Json(CapabilityKeyMade { key: capability_keys::show(&state, &caller, id).await?, token }))
}

/// Take a key back, from the next request on.
#[utoipa::path(post, path = "/capability-keys/{id}/revoke", operation_id = "capability_keys_revoke", tag = "capabilities", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = CapabilityKeyRow)))]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> ApiResult<Json<CapabilityKeyRow>> {
    let (number, reason) = (check::number_id(&id)?, check::reason(&sent.reason)?);
    let mut change = Change::of(&state, &caller).await?;
    capability_keys::revoke(&mut change, &caller, number, &reason).await?;
    change.finish("capability.write.revoke", &format!("capability-key/{id}"), &reason).await?;
    Ok(Json(capability_keys::show(&state, &caller, number).await?))
}
