//! Joint cases: units that work on an incident together with the one it belongs to. They see it and comment on it; what
//! else is done stays with the unit it belongs to, and its alerts with those whose they are.

use fengsui_schema::UnitCode;

use super::incident_acts::HeldIncident;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::PARTICIPANTS;
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{NewParticipant, Participant, ParticipantRole};
use crate::words::{from_word, word_of};

/// Incidents (as `i`) that a scope reaches, and those that a unit within it takes part in.
pub(crate) fn visible(scope: &Scope) -> Filter {
    let mut filter = Filter::within(scope, "i");
    let condition = format!(
        "EXISTS (SELECT 1 FROM incident_participant p WHERE p.incident_id = i.id AND p.{} = ?)",
        scope.column()
    );
    filter.or_with(&condition, args![scope.code()]);
    filter
}

/// Who takes part in an incident, whoever leads first.
pub(crate) async fn of(state: &AppState, query: &mut impl Query, incident: &str) -> ApiResult<Vec<Participant>> {
    let sql = "SELECT * FROM incident_participant WHERE incident_id = $1 ORDER BY role DESC, added_at, unit_code";
    let read = |row: &Row| -> ApiResult<Participant> {
        Ok(Participant {
            unit: state.units().reference(Place::read(row)?.unit()),
            role: from_word(&row.text("role")?).unwrap_or(ParticipantRole::Assist),
            added_by: row.text("added_by")?,
            added_at: time_text(row.int("added_at")?),
        })
    };
    query.rows(sql, args![incident]).await?.iter().map(read).collect()
}

/// Where those are who take part, for the streams.
pub(crate) async fn places(query: &mut impl Query, incident: &str) -> ApiResult<Vec<Place>> {
    let rows = query.rows("SELECT * FROM incident_participant WHERE incident_id = $1", args![incident]).await?;
    Ok(rows.iter().map(Place::read).collect::<Result<_, _>>()?)
}

/// Adds a unit, or gives it another role; only one leads. The unit's name.
pub(crate) async fn put(change: &mut Change, incident: &HeldIncident, new: &NewParticipant) -> ApiResult<String> {
    let unit = named(change, &new.unit)?;
    if unit == *incident.place.unit() {
        return Err(ApiError::invalid("unit", "该单位就是事件的归属单位", "is the unit the incident belongs to"));
    }
    let sql = "SELECT COUNT(*) AS n FROM incident_participant WHERE incident_id = $1 AND unit_code <> $2";
    if change.count(sql, args![&incident.id, unit.as_str()]).await? >= PARTICIPANTS {
        return Err(ApiError::conflict("协同单位过多", "too many units take part already"));
    }
    if new.role == ParticipantRole::Lead {
        let sql = "UPDATE incident_participant SET role = 'assist' WHERE incident_id = $1";
        change.execute(sql, args![&incident.id]).await?;
    }
    let (now, actor) = (change.now(), change.actor().name.clone());
    let mut values = args![&incident.id, word_of(&new.role), actor, now];
    values.extend(Place::of(&unit).values());
    let sql = "INSERT INTO incident_participant (incident_id, role, added_by, added_at, province, prefecture, county,
                   unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (incident_id, unit_code) DO UPDATE SET role = excluded.role";
    change.execute(sql, values).await?;
    Ok(change.state().units().name(&unit))
}

/// Takes a unit out; the unit's name.
pub(crate) async fn remove(change: &mut Change, incident: &HeldIncident, code: &str) -> ApiResult<String> {
    let unit = named(change, code)?;
    let sql = "DELETE FROM incident_participant WHERE incident_id = $1 AND unit_code = $2";
    if change.execute(sql, args![&incident.id, unit.as_str()]).await? == 0 {
        return Err(ApiError::not_found());
    }
    Ok(change.state().units().name(&unit))
}

/// Any unit of the organisation can be asked to take part: that is what makes a case a joint one.
fn named(change: &Change, code: &str) -> ApiResult<UnitCode> {
    let unit = check::unit("unit", code)?;
    if change.state().units().contains(&unit) { Ok(unit) } else { Err(ApiError::not_found()) }
}
