//! Incidents.

use super::prelude::*;
use crate::audit::{Entry, Outcome};
use crate::check;
use crate::repository::incidents::{self, Around};
use crate::repository::{alert_acts, incident_acts, participants, task_acts, tasks};
use crate::state::Change;
use crate::wire::{
    AddAlerts, ClockDone, GradeChange, IncidentDetail, IncidentQuery, IncidentRow, List, NewIncident, NewParticipant,
    NewTasks, ParticipantRemoval, ParticipantRole, ReasonBody, TasksCreated, TextBody,
};
use crate::words::word_of;

type Detail = ApiResult<Json<IncidentDetail>>;

async fn detail(state: &AppState, caller: &Caller, id: &str) -> Detail {
    let incidents = caller.grant("incident.read").ok_or_else(ApiError::not_found)?;
    let around = Around { incidents: &incidents, alerts: caller.grant("alert.read"), tasks: caller.grant("task.read") };
    Ok(Json(incidents::detail(state, &around, id).await?))
}

/// Writes the audit entry, makes the change last and answers with the incident.
async fn finish(mut change: Change, caller: &Caller, action: &str, id: &str, words: &str) -> Detail {
    let object = format!("incident/{id}");
    change.audit(Entry { action, object: &object, outcome: Outcome::Success, detail: words }).await?;
    let state = change.state().clone();
    change.commit().await?;
    detail(&state, caller, id).await
}

/// Incidents, riskiest first.
#[utoipa::path(get, path = "/incidents", operation_id = "incidents_list", tag = "incidents", params(IncidentQuery), responses((status = 200, body = List<IncidentRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<IncidentQuery>,
) -> ApiResult<Json<List<IncidentRow>>> {
    Ok(Json(incidents::list(&state, &caller.scope, &query).await?))
}

/// Make alerts an incident.
#[utoipa::path(post, path = "/incidents", operation_id = "incidents_create", tag = "incidents", request_body = NewIncident, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn create(State(state): State<AppState>, caller: Caller, Body(new): Body<NewIncident>) -> Detail {
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::create(&mut change, &caller.scope, caller.identity.account, &new).await?;
    let words = format!("{} {}", incident.number, incident.title);
    finish(change, &caller, "incident.write.create", &incident.id, &words).await
}

/// One incident.
#[utoipa::path(get, path = "/incidents/{id}", operation_id = "incidents_show", tag = "incidents", params(("id" = String, Path)), responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn show(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> Detail {
    detail(&state, &caller, &id).await
}

/// Add alerts.
#[utoipa::path(post, path = "/incidents/{id}/alerts", operation_id = "incidents_add_alerts", tag = "incidents", params(("id" = String, Path)), request_body = AddAlerts, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn add_alerts(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<AddAlerts>,
) -> Detail {
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::held(&mut change, &caller.scope, &id).await?;
    let alerts = alert_acts::held(&mut change, &caller.scope, &sent.alert_ids).await?;
    if alerts.len() != sent.alert_ids.len() {
        return Err(ApiError::not_found());
    }
    incident_acts::add_alerts(&mut change, &incident, &alerts, caller.identity.account).await?;
    finish(change, &caller, "incident.write.add_alerts", &id, &sent.alert_ids.join(" ")).await
}

/// Comment.
#[utoipa::path(post, path = "/incidents/{id}/comments", operation_id = "incidents_comment", tag = "incidents", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn comment(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TextBody>,
) -> Detail {
    let text = check::body("text", &sent.text)?;
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::shared(&mut change, &caller.scope, &id).await?;
    let line = incident_acts::Line { kind: "comment", zh: text.clone(), en: text.clone() };
    incident_acts::note(&mut change, &id, &incident.place, line).await?;
    finish(change, &caller, "incident.comment", &id, &text).await
}

/// Judge the grade; starts and stops legal clocks.
#[utoipa::path(post, path = "/incidents/{id}/grade", operation_id = "incidents_grade", tag = "incidents", params(("id" = String, Path)), request_body = GradeChange, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn grade(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<GradeChange>,
) -> Detail {
    let reason = check::reason(&sent.reason)?;
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::held(&mut change, &caller.scope, &id).await?;
    incident_acts::grade(&mut change, &incident, sent.grade, &reason).await?;
    let words = format!("{}: {reason}", word_of(&sent.grade));
    finish(change, &caller, "incident.write.grade", &id, &words).await
}

