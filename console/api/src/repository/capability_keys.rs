//! Keys by which other applications call the platform's abilities, and how often they did.

use std::collections::BTreeMap;

use fengsui_schema::UnitCode;

use crate::access::Caller;
use crate::capability::{day_of, network, new_token};
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{
    CAPABILITY_KEY_DAYS, CAPABILITY_KEYS, CAPABILITY_KEYS_SHOWN, CAPABILITY_NETWORKS, CAPABILITY_PER_DAY,
    CAPABILITY_PER_MINUTE, CAPABILITY_USE_DAYS,
};
use crate::scope::Place;
use crate::state::{AppState, Change, time_text};
use crate::wire::{Ability, AbilityUse, CapabilityKeyRow, CapabilityKeyState, NewCapabilityKey};
use crate::words::{from_word, word_of};

const DAY: i64 = 86_400_000;
/// Days of use that the list shows.
const SHOWN_DAYS: i64 = 7;

/// A key as requests are held against it.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: i64,
    pub(crate) token_hmac: String,
    pub(crate) unit: UnitCode,
    pub(crate) abilities: Vec<Ability>,
    pub(crate) networks: Vec<String>,
    pub(crate) per_minute: i64,
    pub(crate) per_day: i64,
    pub(crate) expires_at: i64,
    pub(crate) is_revoked: bool,
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

/// The key of a number, whatever became of it.
pub(crate) async fn of_number(query: &mut impl Query, id: i64) -> ApiResult<Option<Key>> {
    let Some(row) = query.row("SELECT * FROM capability_key WHERE id = $1", args![id]).await? else { return Ok(None) };
    Ok(Some(Key {
        id,
        token_hmac: row.text("token_hmac")?,
        unit: Place::read(&row)?.unit().clone(),
        abilities: words(&row.text("abilities")?).filter_map(from_word).collect(),
        networks: words(&row.text("networks")?).map(str::to_owned).collect(),
        per_minute: row.int("per_minute")?,
        per_day: row.int("per_day")?,
        expires_at: row.int("expires_at")?,
        is_revoked: row.optional_int("revoked_at")?.is_some(),
    }))
}

/// Requests of a key that were let in on a day.
pub(crate) async fn served(query: &mut impl Query, key: i64, day: i64) -> ApiResult<i64> {
    let sql = "SELECT CAST(COALESCE(SUM(served), 0) AS BIGINT) AS n FROM capability_use WHERE key_id = $1 AND day = $2";
    Ok(query.count(sql, args![key, day]).await?)
}

/// Counts requests of a key for an ability on a day, those let in and those refused; how many were refused before.
pub(crate) async fn count(
    change: &mut Change,
    (key, day, ability): (i64, i64, Ability),
    [served, refused]: [i64; 2],
) -> ApiResult<i64> {
    let word = word_of(&ability);
    let sql = "SELECT refused AS n FROM capability_use WHERE key_id = $1 AND day = $2 AND ability = $3";
    let before = change.count(sql, args![key, day, word.as_str()]).await?;
    let sql = "INSERT INTO capability_use (key_id, day, ability, served, refused) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (key_id, day, ability) DO UPDATE SET served = capability_use.served + excluded.served,
                   refused = capability_use.refused + excluded.refused";
    change.execute(sql, args![key, day, word, served, refused]).await?;
    Ok(before)
}

/// Forgets the use of a key long before a day.
pub(crate) async fn forget_older(change: &mut Change, key: i64, day: i64) -> ApiResult<()> {
    let sql = "DELETE FROM capability_use WHERE key_id = $1 AND day < $2";
    change.execute(sql, args![key, day - CAPABILITY_USE_DAYS]).await?;
    Ok(())
}

/// Every key within reach, newest first.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<Vec<CapabilityKeyRow>> {
    some(state, caller, &Filter::within(&caller.scope, "k")).await
}

