//! Acts on warnings. What a red or orange one says is never the word of one person alone.

use fengsui_schema::{Timestamp, UnitCode};

use super::warnings::{is_from_above, level_of, state_of};
use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{WARNED_UNITS, WARNING_DAYS};
use crate::scope::{Place, Scope};
use crate::state::{Change, Notice};
use crate::tier;
use crate::wire::{Decision, NewWarning, WarningChange, WarningLevel, WarningState};
use crate::words::{from_word, word_of};

const DAY: i64 = 86_400_000;

/// Whether a level needs a second person.
fn needs_two(level: WarningLevel) -> bool {
    level >= WarningLevel::Orange
}

/// Issues a warning, or proposes it when it needs a second person; its number in the database.
pub(crate) async fn create(change: &mut Change, caller: &Caller, new: &NewWarning) -> ApiResult<i64> {
    let (title, reason) = (check::title(&new.title)?, check::reason(&new.reason)?);
    let measures = check::body("measures", &new.measures)?;
    let units = warned(caller, &new.units)?;
    let (now, until) = (change.now(), check::time("valid_until", &new.valid_until)?);
    if until <= now || until > now + WARNING_DAYS * DAY {
        return Err(ApiError::invalid("valid_until", "有效期须在90天以内", "is not within the next 90 days"));
    }
    let id = change.next("warning").await?;
    let year: String = Timestamp::from_millis(now).day().chars().take(4).collect();
    let of_year = change.next(&format!("warning-{year}")).await?;
    let two = needs_two(new.level);
    let kept = Kept {
        number: &format!("W{year}-{of_year:04}"),
        level: new.level,
        texts: [&title, &measures, &reason],
        state: if two { "proposed" } else { "in_force" },
        created: (&caller.identity.display_name, now),
        in_force_at: (!two).then_some(now),
        valid_until: until,
        ended_at: None,
        wanted_by: two.then_some(caller.identity.account),
        unit: &caller.identity.unit,
    };
    insert(change, id, &kept, &units).await?;
    note(change, id, if two { "propose" } else { "issue" }, &format!("{}: {reason}", word_of(&new.level))).await?;
    tier::tell_warning(change, id).await?;
    tell(change, id).await?;
    Ok(id)
}

/// A warning as it is kept first, of this node or of one above.
pub(crate) struct Kept<'a> {
    pub(crate) number: &'a str,
    pub(crate) level: WarningLevel,
    /// Title, measures, reason.
    pub(crate) texts: [&'a str; 3],
    pub(crate) state: &'a str,
    /// By whom and when.
    pub(crate) created: (&'a str, i64),
    pub(crate) in_force_at: Option<i64>,
    pub(crate) valid_until: i64,
    pub(crate) ended_at: Option<i64>,
    /// Who wants it issued, when that needs a second person.
    pub(crate) wanted_by: Option<i64>,
    pub(crate) unit: &'a UnitCode,
}

/// Keeps a warning and which units it is for.
pub(crate) async fn insert(change: &mut Change, id: i64, kept: &Kept<'_>, units: &[UnitCode]) -> ApiResult<()> {
    let [title, measures, reason] = kept.texts;
    let mut values = args![id, kept.number, word_of(&kept.level), title, measures, reason, kept.state];
    values.extend(args![kept.created.0, kept.created.1, kept.in_force_at, kept.valid_until, kept.ended_at]);
    values.extend(args![kept.wanted_by.map(|_| "issue"), kept.wanted_by, reason]);
    values.extend(Place::of(kept.unit).values());
    let sql =
        "INSERT INTO warning (id, number, level, title, measures, reason, state, created_by, created_at, in_force_at,
                   valid_until, ended_at, wanted, wanted_by, wanted_reason, province, prefecture, county, unit_code,
                   revision)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0)";
    change.execute(sql, values).await?;
    warn_units(change, id, units).await
}

/// Keeps which units a warning is for.
async fn warn_units(change: &mut Change, id: i64, units: &[UnitCode]) -> ApiResult<()> {
    for unit in units {
        let mut values = args![id];
        values.extend(Place::of(unit).values());
        let sql = "INSERT INTO warning_unit (warning_id, province, prefecture, county, unit_code) VALUES ($1, $2, $3, $4, $5)";
        change.execute(sql, values).await?;
    }
    Ok(())
}

