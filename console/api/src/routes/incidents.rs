//! incidents

use super::prelude::*;
use crate::wire::{AddAlerts, GradeChange, IncidentDetail, IncidentQuery, IncidentRow, List, NewIncident, NewTasks, ReasonBody, TasksCreated, TextBody};

/// Incidents, riskiest first.
#[utoipa::path(get, path = "/incidents", operation_id = "incidents_list", tag = "incidents", params(IncidentQuery), responses((status = 200, body = List<IncidentRow>)))]
pub(crate) async fn list(Params(_query): Params<IncidentQuery>, ) -> ApiResult<Json<List<IncidentRow>>> {
    Err(ApiError::not_found())
}

/// Make alerts an incident.
#[utoipa::path(post, path = "/incidents", operation_id = "incidents_create", tag = "incidents", request_body = NewIncident, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn create(Body(_body): Body<NewIncident>) -> ApiResult<Json<IncidentDetail>> {
    Err(ApiError::not_found())
}

/// One incident.
#[utoipa::path(get, path = "/incidents/{id}", operation_id = "incidents_show", tag = "incidents", params(("id" = String, Path)), responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn show(Path(_id): Path<String>, ) -> ApiResult<Json<IncidentDetail>> {
    Err(ApiError::not_found())
}

/// Add alerts.
#[utoipa::path(post, path = "/incidents/{id}/alerts", operation_id = "incidents_add_alerts", tag = "incidents", params(("id" = String, Path)), request_body = AddAlerts, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn add_alerts(Path(_id): Path<String>, Body(_body): Body<AddAlerts>) -> ApiResult<Json<IncidentDetail>> {
    Err(ApiError::not_found())
}

/// Comment.
#[utoipa::path(post, path = "/incidents/{id}/comments", operation_id = "incidents_comment", tag = "incidents", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn comment(Path(_id): Path<String>, Body(_body): Body<TextBody>) -> ApiResult<Json<IncidentDetail>> {
    Err(ApiError::not_found())
}

/// Judge the grade; starts and stops legal clocks.
#[utoipa::path(post, path = "/incidents/{id}/grade", operation_id = "incidents_grade", tag = "incidents", params(("id" = String, Path)), request_body = GradeChange, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn grade(Path(_id): Path<String>, Body(_body): Body<GradeChange>) -> ApiResult<Json<IncidentDetail>> {
    Err(ApiError::not_found())
}

/// Close.
#[utoipa::path(post, path = "/incidents/{id}/close", operation_id = "incidents_close", tag = "incidents", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn close(Path(_id): Path<String>, Body(_body): Body<ReasonBody>) -> ApiResult<Json<IncidentDetail>> {
    Err(ApiError::not_found())
}

/// Open again.
#[utoipa::path(post, path = "/incidents/{id}/reopen", operation_id = "incidents_reopen", tag = "incidents", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = IncidentDetail)))]
pub(crate) async fn reopen(Path(_id): Path<String>, Body(_body): Body<ReasonBody>) -> ApiResult<Json<IncidentDetail>> {
    Err(ApiError::not_found())
}

/// Dispatch a task to each of some units.
#[utoipa::path(post, path = "/incidents/{id}/tasks", operation_id = "incidents_dispatch", tag = "incidents", params(("id" = String, Path)), request_body = NewTasks, responses((status = 200, body = TasksCreated)))]
pub(crate) async fn dispatch(Path(_id): Path<String>, Body(_body): Body<NewTasks>) -> ApiResult<Json<TasksCreated>> {
    Err(ApiError::not_found())
}
