//! The responsibility register and the duty roster: who answers for a unit, and who is to be called now.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_schema::UnitCode;

use super::warnings::units_above;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{DUTY_PEOPLE, DUTY_PEOPLE_PER_UNIT, DUTY_SHIFT_DAYS, DUTY_SHIFTS};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{
    Duty, DutyContact, DutyGap, DutyPerson, DutyRegister, DutyRoster, DutyShift, NewDutyPerson, NewDutyShift,
};
use crate::words::{from_word, word_of};

const DAY: i64 = 86_400_000;
/// What every division has somebody for.
const NEEDED: [Duty; 3] = [Duty::Leader, Duty::Responsible, Duty::Liaison];

/// The register of a scope.
pub(crate) async fn register(state: &AppState, scope: &Scope) -> ApiResult<DutyRegister> {
    let mut db = state.db();
    let mut filter = Filter::within(scope, "p");
    filter.and("p.ended_at IS NULL");
    let sql =
        format!("SELECT p.* FROM duty_person p WHERE {} ORDER BY p.unit_code, p.id LIMIT {DUTY_PEOPLE}", filter.sql());
    let rows = db.rows(&sql, filter.args()).await?;
    let items = rows.iter().map(|row| person(state, row)).collect::<ApiResult<Vec<_>>>()?;
    let mut known = BTreeMap::<&str, BTreeSet<Duty>>::new();
    for one in &items {
        known.entry(one.unit.code.as_str()).or_default().insert(one.duty);
    }
    let divisions: Vec<&UnitCode> = state.units().within(scope).filter(|unit| unit.as_str().len() == 6).collect();
    let gap = |unit: &&UnitCode| {
        let has = known.get(unit.as_str());
        let lacks = |duty: &Duty| !has.is_some_and(|has| has.contains(duty));
        let duties: Vec<Duty> = NEEDED.into_iter().filter(lacks).collect();
        (!duties.is_empty()).then(|| DutyGap { unit: state.units().reference(unit), duties })
    };
    let gaps = divisions.iter().filter_map(gap).collect();
    Ok(DutyRegister { gaps, units: i64::try_from(divisions.len()).unwrap_or(i64::MAX), items, contact: None })
}

/// A row of the register.
pub(crate) fn person(state: &AppState, row: &Row) -> ApiResult<DutyPerson> {
    let id = row.int("id")?;
    Ok(DutyPerson {
        id: id.to_string(),
        unit: state.units().reference(Place::read(row)?.unit()),
        duty: from_word(&row.text("duty")?).unwrap_or(Duty::Backup),
        name: row.text("name")?,
        post: row.text("post")?,
        phone: state.shared().vault.unseal_text(&row.text("phone")?, &format!("duty_person/{id}"))?,
        recorded_by: row.text("recorded_by")?,
        recorded_at: time_text(row.int("recorded_at")?),
    })
}

/// Who is to be called for a unit now: whoever is on duty, else its liaison, else whoever is responsible; where it has
/// nobody, those of the unit above, as far as the scope reaches.
pub(crate) async fn contact(state: &AppState, scope: &Scope, unit: &UnitCode) -> ApiResult<Option<DutyContact>> {
    let mut db = state.db();
    for unit in units_above(unit).into_iter().filter(|unit| scope.reaches(unit)) {
        let reference = state.units().reference(&unit);
        let sql = "SELECT s.* FROM duty_shift s WHERE s.unit_code = $1 AND s.begins_at <= $2 AND s.ends_at > $2
                   ORDER BY s.begins_at DESC, s.id DESC LIMIT 1";
        if let Some(row) = db.row(sql, args![unit.as_str(), state.now()]).await? {
            let shift = shift(state, &row)?;
            return Ok(Some(DutyContact { unit: reference, name: shift.name, phone: shift.phone, duty: None }));
        }
        let sql = "SELECT p.* FROM duty_person p WHERE p.unit_code = $1 AND p.ended_at IS NULL ORDER BY CASE p.duty
                   WHEN 'liaison' THEN 0 WHEN 'responsible' THEN 1 WHEN 'backup' THEN 2 ELSE 3 END, p.id LIMIT 1";
        if let Some(row) = db.row(sql, args![unit.as_str()]).await? {
            let DutyPerson { name, phone, duty, .. } = person(state, &row)?;
            return Ok(Some(DutyContact { unit: reference, name, phone, duty: Some(duty) }));
        }
    }
    Ok(None)
}

/// A unit that somebody names and may write for.
pub(crate) fn reached(state: &AppState, scope: &Scope, code: &str) -> ApiResult<UnitCode> {
    let unit = check::unit("unit", code)?;
    if scope.reaches(&unit) && state.units().contains(&unit) { Ok(unit) } else { Err(ApiError::not_found()) }
}

