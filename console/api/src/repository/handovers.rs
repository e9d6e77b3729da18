//! Handovers between shifts: words, the numbers of the moment, incidents to look after.

use super::{incidents, rollups, sensors};
use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{HANDOVER_INCIDENTS, HANDOVERS_SHOWN};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{HandoverNumbers, HandoverRow, NewHandover, SensorState};

/// Numbers as they are now.
pub(crate) async fn numbers(state: &AppState, scope: &Scope) -> ApiResult<HandoverNumbers> {
    let mut db = state.db();
    let tasks = rollups::tasks(&mut db, scope, state.now()).await?;
    let sensors = sensors::list(state, &mut db, scope).await?;
    Ok(HandoverNumbers {
        alerts_open: rollups::open_by_severity(&mut db, scope).await?,
        incidents_open: rollups::count(&mut db, "incident", scope, "x.state = 'open'").await?,
        tasks_open: tasks.to_sign + tasks.working + tasks.submitted,
        tasks_overdue: tasks.overdue,
        sensors_bad: i64::try_from(sensors.iter().filter(|sensor| sensor.state != SensorState::Ok).count())
            .unwrap_or(i64::MAX),
    })
}

/// The last handovers of the caller's unit.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<Vec<HandoverRow>> {
    let mut db = state.db();
    let filter = Filter::within(&Scope::unit(&caller.identity.unit), "h");
    let sql = format!("SELECT h.* FROM handover h WHERE {} ORDER BY h.id DESC LIMIT {HANDOVERS_SHOWN}", filter.sql());
    let mut items = Vec::new();
    for row in db.rows(&sql, filter.args()).await? {
        items.push(read(state, &mut db, caller, &row).await?);
    }
    Ok(items)
}

async fn read(state: &AppState, query: &mut impl Query, caller: &Caller, row: &Row) -> ApiResult<HandoverRow> {
    let ids: Vec<String> = serde_json::from_str(&row.text("incidents")?).unwrap_or_default();
    let mut cases = Vec::new();
    if let Some(scope) = caller.grant("incident.read") {
        for id in &ids {
            cases.extend(incidents::row(state, query, &scope, id).await.ok());
        }
    }
    let taken_by = row.optional_text("taken_by")?;
    Ok(HandoverRow {
        id: row.int("id")?.to_string(),
        author: row.text("author")?,
        created_at: time_text(row.int("created_at")?),
        text: row.text("text")?,
        numbers: serde_json::from_str(&row.text("numbers")?).unwrap_or_default(),
        incidents: cases,
        may_take: taken_by.is_none() && row.int("author_id")? != caller.identity.account,
        taken_by,
        taken_at: row.optional_int("taken_at")?.map(time_text),
        unit: state.units().reference(Place::read(row)?.unit()),
    })
}

/// Hands over.
pub(crate) async fn create(
    change: &mut Change,
    caller: &Caller,
    new: &NewHandover,
    numbers: &HandoverNumbers,
) -> ApiResult<i64> {
    let text = check::body("text", &new.text)?;
    if new.incident_ids.len() > HANDOVER_INCIDENTS {
        return Err(ApiError::invalid("incident_ids", "事件过多", "names too many incidents"));
    }
    for id in &new.incident_ids {
        super::incident_acts::held(change, &caller.scope, id).await?;
    }
    let failed = |error: serde_json::Error| ApiError::internal(&error);
    let (id, now) = (change.next("handover").await?, change.now());
    let mut values = args![id, &caller.identity.display_name, caller.identity.account, now, text];
    values.extend(args![
        serde_json::to_string(numbers).map_err(failed)?,
        serde_json::to_string(&new.incident_ids).map_err(failed)?
    ]);
    values.extend(Place::of(&caller.identity.unit).values());
    let sql = "INSERT INTO handover (id, author, author_id, created_at, text, numbers, incidents, province, prefecture,
                   county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    change.execute(sql, values).await?;
    Ok(id)
}

/// Takes over; only somebody else can.
pub(crate) async fn take(change: &mut Change, caller: &Caller, id: &str) -> ApiResult<()> {
    let mut filter = Filter::within(&Scope::unit(&caller.identity.unit), "h");
    filter.and_with("h.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT h.* FROM handover h WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if row.optional_text("taken_by")?.is_some() || row.int("author_id")? == caller.identity.account {
        return Err(ApiError::conflict("须由另一人接班，且只能接班一次", "somebody else takes over, once"));
    }
    let now = change.now();
    let sql = "UPDATE handover SET taken_by = $1, taken_at = $2 WHERE id = $3";
    change.execute(sql, args![&caller.identity.display_name, now, row.int("id")?]).await?;
    Ok(())
}
