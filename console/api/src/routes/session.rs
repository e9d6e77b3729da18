//! Logging in and out, and the own password.

use axum::http::header::SET_COOKIE;

use super::prelude::*;
use crate::access::{
    Client, SessionToken, check_new_password, clear_cookie, hash_password, matrix, session_cookie, verify_password,
};
use crate::audit::{Actor, Entry, Outcome};
use crate::db::{Query, Row, args};
use crate::limits::PASSWORD_BYTES;
use crate::repository::accounts;
use crate::scope::Place;
use crate::state::{Change, time_text};
use crate::wire::{Credentials, PasswordChange, SessionUser, SessionView};

const DAY: i64 = 86_400_000;

/// A kept text of no password, so that an unknown name takes as long as a wrong password.
fn nobody(rounds: u32) -> String {
    format!("$pbkdf2-hmac-sm3$i={rounds}${}${}", "00".repeat(16), "00".repeat(32))
}

/// Log in.
#[utoipa::path(post, path = "/session", operation_id = "session_log_in", tag = "session", request_body = Credentials, responses((status = 200, body = SessionView)))]
pub(crate) async fn log_in(
    State(state): State<AppState>,
    Client(address): Client,
    Body(sent): Body<Credentials>,
) -> ApiResult<Response> {
    let now = state.now();
    if state.shared().failures.too_many(&address, now) {
        return Err(ApiError::limited("登录失败次数过多，请稍后再试", "too many failed logins from this address"));
    }
    let account = state.db().row("SELECT * FROM account WHERE username = $1", args![&sent.username]).await?;
    let locked = account.as_ref().map_or(Ok(0), |row| row.int("locked_until"))? > now;
    if locked {
        return Err(ApiError::limited("账号已锁定，请30分钟后再试", "the account is locked after failed logins"));
    }
    let kept = account.as_ref().map_or(Ok(nobody(state.settings().password_rounds)), |row| row.text("password"))?;
    let right =
        sent.password.len() <= PASSWORD_BYTES && state.hashing(move || verify_password(&sent.password, &kept)).await?;
    let active = account.as_ref().is_some_and(|row| row.text("state").is_ok_and(|state| state == "active"));
    match account {
        Some(row) if right && active => open_session(&state, &row, &address).await,
        account => {
            state.shared().failures.note(&address, now);
            note_failure(&state, account.as_ref(), &address, right).await?;
            Err(ApiError::wrong_credentials())
        }
    }
}

fn actor_of(row: &Row, address: &str) -> ApiResult<Actor> {
    Ok(Actor { name: row.text("username")?, place: Place::read(row)?, address: address.to_owned() })
}

async fn open_session(state: &AppState, row: &Row, address: &str) -> ApiResult<Response> {
    let (id, now) = (row.int("id")?, state.now());
    let token = SessionToken::random()?;
    let expired = state
        .settings()
        .password_profile
        .days_valid()
        .is_some_and(|days| row.int("password_changed_at").is_ok_and(|changed| now - changed > days * DAY));
    let mut change = Change::begin(state, actor_of(row, address)?).await?;
    let sql = "UPDATE account SET failures = 0, last_login_at = $1 WHERE id = $2";
    change.execute(sql, args![now, id]).await?;
    if expired {
        change.execute("UPDATE account SET must_change_password = 1 WHERE id = $1", args![id]).await?;
    }
    let oldest = now - state.settings().session_hours * 3_600_000;
    change.execute("DELETE FROM session WHERE created_at < $1", args![oldest]).await?;
    let sql = "INSERT INTO session (token_sm3, account_id, created_at, seen_at, address) VALUES ($1, $2, $3, $3, $4)";
    change.execute(sql, args![token.digest(), id, now, address]).await?;
    let object = format!("account/{}", row.text("username")?);
    change.audit(Entry { action: "session.login", object: &object, outcome: Outcome::Success, detail: "" }).await?;
    change.commit().await?;
    let view = session_view(state, &token).await?;
    Ok(([(SET_COOKIE, session_cookie(&token, state.settings().secure_cookies))], Json(view)).into_response())
}

async fn session_view(state: &AppState, token: &SessionToken) -> ApiResult<SessionView> {
    let identity = crate::access::find_session(state, token).await?.ok_or_else(ApiError::unauthenticated)?;
    Ok(view(state, &identity))
}

/// Counts a failed login of a known account and locks it after too many. Unknown names leave no trace in the database,
/// or everybody could fill it.
async fn note_failure(state: &AppState, account: Option<&Row>, address: &str, right: bool) -> ApiResult<()> {
    let Some(row) = account else { return Ok(()) };
    let (settings, now, id) = (state.settings(), state.now(), row.int("id")?);
    let mut change = Change::begin(state, actor_of(row, address)?).await?;
    let failures = change.count("SELECT failures AS n FROM account WHERE id = $1", args![id]).await? + 1;
    let locks = !right && failures >= settings.lockout_failures;
    let locked_until = if locks { now + settings.lockout_minutes * 60_000 } else { 0 };
    let kept = if locks || right { 0 } else { failures };
    let sql = "UPDATE account SET failures = $1, locked_until = $2 WHERE id = $3";
    change.execute(sql, args![kept, locked_until, id]).await?;
    let object = format!("account/{}", row.text("username")?);
    let detail = match (right, locks) {
        (true, _) => "the account is not active",
        (false, true) => "wrong password; locked",
        (false, false) => "wrong password",
    };
    change.audit(Entry { action: "session.login", object: &object, outcome: Outcome::Failed, detail }).await?;
    change.commit().await
}

