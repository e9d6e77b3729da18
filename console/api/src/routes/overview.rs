//! The workbench.

use super::prelude::*;
use crate::clocks;
use crate::db::Filter;
use crate::repository::{alerts, rollups, sensors};
use crate::wire::{ClockView, Overview, SeverityCounts};

/// Numbers of the workbench; what the caller may not see is zero or empty.
#[utoipa::path(get, path = "/overview", operation_id = "overview_show", tag = "overview", responses((status = 200, body = Overview)))]
pub(crate) async fn show(State(state): State<AppState>, caller: Caller) -> ApiResult<Json<Overview>> {
    let (mut db, now) = (state.db(), state.now());
    let mut view = Overview {
        alerts_open_by_severity: SeverityCounts::default(),
        incidents_open: 0,
        tasks_open: 0,
        tasks_overdue: 0,
        tasks_to_verify: 0,
        findings_open: 0,
        sensors: Vec::new(),
        latest_alerts: Vec::new(),
        alerts_per_hour: Vec::new(),
        clocks: clocks_of(&state, &caller).await?,
    };
    if let Some(scope) = caller.grant("alert.read") {
        view.alerts_open_by_severity = rollups::open_by_severity(&mut db, &scope).await?;
        view.alerts_per_hour = rollups::last_hours(&mut db, &scope, now).await?;
        let mut filter = Filter::within(&scope, "a");
        filter.and("a.state <> 'closed'");
        view.latest_alerts = alerts::some(&state, &mut db, &filter, 10).await?;
    }
    if let Some(scope) = caller.grant("incident.read") {
        view.incidents_open = rollups::count(&mut db, "incident", &scope, "x.state = 'open'").await?;
    }
    if let Some(scope) = caller.grant("task.read") {
        let tasks = rollups::tasks(&mut db, &scope, now).await?;
        view.tasks_open = tasks.to_sign + tasks.working + tasks.submitted;
        (view.tasks_overdue, view.tasks_to_verify) = (tasks.overdue, tasks.submitted);
    }
    if let Some(scope) = caller.grant("finding.read") {
        view.findings_open = rollups::count(&mut db, "finding", &scope, "x.state = 'open'").await?;
    }
    if let Some(scope) = caller.grant("sensor.read") {
        view.sensors = sensors::list(&state, &mut db, &scope).await?;
    }
    Ok(Json(view))
}

/// Running clocks of incidents and tasks that the caller may see.
pub(super) async fn clocks_of(state: &AppState, caller: &Caller) -> ApiResult<Vec<ClockView>> {
    let kinds = [("incident.read", "incident"), ("task.read", "task")];
    let mut found = Vec::new();
    for (action, kind) in kinds {
        if let Some(scope) = caller.grant(action) {
            found.extend(clocks::running(&mut state.db(), &scope, &[kind], state.now()).await?);
        }
    }
    found.sort_by(|one, other| one.due_at.cmp(&other.due_at));
    found.truncate(20);
    Ok(found)
}
