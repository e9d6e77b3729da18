//! Second factors of the own account.

use super::prelude::*;
use crate::access::{CHALLENGE_MILLIS, verify_password};
use crate::check;
use crate::db::{Query, args};
use crate::limits::PASSWORD_BYTES;
use crate::repository::factors;
use crate::state::{Change, time_text};
use crate::wire::{Challenge, Factors, NewFactorKey, PasswordProof, RecoveryCodes, TotpCode, TotpEnrolment};

/// Changes of factors ask for the password, so that an open browser is not enough.
async fn prove(state: &AppState, caller: &Caller, password: String) -> ApiResult<()> {
    let now = state.now();
    if state.shared().failures.too_many(&caller.address, now) {
        return Err(ApiError::limited("失败次数过多，请稍后再试", "too many failures from this address"));
    }
    let account = caller.identity.account;
    let row = state.db().row("SELECT password FROM account WHERE id = $1", args![account]).await?;
    let kept = row.ok_or_else(ApiError::unauthenticated)?.text("password")?;
    let right = password.len() <= PASSWORD_BYTES && state.hashing(move || verify_password(&password, &kept)).await?;
    if !right {
        state.shared().failures.note(&caller.address, now);
        return Err(ApiError::invalid("password", "密码错误", "is not the present password"));
    }
    Ok(())
}

async fn finish(change: Change, caller: &Caller, action: &str) -> ApiResult<Json<Factors>> {
    let state = change.state().clone();
    change.finish(action, &format!("account/{}", caller.identity.username), "").await?;
    Ok(Json(factors::of_account(&state, &mut state.db(), caller.identity.account).await?))
}

/// The own second factors.
#[utoipa::path(get, path = "/session/factors", operation_id = "factors_show", tag = "session", responses((status = 200, body = Factors)))]
pub(crate) async fn show(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Factors>> {
    Ok(Json(factors::of_account(&state, &mut state.db(), caller.identity.account).await?))
}

/// A challenge to sign with an SM2 key. Nothing is kept of it until it is answered.
#[utoipa::path(get, path = "/session/challenge", operation_id = "factors_challenge", tag = "session", responses((status = 200, body = Challenge)))]
pub(crate) async fn challenge(State(state): State<AppState>) -> ApiResult<Json<Challenge>> {
    let now = state.now();
    let challenge = state.shared().vault.challenge(now)?;
    Ok(Json(Challenge { challenge, expires_at: time_text(now + CHALLENGE_MILLIS) }))
}

/// Begin with one-time codes: a secret for the authenticator app.
#[utoipa::path(post, path = "/session/totp", operation_id = "factors_enrol", tag = "session", request_body = PasswordProof, responses((status = 200, body = TotpEnrolment)))]
pub(crate) async fn enrol(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<PasswordProof>,
) -> ApiResult<Json<TotpEnrolment>> {
    prove(&state, &caller, sent.password).await?;
    let who = caller.identity.clone();
    let mut change = Change::of(&state, &caller).await?;
    let enrolment = factors::enrol_totp(&mut change, who.account, &who.username).await?;
    change.finish("session.totp.enrol", &format!("account/{}", who.username), "").await?;
    Ok(Json(enrolment))
}

/// Switch one-time codes on with the first code.
#[utoipa::path(post, path = "/session/totp/confirm", operation_id = "factors_confirm", tag = "session", request_body = TotpCode, responses((status = 200, body = RecoveryCodes)))]
pub(crate) async fn confirm(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<TotpCode>,
) -> ApiResult<Json<RecoveryCodes>> {
    let mut change = Change::of(&state, &caller).await?;
    let codes = factors::confirm_totp(&mut change, caller.identity.account, &sent.code).await?;
    change.finish("session.totp.confirm", &format!("account/{}", caller.identity.username), "").await?;
    Ok(Json(RecoveryCodes { codes }))
}

/// Switch one-time codes off.
#[utoipa::path(post, path = "/session/totp/remove", operation_id = "factors_remove_totp", tag = "session", request_body = PasswordProof, responses((status = 200, body = Factors)))]
pub(crate) async fn remove_totp(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<PasswordProof>,
) -> ApiResult<Json<Factors>> {
    prove(&state, &caller, sent.password).await?;
    let mut change = Change::of(&state, &caller).await?;
    factors::remove_totp(&mut change, caller.identity.account).await?;
    finish(change, &caller, "session.totp.remove").await
}

/// Draw new recovery codes.
#[utoipa::path(post, path = "/session/recovery-codes", operation_id = "factors_recovery", tag = "session", request_body = PasswordProof, responses((status = 200, body = RecoveryCodes)))]
pub(crate) async fn recovery(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<PasswordProof>,
) -> ApiResult<Json<RecoveryCodes>> {
    prove(&state, &caller, sent.password).await?;
    let mut change = Change::of(&state, &caller).await?;
    if !factors::any(&mut change, caller.identity.account).await? {
        return Err(ApiError::conflict("请先启用动态口令", "switch one-time codes on first"));
    }
    let codes = factors::renew_recovery(&mut change, caller.identity.account).await?;
    change.finish("session.recovery.renew", &format!("account/{}", caller.identity.username), "").await?;
    Ok(Json(RecoveryCodes { codes }))
}

/// Add an SM2 key.
#[utoipa::path(post, path = "/session/keys", operation_id = "factors_add_key", tag = "session", request_body = NewFactorKey, responses((status = 200, body = Factors)))]
pub(crate) async fn add_key(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<NewFactorKey>,
) -> ApiResult<Json<Factors>> {
    prove(&state, &caller, sent.password).await?;
    let mut change = Change::of(&state, &caller).await?;
    let account = caller.identity.account;
    factors::add_key(&mut change, account, (&sent.name, &sent.public_key), &sent.proof).await?;
    finish(change, &caller, "session.key.add").await
}

/// Take an SM2 key away.
#[utoipa::path(post, path = "/session/keys/{id}/remove", operation_id = "factors_remove_key", tag = "session", params(("id" = String, Path)), request_body = PasswordProof, responses((status = 200, body = Factors)))]
pub(crate) async fn remove_key(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<PasswordProof>,
) -> ApiResult<Json<Factors>> {
    prove(&state, &caller, sent.password).await?;
    let mut change = Change::of(&state, &caller).await?;
    factors::remove_key(&mut change, caller.identity.account, check::number_id(&id)?).await?;
    finish(change, &caller, "session.key.remove").await
}
