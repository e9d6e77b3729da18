//! Response tasks.

use fengsui_schema::{IncidentGrade, TaskState};
use serde::{Deserialize, Serialize};

use super::incidents::GradeWord;
use super::{AlertRow, UnitRef};

/// State of a response task.
#[derive(utoipa::ToSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "names the words of fengsui_schema::TaskState in the OpenAPI document")]
pub enum TaskStateView {
    /// Dispatched, not yet signed for.
    New,
    /// Signed for.
    Signed,
    /// Being worked on.
    Working,
    /// Waiting for the issuer.
    Submitted,
    /// The issuer agrees.
    Verified,
    /// Filed.
    Closed,
    /// Withdrawn.
    Cancelled,
}

/// How urgent a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// In its turn.
    #[default]
    Normal,
    /// Before others; halves the time limit.
    Urgent,
}

/// The tabs of the task list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskListState {
    /// New.
    ToSign,
    /// Signed or working.
    Working,
    /// Past the deadline and not submitted.
    Overdue,
    /// Waiting for the issuer.
    Submitted,
    /// Verified, closed or cancelled.
    Done,
    /// Every one.
    #[default]
    All,
}

/// Which tasks.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    /// Tab of the list; `all` unless told.
    #[param(inline)]
    pub state: Option<TaskListState>,
    /// Only those of my own unit (as assignee) or that I issued.
    pub mine: Option<bool>,
    /// Words that title or number hold.
    pub q: Option<String>,
    /// Code of a unit: it and everything below.
    pub unit: Option<String>,
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Who dispatched a task.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Issuer {
    /// Name of the person.
    pub display_name: String,
    /// Name of the unit.
    pub unit_name: String,
}

/// A task as a row.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaskRow {
    /// Its number as text.
    pub id: String,
    /// `R2026-000045`.
    pub number: String,
    /// Title.
    pub title: String,
    /// State.
    #[schema(value_type = TaskStateView)]
    pub state: TaskState,
    /// Unit that has to do it.
    pub unit: UnitRef,
    /// Who dispatched it.
    pub issuer: Issuer,
    /// Incident it belongs to.
    pub incident_id: Option<String>,
    /// Title of that incident.
    pub incident_title: Option<String>,
    /// Grade of that incident.
    #[schema(value_type = Option<GradeWord>)]
    pub grade: Option<IncidentGrade>,
    /// How urgent.
    pub priority: Priority,
    /// Deadline.
    #[schema(format = DateTime)]
    pub due_at: String,
    /// When it was dispatched.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was signed for.
    #[schema(format = DateTime)]
    pub signed_at: Option<String>,
    /// When it was reported done.
    #[schema(format = DateTime)]
    pub submitted_at: Option<String>,
    /// Past the deadline and not submitted.
    pub overdue: bool,
    /// Until the deadline; negative after it.
    pub seconds_left: i64,
    /// Steps ticked.
    pub steps_done: i64,
    /// Steps.
    pub steps_total: i64,
    /// Number of the last change.
    pub revision: i64,
}

/// A step of a task.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepView {
    /// From 0.
    pub index: i64,
    /// What to do.
    pub text: String,
    /// Whether it is done.
    pub done: bool,
}

/// What a task is about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaskTarget {
    /// Address.
    pub address: Option<String>,
    /// Name of the asset.
    pub asset: Option<String>,
}

/// A file somebody added.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttachmentView {
    /// Its number.
    pub id: String,
    /// Name. Untrusted.
    pub name: String,
    /// Size in bytes.
    pub size: i64,
    /// Media type found by looking at the bytes.
    pub media_type: String,
}

/// What the assignee reported.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaskReport {
    /// When.
    #[schema(format = DateTime)]
    pub time: String,
    /// Who.
    pub author: String,
    /// What. Untrusted.
    pub text: String,
    /// Files added with it.
    pub attachments: Vec<AttachmentView>,
}

/// One change of a task.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaskHistory {
    /// When.
    #[schema(format = DateTime)]
    pub time: String,
    /// Who.
    pub actor: String,
    /// `dispatch`, `sign`, `step`, `progress`, `submit`, `return`, `verify`, `close`, `cancel`, `extension`, `help`, `attach`.
    pub verb: String,
    /// With what words.
    pub text: String,
}

/// A request for more time.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExtensionView {
    /// Deadline asked for.
    #[schema(format = DateTime)]
    pub requested_until: String,
    /// Why.
    pub reason: String,
    /// `asked`, `granted` or `refused`.
    pub state: String,
}

/// Row of an alert; evidence stays with the analysts.
pub type AlertWithoutEvidence = AlertRow;

/// Everything about a task.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaskDetail {
    /// The row of the list.
    pub row: TaskRow,
    /// What to do.
    pub instructions: String,
    /// Steps.
    pub steps: Vec<StepView>,
    /// What it is about.
    pub target: TaskTarget,
    /// What the assignee reported, oldest first.
    pub reports: Vec<TaskReport>,
    /// What happened, oldest first.
    pub history: Vec<TaskHistory>,
    /// Alerts of the incident that concern the unit, without evidence.
    pub alerts: Vec<AlertRow>,
    /// The last request for more time.
    pub extension: Option<ExtensionView>,
    /// What the caller may do now: `sign`, `progress`, `submit`, `return`, `verify`, `close`, `cancel`, `extension`, `decide_extension`, `help`, `attach`, `urge`, `divide`, `forward`.
    pub allowed: Vec<String>,
    /// The task it is a part of, when the caller sees it.
    pub parent: Option<TaskRow>,
    /// The parts it was divided into.
    pub children: Vec<TaskRow>,
    /// How often it was urged.
    pub urged_times: i64,
}

/// How a task is divided among units below.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDivision {
    /// Codes of units below the task's own, at most 200.
    pub units: Vec<String>,
    /// What to do; as the task says when empty.
    #[serde(default)]
    pub instructions: String,
    /// Deadline; the task's own unless told, never later.
    #[serde(default)]
    pub due_at: Option<String>,
}

/// To whom a task is handed on.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskForward {
    /// Code of a unit below the task's own.
    pub unit: String,
    /// Why.
    pub reason: String,
}

/// Tasks to dispatch, one per unit.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTasks {
    /// Codes of units, at most 200.
    pub units: Vec<String>,
    /// Title, 1 to 200 characters.
    pub title: String,
    /// What to do.
    pub instructions: String,
    /// Steps, at most 20.
    #[serde(default)]
    pub steps: Vec<String>,
    /// Deadline; from the grade unless told.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// How urgent.
    #[serde(default)]
    pub priority: Priority,
}

/// Tasks that were dispatched.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TasksCreated {
    /// One per unit.
    pub tasks: Vec<TaskRow>,
}

/// Ticks a step.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepChange {
    /// From 0.
    pub index: i64,
    /// Whether it is done.
    pub done: bool,
}

/// Asks for more time.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionRequest {
    /// New deadline.
    #[schema(format = DateTime)]
    pub until: String,
    /// Why; not empty.
    pub reason: String,
}

/// Answers a request for more time.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionDecision {
    /// Whether it is granted.
    pub granted: bool,
    /// Why; not empty.
    pub reason: String,
}

/// A file, as a form with one part named `file`.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form in the OpenAPI document")]
pub struct AttachmentUpload {
    /// JPEG, PNG, WebP, PDF, plain text or a capture; at most 8 MiB.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}
