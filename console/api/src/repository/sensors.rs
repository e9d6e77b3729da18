//! Sensors and their accounts of themselves.

use fengsui_schema::Visibility;

use crate::db::{Filter, Query, Row};
use crate::error::{ApiError, ApiResult};
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{LossView, SensorState, SensorView};
use crate::words::word_of;

/// A sensor reports every ten seconds; after six reports missed it is silent.
const SILENT_AFTER_MILLIS: i64 = 60_000;
/// Below this share of inspected packets (hundredths of a percent) a sensor is degraded.
const DEGRADED_BELOW: u32 = 9_900;

/// The sensors a scope reaches, in the order of names.
pub(crate) async fn list(state: &AppState, query: &mut impl Query, scope: &Scope) -> ApiResult<Vec<SensorView>> {
    let filter = Filter::within(scope, "s");
    let sql = format!(
        "SELECT s.*, x.measurement, x.trusted_measurement FROM sensor s
         LEFT JOIN tier_node x ON x.id = s.name AND x.role = 'sensor' WHERE {} ORDER BY s.name",
        filter.sql()
    );
    query.rows(&sql, filter.args()).await?.iter().map(|row| view(state, row)).collect()
}

fn view(state: &AppState, row: &Row) -> ApiResult<SensorView> {
    let seen: Visibility = serde_json::from_str(&row.text("body")?).map_err(|error| ApiError::internal(&error))?;
    let last_seen = row.int("last_seen")?;
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let losses = seen.losses.iter().map(|(cause, lost)| LossView { cause: word_of(cause), count: count(*lost) });
    Ok(SensorView {
        unit: state.units().reference(Place::read(row)?.unit()),
        last_seen: time_text(last_seen),
        packets_seen: count(seen.packets_seen),
        packets_inspected: count(seen.packets_inspected),
        inspected_basis_points: i64::from(seen.inspected_basis_points()),
        losses: losses.collect(),
        rules_loaded: i64::from(seen.rules_loaded),
        rules_failed: i64::from(seen.rules_failed),
        events_emitted: count(seen.events_emitted),
        events_shed: count(seen.events_shed),
        balances: seen.balances(),
        trust: crate::tier::trust_of(row)?,
        state: state_of(&seen, state.now() - last_seen),
        name: seen.observer,
        interface: seen.interface,
        rules_version: seen.rules_version,
    })
}

fn state_of(seen: &Visibility, silence: i64) -> SensorState {
    let blind = seen.inspected_basis_points() < DEGRADED_BELOW;
    if silence > SILENT_AFTER_MILLIS {
        SensorState::Silent
    } else if blind || !seen.balances() || seen.rules_failed > 0 || seen.events_shed > 0 {
        SensorState::Degraded
    } else {
        SensorState::Ok
    }
}
