//! Second factors: one-time codes, recovery codes, SM2 keys. Everything is spent within the transaction of a login.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_crypto::{PublicKey, Signature, random_bytes, sm3};

use crate::access::{CHALLENGE_MILLIS, SECRET_BYTES, base32, step_of};
use crate::check;
use crate::db::{Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{KEYS_PER_ACCOUNT, RECOVERY_CODES};
use crate::state::{AppState, Change, time_text};
use crate::wire::{FactorKey, Factors, SignedChallenge, TotpEnrolment};

/// What somebody shows beside the password.
pub(crate) enum Shown<'a> {
    /// A code of the app, or a recovery code.
    Code(&'a str),
    /// A signed challenge.
    Signed(&'a SignedChallenge),
}

/// The factors of an account.
pub(crate) async fn of_account(state: &AppState, query: &mut impl Query, account: i64) -> ApiResult<Factors> {
    let sql = "SELECT confirmed_at FROM account_totp WHERE account_id = $1 AND confirmed_at IS NOT NULL";
    let totp = query.row(sql, args![account]).await?;
    let sql = "SELECT COUNT(*) AS n FROM account_recovery WHERE account_id = $1";
    let recovery_left = query.count(sql, args![account]).await?;
    let sql = "SELECT * FROM account_key WHERE account_id = $1 ORDER BY id";
    let keys = query.rows(sql, args![account]).await?.iter().map(read_key).collect::<ApiResult<Vec<_>>>()?;
    Ok(Factors {
        totp_since: totp.map(|row| row.int("confirmed_at")).transpose()?.map(time_text),
        recovery_left,
        keys,
        required: state.values().second_factor() == crate::settings::SecondFactor::Required,
    })
}

fn read_key(row: &Row) -> ApiResult<FactorKey> {
    Ok(FactorKey {
        id: row.int("id")?.to_string(),
        name: row.text("name")?,
        key_id: row.text("key_id")?,
        created_at: time_text(row.int("created_at")?),
        used_at: row.optional_int("used_at")?.map(time_text),
    })
}

/// Whether an account has a second factor.
pub(crate) async fn any(query: &mut impl Query, account: i64) -> ApiResult<bool> {
    let sql = "SELECT (SELECT COUNT(*) FROM account_totp WHERE account_id = $1 AND confirmed_at IS NOT NULL)
                    + (SELECT COUNT(*) FROM account_key WHERE account_id = $1) AS n";
    Ok(query.count(sql, args![account]).await? > 0)
}

/// Spends a factor of an account; false when it does not fit or was used before.
pub(crate) async fn spend(change: &mut Change, account: i64, shown: &Shown<'_>) -> ApiResult<bool> {
    match shown {
        Shown::Code(code) => {
            let code = code.trim();
            Ok(spend_totp(change, account, code, true).await? || spend_recovery(change, account, code).await?)
        }
        Shown::Signed(signed) => spend_signature(change, account, signed).await,
    }
}

async fn spend_totp(change: &mut Change, account: i64, code: &str, confirmed: bool) -> ApiResult<bool> {
    let sql = "SELECT secret, confirmed_at FROM account_totp WHERE account_id = $1";
    let Some(row) = change.row(sql, args![account]).await? else { return Ok(false) };
    if row.optional_int("confirmed_at")?.is_some() != confirmed {
        return Ok(false);
    }
    let secret = change.state().shared().vault.unseal(&row.text("secret")?, account)?;
    let Some(step) = step_of(secret.expose(), code, change.now()) else { return Ok(false) };
    // A code works once: the step only ever grows.
    let sql = "UPDATE account_totp SET last_step = $1 WHERE account_id = $2 AND last_step < $1";
    Ok(change.execute(sql, args![step, account]).await? == 1)
}

async fn spend_recovery(change: &mut Change, account: i64, code: &str) -> ApiResult<bool> {
    let digest = recovery_digest(account, code);
    let sql = "DELETE FROM account_recovery WHERE code_sm3 = $1 AND account_id = $2";
    Ok(change.execute(sql, args![digest, account]).await? == 1)
}

async fn spend_signature(change: &mut Change, account: i64, signed: &SignedChallenge) -> ApiResult<bool> {
    let sql = "SELECT id, public_key FROM account_key WHERE account_id = $1";
    for row in change.rows(sql, args![account]).await? {
        let Ok(key) = PublicKey::from_pem(&row.text("public_key")?) else { continue };
        if fits(&key, signed) {
            let now = change.now();
            change.execute("UPDATE account_key SET used_at = $1 WHERE id = $2", args![now, row.int("id")?]).await?;
            return take_challenge(change, &signed.challenge).await;
        }
    }
    Ok(false)
}

fn fits(key: &PublicKey, signed: &SignedChallenge) -> bool {
    read_signature(&signed.signature)
        .is_some_and(|signature| key.verify(signed.challenge.as_bytes(), &signature).is_ok())
}

/// A signature however tools write it.
fn read_signature(text: &str) -> Option<Signature> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).take(400).collect();
    if let Ok(signature) = Signature::try_from(text.clone()) {
        return Some(signature);
    }
    let bytes = hex::decode(&text).ok().or_else(|| STANDARD.decode(&text).ok())?;
    match <[u8; 64]>::try_from(bytes.as_slice()) {
        Ok(plain) => Some(Signature::from_bytes(plain)),
        Err(_) => Signature::from_der(&bytes).ok(),
    }
}

