//! The register of systems, and when each is due to be assessed again.

use fengsui_schema::BusinessDomain;

use super::duty;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::SYSTEMS_SHOWN;
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{DueState, SystemBody, SystemRow};
use crate::words::word_of;

const DAY: i64 = 86_400_000;
/// So long before its time is over something is due soon.
const SOON: i64 = 60 * DAY;

/// Days between assessments: level 4 twice a year, level 3 once (信息安全等级保护管理办法, article 14), level 2 every two
/// years as the rule of practice is; level 1 is not assessed.
const fn assessed_every(level: i64) -> Option<i64> {
    match level {
        4 => Some(183),
        3 => Some(365),
        2 => Some(730),
        _ => None,
    }
}

/// Days between examinations of the cryptography: once a year from level 3 on (商用密码应用安全性评估管理办法, article 10).
const fn examined_every(level: i64) -> Option<i64> {
    if level >= 3 { Some(365) } else { None }
}

/// Where something stands that is due so many days after it was done last, and until when.
fn due(done: Option<i64>, every: Option<i64>, now: i64) -> (DueState, Option<i64>) {
    let Some(days) = every else { return (DueState::NotNeeded, None) };
    let Some(done) = done else { return (DueState::Never, None) };
    let until = done + days * DAY;
    let state = match until - now {
        left if left < 0 => DueState::Overdue,
        left if left < SOON => DueState::Soon,
        _ => DueState::Good,
    };
    (state, Some(until))
}

/// Systems of units within reach: what is overdue first.
pub(crate) async fn list(state: &AppState, scope: &Scope) -> ApiResult<Vec<SystemRow>> {
    let mut filter = Filter::within(scope, "s");
    filter.and("s.retired_at IS NULL");
    let sql = format!(
        "SELECT s.* FROM system_register s WHERE {} ORDER BY s.level DESC, s.unit_code, s.id LIMIT {SYSTEMS_SHOWN}",
        filter.sql()
    );
    let rows = state.db().rows(&sql, filter.args()).await?;
    let mut items = rows.iter().map(|row| read(state, row)).collect::<ApiResult<Vec<_>>>()?;
    let late =
        |row: &SystemRow| [row.assessment_state, row.crypto_state, row.filing_state].contains(&DueState::Overdue);
    items.sort_by_key(|row| !late(row));
    Ok(items)
}

fn read(state: &AppState, row: &Row) -> ApiResult<SystemRow> {
    let (level, now) = (row.int("level")?, state.now());
    let (filed, assessed, examined) =
        (row.optional_int("filed_at")?, row.optional_int("assessed_at")?, row.optional_int("crypto_at")?);
    let (assessment_state, assessment_due) = due(assessed, assessed_every(level), now);
    let (crypto_state, crypto_due) = due(examined, examined_every(level), now);
    let filing = row.text("filing")?;
    // From level 2 on a system is filed (article 15).
    let filing_state = match (level >= 2, filing.is_empty()) {
        (false, _) => DueState::NotNeeded,
        (true, true) => DueState::Never,
        (true, false) => DueState::Good,
    };
    Ok(SystemRow {
        id: row.int("id")?.to_string(),
        unit: state.units().reference(Place::read(row)?.unit()),
        name: row.text("name")?,
        domain: BusinessDomain::from_word(&row.text("domain")?).unwrap_or(BusinessDomain::Application),
        level,
        owner: row.text("owner")?,
        filing,
        filed_at: filed.map(time_text),
        filing_state,
        assessed_at: assessed.map(time_text),
        assessment_due: assessment_due.map(time_text),
        assessment_state,
        crypto_at: examined.map(time_text),
        crypto_due: crypto_due.map(time_text),
        crypto_state,
        note: row.text("note")?,
        updated_by: row.text("updated_by")?,
        updated_at: time_text(row.int("updated_at")?),
    })
}

/// Adds a system, or writes one anew; what the audit log says.
pub(crate) async fn put(change: &mut Change, scope: &Scope, id: Option<&str>, new: &SystemBody) -> ApiResult<String> {
    let unit = duty::reached(&change.state().clone(), scope, &new.unit)?;
    let (name, owner) = (check::short("name", &new.name)?, check::short("owner", &new.owner)?);
    let filing = if new.filing.trim().is_empty() { String::new() } else { check::short("filing", &new.filing)? };
    let note = check::optional_body("note", new.note.as_deref())?;
    if !(1..=4).contains(&new.level) {
        return Err(ApiError::invalid("level", "等级须为1至4级", "is not 1 to 4"));
    }
    let (now, actor) = (change.now(), change.actor().name.clone());
    let date = |field: &str, value: &Option<String>| {
        value.as_deref().filter(|text| !text.is_empty()).map(|text| check::past(field, text, now)).transpose()
    };
    let mut values = args![&name, new.level, owner, filing, date("filed_at", &new.filed_at)?];
    values.extend(args![date("assessed_at", &new.assessed_at)?, date("crypto_at", &new.crypto_at)?, note, actor, now]);
    values.extend(args![word_of(&new.domain)]);
    values.extend(Place::of(&unit).values());
    let number = match id {
        Some(id) => held(change, scope, id).await?,
        None => change.next("system_register").await?,
    };
    values.extend(args![number]);
    let sql = if id.is_some() {
        "UPDATE system_register SET name = $1, level = $2, owner = $3, filing = $4, filed_at = $5, assessed_at = $6,
             crypto_at = $7, note = $8, updated_by = $9, updated_at = $10, domain = $11, province = $12, prefecture = $13,
             county = $14, unit_code = $15 WHERE id = $16"
    } else {
        "INSERT INTO system_register (name, level, owner, filing, filed_at, assessed_at, crypto_at, note, updated_by,
             updated_at, domain, province, prefecture, county, unit_code, id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    };
    change.execute(sql, values).await?;
    Ok(format!("{unit} {name}, level {}", new.level))
}

/// Takes a system off the register.
pub(crate) async fn retire(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<()> {
    let (number, now) = (held(change, scope, id).await?, change.now());
    change.execute("UPDATE system_register SET retired_at = $1 WHERE id = $2", args![now, number]).await?;
    Ok(())
}

async fn held(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<i64> {
    let mut filter = Filter::within(scope, "s");
    filter.and_with("s.id = ?", args![check::number_id(id)?]);
    filter.and("s.retired_at IS NULL");
    let sql = format!("SELECT s.id FROM system_register s WHERE {}", filter.sql());
    Ok(change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?.int("id")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_follows_from_level_and_date() {
        let now = 1_000 * DAY;
        assert_eq!(due(None, assessed_every(1), now), (DueState::NotNeeded, None));
        assert_eq!(due(None, assessed_every(3), now), (DueState::Never, None));
        let done = |days: i64| Some(now - days * DAY);
        assert_eq!(due(done(100), assessed_every(3), now).0, DueState::Good);
        assert_eq!(due(done(310), assessed_every(3), now).0, DueState::Soon);
        assert_eq!(due(done(366), assessed_every(3), now).0, DueState::Overdue);
        assert_eq!(due(done(366), assessed_every(2), now).0, DueState::Good);
        assert_eq!(due(done(200), assessed_every(4), now).0, DueState::Overdue);
        assert_eq!((examined_every(2), examined_every(3)), (None, Some(365)));
    }
}
