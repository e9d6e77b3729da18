//! Shares: request, approval by a second person, release of a masked and marked copy, flows, traces of leaks.

use axum::extract::Multipart;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use fengsui_crypto::sm3;
use fengsui_dlp_gateway::GatewayError;
use fengsui_dlp_gateway::sharing::{ReleaseRequest, TraceRequest, release as make_copy, trace as find_recipient};
use fengsui_schema::Timestamp;

use super::prelude::*;
use crate::evidence;
use crate::repository::{policies, shares};
use crate::sharing;
use crate::state::Change;
use crate::values::Key;
use crate::wire::{Decision, FlowLink, Items, LeakForm, ShareForm, ShareRow, TraceRow};

/// Share requests, newest first.
#[utoipa::path(get, path = "/shares", operation_id = "shares_list", tag = "shares", responses((status = 200, body = Items<ShareRow>)))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<ShareRow>>> {
    Ok(Json(Items { items: shares::list(&state, &caller).await? }))
}

/// A file, of so many MiB at most, and texts of a form.
async fn read_form(mut form: Multipart, most: i64) -> ApiResult<shares::NewShare> {
    let too_large = || ApiError::too_large(&format!("{most} MiB"));
    let wrong = |en: &str| ApiError::invalid("file", "表单不合法", en);
    let mut new = shares::NewShare::default();
    while let Some(part) = form.next_field().await.map_err(|error| wrong(&error.body_text()))? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            new.file_name = evidence::safe_name(part.file_name().unwrap_or("file"));
            let content = part.bytes().await.map_err(|error| match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => too_large(),
                _ => wrong(&error.body_text()),
            })?;
            new.content = content.to_vec();
            continue;
        }
        let text = part.text().await.map_err(|error| wrong(&error.body_text()))?;
        let slot = match name.as_str() {
            "title" => &mut new.title,
            "purpose" => &mut new.purpose,
            "legal_basis" => &mut new.legal_basis,
            "recipient" => &mut new.recipient,
            "recipient_role" => &mut new.recipient_role,
            "policy" => &mut new.policy,
            _ => return Err(wrong("has an unknown part")),
        };
        *slot = text;
    }
    if new.content.is_empty() {
        return Err(ApiError::invalid("file", "请选择文件", "has no file, or an empty one"));
    }
    if i64::try_from(new.content.len()).unwrap_or(i64::MAX) > most << 20 {
        return Err(too_large());
    }
    shares::table_extension(&new.file_name)?;
    Ok(new)
}

/// The sharer's mistakes are told, ours are logged.
fn failed(error: &GatewayError) -> ApiError {
    match error {
        GatewayError::Io { .. } => ApiError::internal(error),
        other => ApiError::invalid("file", format!("无法处理该表格：{other}"), &other.to_string()),
    }
}

/// Ask to share a table.
#[utoipa::path(post, path = "/shares", operation_id = "shares_create", tag = "shares", request_body(content = ShareForm, content_type = "multipart/form-data"), responses((status = 200, body = Items<ShareRow>)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    form: Multipart,
) -> ApiResult<Json<Items<ShareRow>>> {
    let new = read_form(form, state.values().number(Key::ShareMib)).await?;
    let mut change = Change::of(&state, &caller).await?;
    let id = shares::create(&mut change, &caller, &new).await?;
    let path = shares::file_of(&state, "originals", id, &new.file_name)?;
    let (detail, content) = (format!("{} to {}: {}", new.file_name, new.recipient, new.purpose), new.content);
    state.off_thread(move || sharing::write(&path, &content)).await?.map_err(|error| ApiError::internal(&error))?;
    change.finish("share.request", &format!("share/{id}"), &detail).await?;
    Ok(Json(Items { items: shares::list(&state, &caller).await? }))
}

/// Approve or reject; never the one who asked.
#[utoipa::path(post, path = "/shares/{id}/decide", operation_id = "shares_decide", tag = "shares", params(("id" = String, Path)), request_body = Decision, responses((status = 200, body = Items<ShareRow>)))]
pub(crate) async fn decide(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(decision): Body<Decision>,
) -> ApiResult<Json<Items<ShareRow>>> {
    let mut change = Change::of(&state, &caller).await?;
    let row = shares::decide(&mut change, &caller, &id, &decision).await?;
    let action = if decision.approve { "share.approve" } else { "share.reject" };
    let detail = format!("{} {}", row.number, decision.reason);
    change.finish(action, &format!("share/{id}"), &detail).await?;
    Ok(Json(Items { items: shares::list(&state, &caller).await? }))
}