/// Takes a challenge of ours; false when it is old, foreign or answered before.
async fn take_challenge(change: &mut Change, challenge: &str) -> ApiResult<bool> {
    let now = change.now();
    if !change.state().shared().vault.is_fresh(challenge, now) {
        return Ok(false);
    }
    change.execute("DELETE FROM login_challenge WHERE answered_at < $1", args![now - 2 * CHALLENGE_MILLIS]).await?;
    let sql = "INSERT INTO login_challenge (challenge_sm3, answered_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(change.execute(sql, args![hex::encode(sm3(challenge.as_bytes())), now]).await? == 1)
}

/// Draws a secret that waits for its first code.
pub(crate) async fn enrol_totp(change: &mut Change, account: i64, username: &str) -> ApiResult<TotpEnrolment> {
    let sql = "SELECT COUNT(*) AS n FROM account_totp WHERE account_id = $1 AND confirmed_at IS NOT NULL";
    if change.count(sql, args![account]).await? > 0 {
        return Err(ApiError::conflict("动态口令已启用，请先停用", "one-time codes are on; switch them off first"));
    }
    let secret: [u8; SECRET_BYTES] = random_bytes().map_err(|error| ApiError::internal(&error))?;
    let sealed = change.state().shared().vault.seal(&secret, account)?;
    let now = change.now();
    let sql = "INSERT INTO account_totp (account_id, secret, created_at, last_step) VALUES ($1, $2, $3, 0)
               ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at";
    change.execute(sql, args![account, sealed, now]).await?;
    let secret = base32(&secret);
    let issuer = "%E7%83%BD%E7%87%A7";
    let uri =
        format!("otpauth://totp/{issuer}:{username}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30");
    Ok(TotpEnrolment { secret, uri })
}

/// Switches one-time codes on when the first code is right; the recovery codes.
pub(crate) async fn confirm_totp(change: &mut Change, account: i64, code: &str) -> ApiResult<Vec<String>> {
    if !spend_totp(change, account, code.trim(), false).await? {
        return Err(ApiError::invalid("code", "动态口令不正确，请核对手机时间", "is not the present code"));
    }
    let now = change.now();
    change.execute("UPDATE account_totp SET confirmed_at = $1 WHERE account_id = $2", args![now, account]).await?;
    renew_recovery(change, account).await
}

/// Draws new recovery codes; the former ones stop working.
pub(crate) async fn renew_recovery(change: &mut Change, account: i64) -> ApiResult<Vec<String>> {
    change.execute("DELETE FROM account_recovery WHERE account_id = $1", args![account]).await?;
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let bytes: [u8; 10] = random_bytes().map_err(|error| ApiError::internal(&error))?;
        let code = base32(&bytes).to_lowercase();
        let sql = "INSERT INTO account_recovery (code_sm3, account_id) VALUES ($1, $2)";
        change.execute(sql, args![recovery_digest(account, &code), account]).await?;
        codes.push(code);
    }
    Ok(codes)
}

/// 80 random bits need no slow hash; the account is in it, so that equal codes of two accounts differ.
fn recovery_digest(account: i64, code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    hex::encode(sm3(format!("{account}.{plain}").as_bytes()))
}

/// Switches one-time codes off.
pub(crate) async fn remove_totp(change: &mut Change, account: i64) -> ApiResult<()> {
    change.execute("DELETE FROM account_recovery WHERE account_id = $1", args![account]).await?;
    if change.execute("DELETE FROM account_totp WHERE account_id = $1", args![account]).await? == 0 {
        return Err(ApiError::not_found());
    }
    Ok(())
}

/// Adds a key whose owner proved to have the private one.
pub(crate) async fn add_key(
    change: &mut Change,
    account: i64,
    (name, pem): (&str, &str),
    proof: &SignedChallenge,
) -> ApiResult<String> {
    let name = check::title(name)?;
    let wrong = || ApiError::invalid("public_key", "不是SM2公钥（PEM）", "is no SM2 public key in PEM");
    let key = PublicKey::from_pem(pem).map_err(|_| wrong())?;
    if !fits(&key, proof) || !take_challenge(change, &proof.challenge).await? {
        return Err(ApiError::invalid(
            "proof",
            "签名不正确或挑战已过期",
            "the signature does not fit, or the challenge is old",
        ));
    }
    let held = change.count("SELECT COUNT(*) AS n FROM account_key WHERE account_id = $1", args![account]).await?;
    if held >= KEYS_PER_ACCOUNT {
        return Err(ApiError::conflict("密钥数量已达上限", "the account has as many keys as it may"));
    }
    let (id, now) = (change.next("account_key").await?, change.now());
    let (key_id, pem) = (key.id().to_string(), key.to_pem().map_err(|error| ApiError::internal(&error))?);
    let sql = "INSERT INTO account_key (id, account_id, name, key_id, public_key, created_at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    if change.execute(sql, args![id, account, name, key_id.as_str(), pem, now]).await? == 0 {
        return Err(ApiError::conflict("该密钥已登记", "this key is there already"));
    }
    Ok(key_id)
}

/// Takes a key away.
pub(crate) async fn remove_key(change: &mut Change, account: i64, id: i64) -> ApiResult<()> {
    let sql = "DELETE FROM account_key WHERE id = $1 AND account_id = $2";
    if change.execute(sql, args![id, account]).await? == 0 {
        return Err(ApiError::not_found());
    }
    Ok(())
}

/// Takes every factor of an account away: its owner lost them.
pub(crate) async fn forget(change: &mut Change, account: i64) -> ApiResult<()> {
    for table in ["account_recovery", "account_totp", "account_key"] {
        change.execute(&format!("DELETE FROM {table} WHERE account_id = $1"), args![account]).await?;
    }
    Ok(())
}
