//! Incidents.

use fengsui_schema::{BusinessDomain, IncidentGrade};
use serde::{Deserialize, Serialize};

use super::alerts::DomainWord;
use super::{AlertRow, ClockView, PersonRef, TaskRow, UnitRef, UnitView};

/// Whether an incident is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Worked on.
    Open,
    /// Done with.
    Closed,
}

/// 一般, 较大, 重大 or 特别重大.
#[derive(utoipa::ToSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "names the words of fengsui_schema::IncidentGrade in the OpenAPI document")]
pub(crate) enum GradeWord {
    General,
    Larger,
    Major,
    ExtraordinarilyMajor,
}

/// Which incidents.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IncidentQuery {
    /// `open`, `closed` or `all`; `open` unless told.
    pub state: Option<String>,
    /// Words that title or number hold.
    pub q: Option<String>,
    /// Code of a unit: it and everything below.
    pub unit: Option<String>,
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// An incident as a row.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentRow {
    /// 32 hexadecimal digits.
    pub id: String,
    /// `2026-000123`.
    pub number: String,
    /// Title in Chinese.
    pub title: String,
    /// Title in English, when there is one.
    pub title_en: Option<String>,
    /// Whether it is worked on.
    pub state: IncidentState,
    /// Grade a person gave; null until judged.
    #[schema(value_type = Option<GradeWord>)]
    pub grade: Option<IncidentGrade>,
    /// Grade a rule proposes.
    #[schema(value_type = Option<GradeWord>)]
    pub proposed_grade: Option<IncidentGrade>,
    /// Risk in thousandths.
    pub risk: i64,
    /// First alert.
    #[schema(format = DateTime)]
    pub start: String,
    /// Last alert.
    #[schema(format = DateTime)]
    pub end: String,
    /// Alerts in it.
    pub alert_count: i64,
    /// Tasks that are not final.
    pub task_open: i64,
    /// Tasks.
    pub task_total: i64,
    /// Unit it belongs to.
    pub unit: UnitRef,
    /// Part of the digital government.
    #[schema(value_type = DomainWord)]
    pub domain: BusinessDomain,
    /// Who leads.
    pub owner: Option<PersonRef>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Number of the last change.
    pub revision: i64,
    /// Made by correlation, not by a person.
    pub machine: bool,
    /// The incident that it turned out to be part of.
    pub taken_in_by: Option<String>,
    /// The running legal clock that runs out first.
    pub clock: Option<ClockView>,
}

/// A new incident.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIncident {
    /// Title, 1 to 200 characters.
    pub title: String,
    /// Grade.
    #[schema(value_type = GradeWord)]
    pub grade: IncidentGrade,
    /// Alerts it is made of, at most 500.
    pub alert_ids: Vec<String>,
    /// What is known so far.
    #[serde(default)]
    pub summary: Option<String>,
}

/// Somebody or something an incident is about.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntityView {
    /// `address`, `host`, `user`, `domain`, `url`, `file` or `data_asset`.
    pub kind: String,
    /// Its name. Untrusted.
    pub value: String,
    /// `source`, `target` or `related`.
    pub role: String,
    /// Name of the asset when it is one of ours.
    pub asset: Option<String>,
}

/// One line of why alerts belong together.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explanation {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// A comment.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CommentView {
    /// Its number.
    pub id: String,
    /// When.
    #[schema(format = DateTime)]
    pub time: String,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
}

/// One line of what happened in an incident.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TimelineEntry {
    /// When.
    #[schema(format = DateTime)]
    pub time: String,
    /// `alert`, `incident`, `task`, `comment`, `grade` or `clock`.
    pub kind: String,
    /// Who; empty for the machine.
    pub actor: String,
    /// What, in Chinese.
    pub text_zh: String,
    /// What, in English.
    pub text_en: String,
}

/// Everything about an incident.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentDetail {
    /// The row of the list.
    pub row: IncidentRow,
    /// What is known so far.
    pub summary: String,
    /// Who and what it is about.
    pub entities: Vec<EntityView>,
    /// Ids of ATT&CK techniques.
    pub techniques: Vec<String>,
    /// Why these alerts belong together.
    pub explanation: Vec<Explanation>,
    /// Its alerts, newest first, at most 200.
    pub alerts: Vec<AlertRow>,
    /// Its tasks.
    pub tasks: Vec<TaskRow>,
    /// Its comments, oldest first.
    pub comments: Vec<CommentView>,
    /// What happened, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// Its legal clocks.
    pub clocks: Vec<ClockView>,
    /// Units that take part, whoever leads first.
    pub participants: Vec<Participant>,
    /// Units that own the assets it is about, for dispatch.
    pub suggested_units: Vec<UnitView>,
    /// Rule and article of the grade.
    pub grade_basis: String,
}

/// More alerts for an incident.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddAlerts {
    /// At most 500.
    pub alert_ids: Vec<String>,
}

/// A judgement of the grade.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeChange {
    /// The grade.
    #[schema(value_type = GradeWord)]
    pub grade: IncidentGrade,
    /// Why; not empty.
    pub reason: String,
}

/// What a unit does in an incident of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantRole {
    /// It leads; one at most.
    Lead,
    /// It assists.
    Assist,
}

/// A unit that takes part in an incident of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Participant {
    /// The unit.
    pub unit: UnitRef,
    /// What it does.
    pub role: ParticipantRole,
    /// Who asked it to.
    pub added_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub added_at: String,
}

/// Asks a unit to take part, or gives it another role.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewParticipant {
    /// Code of the unit.
    pub unit: String,
    /// What it does.
    pub role: ParticipantRole,
}

/// Takes a unit out.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParticipantRemoval {
    /// Code of the unit.
    pub unit: String,
}
