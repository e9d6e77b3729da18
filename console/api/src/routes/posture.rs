//! The situational screen.

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;

use super::overview::clocks_of;
use super::prelude::*;
use crate::db::{Filter, args};
use crate::forecast;
use crate::repository::{alerts, rollups, sensors, warnings};
use crate::state::time_text;
use crate::wire::{Forecast, HourForecast, Posture, PostureWarning};

const HOUR: i64 = 3_600_000;

/// What the screen is read from.
const TABLES: [&str; 9] =
    ["alert", "alert_standing", "alert_hour", "incident", "task", "sensor", "clock", "warning", "warning_unit"];

/// What the situational screen shows. Walls that look at the same part of the organisation share an answer for as long as
/// nothing changes, at most a second.
#[utoipa::path(get, path = "/posture", operation_id = "posture_show", tag = "posture", responses((status = 200, body = Posture)))]
pub(crate) async fn show(State(state): State<AppState>, caller: Caller) -> ApiResult<Response> {
    let scope = &caller.scope;
    let name = format!("{} {} {:?}", scope.column(), scope.code(), caller.identity.roles);
    let (memory, changes) = (&state.shared().postures, state.db().changes(&TABLES));
    let bytes = match memory.get(&name, changes) {
        Some(bytes) => bytes,
        None => {
            let posture = read(&state, &caller).await?;
            let bytes = Bytes::from(serde_json::to_vec(&posture).map_err(|error| ApiError::internal(&error))?);
            memory.keep(&name, changes, &bytes);
            bytes
        }
    };
    Ok(([(CONTENT_TYPE, "application/json")], bytes).into_response())
}

/// What the next 24 hours will likely bring.
#[utoipa::path(get, path = "/posture/forecast", operation_id = "posture_forecast", tag = "posture", responses((status = 200, body = Forecast)))]
pub(crate) async fn ahead(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Forecast>> {
    let (mut db, now) = (state.db(), state.now());
    let past = rollups::past_hours(&mut db, &caller.scope, now, forecast::DAYS).await?;
    let expected = forecast::of(&past).unwrap_or_default();
    let first = now.div_euclid(HOUR) * HOUR;
    let hour = |(one, at): (&forecast::Expected, i64)| HourForecast {
        hour: time_text(first + at * HOUR),
        count: one.count,
        low: one.low,
        high: one.high,
    };
    Ok(Json(Forecast {
        hours: expected.iter().zip(0_i64..).map(hour).collect(),
        last_day: past.iter().rev().take(forecast::AHEAD).sum(),
        next_day: expected.iter().map(|one| one.count).sum(),
        learnt_from: i64::try_from(past.len()).unwrap_or(i64::MAX),
    }))
}

async fn read(state: &AppState, caller: &Caller) -> ApiResult<Posture> {
    let (now, scope) = (state.now(), &caller.scope);
    let (mut one, mut two, mut three, mut four) = (state.db(), state.db(), state.db(), state.db());
    let mut filter = Filter::within(scope, "a");
    filter.and("a.state <> 'closed'");
    filter.and_with("a.severity >= ?", args![2_i64]);
    let (hours, picture, ticker, sensors, warnings, clocks) = tokio::try_join!(
        rollups::last_hours(&mut one, scope, now),
        rollups::picture(state, scope),
        alerts::some(state, &mut two, &filter, 20),
        sensors::list(state, &mut three, scope),
        warnings::in_force(&mut four, scope, now),
        clocks_of(state, caller)
    )?;
    let warning = |(level, title, until)| PostureWarning { level, title, valid_until: time_text(until) };
    Ok(Posture {
        warnings: warnings.into_iter().map(warning).collect(),
        units: picture.units,
        trend: rollups::trend(&hours),
        domains: picture.domains,
        severities: picture.severities,
        clocks,
        ticker,
        tasks: picture.tasks,
        sensors,
        updated_at: time_text(now),
    })
}
