//! tasks

use super::prelude::*;
use crate::wire::{AttachmentUpload, ExtensionDecision, ExtensionRequest, List, OptionalText, ReasonBody, StepChange, TaskDetail, TaskQuery, TaskRow, TextBody};

/// Tasks, nearest deadline first.
#[utoipa::path(get, path = "/tasks", operation_id = "tasks_list", tag = "tasks", params(TaskQuery), responses((status = 200, body = List<TaskRow>)))]
pub(crate) async fn list(Params(_query): Params<TaskQuery>, ) -> ApiResult<Json<List<TaskRow>>> {
    Err(ApiError::not_found())
}

/// One task.
#[utoipa::path(get, path = "/tasks/{id}", operation_id = "tasks_show", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn show(Path(_id): Path<String>, ) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Assignee: sign for it.
#[utoipa::path(post, path = "/tasks/{id}/sign", operation_id = "tasks_sign", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn sign(Path(_id): Path<String>, ) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Assignee: tick a step.
#[utoipa::path(post, path = "/tasks/{id}/steps", operation_id = "tasks_step", tag = "tasks", params(("id" = String, Path)), request_body = StepChange, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn step(Path(_id): Path<String>, Body(_body): Body<StepChange>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Assignee: report progress.
#[utoipa::path(post, path = "/tasks/{id}/progress", operation_id = "tasks_progress", tag = "tasks", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn progress(Path(_id): Path<String>, Body(_body): Body<TextBody>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Assignee: report it done.
#[utoipa::path(post, path = "/tasks/{id}/submit", operation_id = "tasks_submit", tag = "tasks", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn submit(Path(_id): Path<String>, Body(_body): Body<TextBody>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Issuer: send it back.
#[utoipa::path(post, path = "/tasks/{id}/return", operation_id = "tasks_send_back", tag = "tasks", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn send_back(Path(_id): Path<String>, Body(_body): Body<ReasonBody>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Issuer: agree that it is done.
#[utoipa::path(post, path = "/tasks/{id}/verify", operation_id = "tasks_verify", tag = "tasks", params(("id" = String, Path)), request_body = OptionalText, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn verify(Path(_id): Path<String>, Body(_body): Body<OptionalText>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Issuer: file it.
#[utoipa::path(post, path = "/tasks/{id}/close", operation_id = "tasks_close", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn close(Path(_id): Path<String>, ) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Issuer: withdraw it.
#[utoipa::path(post, path = "/tasks/{id}/cancel", operation_id = "tasks_cancel", tag = "tasks", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn cancel(Path(_id): Path<String>, Body(_body): Body<ReasonBody>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Assignee: ask for more time.
#[utoipa::path(post, path = "/tasks/{id}/extension", operation_id = "tasks_ask_extension", tag = "tasks", params(("id" = String, Path)), request_body = ExtensionRequest, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn ask_extension(Path(_id): Path<String>, Body(_body): Body<ExtensionRequest>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Issuer: answer the request for more time.
#[utoipa::path(post, path = "/tasks/{id}/extension/decision", operation_id = "tasks_decide_extension", tag = "tasks", params(("id" = String, Path)), request_body = ExtensionDecision, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn decide_extension(Path(_id): Path<String>, Body(_body): Body<ExtensionDecision>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Assignee: ask for help.
#[utoipa::path(post, path = "/tasks/{id}/help", operation_id = "tasks_help", tag = "tasks", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn help(Path(_id): Path<String>, Body(_body): Body<TextBody>) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// Assignee: add a file.
#[utoipa::path(post, path = "/tasks/{id}/attachments", operation_id = "tasks_attach", tag = "tasks", params(("id" = String, Path)), request_body(content = AttachmentUpload, content_type = "multipart/form-data"), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn attach(Path(_id): Path<String>, ) -> ApiResult<Json<TaskDetail>> {
    Err(ApiError::not_found())
}

/// A file of a task.
#[utoipa::path(get, path = "/tasks/{id}/attachments/{attachment_id}", operation_id = "tasks_attachment", tag = "tasks", params(("id" = String, Path), ("attachment_id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn attachment(Path(_id): Path<(String, String)>, ) -> ApiResult<Response> {
    Err(ApiError::not_found())
}
