//! Sessions live on the server; the browser holds a random token, the database its digest.

use axum::http::header::{COOKIE, HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fengsui_crypto::{random_bytes, sm3};
use fengsui_schema::UnitCode;

use super::Role;
use crate::db::{Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;
use crate::values::Key;

/// Time between two notes that a session was used; saves a write per request.
const SEEN_EVERY_MILLIS: i64 = 30_000;

/// The random token of a session; its text goes to the browser and nowhere else.
pub(crate) struct SessionToken(String);

impl SessionToken {
    /// A new one of 256 bits.
    pub(crate) fn random() -> ApiResult<Self> {
        let bytes: [u8; 32] = random_bytes().map_err(|error| ApiError::internal(&error))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The one a request carries.
    pub(crate) fn of_request(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let name = cookie_name(secure);
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let token = cookies
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))?;
        (token.len() == 43).then(|| Self(token.to_owned()))
    }

    /// The token of a text; any text has a digest, only the right one is found.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, for the one who may have it.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// What the database keeps.
    pub(crate) fn digest(&self) -> String {
        hex::encode(sm3(self.0.as_bytes()))
    }
}

fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-fengsui_session" } else { "fengsui_session" }
}

/// The header that gives a browser its session.
pub(crate) fn session_cookie(token: &SessionToken, secure: bool) -> HeaderValue {
    let secure_flag = if secure { "; Secure" } else { "" };
    let text = format!("{}={}; Path=/; HttpOnly; SameSite=Strict{secure_flag}", cookie_name(secure), token.0);
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The header that takes it away.
pub(crate) fn clear_cookie(secure: bool) -> HeaderValue {
    let secure_flag = if secure { "; Secure" } else { "" };
    let text = format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{secure_flag}", cookie_name(secure));
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Who a session belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Number of the account.
    pub(crate) account: i64,
    /// Name of the account.
    pub(crate) username: String,
    /// Name that is shown.
    pub(crate) display_name: String,
    /// Unit of the account.
    pub(crate) unit: UnitCode,
    /// Roles.
    pub(crate) roles: Vec<Role>,
    /// Nothing else goes before the password is changed.
    pub(crate) must_change_password: bool,
    /// Whether the account has a second factor.
    pub(crate) second_factor: bool,
    /// Digest of the session's token.
    pub(crate) session: String,
}

/// A session as the database has it.
#[derive(Debug, Clone)]
pub(crate) struct KeptSession {
    identity: Identity,
    created_at: i64,
    seen_at: i64,
}

/// What a session and its rights hang on.
const TABLES: [&str; 5] = ["session", "account", "account_role", "account_totp", "account_key"];

/// The living session of a token: not idle too long, not too old, the account active.
pub(crate) async fn find_session(state: &AppState, token: &SessionToken) -> ApiResult<Option<Identity>> {
    let digest = token.digest();
    let changes = state.db().changes(&TABLES);
    let memory = &state.shared().sessions;
    let kept = match memory.get(&digest, changes) {
        Some(kept) => kept,
        None => {
            let Some(read) = read_session(state, &digest).await? else { return Ok(None) };
            memory.keep(&digest, changes, &read);
            read
        }
    };
    let (now, values) = (state.now(), state.values());
    let (idle, age) = (now - kept.seen_at, now - kept.created_at);
    if idle > values.minutes(Key::IdleMinutes) || age > values.hours(Key::SessionHours) {
        forget(state, &digest).await?;
        return Ok(None);
    }
    if idle > SEEN_EVERY_MILLIS {
        touch(state, &digest, now).await?;
    }
    Ok(Some(kept.identity))
}

async fn read_session(state: &AppState, digest: &str) -> ApiResult<Option<KeptSession>> {
    let sql = "SELECT s.created_at, s.seen_at, a.id, a.username, a.display_name, a.must_change_password, a.unit_code,
                      (SELECT GROUP_TEXT(r.role, ',') FROM account_role r WHERE r.account_id = a.id) AS roles,
                      (SELECT COUNT(*) FROM account_totp t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL)
                          + (SELECT COUNT(*) FROM account_key k WHERE k.account_id = a.id) AS factors
               FROM session s JOIN account a ON a.id = s.account_id
               WHERE s.token_sm3 = $1 AND a.state = 'active'";
    let sql = sql.replace("GROUP_TEXT", state.db().group_text());
    let Some(row) = state.db().row(&sql, args![digest]).await? else { return Ok(None) };
    Ok(Some(KeptSession {
        created_at: row.int("created_at")?,
        seen_at: row.int("seen_at")?,
        identity: identity(&row, digest.to_owned())?,
    }))
}

fn identity(row: &Row, session: String) -> ApiResult<Identity> {
    let roles = row.optional_text("roles")?.unwrap_or_default();
    Ok(Identity {
        account: row.int("id")?,
        username: row.text("username")?,
        display_name: row.text("display_name")?,
        unit: row.text("unit_code")?.parse().map_err(|error| ApiError::internal(&error))?,
        roles: roles.split(',').filter_map(Role::from_word).collect(),
        must_change_password: row.flag("must_change_password")?,
        second_factor: row.int("factors")? > 0,
        session,
    })
}

/// Whether a session still lives, by the digest of its token; asking does not keep it alive.
pub(crate) async fn session_lives(state: &AppState, digest: &str) -> ApiResult<bool> {
    let now = state.now();
    let sql = "SELECT COUNT(*) AS n FROM session s JOIN account a ON a.id = s.account_id
               WHERE s.token_sm3 = $1 AND a.state = 'active' AND s.created_at >= $2";
    let oldest = now - state.values().hours(Key::SessionHours);
    Ok(state.db().count(sql, args![digest, oldest]).await? > 0)
}

async fn touch(state: &AppState, digest: &str, now: i64) -> ApiResult<()> {
    let mut tx = state.db().begin().await?;
    tx.execute("UPDATE session SET seen_at = $1 WHERE token_sm3 = $2", args![now, digest]).await?;
    Ok(tx.commit().await?)
}

async fn forget(state: &AppState, digest: &str) -> ApiResult<()> {
    let mut tx = state.db().begin().await?;
    tx.execute("DELETE FROM session WHERE token_sm3 = $1", args![digest]).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_comes_back() {
        let token = SessionToken::random().expect("random");
        for secure in [false, true] {
            let header = session_cookie(&token, secure);
            let pair = header.to_str().expect("is text").split(';').next().expect("has a pair").to_owned();
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&format!("other=1; {pair}")).expect("is a header"));
            let found = SessionToken::of_request(&headers, secure).expect("finds the token");
            assert_eq!(found.digest(), token.digest());
            assert!(SessionToken::of_request(&headers, !secure).is_none());
        }
    }
}
