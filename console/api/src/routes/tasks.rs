//! Response tasks.

use axum::extract::Multipart;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use fengsui_schema::TaskVerb;

use super::prelude::*;
use crate::check;
use crate::evidence;
use crate::repository::task_acts::{self, HeldTask, NewAttachment};
use crate::repository::{task_cascade, tasks};
use crate::state::Change;
use crate::values::Key;
use crate::wire::{
    AttachmentUpload, ExtensionDecision, ExtensionRequest, List, OptionalText, ReasonBody, StepChange, TaskDetail,
    TaskDivision, TaskForward, TaskQuery, TaskRow, TextBody,
};

type Detail = ApiResult<Json<TaskDetail>>;

/// Begins an act on a task that the caller reaches; [`finish`] ends it.
async fn open(state: &AppState, caller: &Caller, id: &str) -> ApiResult<(Change, HeldTask)> {
    let mut change = Change::of(state, caller).await?;
    let task = task_acts::held(&mut change, &caller.scope, id).await?;
    Ok((change, task))
}

/// Writes the audit entry, makes the change last and answers with the task.
async fn finish(change: Change, caller: &Caller, task: &HeldTask, action: &str, words: &str) -> Detail {
    let state = change.state().clone();
    change.finish(action, &format!("task/{}", task.id), &format!("{} {words}", task.number)).await?;
    Ok(Json(tasks::detail(&state, caller, task.id).await?))
}

/// Tasks, nearest deadline first.
#[utoipa::path(get, path = "/tasks", operation_id = "tasks_list", tag = "tasks", params(TaskQuery), responses((status = 200, body = List<TaskRow>)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(query): Params<TaskQuery>,
) -> ApiResult<Json<List<TaskRow>>> {
    Ok(Json(tasks::list(&state, &caller, &query).await?))
}

/// One task.
#[utoipa::path(get, path = "/tasks/{id}", operation_id = "tasks_show", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn show(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> Detail {
    Ok(Json(tasks::detail(&state, &caller, check::number_id(&id)?).await?))
}

/// Assignee: sign for it.
#[utoipa::path(post, path = "/tasks/{id}/sign", operation_id = "tasks_sign", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn sign(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> Detail {
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_acts::act(&mut change, &task, TaskVerb::Sign, "").await?;
    finish(change, &caller, &task, "task.work.sign", "").await
}

/// Assignee: report progress.
#[utoipa::path(post, path = "/tasks/{id}/progress", operation_id = "tasks_progress", tag = "tasks", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn progress(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TextBody>,
) -> Detail {
    let text = check::body("text", &sent.text)?;
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_acts::act(&mut change, &task, TaskVerb::Progress, &text).await?;
    finish(change, &caller, &task, "task.work.progress", &text).await
}

/// Assignee: report it done.
#[utoipa::path(post, path = "/tasks/{id}/submit", operation_id = "tasks_submit", tag = "tasks", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn submit(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TextBody>,
) -> Detail {
    let text = check::body("text", &sent.text)?;
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_acts::act(&mut change, &task, TaskVerb::Submit, &text).await?;
    finish(change, &caller, &task, "task.work.submit", &text).await
}

/// Issuer: send it back.
#[utoipa::path(post, path = "/tasks/{id}/return", operation_id = "tasks_send_back", tag = "tasks", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn send_back(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> Detail {
    let text = check::reason(&sent.reason)?;
    let (mut change, task) = open(&state, &caller, &id).await?;
    task.must_be_issued_by(&caller)?;
    task_acts::act(&mut change, &task, TaskVerb::Return, &text).await?;
    finish(change, &caller, &task, "task.issue.return", &text).await
}

/// Issuer: agree that it is done.
#[utoipa::path(post, path = "/tasks/{id}/verify", operation_id = "tasks_verify", tag = "tasks", params(("id" = String, Path)), request_body = OptionalText, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn verify(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<OptionalText>,
) -> Detail {
    let text = check::optional_body("text", sent.text.as_deref())?;
    let (mut change, task) = open(&state, &caller, &id).await?;
    task.must_be_issued_by(&caller)?;
    task_acts::act(&mut change, &task, TaskVerb::Verify, &text).await?;
    finish(change, &caller, &task, "task.issue.verify", &text).await
}

/// Issuer: file it.
#[utoipa::path(post, path = "/tasks/{id}/close", operation_id = "tasks_close", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn close(State(state): State<AppState>, caller: Caller, Path(id): Path<String>) -> Detail {
    let (mut change, task) = open(&state, &caller, &id).await?;
    task.must_be_issued_by(&caller)?;
    task_acts::act(&mut change, &task, TaskVerb::Close, "").await?;
    finish(change, &caller, &task, "task.issue.close", "").await
}

/// Issuer: withdraw it.
#[utoipa::path(post, path = "/tasks/{id}/cancel", operation_id = "tasks_cancel", tag = "tasks", params(("id" = String, Path)), request_body = ReasonBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ReasonBody>,
) -> Detail {
    let text = check::reason(&sent.reason)?;
    let (mut change, task) = open(&state, &caller, &id).await?;
    task.must_be_issued_by(&caller)?;
    task_acts::act(&mut change, &task, TaskVerb::Cancel, &text).await?;
    finish(change, &caller, &task, "task.issue.cancel", &text).await
}

/// Assignee: tick a step.
#[utoipa::path(post, path = "/tasks/{id}/steps", operation_id = "tasks_step", tag = "tasks", params(("id" = String, Path)), request_body = StepChange, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn step(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<StepChange>,
) -> Detail {
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_acts::step(&mut change, &task, sent.index, sent.done).await?;
    let words = format!("step {} {}", sent.index, if sent.done { "done" } else { "not done" });
    finish(change, &caller, &task, "task.work.step", &words).await
}