/// One key.
pub(crate) async fn show(state: &AppState, caller: &Caller, id: i64) -> ApiResult<CapabilityKeyRow> {
    let found = some(state, caller, &Filter::of_one(&caller.scope, "k", id)).await?;
    found.into_iter().next().ok_or_else(ApiError::not_found)
}

async fn some(state: &AppState, caller: &Caller, filter: &Filter) -> ApiResult<Vec<CapabilityKeyRow>> {
    let mut db = state.db();
    let sql = format!(
        "SELECT k.* FROM capability_key k WHERE {} ORDER BY k.id DESC LIMIT {CAPABILITY_KEYS_SHOWN}",
        filter.sql()
    );
    let rows = db.rows(&sql, filter.args()).await?;
    let mut used = used(state, &mut db, filter).await?;
    let writes = caller.grant("capability.write");
    let read = |row: &Row| -> ApiResult<CapabilityKeyRow> {
        let (id, place) = (row.int("id")?, Place::read(row)?);
        let (expires, revoked) = (row.int("expires_at")?, row.optional_int("revoked_at")?);
        let state_of_key = match revoked {
            Some(_) => CapabilityKeyState::Revoked,
            None if expires <= state.now() => CapabilityKeyState::Expired,
            None => CapabilityKeyState::Active,
        };
        let mut uses = used.remove(&id).unwrap_or_default();
        for (ability, refused) in state.shared().gate.held(id) {
            uses.entry(ability).or_default()[1] += refused;
        }
        let reached = writes.as_ref().is_some_and(|scope| scope.reaches(place.unit()));
        Ok(CapabilityKeyRow {
            id: id.to_string(),
            name: row.text("name")?,
            unit: state.units().reference(place.unit()),
            abilities: words(&row.text("abilities")?).filter_map(from_word).collect(),
            per_minute: row.int("per_minute")?,
            per_day: row.int("per_day")?,
            networks: words(&row.text("networks")?).map(str::to_owned).collect(),
            expires_at: time_text(expires),
            created_at: time_text(row.int("created_at")?),
            created_by: row.text("created_by")?,
            state: state_of_key,
            revoked_at: revoked.map(time_text),
            revoked_by: row.optional_text("revoked_by")?,
            revoked_for: row.optional_text("revoked_for")?,
            used: uses
                .into_iter()
                .map(|(ability, [served, refused])| AbilityUse { ability, served, refused })
                .collect(),
            may_change: reached && revoked.is_none(),
        })
    };
    rows.iter().map(read).collect()
}

type Uses = BTreeMap<Ability, [i64; 2]>;

/// What keys were used for in the last days, by key.
async fn used(state: &AppState, query: &mut impl Query, filter: &Filter) -> ApiResult<BTreeMap<i64, Uses>> {
    let mut filter = filter.clone();
    filter.and_with("u.day > ?", args![day_of(state.now()) - SHOWN_DAYS]);
    let sql = format!(
        "SELECT u.key_id, u.ability, CAST(SUM(u.served) AS BIGINT) AS served, CAST(SUM(u.refused) AS BIGINT) AS refused
         FROM capability_use u JOIN capability_key k ON k.id = u.key_id WHERE {} GROUP BY u.key_id, u.ability",
        filter.sql()
    );
    let mut found = BTreeMap::<i64, Uses>::new();
    for row in &query.rows(&sql, filter.args()).await? {
        let Some(ability) = from_word(&row.text("ability")?) else { continue };
        found.entry(row.int("key_id")?).or_default().insert(ability, [row.int("served")?, row.int("refused")?]);
    }
    Ok(found)
}

fn between(field: &str, value: i64, most: i64) -> ApiResult<i64> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    Err(ApiError::invalid(field, format!("须为1至{most}"), &format!("is not 1 to {most}")))
}

