//! Warnings (预警): what a person sees of them.

use std::collections::BTreeMap;

use fengsui_schema::UnitCode;

use super::alerts::histories;
use crate::access::Caller;
use crate::db::{Filter, Query, Row, args, placeholders};
use crate::error::{ApiError, ApiResult};
use crate::limits::WARNINGS_SHOWN;
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{HistoryEntry, WantedChange, WarnedUnit, WarningLevel, WarningRow, WarningState};
use crate::words::from_word;

/// A warned unit with its code.
type Warned = (UnitCode, WarnedUnit);

const COLUMNS: &str = "w.*, (SELECT p.display_name FROM account p WHERE p.id = w.wanted_by) AS wanted_name, \
    (SELECT COUNT(*) FROM warning_unit u WHERE u.warning_id = w.id) AS unit_count, \
    (SELECT COUNT(*) FROM warning_unit u WHERE u.warning_id = w.id AND u.received_at IS NOT NULL) AS receipts";

/// Warnings that somebody may see: those of units they reach, and those in force or over that warn a unit they reach or
/// are part of.
pub(crate) fn visible(caller: &Caller) -> Filter {
    let mut filter = Filter::within(&caller.scope, "w");
    let above = units_above(&caller.identity.unit);
    let marks = vec!["?"; above.len()].join(", ");
    let condition = format!(
        "w.state IN ('in_force', 'lifted') AND EXISTS (SELECT 1 FROM warning_unit u
             WHERE u.warning_id = w.id AND (u.{} = ? OR u.unit_code IN ({marks})))",
        caller.scope.column()
    );
    let mut values = args![caller.scope.code()];
    values.extend(above.iter().map(|unit| unit.as_str().into()));
    filter.or_with(&condition, values);
    filter
}

/// A unit and those it is part of.
pub(crate) fn units_above(unit: &UnitCode) -> Vec<UnitCode> {
    std::iter::successors(Some(unit.clone()), UnitCode::parent).collect()
}

/// Warnings, newest first; `current` ones only when asked for.
pub(crate) async fn list(state: &AppState, caller: &Caller, current: bool) -> ApiResult<Vec<WarningRow>> {
    let mut filter = visible(caller);
    if current {
        filter.and_with("w.state = 'in_force' AND w.valid_until > ?", args![state.now()]);
    }
    some(state, caller, &filter).await
}

/// Warnings that may wait for somebody: in force, or for a second person.
pub(crate) async fn open(state: &AppState, caller: &Caller) -> ApiResult<Vec<WarningRow>> {
    let mut filter = visible(caller);
    filter.and_with("(w.state = 'proposed' OR (w.state = 'in_force' AND w.valid_until > ?))", args![state.now()]);
    some(state, caller, &filter).await
}

/// One warning.
pub(crate) async fn show(state: &AppState, caller: &Caller, id: i64) -> ApiResult<WarningRow> {
    let mut filter = visible(caller);
    filter.and_with("w.id = ?", args![id]);
    some(state, caller, &filter).await?.into_iter().next().ok_or_else(ApiError::not_found)
}

async fn some(state: &AppState, caller: &Caller, filter: &Filter) -> ApiResult<Vec<WarningRow>> {
    let mut db = state.db();
    let sql =
        format!("SELECT {COLUMNS} FROM warning w WHERE {} ORDER BY w.id DESC LIMIT {WARNINGS_SHOWN}", filter.sql());
    let rows = db.rows(&sql, filter.args()).await?;
    let ids = rows.iter().map(|row| row.int("id")).collect::<Result<Vec<_>, _>>()?;
    let mut units = units_of(state, &mut db, caller, &ids).await?;
    let mut issued = Vec::new();
    for row in &rows {
        issued.extend(caller.scope.reaches(Place::read(row)?.unit()).then_some(row.int("id")?));
    }
    let mut told = histories(&mut db, "warning_entry", "warning_id", &issued).await?;
    let read = |row: &Row| {
        let id = row.int("id")?;
        read(state, caller, row, (units.remove(&id).unwrap_or_default(), told.remove(&id).unwrap_or_default()))
    };
    rows.iter().map(read).collect()
}

/// Where a warning is in its life at a time.
pub(crate) fn state_of(row: &Row, now: i64) -> ApiResult<WarningState> {
    Ok(match row.text("state")?.as_str() {
        "in_force" if row.int("valid_until")? <= now => WarningState::Expired,
        word => from_word(word).unwrap_or(WarningState::Refused),
    })
}

/// Whether a node above issued it, which alone may change it.
pub(crate) fn is_from_above(row: &Row) -> ApiResult<bool> {
    Ok(row.text("number")?.contains('@'))
}

/// Level of a row.
pub(crate) fn level_of(row: &Row) -> ApiResult<WarningLevel> {
    Ok(from_word(&row.text("level")?).unwrap_or(WarningLevel::Blue))
}