/// Assignee: ask for help.
#[utoipa::path(post, path = "/tasks/{id}/help", operation_id = "tasks_help", tag = "tasks", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn help(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TextBody>,
) -> Detail {
    let text = check::body("text", &sent.text)?;
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_acts::help(&mut change, &task, &text).await?;
    finish(change, &caller, &task, "task.work.help", &text).await
}

/// Assignee: ask for more time.
#[utoipa::path(post, path = "/tasks/{id}/extension", operation_id = "tasks_ask_extension", tag = "tasks", params(("id" = String, Path)), request_body = ExtensionRequest, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn ask_extension(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ExtensionRequest>,
) -> Detail {
    let (until, reason) = (check::time("until", &sent.until)?, check::reason(&sent.reason)?);
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_acts::ask_extension(&mut change, &task, until, &reason).await?;
    finish(change, &caller, &task, "task.work.extension", &format!("{}: {reason}", sent.until)).await
}

/// Issuer: answer the request for more time.
#[utoipa::path(post, path = "/tasks/{id}/extension/decision", operation_id = "tasks_decide_extension", tag = "tasks", params(("id" = String, Path)), request_body = ExtensionDecision, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn decide_extension(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<ExtensionDecision>,
) -> Detail {
    let reason = check::reason(&sent.reason)?;
    let (mut change, task) = open(&state, &caller, &id).await?;
    task.must_be_issued_by(&caller)?;
    task_acts::decide_extension(&mut change, &task, sent.granted, &reason).await?;
    let words = format!("{}: {reason}", if sent.granted { "granted" } else { "refused" });
    finish(change, &caller, &task, "task.issue.extension", &words).await
}

/// Overseer: urge the assignee.
#[utoipa::path(post, path = "/tasks/{id}/urge", operation_id = "tasks_urge", tag = "tasks", params(("id" = String, Path)), request_body = TextBody, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn urge(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TextBody>,
) -> Detail {
    let text = check::body("text", &sent.text)?;
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_cascade::urge(&mut change, &task, &text).await?;
    finish(change, &caller, &task, "task.urge", &text).await
}

/// Coordinator: divide it among units below.
#[utoipa::path(post, path = "/tasks/{id}/divide", operation_id = "tasks_divide", tag = "tasks", params(("id" = String, Path)), request_body = TaskDivision, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn divide(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TaskDivision>,
) -> Detail {
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_cascade::divide(&mut change, &caller, &task, &sent).await?;
    finish(change, &caller, &task, "task.cascade.divide", &sent.units.join(" ")).await
}

/// Coordinator: hand it on to a unit below.
#[utoipa::path(post, path = "/tasks/{id}/forward", operation_id = "tasks_forward", tag = "tasks", params(("id" = String, Path)), request_body = TaskForward, responses((status = 200, body = TaskDetail)))]
pub(crate) async fn forward(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    Body(sent): Body<TaskForward>,
) -> Detail {
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_cascade::forward(&mut change, &caller, &task, &sent).await?;
    let words = format!("{}: {}", sent.unit, sent.reason);
    finish(change, &caller, &task, "task.cascade.forward", &words).await
}

/// Assignee: add a file.
#[utoipa::path(post, path = "/tasks/{id}/attachments", operation_id = "tasks_attach", tag = "tasks", params(("id" = String, Path)), request_body(content = AttachmentUpload, content_type = "multipart/form-data"), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn attach(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    form: Multipart,
) -> Detail {
    let file = read_form(form, state.values().number(Key::AttachmentMib)).await?;
    let words = file.name.clone();
    let (mut change, task) = open(&state, &caller, &id).await?;
    task_acts::attach(&mut change, &task, file).await?;
    finish(change, &caller, &task, "task.work.attach", &words).await
}

/// The file of a form, of so many MiB at most.
async fn read_form(mut form: Multipart, most: i64) -> ApiResult<NewAttachment> {
    let too_large = || ApiError::too_large(&format!("{most} MiB"));
    let wrong = |en: &str| ApiError::invalid("file", "附件不合法", en);
    while let Some(part) = form.next_field().await.map_err(|error| wrong(&error.body_text()))? {
        if part.name() != Some("file") {
            continue;
        }
        let name = evidence::safe_name(part.file_name().unwrap_or("file"));
        let content = part.bytes().await.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => wrong(&error.body_text()),
        })?;
        if i64::try_from(content.len()).unwrap_or(i64::MAX) > most << 20 {
            return Err(too_large());
        }
        let media_type = evidence::media_type(&content).ok_or_else(|| {
            ApiError::invalid("file", "不支持的文件类型", "is no JPEG, PNG, WebP, PDF, capture or plain text")
        })?;
        return Ok(NewAttachment { name, media_type, content: content.to_vec() });
    }
    Err(wrong("has no part named file"))
}

/// A file of a task.
#[utoipa::path(get, path = "/tasks/{id}/attachments/{attachment_id}", operation_id = "tasks_attachment", tag = "tasks", params(("id" = String, Path), ("attachment_id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn attachment(
    State(state): State<AppState>,
    caller: Caller,
    Path((id, attachment)): Path<(String, String)>,
) -> ApiResult<Response> {
    let (id, attachment) = (check::number_id(&id)?, check::number_id(&attachment)?);
    let (name, media_type, content) = tasks::attachment(&state, &caller.scope, id, attachment).await?;
    let kind = if media_type.starts_with("image/") { "inline" } else { "attachment" };
    let disposition = format!("{kind}; filename*=UTF-8''{}", evidence::percent_encoded(&name));
    let headers = [
        (CONTENT_TYPE, media_type),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, content).into_response())
}
