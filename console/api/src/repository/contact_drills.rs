//! Drills in which the people of the responsibility register are called: who can be reached, and who can't.

use super::duty;
use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{CONTACT_DRILLS, DUTY_PEOPLE};
use crate::scope::Place;
use crate::state::{AppState, Change, time_text};
use crate::wire::{CallOutcome, ContactCall, ContactDrillDetail, ContactDrillRow, Duty, NewContactDrill};
use crate::words::word_of;

const COLUMNS: &str = "d.*, (SELECT COUNT(*) FROM contact_call c WHERE c.drill_id = d.id) AS people,
    (SELECT COUNT(*) FROM contact_call c WHERE c.drill_id = d.id AND c.reached IS NOT NULL) AS called,
    (SELECT COUNT(*) FROM contact_call c WHERE c.drill_id = d.id AND c.reached = 1) AS reached";

/// Drills of units within reach, the newest first.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<Vec<ContactDrillRow>> {
    let filter = Filter::within(&caller.scope, "d");
    let sql = format!(
        "SELECT {COLUMNS} FROM contact_drill d WHERE {} ORDER BY d.id DESC LIMIT {CONTACT_DRILLS}",
        filter.sql()
    );
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, row)).collect()
}

fn read(state: &AppState, row: &Row) -> ApiResult<ContactDrillRow> {
    Ok(ContactDrillRow {
        id: row.int("id")?.to_string(),
        title: row.text("title")?,
        unit: state.units().reference(Place::read(row)?.unit()),
        started_at: time_text(row.int("started_at")?),
        started_by: row.text("started_by")?,
        ended_at: row.optional_int("ended_at")?.map(time_text),
        people: row.int("people")?,
        called: row.int("called")?,
        reached: row.int("reached")?,
    })
}

/// One drill with its calls.
pub(crate) async fn show(state: &AppState, caller: &Caller, id: i64) -> ApiResult<ContactDrillDetail> {
    let mut db = state.db();
    let filter = Filter::of_one(&caller.scope, "d", id);
    let sql = format!("SELECT {COLUMNS} FROM contact_drill d WHERE {}", filter.sql());
    let row = read(state, &db.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?)?;
    let mut filter = Filter::within(&caller.scope, "c");
    filter.and_with("c.drill_id = ?", args![id]);
    let sql = format!(
        "SELECT p.*, c.reached, c.called_at, c.called_by, c.note FROM contact_call c
         JOIN duty_person p ON p.id = c.person_id WHERE {}
         ORDER BY CASE WHEN c.reached = 0 THEN 0 WHEN c.reached IS NULL THEN 1 ELSE 2 END, p.unit_code, p.id
         LIMIT {DUTY_PEOPLE}",
        filter.sql()
    );
    let call = |row: &Row| -> ApiResult<ContactCall> {
        Ok(ContactCall {
            person: duty::person(state, row)?,
            reached: row.optional_int("reached")?.map(|reached| reached == 1),
            called_at: row.optional_int("called_at")?.map(time_text),
            called_by: row.optional_text("called_by")?,
            note: row.text("note")?,
        })
    };
    let calls = db.rows(&sql, filter.args()).await?.iter().map(call).collect::<ApiResult<Vec<_>>>()?;
    let may_work = row.ended_at.is_none() && caller.grant("duty.write").is_some();
    Ok(ContactDrillDetail { row, calls, may_work })
}

/// Begins one for everybody within reach who has one of the duties; its number.
pub(crate) async fn create(change: &mut Change, caller: &Caller, new: &NewContactDrill) -> ApiResult<i64> {
    let title = check::title(&new.title)?;
    let duties = if new.duties.is_empty() { vec![Duty::Liaison] } else { new.duties.clone() };
    let (id, now, actor) = (change.next("contact_drill").await?, change.now(), change.actor().name.clone());
    let mut values = args![id, title, now, actor];
    values.extend(Place::of(&caller.identity.unit).values());
    let sql = "INSERT INTO contact_drill (id, title, started_at, started_by, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    change.execute(sql, values).await?;
    let mut filter = Filter::within(&caller.scope, "p");
    filter.and("p.ended_at IS NULL");
    filter.and_in("p.duty", duties.iter().map(word_of));
    let sql = format!(
        "INSERT INTO contact_call (drill_id, person_id, note, province, prefecture, county, unit_code)
         SELECT {id}, p.id, '', p.province, p.prefecture, p.county, p.unit_code FROM duty_person p WHERE {}",
        filter.sql()
    );
    if change.execute(&sql, filter.args()).await? == 0 {
        return Err(ApiError::conflict("责任人名册中没有可呼叫的人员", "nobody of these duties is in the register"));
    }
    Ok(id)
}

/// The drill of the caller's unit or one below that is under way.
async fn held(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<()> {
    let filter = Filter::of_one(&caller.scope, "d", id);
    let sql = format!("SELECT d.ended_at FROM contact_drill d WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    match row.optional_int("ended_at")? {
        None => Ok(()),
        Some(_) => Err(ApiError::conflict("该演练已结束", "the drill has ended")),
    }
}

/// Notes how a call went; a later one takes its place.
pub(crate) async fn call(change: &mut Change, caller: &Caller, id: i64, sent: &CallOutcome) -> ApiResult<()> {
    held(change, caller, id).await?;
    let note = check::optional_body("note", sent.note.as_deref())?;
    let (now, actor) = (change.now(), change.actor().name.clone());
    let sql = "UPDATE contact_call SET reached = $1, called_at = $2, called_by = $3, note = $4
               WHERE drill_id = $5 AND person_id = $6";
    let person = check::number_id(&sent.person)?;
    if change.execute(sql, args![sent.reached, now, actor, note, id, person]).await? == 0 {
        return Err(ApiError::not_found());
    }
    Ok(())
}

/// Ends it.
pub(crate) async fn end(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<()> {
    held(change, caller, id).await?;
    let now = change.now();
    change.execute("UPDATE contact_drill SET ended_at = $1 WHERE id = $2", args![now, id]).await?;
    Ok(())
}