/// Units of some warnings that a person may see.
async fn units_of(
    state: &AppState,
    query: &mut impl Query,
    caller: &Caller,
    ids: &[i64],
) -> ApiResult<BTreeMap<i64, Vec<Warned>>> {
    let mut found = BTreeMap::<i64, Vec<Warned>>::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let above = units_above(&caller.identity.unit);
    let mut values = args![caller.scope.code()];
    values.extend(above.iter().map(|unit| unit.as_str().into()));
    values.extend(ids.iter().map(|id| (*id).into()));
    let sql = format!(
        "SELECT u.* FROM warning_unit u WHERE (u.{} = $1 OR u.unit_code IN ({})) AND u.warning_id IN ({})
         ORDER BY u.warning_id, u.unit_code",
        caller.scope.column(),
        placeholders(2, above.len()),
        placeholders(2 + above.len(), ids.len())
    );
    let read = |row: &Row| -> ApiResult<Warned> {
        let unit = Place::read(row)?.unit().clone();
        let warned = WarnedUnit {
            unit: state.units().reference(&unit),
            received_by: row.optional_text("received_by")?,
            received_at: row.optional_int("received_at")?.map(time_text),
        };
        Ok((unit, warned))
    };
    for row in &query.rows(&sql, values).await? {
        found.entry(row.int("warning_id")?).or_default().push(read(row)?);
    }
    Ok(found)
}

/// `parts`: the warned units and what was done, as far as the caller may see them.
fn read(
    state: &AppState,
    caller: &Caller,
    row: &Row,
    parts: (Vec<Warned>, Vec<HistoryEntry>),
) -> ApiResult<WarningRow> {
    let (id, now, own) = (row.int("id")?, state.now(), &caller.identity.unit);
    let (units, history) = parts;
    let standing = state_of(row, now)?;
    let in_force = standing == WarningState::InForce;
    let place = Place::read(row)?;
    let issues = caller.scope.reaches(place.unit());
    let wants = row.optional_int("wanted_by")?;
    let waits = units.iter().any(|(unit, warned)| unit == own && warned.received_at.is_none());
    let wanted = row.optional_text("wanted")?;
    let mut allowed = Vec::new();
    let mut allow = |yes: bool, word: &str| allowed.extend(yes.then(|| word.to_owned()));
    let may = |action: &str| caller.grant(action).is_some_and(|scope| scope.reaches(place.unit()));
    allow(in_force && wanted.is_none() && !is_from_above(row)? && may("warning.issue"), "change");
    allow(wanted.is_some() && wants != Some(caller.identity.account) && may("warning.approve"), "decide");
    allow(in_force && waits && caller.grant("warning.receive").is_some(), "receive");
    Ok(WarningRow {
        id: id.to_string(),
        number: row.text("number")?,
        level: level_of(row)?,
        title: row.text("title")?,
        reason: row.text("reason")?,
        measures: row.text("measures")?,
        state: standing,
        unit: state.units().reference(place.unit()),
        created_by: row.text("created_by")?,
        created_at: time_text(row.int("created_at")?),
        in_force_at: row.optional_int("in_force_at")?.map(time_text),
        valid_until: time_text(row.int("valid_until")?),
        is_for_me: in_force && units.iter().any(|(unit, _)| own.path().starts_with(&unit.path())),
        units: units.into_iter().map(|(_, warned)| warned).collect(),
        unit_count: row.int("unit_count")?,
        receipts: row.int("receipts")?,
        wanted: match wanted {
            Some(what) if issues => Some(WantedChange {
                what,
                by: row.optional_text("wanted_name")?.unwrap_or_default(),
                reason: row.text("wanted_reason")?,
            }),
            _ => None,
        },
        allowed,
        history,
    })
}

/// How many warnings of each level are in force over some part of the organisation, gravest first, with their titles.
pub(crate) async fn in_force(
    query: &mut impl Query,
    scope: &Scope,
    now: i64,
) -> ApiResult<Vec<(WarningLevel, String, i64)>> {
    let mut filter = Filter::within(scope, "u");
    filter.and_with("w.state = 'in_force' AND w.valid_until > ?", args![now]);
    let sql = format!(
        "SELECT DISTINCT w.id, w.level, w.title, w.valid_until FROM warning w JOIN warning_unit u ON u.warning_id = w.id
         WHERE {} ORDER BY w.id DESC LIMIT {WARNINGS_SHOWN}",
        filter.sql()
    );
    let rows = query.rows(&sql, filter.args()).await?;
    let read = |row: &Row| Ok((level_of(row)?, row.text("title")?, row.int("valid_until")?));
    let mut found = rows.iter().map(read).collect::<ApiResult<Vec<_>>>()?;
    found.sort_by_key(|found| std::cmp::Reverse(found.0));
    Ok(found)
}
