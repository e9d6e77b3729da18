//! First run: the three administrators.

use super::prelude::*;
use crate::access::{Client, Role};
use crate::audit::{Actor, Entry, Outcome};
use crate::repository::accounts::{self, NewAccount};
use crate::state::Change;
use crate::wire::{SetupAccount, SetupRequest, SetupResult, SetupState};

/// Whether the first-run wizard has work.
#[utoipa::path(get, path = "/setup", operation_id = "setup_state", tag = "setup", responses((status = 200, body = SetupState)))]
pub(crate) async fn state(State(state): State<AppState>) -> ApiResult<Json<SetupState>> {
    Ok(Json(SetupState { needed: !accounts::any(&mut state.db()).await? }))
}

/// First run: make the three administrators.
#[utoipa::path(post, path = "/setup", operation_id = "setup_create", tag = "setup", request_body = SetupRequest, responses((status = 200, body = SetupResult)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Client(address): Client,
    Body(sent): Body<SetupRequest>,
) -> ApiResult<Json<SetupResult>> {
    let now = state.now();
    if state.shared().failures.too_many(&address, now) {
        return Err(ApiError::limited("尝试次数过多，请稍后再试", "too many attempts from this address"));
    }
    let right = state.shared().setup_code.lock().as_deref() == Some(sent.setup_code.as_str());
    if !right || accounts::any(&mut state.db()).await? {
        state.shared().failures.note(&address, now);
        return Err(ApiError::invalid("setup_code", "初始化码错误或已完成初始化", "is wrong, or the setup is done"));
    }
    let unit = state.shared().unit.clone();
    let asked = [(Role::Sysadmin, sent.sysadmin), (Role::Secadmin, sent.secadmin), (Role::Auditor, sent.auditor)];
    let mut change = Change::begin(&state, Actor::new("setup", &unit, &address)).await?;
    let mut made = Vec::new();
    for (role, SetupAccount { username, display_name }) in asked {
        let new = NewAccount { username, display_name, role, unit: unit.clone(), pending: false }.checked()?;
        let (password, kept) = accounts::fresh_password(&state).await?;
        let id = accounts::create(&mut change, &new, &kept).await?;
        let object = format!("account/{}", new.username);
        change
            .audit(Entry { action: "setup.create", object: &object, outcome: Outcome::Success, detail: role.as_str() })
            .await?;
        made.push((id, password));
    }
    change.commit().await?;
    state.shared().setup_code.lock().take();
    let mut all = Vec::new();
    for (id, password) in made {
        all.push(accounts::with_password(&state, id, password).await?);
    }
    Ok(Json(SetupResult { accounts: all }))
}