fn view(state: &AppState, identity: &crate::access::Identity) -> SessionView {
    let settings = state.settings();
    SessionView {
        user: SessionUser {
            id: identity.account.to_string(),
            username: identity.username.clone(),
            display_name: identity.display_name.clone(),
        },
        roles: identity.roles.clone(),
        unit: state.units().view(&identity.unit),
        permissions: matrix().permissions(&identity.roles),
        must_change_password: identity.must_change_password,
        idle_timeout_seconds: settings.idle_minutes * 60,
        server_time: time_text(state.now()),
        tier: identity.unit.tier(),
    }
}

/// Who is logged in.
#[utoipa::path(get, path = "/session", operation_id = "session_current", tag = "session", responses((status = 200, body = SessionView)))]
pub(crate) async fn current(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<SessionView>> {
    Ok(Json(view(&state, &caller.identity)))
}

/// Log out.
#[utoipa::path(delete, path = "/session", operation_id = "session_log_out", tag = "session", responses((status = 204)))]
pub(crate) async fn log_out(State(state): State<AppState>, caller: Caller) -> ApiResult<Response> {
    let mut change = Change::begin(&state, caller.actor()).await?;
    change.execute("DELETE FROM session WHERE token_sm3 = $1", args![&caller.identity.session]).await?;
    let object = format!("account/{}", caller.identity.username);
    change.audit(Entry { action: "session.logout", object: &object, outcome: Outcome::Success, detail: "" }).await?;
    change.commit().await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, clear_cookie(state.settings().secure_cookies))]).into_response())
}

/// Change the own password; ends every session of the account and opens a new one.
#[utoipa::path(post, path = "/session/password", operation_id = "session_change_password", tag = "session", request_body = PasswordChange, responses((status = 200, body = SessionView)))]
pub(crate) async fn change_password(
    State(state): State<AppState>,
    caller: Caller,
    Body(sent): Body<PasswordChange>,
) -> ApiResult<Response> {
    let who = &caller.identity;
    check_new_password(state.settings().password_profile, &who.username, &sent.new_password)?;
    let former = former_passwords(&state, who.account).await?;
    let present = former.first().cloned().ok_or_else(ApiError::unauthenticated)?;
    let (old, new) = (sent.old_password, sent.new_password.clone());
    let checked = state.hashing(move || {
        let right = old.len() <= PASSWORD_BYTES && verify_password(&old, &present);
        (right, former.iter().any(|kept| verify_password(&new, kept)))
    });
    match checked.await? {
        (false, _) => return Err(ApiError::invalid("old_password", "原密码错误", "is not the present password")),
        (true, true) => return Err(ApiError::invalid("new_password", "不能使用最近用过的密码", "was used before")),
        (true, false) => {}
    }
    let rounds = state.settings().password_rounds;
    let kept = state.hashing(move || hash_password(&sent.new_password, rounds)).await??;
    let token = keep_password(&state, &caller, &kept).await?;
    let view = session_view(&state, &token).await?;
    Ok(([(SET_COOKIE, session_cookie(&token, state.settings().secure_cookies))], Json(view)).into_response())
}

/// The present password and as many former ones as the profile remembers.
async fn former_passwords(state: &AppState, account: i64) -> ApiResult<Vec<String>> {
    let mut db = state.db();
    let present = db.row("SELECT password FROM account WHERE id = $1", args![account]).await?;
    let mut all = vec![present.ok_or_else(ApiError::unauthenticated)?.text("password")?];
    let remembered = state.settings().password_profile.remembered();
    let sql = "SELECT password FROM password_history WHERE account_id = $1 ORDER BY changed_at DESC LIMIT $2";
    for row in db.rows(sql, args![account, remembered - 1]).await? {
        all.push(row.text("password")?);
    }
    Ok(all)
}

async fn keep_password(state: &AppState, caller: &Caller, kept: &str) -> ApiResult<SessionToken> {
    let (id, now) = (caller.identity.account, state.now());
    let token = SessionToken::random()?;
    let mut change = Change::begin(state, caller.actor()).await?;
    let sql = "INSERT INTO password_history (account_id, changed_at, password)
               SELECT id, $1, password FROM account WHERE id = $2 ON CONFLICT DO NOTHING";
    change.execute(sql, args![now, id]).await?;
    let sql = "UPDATE account SET password = $1, password_changed_at = $2, must_change_password = 0 WHERE id = $3";
    change.execute(sql, args![kept, now, id]).await?;
    accounts::end_sessions(&mut change, id).await?;
    let sql = "INSERT INTO session (token_sm3, account_id, created_at, seen_at, address) VALUES ($1, $2, $3, $3, $4)";
    change.execute(sql, args![token.digest(), id, now, &caller.address]).await?;
    let object = format!("account/{}", caller.identity.username);
    change.audit(Entry { action: "session.password", object: &object, outcome: Outcome::Success, detail: "" }).await?;
    change.commit().await?;
    Ok(token)
}
