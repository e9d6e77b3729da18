//! Readiness: who answers for a unit, who is on duty, whether they can be reached, what they were trained in.

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// What somebody answers for (网络安全工作责任制).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// The leader in charge.
    Leader,
    /// Who is responsible.
    Responsible,
    /// Who is called.
    Liaison,
    /// Who is called when the others are away.
    Backup,
}

/// Somebody who answers for a unit. Names and numbers were written by people: untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DutyPerson {
    /// Number in the database.
    pub id: String,
    /// The unit.
    pub unit: UnitRef,
    /// What they answer for.
    pub duty: Duty,
    /// Name.
    pub name: String,
    /// Post.
    pub post: String,
    /// Telephone number.
    pub phone: String,
    /// Who wrote it down.
    pub recorded_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub recorded_at: String,
}

/// A unit that lacks somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DutyGap {
    /// The unit.
    pub unit: UnitRef,
    /// The duties that nobody has.
    pub duties: Vec<Duty>,
}

/// Who is to be called for a unit now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DutyContact {
    /// The unit whose people these are: the one that was asked for, or the nearest above that has somebody.
    pub unit: UnitRef,
    /// Name.
    pub name: String,
    /// Telephone number.
    pub phone: String,
    /// What they answer for; null for whoever is on duty now.
    pub duty: Option<Duty>,
}

/// The responsibility register of the units within reach.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DutyRegister {
    /// People, by unit.
    pub items: Vec<DutyPerson>,
    /// Divisions of the country within reach that lack a leader, a responsible person or a liaison.
    pub gaps: Vec<DutyGap>,
    /// Divisions of the country within reach.
    pub units: i64,
    /// Who is to be called for the unit that was asked for.
    pub contact: Option<DutyContact>,
}

/// Which part of the register.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DutyQuery {
    /// Code of a unit: its people and those of what is below it.
    pub unit: Option<String>,
}

/// Somebody new.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDutyPerson {
    /// Code of the unit.
    pub unit: String,
    /// What they answer for.
    pub duty: Duty,
    /// Name; at most 200 characters.
    pub name: String,
    /// Post; at most 200 characters.
    pub post: String,
    /// Telephone number: 5 to 20 digits, spaces, `+`, `-`.
    pub phone: String,
}

/// A shift of duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DutyShift {
    /// Number in the database.
    pub id: String,
    /// The unit.
    pub unit: UnitRef,
    /// From.
    #[schema(format = DateTime)]
    pub begins_at: String,
    /// To.
    #[schema(format = DateTime)]
    pub ends_at: String,
    /// Name.
    pub name: String,
    /// Telephone number.
    pub phone: String,
    /// What else is to be known.
    pub note: String,
    /// Whether it is running.
    pub is_now: bool,
}

/// The duty roster of the units within reach: what runs and what comes.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DutyRoster {
    /// Shifts, the earliest first.
    pub items: Vec<DutyShift>,
    /// Units that keep a roster and have nobody on duty now.
    pub empty: Vec<UnitRef>,
}

/// A new shift.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDutyShift {
    /// Code of the unit.
    pub unit: String,
    /// From.
    #[schema(format = DateTime)]
    pub begins_at: String,
    /// To: after it began, at most 31 days.
    #[schema(format = DateTime)]
    pub ends_at: String,
    /// Name; at most 200 characters.
    pub name: String,
    /// Telephone number.
    pub phone: String,
    /// What else is to be known.
    #[serde(default)]
    pub note: Option<String>,
}

/// A drill in which people are called (联络演练).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactDrillRow {
    /// Number in the database.
    pub id: String,
    /// Title.
    pub title: String,
    /// Unit that drills.
    pub unit: UnitRef,
    /// When it began.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// By whom.
    pub started_by: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// People to reach.
    pub people: i64,
    /// People who were called.
    pub called: i64,
    /// Of them those who were reached.
    pub reached: i64,
}

/// One call of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactCall {
    /// Who is called.
    pub person: DutyPerson,
    /// Whether they were reached; null when they were not called yet.
    pub reached: Option<bool>,
    /// When they were called.
    #[schema(format = DateTime)]
    pub called_at: Option<String>,
    /// By whom.
    pub called_by: Option<String>,
    /// What else is to be known.
    pub note: String,
}

/// A drill with its calls.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactDrillDetail {
    /// The drill.
    pub row: ContactDrillRow,
    /// Its calls: those who could not be reached first, then those who were not called yet.
    pub calls: Vec<ContactCall>,
    /// Whether the caller may note calls and end it.
    pub may_work: bool,
}

/// A new drill.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContactDrill {
    /// Title; at most 200 characters.
    pub title: String,
    /// Which duties are called; liaisons when empty.
    #[serde(default)]
    pub duties: Vec<Duty>,
}

/// How a call went.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallOutcome {
    /// Who was called.
    pub person: String,
    /// Whether they were reached.
    pub reached: bool,
    /// What else is to be known.
    #[serde(default)]
    pub note: Option<String>,
}

/// What people were trained in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrainingKind {
    /// A course.
    Course,
    /// An examination.
    Exam,
    /// An exercise.
    Exercise,
}

/// A record of training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrainingRow {
    /// Number in the database.
    pub id: String,
    /// The unit.
    pub unit: UnitRef,
    /// What kind.
    pub kind: TrainingKind,
    /// What it was about.
    pub title: String,
    /// When.
    #[schema(format = DateTime)]
    pub held_at: String,
    /// Who should have come.
    pub expected: i64,
    /// Who came.
    pub attended: i64,
    /// Who passed; null without an examination.
    pub passed: Option<i64>,
    /// What else is to be known.
    pub note: String,
    /// Who wrote it down.
    pub recorded_by: String,
}

/// A new record of training.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTraining {
    /// Code of the unit.
    pub unit: String,
    /// What kind.
    pub kind: TrainingKind,
    /// What it was about; at most 200 characters.
    pub title: String,
    /// When: not later than now.
    #[schema(format = DateTime)]
    pub held_at: String,
    /// Who should have come: 1 to 1,000,000.
    pub expected: i64,
    /// Who came: at most as many.
    pub attended: i64,
    /// Who passed: at most as many; only of an examination.
    #[serde(default)]
    pub passed: Option<i64>,
    /// What else is to be known.
    #[serde(default)]
    pub note: Option<String>,
}