/// The units a person names, each within reach and none within another.
fn warned(caller: &Caller, codes: &[String]) -> ApiResult<Vec<UnitCode>> {
    if codes.is_empty() || codes.len() > WARNED_UNITS {
        return Err(ApiError::invalid("units", "请选择预警单位", "names no unit, or too many"));
    }
    let units = codes.iter().map(|code| check::unit("units", code)).collect::<ApiResult<Vec<_>>>()?;
    if let Some(outside) = units.iter().find(|unit| !caller.scope.reaches(unit)) {
        return Err(ApiError::invalid("units", "不在管辖范围内", &format!("{outside} is out of reach")));
    }
    let mut whole: Vec<UnitCode> = Vec::new();
    for unit in &units {
        let within = |other: &UnitCode| other != unit && unit.path().starts_with(&other.path());
        if !units.iter().any(within) && !whole.contains(unit) {
            whole.push(unit.clone());
        }
    }
    Ok(whole)
}

/// A warning of this node whose issuing unit a scope reaches.
async fn held(change: &mut Change, scope: &Scope, id: i64) -> ApiResult<Row> {
    let filter = Filter::of_one(scope, "w", id);
    let sql = format!("SELECT w.* FROM warning w WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if is_from_above(&row)? {
        return Err(ApiError::conflict("上级发布的预警由上级变更", "it belongs to the node above that issued it"));
    }
    Ok(row)
}

/// Changes the level of a warning or lifts it, at once or once a second person agrees; what was done, in words.
pub(crate) async fn regrade(change: &mut Change, caller: &Caller, id: i64, sent: &WarningChange) -> ApiResult<String> {
    let reason = check::reason(&sent.reason)?;
    let row = held(change, &caller.scope, id).await?;
    if state_of(&row, change.now())? != WarningState::InForce {
        return Err(ApiError::conflict("该预警不在有效期内", "the warning is not in force"));
    }
    if row.optional_text("wanted")?.is_some() {
        return Err(ApiError::conflict("已有变更待审批", "a change waits for a second person already"));
    }
    let present = level_of(&row)?;
    if sent.level == Some(present) {
        return Err(ApiError::conflict("预警级别没有变化", "the warning has that level already"));
    }
    let what = sent.level.map_or_else(|| "lift".to_owned(), |level| word_of(&level));
    if needs_two(present) || sent.level.is_some_and(needs_two) {
        let sql = "UPDATE warning SET wanted = $1, wanted_by = $2, wanted_reason = $3 WHERE id = $4";
        change.execute(sql, args![&what, caller.identity.account, &reason, id]).await?;
        note(change, id, "ask", &format!("{what}: {reason}")).await?;
        tell(change, id).await?;
        return Ok(format!("asked for {what}: {reason}"));
    }
    put(change, id, &what, &reason).await?;
    Ok(format!("{what}: {reason}"))
}

/// Lets a change take effect.
async fn put(change: &mut Change, id: i64, what: &str, reason: &str) -> ApiResult<()> {
    let now = change.now();
    let (sql, values) = match what {
        "issue" => ("UPDATE warning SET state = 'in_force', in_force_at = $1 WHERE id = $2", args![now, id]),
        "lift" => ("UPDATE warning SET state = 'lifted', ended_at = $1 WHERE id = $2", args![now, id]),
        level => ("UPDATE warning SET level = $1 WHERE id = $2", args![level, id]),
    };
    change.execute(sql, values).await?;
    change.execute("UPDATE warning SET wanted = NULL, wanted_by = NULL WHERE id = $1", args![id]).await?;
    if !matches!(what, "issue" | "lift") {
        forget_receipts(change, id).await?;
    }
    let action = if from_word::<WarningLevel>(what).is_some() { "relevel" } else { what };
    note(change, id, action, &format!("{what}: {reason}")).await?;
    tier::tell_warning(change, id).await?;
    tell(change, id).await
}

/// Another level is other news: every unit gives its receipt again.
pub(crate) async fn forget_receipts(change: &mut Change, id: i64) -> ApiResult<()> {
    let sql = "UPDATE warning_unit SET received_at = NULL, received_by = NULL WHERE warning_id = $1";
    change.execute(sql, args![id]).await?;
    Ok(())
}

