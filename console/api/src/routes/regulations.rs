//! The policy library (制度库).

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use super::prelude::*;
use crate::check;
use crate::evidence::percent_encoded;
use crate::repository::{regulation_acts, regulations};
use crate::state::Change;
use crate::wire::{
    Items, NewRegulation, NewRegulationVersion, RegulationCoverageView, RegulationDetail, RegulationQuery,
    RegulationRow, RegulationSigning, RegulationText, RegulationUrged, RegulationWithdrawal,
};

/// Policies that the caller may see, newest first.
#[utoipa::path(get, path = "/regulations", operation_id = "regulations_list", tag = "regulations", params(RegulationQuery), responses((status = 200, body = Items<RegulationRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<RegulationQuery>,
) -> ApiResult<Json<Items<RegulationRow>>> {
    Ok(Json(Items { items: regulations::list(&state, &caller, query.to_sign == Some(true)).await? }))
}

/// Which units have signed how much of all policies in force.
#[utoipa::path(get, path = "/regulations/coverage", operation_id = "regulations_coverage", tag = "regulations", responses((status = 200, body = RegulationCoverageView)))]
pub(crate) async fn coverage(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<RegulationCoverageView>> {
    Ok(Json(regulations::coverage(&state, &caller).await?))
}

/// One policy, to read and to sign.
#[utoipa::path(get, path = "/regulations/{id}", operation_id = "regulations_show", tag = "regulations", params(("id" = String, Path)), responses((status = 200, body = RegulationDetail)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<RegulationDetail>> {
    Ok(Json(regulations::show(&state, &caller, check::number_id(&id)?).await?))
}

/// What one of its versions says.
#[utoipa::path(get, path = "/regulations/{id}/versions/{version}", operation_id = "regulations_text", tag = "regulations", params(("id" = String, Path), ("version" = String, Path)), responses((status = 200, body = RegulationText)))]
pub(crate) async fn text(
    State(state): State<AppState>,
    caller: Caller,
    Path((id, version)): Path<(String, String)>,
) -> ApiResult<Json<RegulationText>> {
    let (id, version) = (check::number_id(&id)?, check::number_id(&version)?);
    Ok(Json(regulations::text(&state, &caller, id, version).await?))
}

/// The file of one of its versions.
#[utoipa::path(get, path = "/regulations/{id}/versions/{version}/file", operation_id = "regulations_file", tag = "regulations", params(("id" = String, Path), ("version" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn file(
    State(state): State<AppState>,
    caller: Caller,
    Path((id, version)): Path<(String, String)>,
) -> ApiResult<Response> {
    let (id, version) = (check::number_id(&id)?, check::number_id(&version)?);
    let (name, media_type, content) = regulations::file(&state, &caller, id, version).await?;
    let headers = [
        (CONTENT_TYPE, media_type),
        (CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", percent_encoded(&name))),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, content).into_response())
}

/// What the reader shows of a policy after an act.
async fn after(state: &AppState, mut caller: Caller, id: i64) -> ApiResult<Json<RegulationDetail>> {
    caller.scope = caller.grant("regulation.read").ok_or_else(ApiError::forbidden)?;
    Ok(Json(regulations::show(state, &caller, id).await?))
}

/// Publish a policy.
#[utoipa::path(post, path = "/regulations", operation_id = "regulations_create", tag = "regulations", request_body = NewRegulation, responses((status = 200, body = RegulationDetail)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(new): Body<NewRegulation>,
) -> ApiResult<Json<RegulationDetail>> {
    let mut change = Change::of(&state, &caller).await?;
    let (id, detail) = regulation_acts::create(&mut change, &caller, &new).await?;
    change.finish("regulation.create", &format!("regulation/{id}"), &detail).await?;
    after(&state, caller, id).await
}

/// Publish another version; every unit it is for signs again.
#[utoipa::path(post, path = "/regulations/{id}/versions", operation_id = "regulations_revise", tag = "regulations", params(("id" = String, Path)), request_body = NewRegulationVersion, responses((status = 200, body = RegulationDetail)))]
pub(crate) async fn revise(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<NewRegulationVersion>,
) -> ApiResult<Json<RegulationDetail>> {
    let id = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    let detail = regulation_acts::revise(&mut change, &caller, id, &new).await?;
    change.finish("regulation.revise", &format!("regulation/{id}"), &detail).await?;
    after(&state, caller, id).await
}

/// End a policy; it can still be read.
#[utoipa::path(post, path = "/regulations/{id}/withdraw", operation_id = "regulations_withdraw", tag = "regulations", params(("id" = String, Path)), request_body = RegulationWithdrawal, responses((status = 200, body = RegulationDetail)))]
pub(crate) async fn withdraw(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<RegulationWithdrawal>,
) -> ApiResult<Json<RegulationDetail>> {
    let (id, reason) = (check::number_id(&id)?, check::reason(&sent.reason)?);
    let mut change = Change::of(&state, &caller).await?;
    regulation_acts::withdraw(&mut change, &caller, id).await?;
    change.finish("regulation.withdraw", &format!("regulation/{id}"), &reason).await?;
    after(&state, caller, id).await
}

/// Sign for the caller's unit that the version in force was read.
#[utoipa::path(post, path = "/regulations/{id}/sign", operation_id = "regulations_sign", tag = "regulations", params(("id" = String, Path)), request_body = RegulationSigning, responses((status = 200, body = RegulationDetail)))]
pub(crate) async fn sign(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<RegulationSigning>,
) -> ApiResult<Json<RegulationDetail>> {
    let id = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    regulation_acts::sign(&mut change, &caller, id, sent.version).await?;
    let detail = format!("version {} for {}", sent.version, caller.identity.unit);
    change.finish("regulation.sign", &format!("regulation/{id}"), &detail).await?;
    after(&state, caller, id).await
}

/// Urge every unit within reach that has not signed yet.
#[utoipa::path(post, path = "/regulations/{id}/urge", operation_id = "regulations_urge", tag = "regulations", params(("id" = String, Path)), responses((status = 200, body = RegulationUrged)))]
pub(crate) async fn urge(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<RegulationUrged>> {
    let id = check::number_id(&id)?;
    let mut change = Change::of(&state, &caller).await?;
    let units = regulation_acts::urge(&mut change, &caller, id).await?;
    change.finish("regulation.urge", &format!("regulation/{id}"), &format!("{units} units")).await?;
    Ok(Json(RegulationUrged { units }))
}