/// Until when a key holds, in milliseconds.
fn checked_end(text: &str, now: i64) -> ApiResult<i64> {
    let end = check::time("expires_at", text)?;
    if end > now && end <= now + CAPABILITY_KEY_DAYS * DAY {
        return Ok(end);
    }
    let zh = format!("有效期须在今后{CAPABILITY_KEY_DAYS}天内");
    Err(ApiError::invalid("expires_at", zh, &format!("is not within {CAPABILITY_KEY_DAYS} days from now")))
}

fn checked_networks(sent: &[String]) -> ApiResult<String> {
    let read: Option<Vec<String>> = sent.iter().map(|text| network(text).map(|range| range.to_string())).collect();
    let fits = read.filter(|read| read.len() <= CAPABILITY_NETWORKS);
    fits.map(|read| read.join(" ")).ok_or_else(|| {
        let zh = format!("须为至多{CAPABILITY_NETWORKS}个IP地址或网段");
        ApiError::invalid("networks", zh, &format!("is not at most {CAPABILITY_NETWORKS} addresses or networks"))
    })
}

/// The unit of a key, within reach of whoever makes it.
fn checked_unit(change: &Change, caller: &Caller, code: &str) -> ApiResult<UnitCode> {
    let unit = check::unit("unit", code)?;
    if caller.scope.reaches(&unit) && change.state().units().contains(&unit) {
        return Ok(unit);
    }
    Err(ApiError::invalid("unit", "单位不存在或不在您的管辖范围", "is no unit of yours"))
}

/// Makes a key; its number and the token, of which only a digest is kept.
pub(crate) async fn create(change: &mut Change, caller: &Caller, new: &NewCapabilityKey) -> ApiResult<(i64, String)> {
    let (name, unit) = (check::short("name", &new.name)?, checked_unit(change, caller, &new.unit)?);
    let mut abilities = new.abilities.clone();
    abilities.sort();
    abilities.dedup();
    if abilities.is_empty() {
        return Err(ApiError::invalid("abilities", "至少选择一种能力", "names none"));
    }
    let per_minute = between("per_minute", new.per_minute, CAPABILITY_PER_MINUTE)?;
    let per_day = between("per_day", new.per_day, CAPABILITY_PER_DAY)?;
    let (now, networks) = (change.now(), checked_networks(&new.networks)?);
    let expires = checked_end(&new.expires_at, now)?;
    let sql =
        "SELECT COUNT(*) AS n FROM capability_key WHERE unit_code = $1 AND revoked_at IS NULL AND expires_at > $2";
    if change.count(sql, args![unit.as_str(), now]).await? >= CAPABILITY_KEYS {
        return Err(ApiError::conflict("该单位的能力密钥过多", "the unit has too many keys"));
    }
    let id = change.next("capability_key").await?;
    let token = new_token(id)?;
    let digest = change.state().shared().vault.token_digest(&token);
    let abilities: Vec<String> = abilities.iter().map(word_of).collect();
    let mut values = args![id, name, digest, abilities.join(" "), networks, per_minute, per_day, expires, now];
    values.extend(args![&caller.identity.display_name]);
    values.extend(Place::of(&unit).values());
    let sql = "INSERT INTO capability_key (id, name, token_hmac, abilities, networks, per_minute, per_day, expires_at,
                   created_at, created_by, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    change.execute(sql, values).await?;
    Ok((id, token))
}

/// Takes a key back, from the next request on.
pub(crate) async fn revoke(change: &mut Change, caller: &Caller, id: i64, reason: &str) -> ApiResult<()> {
    let filter = Filter::of_one(&caller.scope, "k", id);
    let sql = format!("SELECT k.revoked_at FROM capability_key k WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if row.optional_int("revoked_at")?.is_some() {
        return Err(ApiError::conflict("密钥已被吊销", "the key was revoked before"));
    }
    let (now, by) = (change.now(), caller.identity.display_name.clone());
    let sql = "UPDATE capability_key SET revoked_at = $1, revoked_by = $2, revoked_for = $3 WHERE id = $4";
    change.execute(sql, args![now, by, reason, id]).await?;
    Ok(())
}