/// Make the masked and marked copy and enter it in the ledger.
#[utoipa::path(post, path = "/shares/{id}/release", operation_id = "shares_release", tag = "shares", params(("id" = String, Path)), responses((status = 200, body = Items<ShareRow>)))]
pub(crate) async fn release(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Items<ShareRow>>> {
    let row = shares::approved(&state, &caller, &id).await?;
    let number = crate::check::number_id(&id)?;
    let body = policies::in_force(&mut state.db(), &row.policy).await?;
    let folder = state.shared().sharing_directory.clone();
    let request = ReleaseRequest {
        policy: sharing::policy_file(&folder, &row.policy, &body).map_err(|error| ApiError::internal(&error))?,
        recipient: row.recipient.clone(),
        role: row.recipient_role.clone(),
        purpose: row.purpose.clone(),
        ledger: folder.join("ledger"),
        input: shares::file_of(&state, "originals", number, &row.file_name)?,
        output: shares::file_of(&state, "copies", number, &row.file_name)?,
        // What an attempt left that was never entered.
        replace: true,
        time: Timestamp::from_millis(state.now()),
        engine: state.shared().dlp_settings.clone(),
    };
    // One release at a time: the ledger is a chain. The copy is made before the transaction, which would block others.
    let _turn = state.shared().ledger.lock().await;
    shares::approved(&state, &caller, &id).await?;
    let entry = state.off_thread(move || make_copy(&request)).await?.map_err(|error| failed(&error))?.first;
    let mut change = Change::of(&state, &caller).await?;
    if !shares::released(&mut change, &id, &entry).await? {
        return Err(ApiError::conflict("该申请已发放", "the copy was made already"));
    }
    let detail =
        format!("{} to {}, ledger entry {}, SM3 {}", row.number, row.recipient, entry.sequence, entry.copy_sm3);
    change.finish("share.release", &format!("share/{id}"), &detail).await?;
    Ok(Json(Items { items: shares::list(&state, &caller).await? }))
}

/// The released copy; every download is on record.
#[utoipa::path(get, path = "/shares/{id}/copy", operation_id = "shares_copy", tag = "shares", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn copy(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    let mut change = Change::of(&state, &caller).await?;
    let row = shares::downloaded(&mut change, &caller, &id).await?;
    let path = shares::file_of(&state, "copies", crate::check::number_id(&id)?, &row.file_name)?;
    let bytes = state.off_thread(move || std::fs::read(path)).await?.map_err(|error| ApiError::internal(&error))?;
    change.finish("share.download", &format!("share/{id}"), &row.number).await?;
    let name = evidence::percent_encoded(&format!("{}-{}", row.number, row.file_name));
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Which data went from where to whom: released copies, and sensitive data sensors saw.
#[utoipa::path(get, path = "/flows", operation_id = "shares_flows", tag = "shares", responses((status = 200, body = Items<FlowLink>)))]
pub(crate) async fn flows(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<FlowLink>>> {
    Ok(Json(Items { items: sharing::flows(&state, &caller.scope).await? }))
}

/// Leaks that were traced, newest first.
#[utoipa::path(get, path = "/traces", operation_id = "traces_list", tag = "shares", responses((status = 200, body = Items<TraceRow>)))]
pub(crate) async fn traces(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Items<TraceRow>>> {
    Ok(Json(Items { items: shares::traces(&state, &caller.scope).await? }))
}

/// Find out who a leaked table was given to. Nothing of the table is kept but its digest.
#[utoipa::path(post, path = "/traces", operation_id = "traces_create", tag = "shares", request_body(content = LeakForm, content_type = "multipart/form-data"), responses((status = 200, body = Items<TraceRow>)))]
pub(crate) async fn trace(
    State(state): State<AppState>,
    caller: Caller,
    form: Multipart,
) -> ApiResult<Json<Items<TraceRow>>> {
    let leak = read_form(form, state.values().number(Key::ShareMib)).await?;
    let digest = hex::encode(sm3(&leak.content));
    let (folder, engine) = (state.shared().sharing_directory.clone(), state.shared().dlp_settings.clone());
    let (name, content) = (leak.file_name.clone(), leak.content);
    let work = move || -> Result<_, GatewayError> {
        let leaked = sharing::Scratch::write(&folder, &name, &content)?;
        find_recipient(&TraceRequest { ledger: folder.join("ledger"), leaked: leaked.path(), original: None, engine })
    };
    let report = state.off_thread(work).await?.map_err(|error| failed(&error))?;
    let mut change = Change::of(&state, &caller).await?;
    let id = shares::keep_trace(&mut change, &caller, (&leak.file_name, &digest), &report).await?;
    let detail = format!("{} SM3 {digest}: {}", leak.file_name, report.named.join(", "));
    change.finish("trace.run", &format!("trace/{id}"), &detail).await?;
    Ok(Json(Items { items: shares::traces(&state, &caller.scope).await? }))
}

/// The evidence report of a trace as a Word document.
#[utoipa::path(get, path = "/traces/{id}/report.docx", operation_id = "traces_report", tag = "shares", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn report(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let row = shares::trace(&state, &caller.scope, &id).await?;
    let unit = state.units().name(&caller.identity.unit);
    let bytes = state.off_thread(move || crate::report::trace(&row, &unit)).await??;
    Ok(crate::report::download(&format!("溯源报告-{id}.docx"), bytes))
}
