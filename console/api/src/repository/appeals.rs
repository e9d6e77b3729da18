//! What follows a scorecard: appeals (申诉) of the units that were judged, and talks (约谈) with whoever answers for them.

use super::duty;
use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{APPEALS_SHOWN, TALK_DAYS};
use crate::scope::Place;
use crate::state::{AppState, Change, time_text};
use crate::wire::{AppealRow, AppealState, Decision, NewAppeal, NewTalk, TalkRow};
use crate::words::from_word;

const DAY: i64 = 86_400_000;

/// Appeals of units within reach: open ones first, then the newest.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<Vec<AppealRow>> {
    let filter = Filter::within(&caller.scope, "a");
    let sql = format!(
        "SELECT a.* FROM score_appeal a WHERE {}
         ORDER BY CASE WHEN a.state = 'open' THEN 0 ELSE 1 END, a.id DESC LIMIT {APPEALS_SHOWN}",
        filter.sql()
    );
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, caller, row)).collect()
}

fn read(state: &AppState, caller: &Caller, row: &Row) -> ApiResult<AppealRow> {
    let (place, standing) = (Place::read(row)?, from_word(&row.text("state")?).unwrap_or(AppealState::Refused));
    Ok(AppealRow {
        id: row.int("id")?.to_string(),
        unit: state.units().reference(place.unit()),
        from: time_text(row.int("period_from")?),
        to: time_text(row.int("period_to")?),
        text: row.text("text")?,
        asked_by: row.text("asked_by")?,
        asked_at: time_text(row.int("asked_at")?),
        state: standing,
        decided_by: row.optional_text("decided_by")?,
        decided_at: row.optional_int("decided_at")?.map(time_text),
        decision: row.optional_text("decision")?,
        may_decide: standing == AppealState::Open && judges(caller, &place),
    })
}

/// Nobody decides about their own unit.
fn judges(caller: &Caller, place: &Place) -> bool {
    let reaches = caller.grant("appeal.decide").is_some_and(|scope| scope.reaches(place.unit()));
    reaches && *place.unit() != caller.identity.unit
}

/// Appeals for the caller's unit; the number of the appeal.
pub(crate) async fn create(change: &mut Change, caller: &Caller, new: &NewAppeal) -> ApiResult<i64> {
    let text = check::body("text", &new.text)?;
    let (from, to) = (check::time("from", &new.from)?, check::past("to", &new.to, change.now())?);
    if from >= to {
        return Err(ApiError::invalid("to", "结束时间必须晚于开始时间", "is not after the begin"));
    }
    let unit = &caller.identity.unit;
    let sql = "SELECT COUNT(*) AS n FROM score_appeal WHERE unit_code = $1 AND state = 'open'";
    if change.count(sql, args![unit.as_str()]).await? > 0 {
        return Err(ApiError::conflict("本单位已有申诉待处理", "an appeal of the unit waits already"));
    }
    let (id, now) = (change.next("score_appeal").await?, change.now());
    let mut values = args![id, from, to, text, &caller.identity.display_name, caller.identity.account, now];
    values.extend(Place::of(unit).values());
    let sql = "INSERT INTO score_appeal (id, period_from, period_to, text, asked_by, asked_by_id, asked_at, state,
                   province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $10, $11)";
    change.execute(sql, values).await?;
    Ok(id)
}

/// Decides an appeal.
pub(crate) async fn decide(change: &mut Change, caller: &Caller, id: i64, sent: &Decision) -> ApiResult<()> {
    let reason = check::reason(&sent.reason)?;
    let filter = Filter::of_one(&caller.scope, "a", id);
    let sql = format!("SELECT a.* FROM score_appeal a WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if row.text("state")? != "open" {
        return Err(ApiError::conflict("该申诉已处理", "the appeal was decided already"));
    }
    if !judges(caller, &Place::read(&row)?) || row.int("asked_by_id")? == caller.identity.account {
        return Err(ApiError::conflict("本单位的申诉由上级处理", "an appeal is decided by the tier above"));
    }
    let (state, now) = (if sent.approve { "accepted" } else { "refused" }, change.now());
    let sql = "UPDATE score_appeal SET state = $1, decided_by = $2, decided_by_id = $3, decided_at = $4, decision = $5
               WHERE id = $6";
    let by = &caller.identity;
    change.execute(sql, args![state, &by.display_name, by.account, now, reason, id]).await?;
    Ok(())
}