/// Close an incident whose tasks are done, and its alerts with it.
#[utoipa::path(post, path = "/incidents/{id}/close", operation_id = "incidents_close", tag = "incidents", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn close(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> Detail {
    let reason = check::reason(&sent.reason)?;
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::held(&mut change, &caller.scope, &id).await?;
    incident_acts::close(&mut change, &incident, &reason).await?;
    finish(change, &caller, "incident.write.close", &id, &reason).await
}

/// Open again.
#[utoipa::path(post, path = "/incidents/{id}/reopen", operation_id = "incidents_reopen", tag = "incidents", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn reopen(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> Detail {
    let reason = check::reason(&sent.reason)?;
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::held(&mut change, &caller.scope, &id).await?;
    incident_acts::reopen(&mut change, &incident, &reason).await?;
    finish(change, &caller, "incident.write.reopen", &id, &reason).await
}

/// Say that what a legal clock asks for is done.
#[utoipa::path(post, path = "/incidents/{id}/clocks/{clock_id}/done", operation_id = "incidents_clock_done", tag = "incidents", params(("id" = String, Path), ("clock_id" = String, Path)), request_body = ClockDone, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn clock_done(
    State(state): State<AppState>,
    caller: Caller,
    Path((id, clock)): Path<(String, String)>,
    Body(sent): Body<ClockDone>,
) -> Detail {
    let clock = check::number_id(&clock)?;
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::held(&mut change, &caller.scope, &id).await?;
    let told = incident_acts::clock_done(&mut change, &caller, &incident, (clock, &sent)).await?;
    finish(change, &caller, "incident.write.clock_done", &id, &told).await
}

/// Ask a unit to take part, or give it another role.
#[utoipa::path(post, path = "/incidents/{id}/participants", operation_id = "incidents_participant", tag = "incidents", params(("id" = String, Path)), request_body = NewParticipant, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn participant(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<NewParticipant>,
) -> Detail {
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::held(&mut change, &caller.scope, &id).await?;
    let name = participants::put(&mut change, &incident, &new).await?;
    let (zh, en) = match new.role {
        ParticipantRole::Lead => ("牵头", "leads"),
        ParticipantRole::Assist => ("协同", "assists"),
    };
    let line = incident_acts::Line { kind: "participant", zh: format!("{name}{zh}处置"), en: format!("{name} {en}") };
    incident_acts::note(&mut change, &id, &incident.place, line).await?;
    finish(change, &caller, "incident.write.participant", &id, &format!("{} {en}", new.unit)).await
}

/// Take a unit out.
#[utoipa::path(post, path = "/incidents/{id}/participants/remove", operation_id = "incidents_remove_participant", tag = "incidents", params(("id" = String, Path)), request_body = ParticipantRemoval, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn remove_participant(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ParticipantRemoval>,
) -> Detail {
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::held(&mut change, &caller.scope, &id).await?;
    let name = participants::remove(&mut change, &incident, &sent.unit).await?;
    let line = incident_acts::Line {
        kind: "participant",
        zh: format!("{name}退出协同"),
        en: format!("{name} takes no part any more"),
    };
    incident_acts::note(&mut change, &id, &incident.place, line).await?;
    finish(change, &caller, "incident.write.remove_participant", &id, &sent.unit).await
}

/// Dispatch a task to each of some units.
#[utoipa::path(post, path = "/incidents/{id}/tasks", operation_id = "incidents_dispatch", tag = "incidents", params(("id" = String, Path)), request_body = NewTasks, responses((status = 200, body = TasksCreated)))]
pub(crate) async fn dispatch(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<NewTasks>,
) -> ApiResult<Json<TasksCreated>> {
    let mut change = Change::of(&state, &caller).await?;
    let incident = incident_acts::held(&mut change, &caller.scope, &id).await?;
    let ids = task_acts::dispatch(&mut change, &caller, &incident, &new).await?;
    let object = format!("incident/{id}");
    let detail = format!("{}: {}", new.units.join(" "), new.title);
    change.finish("task.issue.dispatch", &object, &detail).await?;
    Ok(Json(TasksCreated { tasks: tasks::some(&state, &caller.scope, &ids).await? }))
}
