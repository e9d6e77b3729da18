//! Inspection campaigns: what is asked, what units answered, what has to be put right.

use fengsui_schema::TaskState;
use serde::{Deserialize, Serialize};

use super::UnitRef;
use super::tasks::TaskStateView;

/// What a unit says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerResult {
    /// As asked.
    Met,
    /// Not as asked; becomes a finding.
    Gap,
    /// Does not concern the unit.
    NotApplicable,
}

/// Where a finding is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RectificationState {
    /// Nobody ordered anything yet.
    Open,
    /// A rectification task is with the unit.
    Ordered,
    /// The unit handed in evidence.
    Submitted,
    /// The issuer verified the evidence: off the books (销号).
    Rectified,
}

/// An item of a campaign.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InspectionItem {
    /// From 0.
    pub index: i64,
    /// What is checked.
    pub text: String,
    /// Article or control it comes from; empty when there is none.
    pub basis: String,
}

/// A campaign as a row; counts are of the units the caller may see.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CampaignRow {
    /// Its number as text.
    pub id: String,
    /// `D2026-0001`.
    pub number: String,
    /// Title.
    pub title: String,
    /// Unit that issued it.
    pub issuer: UnitRef,
    /// When it was issued.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Until when units answer.
    #[schema(format = DateTime)]
    pub due_at: String,
    /// When it was closed.
    #[schema(format = DateTime)]
    pub closed_at: Option<String>,
    /// Units asked.
    pub units: i64,
    /// Units that answered.
    pub answered: i64,
    /// Findings.
    pub findings: i64,
    /// Findings that were put right.
    pub rectified: i64,
}

/// Campaigns, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CampaignList {
    /// At most 200.
    pub items: Vec<CampaignRow>,
}

/// What a unit said of one item.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemAnswer {
    /// Index of the item.
    pub item: i64,
    /// What.
    pub result: AnswerResult,
    /// In which words; a gap needs some.
    #[serde(default)]
    pub note: String,
}

/// A unit in a campaign.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InspectionView {
    /// The unit.
    pub unit: UnitRef,
    /// What it answered; empty before it did.
    pub answers: Vec<ItemAnswer>,
    /// When.
    #[schema(format = DateTime)]
    pub answered_at: Option<String>,
    /// Who.
    pub answered_by: String,
    /// Not answered in time.
    pub overdue: bool,
}

/// Something that has to be put right.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InspectionFindingView {
    /// Its number as text.
    pub id: String,
    /// The unit.
    pub unit: UnitRef,
    /// Index of the item.
    pub item: i64,
    /// What is wrong. Untrusted.
    pub text: String,
    /// `self` or `inspector`.
    pub source: String,
    /// Where it is in its life.
    pub state: RectificationState,
    /// The rectification task.
    pub task_id: Option<String>,
    /// Number of that task.
    pub task_number: Option<String>,
    /// State of that task.
    #[schema(value_type = Option<TaskStateView>)]
    pub task_state: Option<TaskState>,
}

/// Everything about a campaign that the caller may see.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CampaignDetail {
    /// The row of the list.
    pub row: CampaignRow,
    /// Law or document it follows.
    pub basis: String,
    /// What is checked.
    pub items: Vec<InspectionItem>,
    /// The units.
    pub inspections: Vec<InspectionView>,
    /// What has to be put right.
    pub findings: Vec<InspectionFindingView>,
    /// What the caller may do now: `answer`, `find`, `order`, `close`.
    pub allowed: Vec<String>,
}

/// A campaign to issue.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCampaign {
    /// Title, 1 to 200 characters.
    pub title: String,
    /// Law or document it follows.
    #[serde(default)]
    pub basis: String,
    /// Codes of units, at most 200.
    pub units: Vec<String>,
    /// Own items.
    #[serde(default)]
    pub items: Vec<String>,
    /// Controls of a catalogue as items: `mlps3/8.1.4.1`.
    #[serde(default)]
    pub controls: Vec<String>,
    /// Until when units answer.
    #[schema(format = DateTime)]
    pub due_at: String,
}

/// What a unit answers; every item once.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectionAnswers {
    /// One per item.
    pub answers: Vec<ItemAnswer>,
}

/// Something an inspector found.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInspectionFinding {
    /// Code of the unit.
    pub unit: String,
    /// Index of the item.
    pub item: i64,
    /// What is wrong.
    pub text: String,
}

/// Orders to put findings right.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationOrder {
    /// Numbers of findings; every open one when empty.
    #[serde(default)]
    pub findings: Vec<String>,
    /// Deadline.
    #[schema(format = DateTime)]
    pub due_at: String,
    /// What to do, beside what is wrong.
    #[serde(default)]
    pub instructions: String,
}
