//! The situational screen.

use super::overview::clocks_of;
use super::prelude::*;
use crate::db::{Filter, args};
use crate::repository::{alerts, rollups, sensors};
use crate::state::time_text;
use crate::wire::Posture;

/// What the situational screen shows.
#[utoipa::path(get, path = "/posture", operation_id = "posture_show", tag = "posture", responses((status = 200, body = Posture)))]
pub(crate) async fn show(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Posture>> {
    let (mut db, now, scope) = (state.db(), state.now(), &caller.scope);
    let mut filter = Filter::within(scope, "a");
    filter.and("a.state <> 'closed'");
    filter.and_with("a.severity >= ?", args![2_i64]);
    let hours = rollups::last_hours(&mut db, scope, now).await?;
    Ok(Json(Posture {
        units: rollups::units(&state, &mut db, scope).await?,
        trend: rollups::trend(&hours),
        domains: rollups::open_by_domain(&mut db, scope).await?,
        severities: rollups::open_by_severity(&mut db, scope).await?,
        clocks: clocks_of(&state, &caller).await?,
        ticker: alerts::some(&state, &mut db, &filter, 20).await?,
        tasks: rollups::tasks(&mut db, scope, now).await?,
        sensors: sensors::list(&state, &mut db, scope).await?,
        updated_at: time_text(now),
    }))
}
