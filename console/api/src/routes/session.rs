//! Logging in and out, and the own password.

use axum::http::header::SET_COOKIE;

use super::prelude::*;
use crate::access::{
    Client, SessionToken, check_new_password, clear_cookie, hash_password, matrix, needs_enrolment, session_cookie,
    verify_password,
};
use crate::audit::{Actor, Entry, Outcome};
use crate::db::{Query, Row, args};
use crate::limits::PASSWORD_BYTES;
use crate::repository::accounts;
use crate::repository::factors::{self, Shown};
use crate::scope::Place;
use crate::state::{Change, time_text};
use crate::values::Key;
use crate::wire::{Credentials, PasswordChange, SessionUser, SessionView, SignedChallenge};

const DAY: i64 = 86_400_000;

/// A kept text of no password, so that an unknown name takes as long as a wrong password.
fn nobody(rounds: u32) -> String {
    format!("$pbkdf2-hmac-sm3$i={rounds}${}${}", "A".repeat(22), "A".repeat(43))
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
        let zh = format!("账号已锁定，请{}分钟后再试", state.values().number(Key::LockoutMinutes));
        return Err(ApiError::limited(&zh, "the account is locked after failed logins"));
    }
    let kept = account.as_ref().map_or(Ok(nobody(state.settings().password_rounds)), |row| row.text("password"))?;
    let (password, shown) = (sent.password, (sent.code, sent.signed));
    let right = password.len() <= PASSWORD_BYTES && state.hashing(move || verify_password(&password, &kept)).await?;
    let active = account.as_ref().is_some_and(|row| row.text("state").is_ok_and(|state| state == "active"));
    match account {
        Some(row) if right && active => second_step(&state, &row, &address, shown).await,
        account => {
            let failure = if right { Failure::NotActive } else { Failure::Password };
            note_failure(&state, account.as_ref(), &address, failure).await?;
            Err(ApiError::wrong_credentials())
        }
    }
}

/// The second factor, when the account has one.
async fn second_step(
    state: &AppState,
    row: &Row,
    address: &str,
    (code, signed): (Option<String>, Option<SignedChallenge>),
) -> ApiResult<Response> {
    let account = row.int("id")?;
    let mut change = Change::begin(state, actor_of(row, address)?).await?;
    if !factors::any(&mut change, account).await? {
        return open_session(change, row, address, "").await;
    }
    let (shown, words) = match (&code, &signed) {
        (_, Some(signed)) => (Shown::Signed(signed), "with key"),
        (Some(code), None) if !code.trim().is_empty() => (Shown::Code(code), "with code"),
        _ => return Err(ApiError::second_factor_required()),
    };
    if factors::spend(&mut change, account, &shown).await? {
        return open_session(change, row, address, words).await;
    }
    drop(change);
    note_failure(state, Some(row), address, Failure::SecondFactor).await?;
    Err(ApiError::wrong_credentials())
}

fn actor_of(row: &Row, address: &str) -> ApiResult<Actor> {
    Ok(Actor { name: row.text("username")?, place: Place::read(row)?, address: address.to_owned() })
}

async fn open_session(mut change: Change, row: &Row, address: &str, words: &str) -> ApiResult<Response> {
    let state = change.state().clone();
    let (id, now) = (row.int("id")?, state.now());
    let token = SessionToken::random()?;
    let expired = state
        .values()
        .password_days()
        .is_some_and(|days| row.int("password_changed_at").is_ok_and(|changed| now - changed > days * DAY));
    let sql = "UPDATE account SET failures = 0, last_login_at = $1 WHERE id = $2";
    change.execute(sql, args![now, id]).await?;
    if expired {
        change.execute("UPDATE account SET must_change_password = 1 WHERE id = $1", args![id]).await?;
    }
    let oldest = now - state.values().hours(Key::SessionHours);
    change.execute("DELETE FROM session WHERE created_at < $1", args![oldest]).await?;
    let sql = "INSERT INTO session (token_sm3, account_id, created_at, seen_at, address) VALUES ($1, $2, $3, $3, $4)";
    change.execute(sql, args![token.digest(), id, now, address]).await?;
    let object = format!("account/{}", row.text("username")?);
    change.finish("session.login", &object, words).await?;
    let view = session_view(&state, &token).await?;
    Ok(([(SET_COOKIE, session_cookie(&token, state.settings().secure_cookies))], Json(view)).into_response())
}

async fn session_view(state: &AppState, token: &SessionToken) -> ApiResult<SessionView> {
    let identity = crate::access::find_session(state, token).await?.ok_or_else(ApiError::unauthenticated)?;
    Ok(view(state, &identity))
}

/// Why a login failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    NotActive,
    Password,
    SecondFactor,
}

/// Counts a failed login of a known account and locks it after too many. Unknown names leave no trace in the database,
/// or everybody could fill it.
async fn note_failure(state: &AppState, account: Option<&Row>, address: &str, failure: Failure) -> ApiResult<()> {
    state.shared().failures.note(address, state.now());
    let Some(row) = account else { return Ok(()) };
    let right = failure == Failure::NotActive;
    let (values, now, id) = (state.values(), state.now(), row.int("id")?);
    let mut change = Change::begin(state, actor_of(row, address)?).await?;
    let failures = change.count("SELECT failures AS n FROM account WHERE id = $1", args![id]).await? + 1;
    let locks = !right && failures >= values.number(Key::LockoutFailures);
    let locked_until = if locks { now + values.minutes(Key::LockoutMinutes) } else { 0 };
    let kept = if locks || right { 0 } else { failures };
    let sql = "UPDATE account SET failures = $1, locked_until = $2 WHERE id = $3";
    change.execute(sql, args![kept, locked_until, id]).await?;
    let object = format!("account/{}", row.text("username")?);
    let detail = match (failure, locks) {
        (Failure::NotActive, _) => "the account is not active",
        (Failure::Password, true) => "wrong password; locked",
        (Failure::Password, false) => "wrong password",
        (Failure::SecondFactor, true) => "wrong second factor; locked",
        (Failure::SecondFactor, false) => "wrong second factor",
    };
    change.audit(Entry { action: "session.login", object: &object, outcome: Outcome::Failed, detail }).await?;
    change.commit().await
}

fn view(state: &AppState, identity: &crate::access::Identity) -> SessionView {
    let values = state.values();
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
        must_enrol_second_factor: needs_enrolment(state, identity),
        idle_timeout_seconds: values.number(Key::IdleMinutes) * 60,
        platform: values.text(Key::PlatformName).to_owned(),
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
    change.finish("session.logout", &object, "").await?;
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
    let values = state.values();
    let least = usize::try_from(values.number(Key::PasswordLength)).unwrap_or(usize::MAX);
    check_new_password((values.password_profile(), least), &who.username, &sent.new_password)?;
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
    let remembered = state.values().password_history();
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
    change.finish("session.password", &object, "").await?;
    Ok(token)
}