/// Adds somebody; what the audit log says.
pub(crate) async fn add(change: &mut Change, scope: &Scope, new: &NewDutyPerson) -> ApiResult<String> {
    let state = change.state().clone();
    let unit = reached(&state, scope, &new.unit)?;
    let (name, post) = (check::short("name", &new.name)?, check::short("post", &new.post)?);
    let phone = check::phone(&new.phone)?;
    let sql = "SELECT COUNT(*) AS n FROM duty_person WHERE unit_code = $1 AND ended_at IS NULL";
    if change.count(sql, args![unit.as_str()]).await? >= DUTY_PEOPLE_PER_UNIT {
        return Err(ApiError::conflict("该单位登记的人员过多", "the unit has too many people"));
    }
    let (id, now, actor) = (change.next("duty_person").await?, change.now(), change.actor().name.clone());
    let sealed = state.shared().vault.seal_text(&phone, &format!("duty_person/{id}"))?;
    let mut values = args![id, word_of(&new.duty), &name, post, sealed, actor, now];
    values.extend(Place::of(&unit).values());
    let sql = "INSERT INTO duty_person (id, duty, name, post, phone, recorded_by, recorded_at, province, prefecture,
                   county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    change.execute(sql, values).await?;
    Ok(format!("{unit} {}: {name}", word_of(&new.duty)))
}

/// Notes that somebody does not answer any more; what the audit log says.
pub(crate) async fn end(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<String> {
    let mut filter = Filter::within(scope, "p");
    filter.and_with("p.id = ?", args![check::number_id(id)?]);
    filter.and("p.ended_at IS NULL");
    let sql = format!("SELECT p.* FROM duty_person p WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    let now = change.now();
    change.execute("UPDATE duty_person SET ended_at = $1 WHERE id = $2", args![now, row.int("id")?]).await?;
    Ok(format!("{} {}: {}", row.text("unit_code")?, row.text("duty")?, row.text("name")?))
}

/// Shifts of a scope that run or come.
pub(crate) async fn roster(state: &AppState, scope: &Scope) -> ApiResult<DutyRoster> {
    let (mut db, now) = (state.db(), state.now());
    let mut filter = Filter::within(scope, "s");
    filter.and_with("s.ends_at > ?", args![now]);
    let sql =
        format!("SELECT s.* FROM duty_shift s WHERE {} ORDER BY s.begins_at, s.id LIMIT {DUTY_SHIFTS}", filter.sql());
    let rows = db.rows(&sql, filter.args()).await?;
    let items = rows.iter().map(|row| shift(state, row)).collect::<ApiResult<Vec<_>>>()?;
    let mut filter = Filter::within(scope, "s");
    filter.and_with(
        "NOT EXISTS (SELECT 1 FROM duty_shift n WHERE n.unit_code = s.unit_code AND n.begins_at <= ? AND n.ends_at > ?)",
        args![now, now],
    );
    // Who kept a roster once and let it go for a month does not keep one any more.
    filter.and_with("s.ends_at > ?", args![now - DUTY_SHIFT_DAYS * DAY]);
    let sql = format!("SELECT DISTINCT s.unit_code FROM duty_shift s WHERE {} ORDER BY s.unit_code", filter.sql());
    let empty = |row: &Row| Ok(state.units().reference(Place::read(row)?.unit()));
    let empty = db.rows(&sql, filter.args()).await?.iter().map(empty).collect::<ApiResult<Vec<_>>>()?;
    Ok(DutyRoster { items, empty })
}

fn shift(state: &AppState, row: &Row) -> ApiResult<DutyShift> {
    let (id, begins, ends) = (row.int("id")?, row.int("begins_at")?, row.int("ends_at")?);
    Ok(DutyShift {
        id: id.to_string(),
        unit: state.units().reference(Place::read(row)?.unit()),
        begins_at: time_text(begins),
        ends_at: time_text(ends),
        name: row.text("name")?,
        phone: state.shared().vault.unseal_text(&row.text("phone")?, &format!("duty_shift/{id}"))?,
        note: row.text("note")?,
        is_now: (begins..ends).contains(&state.now()),
    })
}

/// Adds a shift; what the audit log says.
pub(crate) async fn add_shift(change: &mut Change, scope: &Scope, new: &NewDutyShift) -> ApiResult<String> {
    let state = change.state().clone();
    let unit = reached(&state, scope, &new.unit)?;
    let (name, phone) = (check::short("name", &new.name)?, check::phone(&new.phone)?);
    let note = check::optional_body("note", new.note.as_deref())?;
    let (begins, ends) = (check::time("begins_at", &new.begins_at)?, check::time("ends_at", &new.ends_at)?);
    if ends <= begins || ends > begins + DUTY_SHIFT_DAYS * DAY || ends <= change.now() {
        let zh = format!("班次须在开始之后、未来结束，且不超过{DUTY_SHIFT_DAYS}天");
        return Err(ApiError::invalid("ends_at", zh, "is not after the begin and now, or too far away"));
    }
    let (id, actor) = (change.next("duty_shift").await?, change.actor().name.clone());
    let sealed = state.shared().vault.seal_text(&phone, &format!("duty_shift/{id}"))?;
    let mut values = args![id, begins, ends, &name, sealed, note, actor];
    values.extend(Place::of(&unit).values());
    let sql = "INSERT INTO duty_shift (id, begins_at, ends_at, name, phone, note, recorded_by, province, prefecture,
                   county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    change.execute(sql, values).await?;
    Ok(format!("{unit} {name}: {} to {}", time_text(begins), time_text(ends)))
}

/// Takes a shift off the roster; what the audit log says.
pub(crate) async fn remove_shift(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<String> {
    let mut filter = Filter::within(scope, "s");
    filter.and_with("s.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT s.* FROM duty_shift s WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    change.execute("DELETE FROM duty_shift WHERE id = $1", args![row.int("id")?]).await?;
    Ok(format!("{} {}", row.text("unit_code")?, row.text("name")?))
}