/// Talks with units within reach: open ones first, then the newest.
pub(crate) async fn talks(state: &AppState, caller: &Caller) -> ApiResult<Vec<TalkRow>> {
    let filter = Filter::within(&caller.scope, "t");
    let sql = format!(
        "SELECT t.* FROM talk t WHERE {}
         ORDER BY CASE WHEN t.closed_at IS NULL THEN 0 ELSE 1 END, t.id DESC LIMIT {APPEALS_SHOWN}",
        filter.sql()
    );
    let read = |row: &Row| -> ApiResult<TalkRow> {
        let (place, due) = (Place::read(row)?, row.int("due_at")?);
        let closed_at = row.optional_int("closed_at")?.map(time_text);
        let writes = caller.grant("talk.write").is_some_and(|scope| scope.reaches(place.unit()));
        Ok(TalkRow {
            id: row.int("id")?.to_string(),
            unit: state.units().reference(place.unit()),
            person: row.text("person")?,
            reason: row.text("reason")?,
            basis: row.text("basis")?,
            measures: row.text("measures")?,
            held_at: time_text(row.int("held_at")?),
            due_at: time_text(due),
            recorded_by: row.text("recorded_by")?,
            overdue: closed_at.is_none() && due < state.now(),
            may_close: closed_at.is_none() && writes && *place.unit() != caller.identity.unit,
            closed_at,
            closed_by: row.optional_text("closed_by")?,
            outcome: row.optional_text("outcome")?,
        })
    };
    state.db().rows(&sql, filter.args()).await?.iter().map(read).collect()
}

/// Writes down a talk with a unit below; its number.
pub(crate) async fn talk(change: &mut Change, caller: &Caller, new: &NewTalk) -> ApiResult<i64> {
    let unit = duty::reached(&change.state().clone(), &caller.scope, &new.unit)?;
    if unit == caller.identity.unit {
        return Err(ApiError::invalid("unit", "只能约谈下级单位", "is not below the caller's own"));
    }
    let (person, reason) = (check::short("person", &new.person)?, check::reason(&new.reason)?);
    let (basis, measures) = (check::short("basis", &new.basis)?, check::body("measures", &new.measures)?);
    let (held, due) = (check::past("held_at", &new.held_at, change.now())?, check::time("due_at", &new.due_at)?);
    if due <= held || due > held + TALK_DAYS * DAY {
        let zh = format!("整改期限须在约谈之后{TALK_DAYS}天以内");
        return Err(ApiError::invalid("due_at", zh, "is not within a year after it was held"));
    }
    let id = change.next("talk").await?;
    let mut values = args![id, person, reason, basis, measures, held, due, &caller.identity.display_name];
    values.extend(Place::of(&unit).values());
    let sql =
        "INSERT INTO talk (id, person, reason, basis, measures, held_at, due_at, recorded_by, province, prefecture,
                   county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    change.execute(sql, values).await?;
    Ok(id)
}

/// Notes that what a talk named was put right.
pub(crate) async fn close(change: &mut Change, caller: &Caller, id: i64, outcome: &str) -> ApiResult<()> {
    let outcome = check::body("text", outcome)?;
    let filter = Filter::of_one(&caller.scope, "t", id);
    let sql = format!("SELECT t.* FROM talk t WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if row.optional_int("closed_at")?.is_some() || *Place::read(&row)?.unit() == caller.identity.unit {
        return Err(ApiError::conflict("由上级销号，且只能销号一次", "the tier above closes it, once"));
    }
    let now = change.now();
    let sql = "UPDATE talk SET closed_at = $1, closed_by = $2, outcome = $3 WHERE id = $4";
    change.execute(sql, args![now, &caller.identity.display_name, outcome, id]).await?;
    Ok(())
}
