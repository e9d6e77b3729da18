//! What follows a scorecard: appeals (申诉) and talks (约谈).

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// Where an appeal is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppealState {
    /// Nobody decided yet.
    Open,
    /// Agreed to.
    Accepted,
    /// Refused.
    Refused,
}

/// An appeal against a scorecard. Written by people: untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AppealRow {
    /// Number in the database.
    pub id: String,
    /// Whose scorecard it is about.
    pub unit: UnitRef,
    /// The scorecard's time.
    #[schema(format = DateTime)]
    pub from: String,
    /// To.
    #[schema(format = DateTime)]
    pub to: String,
    /// What is wrong with it.
    pub text: String,
    /// Who appeals.
    pub asked_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub asked_at: String,
    /// Where it is in its life.
    pub state: AppealState,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub decided_at: Option<String>,
    /// Why.
    pub decision: Option<String>,
    /// Whether the caller may decide.
    pub may_decide: bool,
}

/// A new appeal of the caller's unit.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppeal {
    /// The scorecard's time.
    #[schema(format = DateTime)]
    pub from: String,
    /// To.
    #[schema(format = DateTime)]
    pub to: String,
    /// What is wrong with it; at most 20,000 characters.
    pub text: String,
}

/// A talk with whoever answers for a unit. Written by people: untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TalkRow {
    /// Number in the database.
    pub id: String,
    /// The unit.
    pub unit: UnitRef,
    /// With whom.
    pub person: String,
    /// Why.
    pub reason: String,
    /// Article it follows.
    pub basis: String,
    /// What has to be put right.
    pub measures: String,
    /// When it was held.
    #[schema(format = DateTime)]
    pub held_at: String,
    /// Until when it has to be put right.
    #[schema(format = DateTime)]
    pub due_at: String,
    /// Who wrote it down.
    pub recorded_by: String,
    /// When it was put right.
    #[schema(format = DateTime)]
    pub closed_at: Option<String>,
    /// Who said so.
    pub closed_by: Option<String>,
    /// What it came to.
    pub outcome: Option<String>,
    /// Whether its time is over and nothing was put right.
    pub overdue: bool,
    /// Whether the caller may close it.
    pub may_close: bool,
}

/// A new talk.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTalk {
    /// Code of the unit: one below the caller's own.
    pub unit: String,
    /// With whom; at most 200 characters.
    pub person: String,
    /// Why; at most 2,000 characters.
    pub reason: String,
    /// Article it follows; at most 200 characters.
    pub basis: String,
    /// What has to be put right; at most 20,000 characters.
    pub measures: String,
    /// When it was held: not later than now.
    #[schema(format = DateTime)]
    pub held_at: String,
    /// Until when it has to be put right: after it was held, at most 366 days.
    #[schema(format = DateTime)]
    pub due_at: String,
}