/// A second person agrees to what is wanted, or refuses; what was done, in words.
pub(crate) async fn decide(change: &mut Change, caller: &Caller, id: i64, sent: &Decision) -> ApiResult<String> {
    let reason = check::reason(&sent.reason)?;
    let row = held(change, &caller.scope, id).await?;
    let wanted = row.optional_text("wanted")?;
    let what = wanted.ok_or_else(|| ApiError::conflict("没有待审批的变更", "nothing waits for a decision"))?;
    if row.optional_int("wanted_by")? == Some(caller.identity.account) {
        return Err(ApiError::conflict("申请人不能审批自己的申请", "who asked for it can't decide"));
    }
    if sent.approve {
        put(change, id, &what, &reason).await?;
        return Ok(format!("{what} approved: {reason}"));
    }
    let sql = "UPDATE warning SET wanted = NULL, wanted_by = NULL, state = $1 WHERE id = $2";
    let state = if what == "issue" { "refused".to_owned() } else { row.text("state")? };
    change.execute(sql, args![state, id]).await?;
    note(change, id, "refuse", &format!("{what}: {reason}")).await?;
    tell(change, id).await?;
    Ok(format!("{what} refused: {reason}"))
}

/// Somebody of a warned unit gives its receipt.
pub(crate) async fn receive(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<()> {
    let now = change.now();
    let sql =
        "SELECT w.* FROM warning w JOIN warning_unit u ON u.warning_id = w.id WHERE w.id = $1 AND u.unit_code = $2";
    let unit = caller.identity.unit.clone();
    let row = change.row(sql, args![id, unit.as_str()]).await?.ok_or_else(ApiError::not_found)?;
    if state_of(&row, now)? != WarningState::InForce {
        return Err(ApiError::conflict("该预警不在有效期内", "the warning is not in force"));
    }
    let by = &caller.identity.display_name;
    if put_receipt(change, id, &unit, (now, by)).await? {
        tier::tell_receipt(change, &row, &unit, by).await?;
    }
    Ok(())
}

/// Keeps when and by whom a unit gave its receipt; false when it had given it before.
pub(crate) async fn put_receipt(change: &mut Change, id: i64, unit: &UnitCode, given: (i64, &str)) -> ApiResult<bool> {
    let sql = "UPDATE warning_unit SET received_at = $1, received_by = $2
               WHERE warning_id = $3 AND unit_code = $4 AND received_at IS NULL";
    let first = change.execute(sql, args![given.0, given.1, id, unit.as_str()]).await? > 0;
    if first {
        let text = change.state().units().name(unit);
        note(change, id, "receive", &text).await?;
        tell(change, id).await?;
    }
    Ok(first)
}

/// Adds a line to what was done with a warning.
pub(crate) async fn note(change: &mut Change, id: i64, action: &str, detail: &str) -> ApiResult<()> {
    let (line, now, actor) = (change.next("warning_entry").await?, change.now(), change.actor().name.clone());
    let sql = "INSERT INTO warning_entry (id, warning_id, time, actor, action, detail) VALUES ($1, $2, $3, $4, $5, $6)";
    change.execute(sql, args![line, id, now, actor, action, detail]).await?;
    Ok(())
}

/// Tells the issuing unit and, of what they may see, every division of the warned units.
pub(crate) async fn tell(change: &mut Change, id: i64) -> ApiResult<()> {
    let row = change.row("SELECT * FROM warning WHERE id = $1", args![id]).await?.ok_or_else(ApiError::not_found)?;
    let mut places = vec![Place::read(&row)?];
    if matches!(row.text("state")?.as_str(), "in_force" | "lifted") {
        let state = change.state().clone();
        for warned in change.rows("SELECT * FROM warning_unit WHERE warning_id = $1", args![id]).await? {
            let unit = Place::read(&warned)?.unit().clone();
            places.extend(state.units().within(&Scope::subtree(&unit)).map(Place::of));
        }
    }
    let name = id.to_string();
    let notices: Vec<Notice<'_>> =
        places.iter().map(|place| Notice { kind: "warning", id: &name, severity: None, place }).collect();
    change.notices(&notices).await?;
    Ok(())
}
